"""A lab applies to be an open lab; an officer admits it (`labs.admit_lab`) or declines with a reason."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import Lab, LabApplication
from labshare.catalogue.notifications import APPLIED, DECLINED
from labshare.catalogue.queries.admissions import admission_open, county_of, sees_lab
from labshare.catalogue.queries.applications import open_lab_facts, proved_on
from labshare.catalogue.rules.publishing import open_lab_conditions
from labshare.catalogue.services import common
from labshare.catalogue.terms import ApplicationEnd
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, ReasonRequired
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.notices.services import notify
from labshare.organisations import permissions
from labshare.organisations.terms import FirmRole


@verb("lab.apply", title=_l("Applied to be an open lab"))
def apply(*, actor: Actor, now: datetime, lab_id: int, remark: str = "") -> LabApplication:
    """Ask that the lab be admitted as an open lab, with what it shows today (R-COUNTY-6); the officers are told.

    Raises `NotFound`, `FirmNotVerified` and `NotComplete` for what is missing, `OpenLabAlready`, `ApplicationWaits`.
    """
    lab = common.own_lab(actor, lab_id)
    common.lock_lab(lab.id)  # so that no officer admits it at this moment
    today = local_day(now)
    shown = open_lab_facts(lab, today)
    common.require(open_lab_conditions(shown))
    if admission_open(lab.id):
        raise errors.OpenLabAlready
    application = LabApplication(
        lab_id=lab.id,
        applied_by=actor.person_id,
        applied_at=now,
        remark=remark.strip(),
        proved=proved_on(lab.id, today, shown),
    )
    waits = errors.ApplicationWaits
    with common.refusals({"ix_lab_application_waiting": waits, "lab_application.lab_id": waits}):
        db.session.add(application)
    audit.record(
        actor,
        now,
        "lab.apply",
        subject=("lab", lab.id),
        before=None,
        after={"remark": application.remark, "proved": application.proved},
    )
    notify(
        kind=APPLIED,
        now=now,
        params={"lab": in_both_languages(lab), "firm": in_both_languages(lab.firm)},
        url=f"/regulator/labs/{lab.id}",
        regulators=(OfficialRole.OFFICER,),
        division=county_of(lab, today)() or lab.division,
    )
    return application


@verb("lab.withdraw_application", title=_l("Application withdrawn"))
def withdraw_application(*, actor: Actor, now: datetime, lab_id: int) -> LabApplication:
    """Take the application back. Raises `NotFound`, `ApplicationEnded`."""
    lab = common.own_lab(actor, lab_id)
    application = _waiting(lab.id)
    after = _end(actor, now, application, ApplicationEnd.WITHDRAWN)
    audit.record(actor, now, "lab.withdraw_application", subject=("lab", lab.id), before={"outcome": None}, after=after)
    return application


@verb("lab.decline_application", title=_l("Application declined"))
def decline_application(*, actor: Actor, now: datetime, lab_id: int, reason: str) -> LabApplication:
    """Decline the application with a reason, which the lab is told; it may apply again.

    Raises `NotFound`, `ReasonRequired`, `ApplicationEnded`.
    """
    permissions.check_anywhere(actor, "lab.admit")
    lab = db.session.get(Lab, lab_id)
    if lab is None or not sees_lab(actor, lab_id, local_day(now)):
        raise NotFound
    permissions.check(actor, "lab.admit", division=county_of(lab, local_day(now)))
    if not reason.strip():
        raise ReasonRequired
    application = _waiting(lab.id)
    application.reason = reason.strip()
    after = _end(actor, now, application, ApplicationEnd.DECLINED)
    audit.record(actor, now, "lab.decline_application", subject=("lab", lab.id), before={"outcome": None}, after=after)
    notify(
        kind=DECLINED,
        now=now,
        params={"lab": in_both_languages(lab), "reason": application.reason},
        url=f"/lab/labs/{lab.id}",
        firm_id=lab.firm_id,
        roles=(FirmRole.OWNER, FirmRole.LAB_MANAGER),
    )
    return application


def end_by_admission(actor: Actor, now: datetime, lab_id: int) -> None:
    """An admission answers the application that waits, where there is one; `lab.admit` stands in the trail."""
    application = db.session.scalar(_select_waiting(lab_id))
    if application is not None:
        _end(actor, now, application, ApplicationEnd.ADMITTED)


def _select_waiting(lab_id: int) -> Select[LabApplication]:
    return (
        select(LabApplication)
        .where(LabApplication.lab_id == lab_id, LabApplication.waits)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _waiting(lab_id: int) -> LabApplication:
    application = db.session.scalar(_select_waiting(lab_id))
    if application is None:
        raise errors.ApplicationEnded
    return application


def _end(actor: Actor, now: datetime, application: LabApplication, outcome: ApplicationEnd) -> dict[str, str]:
    """What the trail keeps of the end."""
    application.ended_by, application.ended_at, application.outcome = actor.person_id, now, outcome
    db.session.flush()
    return {"outcome": outcome, "reason": application.reason}
