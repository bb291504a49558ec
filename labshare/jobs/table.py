"""Every scheduled job: when it is due, and the service it calls. One due run is one unique row (`JobRun`).

A job's `work` opens its own transactions and says in a few words what it did. `due` gives the moment for which the
job is due at `now`: two hosts that wake up for the same moment find the same row, and the second goes back to sleep.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.accounts.mobile import forget_codes
from labshare.audit import services as audit
from labshare.audit.checks import begin_check, continue_check, end_check
from labshare.booking import services as booking
from labshare.catalogue.services.authorisations import notify_ending
from labshare.catalogue.services.searches import forget_searches
from labshare.jobs import monthly
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import db, transaction
from labshare.kernel.earlier_writers import earlier_writers_done
from labshare.kernel.idempotency import forget_answers
from labshare.kernel.job_runs import forget_runs
from labshare.kernel.time import local_day, start_of_day, utc_now
from labshare.notices.codes import send_codes
from labshare.notices.delivery import deliver_outbox
from labshare.oversight import services as oversight
from labshare.oversight.checks import violations
from labshare.oversight.digest import HOUR as DIGEST_HOUR
from labshare.oversight.heads import mail_newest_head
from labshare.rewards import services as rewards
from labshare.settlement import services as settlement
from labshare.settlement.files import sweep

RETENTION = timedelta(days=7)
"""How long the rows of frequent jobs are kept; those of the monthly and nightly ones stay."""
MOST_TURNS = 400
"""Transactions that one run of the months' job takes: ten thousand labs' months."""
WAIT_FOR_WRITERS = 5.0
"""Seconds that it waits for those who were writing when it began; then it is done the next minute."""
ADDRESS_RETENTION = timedelta(days=184)
"""Network addresses beside the audit trail: six months and a day or two."""


@dataclass(frozen=True)
class Job:
    name: str
    title: LazyString
    every: timedelta
    """How often the scheduler looks whether it is due."""
    due: Callable[[datetime], datetime | None]
    following: Callable[[datetime], datetime]
    """The next moment after now for which it will be due."""
    work: Callable[[datetime], str]
    frequent: bool = True


def each(length: timedelta) -> Callable[[datetime], datetime]:
    """Due at each whole multiple of `length`."""
    seconds = int(length.total_seconds())
    return lambda now: datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def after_each(length: timedelta) -> Callable[[datetime], datetime]:
    """The next whole multiple of `length`."""
    return lambda now: each(length)(now) + length


def after_night(hour: int) -> Callable[[datetime], datetime]:
    """The next time that it is `hour` o'clock, local time."""

    def following(now: datetime) -> datetime:
        today = local_day(now)
        moment = start_of_day(today) + timedelta(hours=hour)
        return moment if now < moment else start_of_day(today + timedelta(days=1)) + timedelta(hours=hour)

    return following


def nightly(hour: int) -> Callable[[datetime], datetime | None]:
    """Due once a local day, from `hour` on; missed, it is caught up the same day."""

    def due(now: datetime) -> datetime | None:
        moment = start_of_day(local_day(now)) + timedelta(hours=hour)
        return moment if now >= moment else None

    return due


def lapse_requests(now: datetime) -> str:
    """Requests, proposals, disputes, contests and objections that nobody answered in time."""
    with transaction():
        inside = booking.lapse_approvals(actor=SYSTEM, now=now)
        made = booking.lapse_for_clients(actor=SYSTEM, now=now)
        extra = booking.lapse_extra(actor=SYSTEM, now=now)
        declined = booking.lapse(actor=SYSTEM, now=now)
    to_decide = _all_of(settlement.escalate_overdue, now)
    passed_on = _all_of(settlement.pass_on_contests, now)
    objections = _all_of(rewards.pass_on_objections, now)
    return (
        f"{declined} declined, {inside} not approved, {made} not accepted, {extra} extra, "
        f"{to_decide} to the authority, {passed_on} contests passed on, {objections} objections passed on"
    )


def lengthen_running(now: datetime) -> str:
    """Holdings of tests that run longer."""
    with transaction():
        return f"{booking.lengthen_running(actor=SYSTEM, now=now)} lengthened"


def grow_blocks(now: datetime) -> str:
    """What has become free of blocks that lab people want."""
    with transaction():
        return f"{booking.grow_blocks(actor=SYSTEM, now=now)} grown"


def remind(now: datetime) -> str:
    """Clients whose tests begin on the next working day; owners of requests and disputes nobody answers; what is
    overdue; authorisations that end. Some at a time, each told once."""
    reminded, unanswered = _all_of(booking.remind, now), _all_of(booking.notify_of_requests, now)
    unanswered += _all_of(settlement.notify_of_disputes, now) + _all_of(settlement.notify_of_inquiries, now)
    overdue, ending = _all_of(settlement.notify_overdue, now), _all_of(notify_ending, now)
    return f"{reminded} reminded, {unanswered} unanswered, {overdue} overdue, {ending} authorisations ending"


def _all_of(step: Callable[..., int], now: datetime) -> int:
    """Take a bounded step until there is nothing left for it."""
    done = 0
    while True:
        with transaction():
            here = step(actor=SYSTEM, now=now)
        done += here
        if not here:
            return done


def send_digests(now: datetime) -> str:
    """What waits for whom, some people at a time."""
    last, written = 0, 0
    while True:
        with transaction(reads_first=True):
            last, here = oversight.send_digests(now=now, after=last)
        written += here
        if not last:
            return f"{written} written"


def seal_audit(now: datetime) -> str:
    """Events that were not written by LabShare fail the job after the others are sealed, and so show."""
    return f"{audit.seal(now, key=audit.signing_key())} sealed"


def publish_head(now: datetime) -> str:
    """The head of the trail, once a day, when the night's check has been through it; then it goes by mail."""
    head = audit.publish_head(now, key=audit.signing_key())
    with transaction():
        mailed = mail_newest_head(now=now)
    if head is None:
        return "nothing to publish"
    return f"head {head.id}: {head.seals} seals, {head.events} events, {mailed} mails"


def send_mail(now: datetime) -> str:
    return f"{deliver_outbox(now)} sent"


def send_to_phones(now: datetime) -> str:
    return f"{send_codes(now)} sent"


def keep_months(now: datetime) -> str:
    """What figures say of months that are over, and how long labs are open: counted where it is not, or has changed."""
    with transaction():
        oversight.watch_months(now=now)
    if not earlier_writers_done(within=WAIT_FOR_WRITERS):
        return "somebody is writing"
    counted = 0
    for _turn in range(MOST_TURNS):
        with transaction(reads_first=True):
            here = oversight.keep_months(now=now)
        counted += here
        if not here:
            break
    return f"{counted} counted"


def check_everything(now: datetime) -> str:
    """Every invariant, and the audit trail. A violation fails the job, and so shows."""
    found = [f"{one.invariant}: {one.subject}" for one in violations(now)]
    with transaction():
        check = begin_check(now=now, nightly=True)
    broken = _check_trail(check, now) if check is not None else None
    if broken:
        places = {"event": broken.event_id, "seal": broken.seal_id, "head": broken.head_id}
        named = (f", {kind} {number}" for kind, number in places.items() if number is not None)
        found.append(f"audit trail: {broken.what}{next(named, '')}")
    db.session.rollback()
    if found:
        raise RuntimeError(f"{len(found)} violations: {'; '.join(found)}")
    return "0 violations"


def check_trail(now: datetime) -> str:
    """What somebody asked for on a page."""
    with transaction():
        check = begin_check(now=now)
    if check is None:
        return "nobody asked"
    broken = _check_trail(check, now)
    return f"broken: {broken.what}" if broken else "untouched"


def _check_trail(check: int, now: datetime) -> audit.Broken | None:
    """Prove the trail untouched, and write how far it is and what came of it."""
    written = time.monotonic()

    def progress(events: int) -> None:
        nonlocal written
        if time.monotonic() - written >= 1:
            written = time.monotonic()
            with transaction():
                continue_check(check, events=events)

    broken = audit.verify(now, key=current_app.config["AUDIT_PUBLIC_KEY"], progress=progress)
    with transaction():
        end_check(check, broken, now=utc_now())
    return broken


def tidy_up(now: datetime) -> str:
    """Drop what has served its time: rows of frequent jobs, answers to repeated requests, codes, firms' searches,
    network addresses, files of recordings that failed."""
    frequent = [job.name for job in JOBS if job.frequent]
    with transaction():
        forget_runs(frequent, now - RETENTION)
        forget_answers(now)
        forget_codes(now)
        forget_searches(now)
        forgotten = audit.forget_addresses(now - ADDRESS_RETENTION)
    swept = sweep(now=now)
    db.session.rollback()
    return f"{forgotten} addresses forgotten, {swept} files swept"


SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

JOBS: tuple[Job, ...] = (
    Job(
        "rewards.month",
        _l("Monthly reward run"),
        15 * SECOND,
        monthly.due,
        monthly.following,
        monthly.run_due_months,
        frequent=False,
    ),
    Job(
        "rewards.corrections",
        _l("Corrections of finished windows"),
        10 * MINUTE,
        nightly(4),
        after_night(4),
        monthly.find_changed_windows,
        frequent=False,
    ),
    Job("booking.lapse", _l("Unanswered requests"), MINUTE, each(MINUTE), after_each(MINUTE), lapse_requests),
    Job("booking.grow", _l("Blocks that grow"), MINUTE, each(MINUTE), after_each(MINUTE), grow_blocks),
    Job("booking.lengthen", _l("Running tests"), MINUTE, each(MINUTE), after_each(MINUTE), lengthen_running),
    Job("oversight.months", _l("Figures of past months"), MINUTE, each(MINUTE), after_each(MINUTE), keep_months),
    Job("audit.seal", _l("Seal the audit trail"), 30 * SECOND, each(30 * SECOND), after_each(30 * SECOND), seal_audit),
    Job(
        "audit.check", _l("Check the audit trail"), 10 * SECOND, each(10 * SECOND), after_each(10 * SECOND), check_trail
    ),
    Job("notices.mail", _l("Send mail"), 10 * SECOND, each(10 * SECOND), after_each(10 * SECOND), send_mail),
    Job("notices.codes", _l("Send codes"), 10 * SECOND, each(10 * SECOND), after_each(10 * SECOND), send_to_phones),
    Job(
        "oversight.check",
        _l("Nightly check"),
        10 * MINUTE,
        nightly(3),
        after_night(3),
        check_everything,
        frequent=False,
    ),
    Job(
        "audit.head",
        _l("Publish the trail's head"),
        10 * MINUTE,
        nightly(5),
        after_night(5),
        publish_head,
        frequent=False,
    ),
    Job("notices.remind", _l("Reminders"), 10 * MINUTE, nightly(7), after_night(7), remind, frequent=False),
    Job(
        "oversight.digest",
        _l("Daily digest"),
        10 * MINUTE,
        nightly(DIGEST_HOUR),
        after_night(DIGEST_HOUR),
        send_digests,
        frequent=False,
    ),
    Job("kernel.tidy", _l("Tidy up"), 10 * MINUTE, nightly(4), after_night(4), tidy_up, frequent=False),
)
