"""Labs: create, edit, publish, withdraw; and, by an officer, admit as an open lab and suspend."""

from datetime import date, datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import Lab, LabAdmission
from labshare.catalogue.notifications import ADMISSION_WAITS, ADMITTED, SUSPENDED
from labshare.catalogue.queries import get_lab
from labshare.catalogue.queries.admissions import blocks_another, sees_lab
from labshare.catalogue.queries.publishing import lab_conditions
from labshare.catalogue.rules.entries import LabDetails, changes, lab_problems
from labshare.catalogue.services import common
from labshare.catalogue.services.applications import end_by_admission
from labshare.catalogue.services.index import rebuild_lab
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, ReasonRequired, raise_all
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.seen import check_seen_digest
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations import permissions
from labshare.organisations.divisions import DIVISIONS, PLACES, lab_code_prefix
from labshare.organisations.errors import OutsideDivision, SecondPersonNeeded
from labshare.organisations.models import Firm
from labshare.organisations.separation import check_firm_may_host
from labshare.organisations.terms import FirmRole


@verb("lab.create", title=_l("Lab created"))
def create_lab(*, actor: Actor, now: datetime, firm_id: int, details: LabDetails) -> Lab:
    """A draft, seen by the firm alone. Its code is given: the next of its division (XC-083).

    Raises `RegulatorAmongMembers` where a member is officer, approver or administrator (R-RIGHTS-3)."""
    if db.session.get(Firm, firm_id) is None:
        raise NotFound
    permissions.check(actor, "catalogue.change", firm=firm_id)
    _check(details)
    check_firm_may_host(firm_id)
    lab = Lab(firm_id=firm_id, state=LifeState.DRAFT, created_at=now)
    _fill(lab, details)
    _with_code(lab)
    _nothing, after = changes(None, details, but=common.PERSONAL)
    audit.record(actor, now, "lab.create", subject=("lab", lab.id), before=None, after={"code": lab.code, **after})
    rebuild_lab(lab.id)
    return lab


def _check(details: LabDetails) -> None:
    problems = [*lab_problems(details)]
    if not problems and details.town not in PLACES:
        problems.append(errors.UnknownTown())
    raise_all(problems)


def _fill(lab: Lab, details: LabDetails) -> None:
    common.fill(lab, details)
    lab.division = details.town[:6]


def _with_code(lab: Lab) -> None:
    """Give the next free code; another who took it at the same moment makes us take the one after."""
    prefix = f"{lab_code_prefix(lab.division)}-"
    taken = db.session.scalars(select(Lab.code).where(Lab.code.startswith(prefix, autoescape=True))).all()
    numbers = [int(tail) for code in taken if (tail := code.removeprefix(prefix)).isdigit()]
    number = max(numbers, default=0)
    for _try in range(20):
        number += 1
        lab.code = f"{prefix}{number:03d}"
        try:
            with db.session.begin_nested():
                db.session.add(lab)
                db.session.flush()
        except IntegrityError:
            continue
        return
    raise RuntimeError("no free code for a lab")


@verb("lab.edit", title=_l("Lab changed"))
def edit_lab(*, actor: Actor, now: datetime, lab_id: int, details: LabDetails) -> Lab:
    """A published lab must keep what publishing needs."""
    lab = common.own_lab(actor, lab_id)
    _check(details)
    before, after = changes(common.read(lab, LabDetails), details, but=common.PERSONAL)
    if not after:
        return lab
    _fill(lab, details)
    db.session.flush()
    if lab.published:
        common.require(lab_conditions(lab))
    audit.record(actor, now, "lab.edit", subject=("lab", lab.id), before=before, after=after)
    rebuild_lab(lab.id)
    return lab


@verb("lab.publish", title=_l("Lab published"))
def publish_lab(*, actor: Actor, now: datetime, lab_id: int) -> Lab:
    """Raises `FirmNotVerified` and `NotComplete` for everything that is missing, `WrongState`."""
    lab = common.own_lab(actor, lab_id)
    common.require(lab_conditions(lab))
    common.move(actor, now, lab, "lab.publish", LifeState.hidden(), LifeState.PUBLISHED)
    lab.first_published_at = lab.first_published_at or now
    return lab


@verb("lab.withdraw", title=_l("Lab withdrawn"))
def withdraw_lab(*, actor: Actor, now: datetime, lab_id: int) -> Lab:
    """Nobody finds or books it any more, nor its instruments and test items; bookings that are made stay."""
    lab = common.own_lab(actor, lab_id)
    common.move(actor, now, lab, "lab.withdraw", (LifeState.PUBLISHED,), LifeState.WITHDRAWN)
    return lab


BACKDATED_ALONE = timedelta(days=30)
"""How far back one officer alone may admit a lab (R-COUNTY-2)."""


@verb("lab.admit", title=_l("Admitted as an open lab"))
def admit_lab(
    *, actor: Actor, now: datetime, lab_id: int, admitted_from: date, division: str | None = None, reason: str = ""
) -> LabAdmission:
    """Admit a published lab as an open lab of a county (by default that of its town) from a local day on: for bookings
    made from then on it earns rewards (R-COUNTY-1).

    More than 30 days back it needs a reason and waits for a second person. Raises `OnlyPublishedLabs`,
    `BeforePublication`, `UnknownChoice`, `ReasonRequired`, `AdmissionOverlaps` where another admission holds or waits
    then or later.
    """
    lab = get_lab(actor, lab_id)
    permissions.check_anywhere(actor, "lab.admit")
    if not sees_lab(actor, lab.id, local_day(now)):
        raise NotFound
    if not lab.published or lab.first_published_at is None:
        raise errors.OnlyPublishedLabs
    division = division or lab.division
    if division not in DIVISIONS and division != lab.division:
        raise errors.UnknownChoice("division")
    if not permissions.may(actor, "lab.admit", division=division):
        raise OutsideDivision("division")
    first = local_day(lab.first_published_at)
    if admitted_from < first:
        raise errors.BeforePublication(date=first)
    for other in _admissions(lab.id):
        if blocks_another(other, admitted_from):
            raise errors.AdmissionOverlaps(date=other.admitted_from)
    backdated = admitted_from < local_day(now) - BACKDATED_ALONE
    if backdated and not reason.strip():
        raise ReasonRequired
    admission = LabAdmission(
        lab_id=lab.id,
        division=division,
        admitted_from=admitted_from,
        reason=reason.strip(),
        entered_by=actor.person_id,
        entered_at=now,
        confirmed_at=None if backdated else now,
    )
    with common.refusals(
        {"admission_no_overlap": errors.AdmissionOverlaps},
        date=admitted_from,
    ):
        db.session.add(admission)
    end_by_admission(actor, now, lab.id)
    audit.record(
        actor,
        now,
        "lab.admit",
        subject=("lab", lab.id),
        before=None,
        after={
            "admitted_from": admitted_from.isoformat(),
            "division": division,
            "reason": admission.reason,
            "confirmed": not backdated,
        },
    )
    if not backdated:
        _notify(lab, ADMITTED, now, admitted_from, reason)
    else:
        notify(
            kind=ADMISSION_WAITS,
            now=now,
            params={"lab": in_both_languages(lab), "day": admitted_from},
            url=f"/regulator/labs/{lab.id}",
            regulators=(OfficialRole.APPROVER,),
            division=division,
            but=actor.person_id,
        )
    return admission


@verb("lab.confirm_admission", title=_l("Admission confirmed"))
def confirm_admission(*, actor: Actor, now: datetime, admission_id: int, seen: str) -> LabAdmission:
    """Confirm, as a second person, an admission of more than 30 days back as its page showed it (`LabAdmission.seen`).
    It counts from now on.

    Raises `NotFound`, `AdmissionDecided`, `SecondPersonNeeded`, `ChangedMeanwhile`.
    """
    admission = _waiting(actor, "lab.confirm_admission", admission_id)
    if admission.entered_by == actor.person_id:
        raise SecondPersonNeeded
    check_seen_digest(seen, admission.seen)
    admission.confirmed_by, admission.confirmed_at = actor.person_id, now
    db.session.flush()
    lab = db.session.get_one(Lab, admission.lab_id)
    audit.record(
        actor,
        now,
        "lab.confirm_admission",
        subject=("lab", lab.id),
        before={"confirmed": False},
        after={"admitted_from": admission.admitted_from.isoformat(), "division": admission.division, "confirmed": True},
    )
    _notify(lab, ADMITTED, now, admission.admitted_from, admission.reason)
    return admission


@verb("lab.refuse_admission", title=_l("Admission refused"))
def refuse_admission(*, actor: Actor, now: datetime, admission_id: int) -> LabAdmission:
    """Refuse, or withdraw as its author, an admission that waits. Raises `NotFound`, `AdmissionDecided`."""
    admission = _waiting(actor, "lab.refuse_admission", admission_id)
    admission.refused_by, admission.refused_at = actor.person_id, now
    db.session.flush()
    audit.record(
        actor,
        now,
        "lab.refuse_admission",
        subject=("lab", admission.lab_id),
        before={"refused": False},
        after={"admitted_from": admission.admitted_from.isoformat(), "refused": True},
    )
    return admission


def _waiting(actor: Actor, action: str, admission_id: int) -> LabAdmission:
    permissions.check_anywhere(actor, action)
    admission = db.session.get(LabAdmission, admission_id, with_for_update=True, populate_existing=True)
    if admission is None:
        raise NotFound
    permissions.check_seen(actor, "lab.see", action, division=admission.division)
    if not admission.undecided:
        raise errors.AdmissionDecided
    return admission


@verb("lab.suspend", title=_l("Suspended as an open lab"))
def suspend_lab(*, actor: Actor, now: datetime, lab_id: int, suspended_from: date, reason: str) -> LabAdmission:
    """End the admission that holds: `suspended_from` is the first local day on which the lab is no open lab.

    Raises `ReasonRequired`, `NotAdmitted` where no open-ended admission began before that day or on it.
    """
    lab = get_lab(actor, lab_id)
    permissions.check_anywhere(actor, "lab.admit")
    if not reason.strip():
        raise ReasonRequired
    admission = next((one for one in _admissions(lab.id) if one.open_ended and one.counts), None)
    if admission is None or admission.admitted_from > suspended_from:
        raise errors.NotAdmitted
    permissions.check_seen(actor, "lab.see", "lab.admit", division=admission.division)
    admission.suspended_from, admission.suspended_by, admission.suspended_at = suspended_from, actor.person_id, now
    admission.reason = reason.strip()
    db.session.flush()
    audit.record(
        actor,
        now,
        "lab.suspend",
        subject=("lab", lab.id),
        before={"admitted_from": admission.admitted_from.isoformat(), "suspended_from": None},
        after={"suspended_from": suspended_from.isoformat(), "reason": reason.strip()},
    )
    _notify(lab, SUSPENDED, now, suspended_from, reason.strip())
    return admission


def _admissions(lab_id: int) -> list[LabAdmission]:
    """Read with a lock on the lab, so that two officers do not admit it twice."""
    common.lock_lab(lab_id)
    return list(
        db.session.scalars(
            select(LabAdmission).where(LabAdmission.lab_id == lab_id).order_by(LabAdmission.admitted_from)
        )
    )


def _notify(lab: Lab, kind: str, now: datetime, day: date, reason: str) -> None:
    notify(
        kind=kind,
        now=now,
        params={"lab": in_both_languages(lab), "day": day, "reason": reason or "—"},
        url=f"/lab/labs/{lab.id}",
        firm_id=lab.firm_id,
        roles=(FirmRole.OWNER, FirmRole.LAB_MANAGER),
    )
