"""Labs: create, edit, publish, withdraw; and, by an officer, admit as an open lab and suspend."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import Lab, LabAdmission
from labshare.catalogue.queries import get_lab
from labshare.catalogue.queries.publishing import lab_conditions
from labshare.catalogue.rules.entries import LabDetails, changes, lab_problems
from labshare.catalogue.services import common
from labshare.catalogue.services.index import rebuild_lab
from labshare.catalogue.telling import ADMITTED, SUSPENDED
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, ReasonRequired, raise_all
from labshare.kernel.verbs import verb
from labshare.notices.kinds import said
from labshare.notices.services import notify
from labshare.organisations import permissions
from labshare.organisations.divisions import lab_code_prefix
from labshare.organisations.models import Firm
from labshare.organisations.separation import check_firm_may_host


@verb("lab.create")
def create_lab(*, actor: Actor, now: datetime, firm_id: int, details: LabDetails) -> Lab:
    """A draft, seen by the firm alone. Its code is given: the next of its division (XC-083).

    Raises `RegulatorAmongMembers` where a member is officer, approver or administrator (contract section 7)."""
    if db.session.get(Firm, firm_id) is None:
        raise NotFound
    permissions.check(actor, "catalogue.change", firm=firm_id)
    raise_all(lab_problems(details))
    check_firm_may_host(firm_id)
    lab = Lab(firm_id=firm_id, state="draft", created_at=now)
    common.fill(lab, details)
    _with_code(lab)
    _nothing, after = changes(None, details, but=common.PERSONAL)
    audit.record(actor, now, "lab.create", subject=("lab", lab.id), before=None, after={"code": lab.code, **after})
    rebuild_lab(lab.id)
    return lab


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


@verb("lab.edit")
def edit_lab(*, actor: Actor, now: datetime, lab_id: int, details: LabDetails) -> Lab:
    """A published lab must keep what publishing needs."""
    lab = common.own_lab(actor, lab_id)
    raise_all(lab_problems(details))
    before, after = changes(common.read(lab, LabDetails), details, but=common.PERSONAL)
    if not after:
        return lab
    common.fill(lab, details)
    db.session.flush()
    if lab.state == "published":
        common.require(lab_conditions(lab))
    audit.record(actor, now, "lab.edit", subject=("lab", lab.id), before=before, after=after)
    rebuild_lab(lab.id)
    return lab


@verb("lab.publish")
def publish_lab(*, actor: Actor, now: datetime, lab_id: int) -> Lab:
    """Raises `FirmNotVerified` and `NotComplete` for everything that is missing, `WrongState`."""
    lab = common.own_lab(actor, lab_id)
    common.require(lab_conditions(lab))
    common.move(actor, now, lab, "lab.publish", ("draft", "withdrawn"), "published")
    return lab


@verb("lab.withdraw")
def withdraw_lab(*, actor: Actor, now: datetime, lab_id: int) -> Lab:
    """Nobody finds or books it any more, nor its instruments and test items; bookings that are made stay."""
    lab = common.own_lab(actor, lab_id)
    common.move(actor, now, lab, "lab.withdraw", ("published",), "withdrawn")
    return lab


@verb("lab.admit")
def admit_lab(*, actor: Actor, now: datetime, lab_id: int, admitted_from: date, reason: str = "") -> LabAdmission:
    """Admit a published lab as an open lab from a local day on: from then on it earns rewards (contract section 5).

    Raises `OnlyPublishedLabs`, `AdmissionOverlaps` where another admission holds then or later.
    """
    lab = get_lab(actor, lab_id)
    permissions.check(actor, "lab.admit")
    if lab.state != "published":
        raise errors.OnlyPublishedLabs
    for other in _admissions(lab.id):
        if other.suspended_from is None or other.suspended_from > admitted_from:
            raise errors.AdmissionOverlaps(date=other.admitted_from)
    admission = LabAdmission(
        lab_id=lab.id, admitted_from=admitted_from, reason=reason, entered_by=actor.person_id, entered_at=now
    )
    with common.refusals(
        {"unique": errors.AdmissionOverlaps, "uq_lab_admission": errors.AdmissionOverlaps}, date=admitted_from
    ):
        db.session.add(admission)
    audit.record(
        actor, now, "lab.admit", subject=("lab", lab.id), before=None,
        after={"admitted_from": admitted_from.isoformat(), "reason": reason},
    )  # fmt: skip
    _tell(lab, ADMITTED, now, admitted_from, reason)
    return admission


@verb("lab.suspend")
def suspend_lab(*, actor: Actor, now: datetime, lab_id: int, suspended_from: date, reason: str) -> LabAdmission:
    """End the admission that holds: `suspended_from` is the first local day on which the lab is no open lab.

    Raises `ReasonRequired`, `NotAdmitted` where no open-ended admission began before that day or on it.
    """
    lab = get_lab(actor, lab_id)
    permissions.check(actor, "lab.admit")
    if not reason.strip():
        raise ReasonRequired
    admission = next((one for one in _admissions(lab.id) if one.suspended_from is None), None)
    if admission is None or admission.admitted_from > suspended_from:
        raise errors.NotAdmitted
    admission.suspended_from = suspended_from
    admission.reason = reason.strip()
    db.session.flush()
    audit.record(
        actor, now, "lab.suspend", subject=("lab", lab.id),
        before={"admitted_from": admission.admitted_from.isoformat(), "suspended_from": None},
        after={"suspended_from": suspended_from.isoformat(), "reason": reason.strip()},
    )  # fmt: skip
    _tell(lab, SUSPENDED, now, suspended_from, reason.strip())
    return admission


def _admissions(lab_id: int) -> list[LabAdmission]:
    """Read with a lock on the lab, so that two officers do not admit it twice."""
    db.session.execute(select(Lab.id).where(Lab.id == lab_id).with_for_update())
    return list(
        db.session.scalars(
            select(LabAdmission).where(LabAdmission.lab_id == lab_id).order_by(LabAdmission.admitted_from)
        )
    )


def _tell(lab: Lab, kind: str, now: datetime, day: date, reason: str) -> None:
    notify(
        kind=kind,
        now=now,
        params={"lab": said(lab), "day": day, "reason": reason or "—"},
        url=f"/lab/labs/{lab.id}",
        firm_id=lab.firm_id,
        roles=("owner", "lab_manager"),
    )
