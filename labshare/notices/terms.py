"""The kinds of mail as people choose among them."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.kernel.terms import Term

FIRM, LAB, OFFICIAL = "firm", "lab", "official"
"""Whom a mail may reach: members of a firm, those of one that has labs, regulators."""


class Topic(Term):
    """What a mail is about. Each person switches each of them off and on, but for the one that is `required`."""

    about: LazyString | str
    """What comes under it, in a sentence."""
    readers: tuple[str, ...]
    """Whom it may reach; empty: everybody."""

    def __init__(
        self,
        code: str,
        label: LazyString | str = "",
        about: LazyString | str = "",
        *readers: str,
    ) -> None:
        super().__init__(code, label)
        self.about = about
        self.readers = readers

    ACCOUNT = (
        "security",
        _l("Account and security"),
        _l("Password, roles, invitations, calendar addresses, and bank accounts of our firm."),
    )
    CONFIRMATION = (
        "confirmations",
        _l("Confirmations"),
        _l("A booking is confirmed, declined or was not answered; with an invitation for the calendar."),
        FIRM,
    )
    MOVE = "moves", _l("Moves"), _l("A booking was moved, or another time is proposed or answered."), FIRM
    CANCELLATION = (
        "cancellations",
        _l("Cancellations"),
        _l("A booking is cancelled, or the samples did not come."),
        FIRM,
    )
    REMINDER = "reminders", _l("Reminders"), _l("One working day before a test of ours begins."), FIRM
    QUOTE = "quotes", _l("Quotes"), _l("A quote is asked for, priced by the lab or accepted."), FIRM
    INQUIRY = "inquiries", _l("Requests to the labs"), _l("A client asks the labs, or a lab has answered."), FIRM
    PROGRESS = "progress", _l("Progress"), _l("Samples received, test finished."), FIRM
    REPORT = "reports", _l("Reports"), _l("A report is ready, or was withdrawn."), FIRM
    CHARGE = "charges", _l("Changes of charge"), _l("A charge changes, or waits for consent."), FIRM
    MESSAGE = "booking_messages", _l("Messages"), _l("The other side of a booking has written."), FIRM
    DISPUTE = (
        "disputes",
        _l("Disputes"),
        _l(
            "A dispute is opened, answered, settled or decided; a booking is suspended, or counts again; a document is "
            "contested."
        ),
        FIRM,
        OFFICIAL,
    )
    INVOICE = (
        "invoices",
        _l("Invoices"),
        _l("An invoice or a payment was recorded, with what to pay to whom; a lab has sent its statement of account."),
        FIRM,
    )
    OVERDUE = (
        "overdue",
        _l("Overdue payments"),
        _l("An invoice is unpaid after its due date, then every 30 days; a lab reminds us."),
        FIRM,
    )
    REQUEST = "new_bookings", _l("New bookings at our labs"), _l("A client asks for a slot, or has booked one."), LAB
    PAYER = (
        "other_payers",
        _l("Other payers"),
        _l("A payment by somebody else than the client, and what was decided."),
        LAB,
        OFFICIAL,
    )
    FIRM_NEWS = (
        "firm_news",
        _l("Our firm"),
        _l("Verification, size class, members, authorisations that end."),
        FIRM,
        OFFICIAL,
    )
    AFFILIATION = (
        "affiliations",
        _l("Affiliations"),
        _l("What is declared, answered, confirmed or ended."),
        FIRM,
        OFFICIAL,
    )
    ADMISSION = "open_labs", _l("Open labs"), _l("A lab is admitted or suspended as an open lab."), LAB, OFFICIAL
    REWARD = "rewards", _l("Rewards"), _l("Runs, objections, policies, grades."), LAB, OFFICIAL
    DIGEST = (
        "digest",
        _l("Daily digest"),
        _l("What waits for you, once a day at 8:00; nothing on days when nothing does."),
    )

    @classmethod
    def switched(cls) -> tuple["Topic", ...]:
        """Those that a person may switch off."""
        return tuple(topic for topic in cls if topic is not cls.ACCOUNT)
