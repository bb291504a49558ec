"""Whom documents concern, and the words they are told in."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.booking.models import Booking, Quote
from labshare.booking.notifications import CLIENT_MONEY_ROLES, LAB_OWNER_ROLES, LAB_ROLES, notify_lab
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import in_both_languages, last_day_before
from labshare.kernel.money import Fen
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.notices.kinds import kind
from labshare.notices.services import Audience, notify, people_in, tell
from labshare.notices.services import Message as Told
from labshare.notices.terms import Topic
from labshare.organisations.queries.bank_accounts import account_of
from labshare.organisations.terms import FirmRole
from labshare.settlement.models import (
    BookingHold,
    Contest,
    Dispute,
    DoubleDocument,
    Inquiry,
    InquiryAnswer,
    Invoice,
    PayerLimit,
    Payment,
    Report,
)
from labshare.settlement.queries.accounts import Account
from labshare.settlement.reminders import Reminder
from labshare.settlement.terms import (
    ContestVerdict,
    DisputeOutcome,
    DocumentKind,
    DoubleVerdict,
    MessageSide,
    ReminderLevel,
)

CLIENT_ROLES = (FirmRole.OWNER, FirmRole.BOOKER, FirmRole.ACCOUNTANT)
LAB_MONEY_ROLES = (FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.ACCOUNTANT)
MESSAGES_AN_HOUR = 20
"""To one address; more are read in the application alone."""
CODE_STEP = 2
"""Digits by which a county's code is longer than its city's."""
FIRMS_AT_ONCE = 100
"""Told by one statement."""

REPORT_READY = kind(
    "report.recorded",
    topic=Topic.REPORT,
    title=_l("Report %(number)s is ready (%(ref)s)"),
    text=_l("The lab has issued report %(number)s for booking %(ref)s. It can be downloaded from the booking's page."),
)
REPORT_REPLACED = kind(
    "report.replaced",
    topic=Topic.REPORT,
    title=_l("Report %(number)s replaces %(old)s (%(ref)s)"),
    text=_l(
        "The lab has issued report %(number)s for booking %(ref)s. From %(day)s on it stands in place of %(old)s, "
        "which must not be used any longer. Reason: %(reason)s"
    ),
)
REPORT_WITHDRAWN = kind(
    "report.withdrawn",
    topic=Topic.REPORT,
    title=_l("Report %(number)s is withdrawn (%(ref)s)"),
    text=_l("The lab has withdrawn report %(number)s of booking %(ref)s: %(reason)s"),
)
INVOICE_RECORDED = kind(
    "invoice.recorded",
    topic=Topic.INVOICE,
    title=_l("Invoice %(number)s, %(amount_fen)s (%(ref)s)"),
    text=_l("The lab has recorded invoice %(number)s for %(amount_fen)s at booking %(ref)s."),
)
INVOICE_TO_PAY = kind(
    "invoice.to_pay",
    topic=Topic.INVOICE,
    title=_l("Invoice %(number)s, %(amount_fen)s (%(ref)s)"),
    text=_l(
        "The lab has recorded invoice %(number)s for %(amount_fen)s at booking %(ref)s. Pay %(owed_fen)s to %(payee)s, "
        "account %(account)s, and write %(ref)s on the transfer; the whole number stands at the booking."
    ),
)
INVOICE_ASK_FOR_ACCOUNT = kind(
    "invoice.ask_for_account",
    topic=Topic.INVOICE,
    title=_l("Invoice %(number)s, %(amount_fen)s (%(ref)s)"),
    text=_l(
        "The lab has recorded invoice %(number)s for %(amount_fen)s at booking %(ref)s. %(owed_fen)s is to be paid to "
        "%(payee)s, which has no account that counts: ask %(lab)s (%(phone)s), and write %(ref)s on the transfer."
    ),
)
INVOICE_REVERSED = kind(
    "invoice.reversed",
    topic=Topic.INVOICE,
    title=_l("Red-letter invoice %(number)s, %(amount_fen)s (%(ref)s)"),
    text=_l("The lab has recorded red-letter invoice %(number)s for %(amount_fen)s at booking %(ref)s."),
)
PAYMENT_RECORDED = kind(
    "payment.recorded",
    topic=Topic.INVOICE,
    title=_l("Payment of %(amount_fen)s recorded (%(ref)s)"),
    text=_l(
        "The lab has recorded that %(amount_fen)s was paid on %(day)s for booking %(ref)s. If that is not so, contest "
        "it on the booking's page within ten working days."
    ),
)
REFUND_RECORDED = kind(
    "payment.refunded",
    topic=Topic.INVOICE,
    title=_l("Refund of %(amount_fen)s recorded (%(ref)s)"),
    text=_l(
        "The lab has recorded that %(amount_fen)s was paid back on %(day)s for booking %(ref)s. If that is not so, "
        "contest it on the booking's page within ten working days."
    ),
)
OVERDUE = kind(
    "invoice.overdue",
    topic=Topic.OVERDUE,
    title=_l("Payment overdue: %(overdue_fen)s (%(ref)s)"),
    text=_l(
        "%(overdue_fen)s of booking %(ref)s is unpaid and was due on %(due_on)s. Pay it to %(payee)s, "
        "account %(account)s (the whole number stands at the booking), and write %(ref)s on the transfer; if it is "
        "paid, ask %(lab)s (%(phone)s) to record it."
    ),
)
_REMINDER_TEXT = _l(
    "%(total_fen)s is unpaid and overdue: invoice %(numbers)s. Pay it to %(payee)s, account %(account)s, by "
    "%(pay_by)s. The letter, with the whole number, lies with our firm's spending. If it is paid, or something is not "
    "right, tell %(payee)s (%(phone)s)."
)
REMINDERS = {
    level: kind(f"reminder.{level.removeprefix('reminder_')}", topic=Topic.OVERDUE, title=title, text=_REMINDER_TEXT)
    for level, title in (
        (ReminderLevel.FIRST, _l("First reminder from %(payee)s: %(total_fen)s")),
        (ReminderLevel.SECOND, _l("Second reminder from %(payee)s: %(total_fen)s")),
        (ReminderLevel.FINAL, _l("Final reminder from %(payee)s: %(total_fen)s")),
    )
}
ACCOUNT_SENT = kind(
    "statement.sent",
    topic=Topic.INVOICE,
    title=_l("Statement of account from %(payee)s: %(closing_fen)s"),
    text=_l(
        "%(payee)s has sent its statement of account from %(since)s to %(until)s. Balance at the end: %(closing_fen)s; "
        "overdue now: %(overdue_fen)s. If it differs from your books, tell them."
    ),
)
PAYER_TO_DECIDE = kind(
    "payment.payer_differs",
    topic=Topic.PAYER,
    title=_l("Another payer at %(ref)s: %(amount_fen)s"),
    text=_l("A payment of %(amount_fen)s at booking %(ref)s has a payer that is not the client. Accept it or not."),
)
PAYER_TO_CONFIRM = kind(
    "payment.payer_to_confirm",
    topic=Topic.PAYER,
    title=_l("Another payer at %(ref)s waits for a second person: %(amount_fen)s"),
    text=_l(
        "An officer has accepted a payer that is not the client, for %(amount_fen)s at booking %(ref)s. Above the "
        "county's limit it counts once a second person accepts it too."
    ),
)
PAYER_LIMIT_SET = kind(
    "payment.payer_limit",
    topic=Topic.PAYER,
    title=_l("Other payers need a second person from %(amount_fen)s on"),
    text=_l("From %(amount_fen)s a year on, a payer that is not the client needs two persons. Reason: %(reason)s"),
    mail=False,
)
PAYER_ACCEPTED = kind(
    "payment.payer_accepted",
    topic=Topic.PAYER,
    title=_l("Payer accepted at %(ref)s: %(amount_fen)s counts"),
    text=_l("The payment of %(amount_fen)s by another payer at booking %(ref)s now counts."),
    mail=False,
)
PAYER_REJECTED = kind(
    "payment.payer_rejected",
    topic=Topic.PAYER,
    title=_l("Payer not accepted at %(ref)s: %(amount_fen)s does not count"),
    text=_l("The payment of %(amount_fen)s by another payer at booking %(ref)s does not count: %(note)s"),
)

MESSAGE_TO_CLIENT = kind(
    "message.to_client",
    topic=Topic.MESSAGE,
    title=_l("%(lab)s has written about %(ref)s"),
    text=_l("%(lab)s has written about %(item)s, booking %(ref)s. Read it and answer on the booking's page."),
    most=MESSAGES_AN_HOUR,
)
MESSAGE_TO_LAB = kind(
    "message.to_lab",
    topic=Topic.MESSAGE,
    title=_l("%(client)s has written about %(ref)s"),
    text=_l("%(client)s has written about %(item)s, booking %(ref)s. Read it and answer on the booking's page."),
    most=MESSAGES_AN_HOUR,
)

DISPUTE_OPENED = kind(
    "dispute.opened",
    topic=Topic.DISPUTE,
    title=_l("%(client)s disputes %(ref)s"),
    text=_l(
        "%(client)s has opened a dispute about %(item)s, booking %(ref)s. Answer by the end of %(day)s; unanswered, it "
        "goes to the authority. Until it ends the booking's revenue does not count for the reward."
    ),
)
DISPUTE_UNANSWERED = kind(
    "dispute.unanswered",
    topic=Topic.DISPUTE,
    title=_l("Nobody has answered the dispute about %(ref)s"),
    text=_l(
        "%(client)s disputes %(item)s, booking %(ref)s, and waits for the lab's answer. Unanswered, it goes to the "
        "authority with the end of %(day)s."
    ),
)
INQUIRY_UNANSWERED = kind(
    "inquiry.unanswered",
    topic=Topic.INQUIRY,
    title=_l("Nobody has answered a request of %(client)s"),
    text=_l("%(client)s has asked our labs, and none has answered. The request ends with %(day)s."),
)
DISPUTE_ANSWERED = kind(
    "dispute.answered",
    topic=Topic.DISPUTE,
    title=_l("%(lab)s has answered the dispute about %(ref)s"),
    text=_l("%(lab)s has answered. Agree on an outcome on the booking's page, or bring the dispute to the authority."),
)
DISPUTE_OFFERED = kind(
    "dispute.offered",
    topic=Topic.DISPUTE,
    title=_l("Dispute about %(ref)s: %(outcome)s is proposed"),
    text=_l("The other side proposes: %(outcome)s. Agree on the booking's page, or propose another outcome."),
)
DISPUTE_SETTLED = kind(
    "dispute.settled",
    topic=Topic.DISPUTE,
    title=_l("Dispute about %(ref)s is settled"),
    text=_l("The outcome: %(outcome)s. The booking's revenue counts again."),
)
DISPUTE_ESCALATED = kind(
    "dispute.escalated",
    topic=Topic.DISPUTE,
    title=_l("The dispute about %(ref)s is with the authority"),
    text=_l("An officer reads what both sides have said and decides with reasons; until then both can still settle."),
)
DISPUTE_TO_DECIDE = kind(
    "dispute.to_decide",
    topic=Topic.DISPUTE,
    title=_l("A dispute to decide: %(ref)s"),
    text=_l("%(client)s and %(lab)s have not settled the dispute about %(item)s, booking %(ref)s."),
)
DISPUTE_DECIDED = kind(
    "dispute.decided",
    topic=Topic.DISPUTE,
    title=_l("Dispute about %(ref)s is decided"),
    text=_l("The authority has decided: %(outcome)s. Its reasons stand on the booking's page."),
)

DOCUMENT_CONTESTED = kind(
    "contest.raised",
    topic=Topic.DISPUTE,
    title=_l("%(client)s contests a document of %(ref)s"),
    text=_l(
        "%(client)s contests a document of booking %(ref)s, %(item)s (%(document)s): %(reason)s Until it is decided "
        "the booking's revenue does not count for the reward."
    ),
)
CONTEST_TO_DECIDE = kind(
    "contest.to_decide",
    topic=Topic.DISPUTE,
    title=_l("A contested document to decide: %(ref)s"),
    text=_l(
        "%(client)s contests a document that %(lab)s has recorded (%(document)s). Decide by the end of %(day)s on the "
        "booking's page; afterwards the approver decides."
    ),
)
CONTEST_PASSED_ON = kind(
    "contest.passed_on",
    topic=Topic.DISPUTE,
    title=_l("A contested document is now yours to decide: %(ref)s"),
    text=_l(
        "The county's officers have not decided in time on a document (%(document)s) that %(client)s contests. It is "
        "decided by an approver, or by an officer of a division around the county."
    ),
)
CONTEST_DECIDED = kind(
    "contest.decided",
    topic=Topic.DISPUTE,
    title=_l("Contested document of %(ref)s decided"),
    text=_l("%(verdict)s. Document: %(document)s. Reasons: %(note)s"),
)
DOUBLE_TO_DECIDE = kind(
    "double.to_decide",
    topic=Topic.DISPUTE,
    title=_l("Same document on two bookings: %(ref)s"),
    text=_l(
        "A document of booking %(ref)s (%(document)s) has the bank reference or the file of one on another booking. "
        "Both stand side by side in the list; an officer of the later booking's county decides."
    ),
)
DOUBLE_DECIDED = kind(
    "double.decided",
    topic=Topic.DISPUTE,
    title=_l("Same document on two bookings, %(ref)s: decided"),
    text=_l("%(verdict)s. Document: %(document)s. The officer's note: %(note)s"),
)
BOOKING_SUSPENDED = kind(
    "hold.suspended",
    topic=Topic.DISPUTE,
    title=_l("Booking %(ref)s is suspended"),
    text=_l(
        "An officer has suspended booking %(ref)s, %(item)s: its revenue does not count for the reward until an "
        "officer ends that. Orders, documents and payments go on. The officer's note: %(note)s"
    ),
)
SUSPENSION_ENDED = kind(
    "hold.ended",
    topic=Topic.DISPUTE,
    title=_l("Booking %(ref)s is suspended no longer"),
    text=_l(
        "An officer has ended the suspension of booking %(ref)s, %(item)s; its revenue counts again. The officer's "
        "note: %(note)s"
    ),
)

INQUIRY_ASKED = kind(
    "inquiry.asked",
    topic=Topic.INQUIRY,
    title=_l("%(client)s asks the labs"),
    text=_l(
        "%(client)s asks for a test of %(quantity)s samples. Answer with a test item, a price or a question by the end "
        "of %(day)s; other labs do not see it."
    ),
    most=MESSAGES_AN_HOUR,
)
INQUIRY_ANSWERED = kind(
    "inquiry.answered",
    topic=Topic.INQUIRY,
    title=_l("%(lab)s has answered your request"),
    text=_l("%(lab)s has answered what you asked the labs on %(day)s. Compare the answers and take one."),
    most=MESSAGES_AN_HOUR,
)
INQUIRY_TAKEN = kind(
    "inquiry.taken",
    topic=Topic.INQUIRY,
    title=_l("%(client)s has taken your answer: quote %(number)s"),
    text=_l(
        "%(client)s had quote %(number)s made of your answer: %(item)s for %(amount_fen)s. The slot is chosen next."
    ),
)


ABOUT_REPORTS = frozenset({REPORT_READY, REPORT_REPLACED, REPORT_WITHDRAWN})

SAID = frozenset(
    {
        MESSAGE_TO_CLIENT,
        DISPUTE_ANSWERED,
        DISPUTE_OFFERED,
        DISPUTE_SETTLED,
        DISPUTE_ESCALATED,
        DISPUTE_DECIDED,
        BOOKING_SUSPENDED,
        SUSPENSION_ENDED,
    }
)
"""What the sides say to each other: no money."""


def notify_client(notice: str, booking: Booking, *, actor: Actor, now: datetime, **params: object) -> None:
    """Tell whoever booked and their firm of a report, or of what is said; of money those who see it, whoever booked."""
    report = notice in ABOUT_REPORTS | SAID
    notify(
        kind=notice,
        now=now,
        params={"ref": booking.ref, **params},
        url=f"/bookings/{booking.ref}",
        person_ids=[booking.booked_by] if report else (),
        firm_id=booking.client_firm_id,
        roles=CLIENT_ROLES if report else CLIENT_MONEY_ROLES,
        but=actor.person_id,
    )


def message_written(booking: Booking, side: MessageSide, *, actor: Actor, now: datetime) -> None:
    """To the other side."""
    if side == MessageSide.LAB:
        lab, item = in_both_languages(booking.lab), in_both_languages(booking.test_item)
        notify_client(MESSAGE_TO_CLIENT, booking, actor=actor, now=now, lab=lab, item=item)
    else:
        notify_lab(MESSAGE_TO_LAB, booking, actor=actor, now=now)


def dispute_opened(booking: Booking, dispute: Dispute, *, actor: Actor, now: datetime) -> None:
    notify_lab(DISPUTE_OPENED, booking, actor=actor, now=now, day=dispute.last_day)


def dispute_unanswered(booking: Booking, dispute: Dispute, *, actor: Actor, now: datetime) -> None:
    """To the owners of the lab's firm, and nobody else."""
    notify(
        kind=DISPUTE_UNANSWERED,
        now=now,
        params={
            "ref": booking.ref,
            "client": in_both_languages(booking.client),
            "item": in_both_languages(booking.test_item),
            "day": dispute.last_day,
        },
        url=f"/lab/bookings/{booking.ref}",
        firm_id=booking.lab_firm_id,
        roles=LAB_OWNER_ROLES,
        but=actor.person_id,
    )


def dispute_answered(booking: Booking, *, actor: Actor, now: datetime) -> None:
    notify_client(DISPUTE_ANSWERED, booking, actor=actor, now=now, lab=in_both_languages(booking.lab))


def dispute_outcome(booking: Booking, dispute: Dispute, side: MessageSide, *, actor: Actor, now: datetime) -> None:
    """What `side` has named, to the other one."""
    tell = notify_client if side == MessageSide.LAB else notify_lab
    kind = DISPUTE_OFFERED if dispute.lasts else DISPUTE_SETTLED
    tell(kind, booking, actor=actor, now=now, outcome=DisputeOutcome(dispute.offered or "").label)


def dispute_escalated(booking: Booking, *, actor: Actor, now: datetime) -> None:
    notify_client(DISPUTE_ESCALATED, booking, actor=actor, now=now)
    notify_lab(DISPUTE_ESCALATED, booking, actor=actor, now=now)
    notify(
        kind=DISPUTE_TO_DECIDE,
        now=now,
        params={
            "ref": booking.ref,
            "client": in_both_languages(booking.client),
            "lab": in_both_languages(booking.lab),
            "item": in_both_languages(booking.test_item),
        },
        url=f"/regulator/bookings/{booking.ref}",
        regulators=(OfficialRole.OFFICER,),
        division=booking.division,
    )


def dispute_decided(booking: Booking, dispute: Dispute, *, actor: Actor, now: datetime) -> None:
    outcome = DisputeOutcome(dispute.outcome or "").label
    notify_client(DISPUTE_DECIDED, booking, actor=actor, now=now, outcome=outcome)
    notify_lab(DISPUTE_DECIDED, booking, actor=actor, now=now, outcome=outcome)


def payment_recorded(booking: Booking, payment: Payment, *, actor: Actor, now: datetime) -> None:
    """Each document is told to the client, who may contest it (R-CONTEST-1)."""
    kind, fen = (PAYMENT_RECORDED if payment.amount_fen > 0 else REFUND_RECORDED), Fen(abs(payment.amount_fen))
    notify_client(kind, booking, actor=actor, now=now, amount_fen=fen, day=payment.paid_on)


def document_contested(booking: Booking, contest: Contest, *, actor: Actor, now: datetime) -> None:
    document = DocumentKind(contest.kind).label
    notify_lab(DOCUMENT_CONTESTED, booking, actor=actor, now=now, document=document, reason=contest.reason)
    _to_regulators(
        CONTEST_TO_DECIDE, booking, contest, roles=(OfficialRole.OFFICER,), division=booking.division, now=now
    )


def contest_passed_on(booking: Booking, contest: Contest, *, now: datetime) -> None:
    """To the county's approvers, and to officers of what contains the county."""
    around = booking.division[:-CODE_STEP]
    _to_regulators(
        CONTEST_PASSED_ON, booking, contest, roles=(OfficialRole.APPROVER,), division=booking.division, now=now
    )
    _to_regulators(CONTEST_PASSED_ON, booking, contest, roles=(OfficialRole.OFFICER,), division=around, now=now)


def _to_regulators(
    notice: str,
    booking: Booking,
    contest: Contest,
    *,
    roles: Collection[OfficialRole],
    division: str,
    now: datetime,
) -> None:
    notify(
        kind=notice,
        now=now,
        params={
            "ref": booking.ref,
            "client": in_both_languages(booking.client),
            "lab": in_both_languages(booking.lab),
            "document": DocumentKind(contest.kind).label,
            "day": contest.last_day,
        },
        url=f"/regulator/bookings/{booking.ref}",
        regulators=roles,
        division=division,
    )


def contest_decided(booking: Booking, contest: Contest, *, actor: Actor, now: datetime) -> None:
    """To both sides; to those of the client who see such a document."""
    said: dict[str, Any] = {
        "verdict": ContestVerdict(contest.verdict or "").label,
        "document": DocumentKind(contest.kind).label,
        "note": contest.note,
    }
    notify_client(CONTEST_DECIDED, booking, actor=actor, now=now, **said)
    notify_lab(CONTEST_DECIDED, booking, actor=actor, now=now, **said)


def double_found(double: DoubleDocument, *, now: datetime) -> None:
    """To the officers of both bookings' counties, each with the booking that is theirs."""
    bookings = {booking.division: booking for booking in (double.earlier_booking, double.booking)}
    for division, booking in bookings.items():
        notify(
            kind=DOUBLE_TO_DECIDE,
            now=now,
            params={"ref": booking.ref, "document": DocumentKind(double.kind).label},
            url="/regulator/doubles",
            regulators=(OfficialRole.OFFICER,),
            division=division,
        )


def double_decided(double: DoubleDocument, *, actor: Actor, now: datetime) -> None:
    """To the lab that recorded the later document."""
    said: dict[str, Any] = {
        "verdict": DoubleVerdict(double.verdict or "").label,
        "document": DocumentKind(double.kind).label,
        "note": double.note,
    }
    notify_lab(DOUBLE_DECIDED, double.booking, actor=actor, now=now, **said)


def booking_suspended(booking: Booking, hold: BookingHold, *, actor: Actor, now: datetime) -> None:
    _both(BOOKING_SUSPENDED, booking, hold.note, actor=actor, now=now)


def suspension_ended(booking: Booking, hold: BookingHold, *, actor: Actor, now: datetime) -> None:
    _both(SUSPENSION_ENDED, booking, hold.release_note, actor=actor, now=now)


def _both(notice: str, booking: Booking, note: str, *, actor: Actor, now: datetime) -> None:
    """To client and lab."""
    notify_client(notice, booking, actor=actor, now=now, item=in_both_languages(booking.test_item), note=note)
    notify_lab(notice, booking, actor=actor, now=now, note=note)


def report_recorded(booking: Booking, report: Report, *, actor: Actor, now: datetime) -> None:
    if report.replaces is None:
        notify_client(REPORT_READY, booking, actor=actor, now=now, number=report.number)
        return
    notify_client(
        REPORT_REPLACED,
        booking,
        actor=actor,
        now=now,
        number=report.number,
        old=report.replaces.number,
        day=report.issued_on,
        reason=report.why or "—",
    )


def report_withdrawn(booking: Booking, report: Report, *, actor: Actor, now: datetime) -> None:
    notify_client(
        REPORT_WITHDRAWN, booking, actor=actor, now=now, number=report.number, reason=report.withdraw_reason or ""
    )


def invoice_recorded(booking: Booking, invoice: Invoice, amount_fen: Fen, *, actor: Actor, now: datetime) -> None:
    owed_fen = booking.invoiced_fen - booking.paid_fen
    kind, pay = (INVOICE_RECORDED if amount_fen > 0 else INVOICE_REVERSED), {}
    if amount_fen > 0 and owed_fen > 0:
        lab, firm = booking.lab, booking.lab_firm
        account = account_of(firm.id, local_day(now))
        pay = {"owed_fen": owed_fen, "payee": in_both_languages(firm), "account": account and account.ends}
        kind = INVOICE_TO_PAY
        if account is None:
            pay |= {"lab": in_both_languages(lab), "phone": lab.phone or firm.phone or "—"}
            kind = INVOICE_ASK_FOR_ACCOUNT
    notify_client(kind, booking, actor=actor, now=now, number=invoice.number, amount_fen=amount_fen, **pay)


def payment_overdue(booking: Booking, overdue_fen: Fen, *, due_on: date, actor: Actor, now: datetime) -> None:
    lab, firm = booking.lab, booking.lab_firm
    account = account_of(firm.id, local_day(now))
    notify_client(
        OVERDUE,
        booking,
        actor=actor,
        now=now,
        overdue_fen=overdue_fen,
        due_on=due_on,
        payee=in_both_languages(firm),
        account=account.ends if account else None,
        lab=in_both_languages(lab),
        phone=lab.phone or firm.phone or None,
    )


def reminder_sent(letter: Reminder, *, actor: Actor, now: datetime) -> None:
    """To whoever keeps the client's money."""
    firm = letter.lab_firm
    account = account_of(firm.id, local_day(now))
    notify(
        kind=REMINDERS[letter.level],
        now=now,
        params={
            "total_fen": letter.left_fen,
            "numbers": ", ".join(each.invoice.number for each in letter.invoices),
            "payee": in_both_languages(firm),
            "account": account.ends if account else None,
            "phone": firm.phone or None,
            "pay_by": letter.pay_by,
        },
        url="/client/reminders",
        firm_id=letter.client_firm_id,
        roles=CLIENT_MONEY_ROLES,
        but=actor.person_id,
    )


def account_sent(account: Account, *, actor: Actor, now: datetime) -> None:
    """To whoever keeps the client's money."""
    seller = account.lab_firm
    notify(
        kind=ACCOUNT_SENT,
        now=now,
        params={
            "payee": in_both_languages(seller),
            "since": account.since,
            "until": account.until,
            "closing_fen": account.closing_fen,
            "overdue_fen": account.overdue_fen,
        },
        url=f"/client/accounts/{seller.uscc}?from={account.since}&to={account.until}",
        firm_id=account.client.id,
        roles=CLIENT_MONEY_ROLES,
        but=actor.person_id,
    )


def payer_waits(booking: Booking, payment: Payment, *, actor: Actor, now: datetime) -> None:
    _tell_of_payer(PAYER_TO_DECIDE, OfficialRole.OFFICER, booking, payment, actor=actor, now=now)


def payer_to_confirm(booking: Booking, payment: Payment, *, actor: Actor, now: datetime) -> None:
    _tell_of_payer(PAYER_TO_CONFIRM, OfficialRole.APPROVER, booking, payment, actor=actor, now=now)


def _tell_of_payer(
    kind: str, role: OfficialRole, booking: Booking, payment: Payment, *, actor: Actor, now: datetime
) -> None:
    notify(
        kind=kind,
        now=now,
        params={"ref": booking.ref, "amount_fen": payment.amount_fen},
        url="/regulator/payers",
        regulators=(role,),
        division=booking.division,
        but=actor.person_id,
    )


def payer_limit_set(limit: PayerLimit, *, actor: Actor, now: datetime) -> None:
    notify(
        kind=PAYER_LIMIT_SET,
        now=now,
        params={"amount_fen": limit.amount_fen, "reason": limit.reason},
        url="/regulator/payers",
        regulators=(OfficialRole.OFFICER,),
        division=limit.division,
        but=actor.person_id,
    )


def payer_decided(booking: Booking, payment: Payment, *, actor: Actor, now: datetime) -> None:
    accepted = payment.counts
    notify(
        kind=PAYER_ACCEPTED if accepted else PAYER_REJECTED,
        now=now,
        params={"ref": booking.ref, "amount_fen": payment.amount_fen, "note": payment.verdict_note or ""},
        url=f"/lab/bookings/{booking.ref}",
        firm_id=booking.lab_firm_id,
        roles=LAB_MONEY_ROLES,
        but=actor.person_id,
    )


def labs_are_asked(inquiry: Inquiry, lab_firm_ids: Collection[int], *, actor: Actor, now: datetime) -> None:
    """To owners and managers of all these firms."""
    _tell_firms(INQUIRY_ASKED, inquiry, lab_firm_ids, LAB_ROLES, but=actor.person_id, now=now)


def inquiry_unanswered(inquiry: Inquiry, lab_firm_ids: Collection[int], *, now: datetime) -> None:
    """To the owners of these firms, and nobody else."""
    _tell_firms(INQUIRY_UNANSWERED, inquiry, lab_firm_ids, LAB_OWNER_ROLES, but=None, now=now)


def _tell_firms(
    kind: str, inquiry: Inquiry, firm_ids: Collection[int], roles: tuple[str, ...], *, but: int | None, now: datetime
) -> None:
    """Two statements for each `FIRMS_AT_ONCE`."""
    firms = sorted(firm_ids)
    for start in range(0, len(firms), FIRMS_AT_ONCE):
        some = firms[start : start + FIRMS_AT_ONCE]
        people = people_in(*(Audience(firm_id=each, roles=roles, but=but) for each in some))
        tell(*(_asked(kind, inquiry, each, told) for each, told in zip(some, people, strict=True)), now=now)


def _asked(kind: str, inquiry: Inquiry, firm_id: int, person_ids: list[int]) -> Told:
    return Told(
        kind=kind,
        person_ids=person_ids,
        params={
            "client": in_both_languages(inquiry.client),
            "quantity": inquiry.quantity,
            "day": last_day_before(inquiry.ends_at),
        },
        url=f"/lab/inquiries/{inquiry.id}",
        firm_id=firm_id,
    )


def inquiry_answered(answer: InquiryAnswer, inquiry: Inquiry, *, actor: Actor, now: datetime) -> None:
    """To whoever asked and their firm's owners."""
    notify(
        kind=INQUIRY_ANSWERED,
        now=now,
        params={"lab": in_both_languages(answer.lab), "day": local_day(inquiry.asked_at)},
        url=f"/inquiries/{inquiry.id}",
        person_ids=[inquiry.asked_by],
        firm_id=inquiry.client_firm_id,
        roles=(FirmRole.OWNER,),
        but=actor.person_id,
    )


def answer_taken(answer: InquiryAnswer, inquiry: Inquiry, quote: Quote, *, actor: Actor, now: datetime) -> None:
    notify(
        kind=INQUIRY_TAKEN,
        now=now,
        params={
            "client": in_both_languages(inquiry.client),
            "number": quote.number,
            "item": in_both_languages(answer.test_item),
            "amount_fen": quote.amount_fen,
        },
        url=f"/lab/quotes/{quote.number}",
        firm_id=answer.lab_firm_id,
        roles=LAB_ROLES,
        but=actor.person_id,
    )
