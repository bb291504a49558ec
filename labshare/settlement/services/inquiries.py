"""Asking the labs: a firm asks, labs answer, the firm takes one answer as a quote, or closes (R-ASK)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from labshare.audit.services import record
from labshare.booking.errors import FirmUnverified, NoFee, QuantityOutOfRange
from labshare.booking.events import QuoteBooked
from labshare.booking.models import Quote
from labshare.booking.queries.loading import BookableItem, load_bookable_item
from labshare.booking.queries.slots import price_for
from labshare.booking.rules.quotes import lasts_until
from labshare.booking.services import make_quote
from labshare.booking.services.quotes import OwnPrice, check_own_price
from labshare.catalogue.terms import Category
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, take_turn
from labshare.kernel.errors import NotAllowed, NotFound, Problem, raise_all
from labshare.kernel.formatting import plain_money
from labshare.kernel.money import Fen
from labshare.kernel.time import Hours, local_day
from labshare.kernel.verbs import verb
from labshare.organisations.models import Firm
from labshare.organisations.permissions import check
from labshare.settlement.errors import (
    DayPassed,
    InquiryClosed,
    NobodyToAsk,
    NothingAnswered,
    NothingToTake,
    NotYourItem,
    OfferedAlready,
    PriceWithoutItem,
    ReportBeforeStart,
    TooManyAnswers,
    TooManyInquiries,
    UnknownCategory,
    WordsMissing,
)
from labshare.settlement.files import TakenFile, store
from labshare.settlement.models import Inquiry, InquiryAnswer
from labshare.settlement.queries.inquiries import InquiryRow, get_inquiry, labs_asked
from labshare.settlement.services.messages import text_problems
from labshare.settlement.services.notifications.inquiries import answer_taken, inquiry_answered, labs_are_asked
from labshare.settlement.services.typed_text import check_text

TEXT_LENGTH = 2000
MOST_QUANTITY = 10_000
MOST_OPEN = 20
"""Open requests of a firm, so that nobody fills the labs' lists."""
MOST_ANSWERS = 10
"""Of one firm to one request."""


@verb("inquiry.ask", title=_l("Labs asked"))
def ask_labs(
    *,
    actor: Actor,
    now: datetime,
    text: str,
    quantity: int,
    category: str | None = None,
    start_by: date | None = None,
    report_by: date | None = None,
    files: Sequence[TakenFile] = (),
) -> Inquiry:
    """Ask the labs of a category, or all, in words with pictures; they are told (R-ASK-1). Days are local.

    Raises `NotAllowed`, `FirmUnverified`, `WordsMissing`, `ReasonTooLong`, `QuantityOutOfRange`, `UnknownCategory`,
    `DayPassed`, `ReportBeforeStart`, `TooManyFiles`, `FileNotTaken`, `TooManyInquiries`, `NobodyToAsk`.
    """
    check(actor, "inquiry.ask", client=actor.firm_id)
    firm = db.session.get(Firm, actor.firm_id)
    if firm is None:
        raise NotAllowed
    if not firm.verified:
        raise FirmUnverified
    raise_all(_wrong_question(text, quantity, category, start_by, report_by, files, local_day(now)))
    take_turn()
    still_open = select(func.count(Inquiry.id)).where(Inquiry.client_firm_id == firm.id, Inquiry.open_at(now))
    if (db.session.scalar(still_open) or 0) >= MOST_OPEN:
        raise TooManyInquiries(n=MOST_OPEN)
    inquiry = Inquiry(
        client_firm_id=firm.id,
        category=category,
        text=text.strip(),
        quantity=quantity,
        start_by=start_by,
        report_by=report_by,
        asked_by=actor.person_id,
        asked_at=now,
        ends_at=lasts_until(now),
    )
    inquiry.files = [store(file, actor=actor, now=now) for file in files]
    db.session.add(inquiry)
    db.session.flush()
    labs = labs_asked(inquiry)
    if not labs:
        raise NobodyToAsk
    after = {"category": category, "quantity": quantity, "files": len(files)}
    record(actor, now, "inquiry.ask", ("inquiry", inquiry.id), after=after)
    labs_are_asked(inquiry, {lab.firm_id for lab in labs}, actor=actor, now=now)
    return inquiry


def _wrong_question(
    text: str,
    quantity: int,
    category: str | None,
    start_by: date | None,
    report_by: date | None,
    files: Sequence[TakenFile],
    today: date,
) -> Iterator[Problem]:
    if not text.strip():
        yield WordsMissing()
    yield from text_problems(text, files, TEXT_LENGTH)
    if not 1 <= quantity <= MOST_QUANTITY:
        yield QuantityOutOfRange(n=MOST_QUANTITY)
    if category is not None and Category.known(category) is None:
        yield UnknownCategory()
    if start_by is not None and start_by < today:
        yield DayPassed()
    if report_by is not None and report_by < today:
        yield DayPassed("report_by")
    elif report_by is not None and start_by is not None and report_by < start_by:
        yield ReportBeforeStart()


@verb("inquiry.answer", title=_l("Request to the labs answered"))
def answer_inquiry(
    *,
    actor: Actor,
    now: datetime,
    inquiry_id: int,
    text: str = "",
    test_item_id: int | None = None,
    hours: Hours | None = None,
    amount_fen: Fen | None = None,
) -> InquiryAnswer:
    """A lab answers with a test item, at its published price or an own one that its discount table allows, or in words
    (R-ASK-2). The asker alone reads it.

    Raises `NotFound`, `NotAllowed`, `InquiryClosed`, `NothingAnswered`, `ReasonTooLong`, `NotYourItem`,
    `PriceWithoutItem`, `OfferedAlready`, what `work_of` raises for quantity and hours, `NoFee`, `NoDiscountPublished`,
    `OutsideDiscount`, `TooManyAnswers`.
    """
    row = _open(actor, now, inquiry_id)
    inquiry = row.inquiry
    if inquiry.client_firm_id == actor.firm_id:
        raise NotAllowed
    check(actor, "inquiry.answer", lab=actor.firm_id)
    if len(row.answers) >= MOST_ANSWERS:
        raise TooManyAnswers(n=MOST_ANSWERS)
    if problem := check_text(text, TEXT_LENGTH, "text"):
        raise problem
    if test_item_id is None:
        if amount_fen is not None:
            raise PriceWithoutItem
        if not text.strip():
            raise NothingAnswered
        lab_id = next((lab.id for lab in labs_asked(inquiry) if lab.firm_id == actor.firm_id), None)
        if lab_id is None:
            raise NotYourItem
        published = hours = None
    else:
        bookable = _own_item(actor, now, test_item_id, inquiry)
        lab_id = bookable.lab.id
        published, amount_fen = _prices(bookable, quantity=inquiry.quantity, hours=hours, amount_fen=amount_fen)
        stands = [one.price_fen for one in row.answers if one.price_fen is not None and one.offers(test_item_id, hours)]
        if stands and (published if amount_fen is None else amount_fen) >= min(stands):
            raise OfferedAlready(amount=plain_money(min(stands)))
    answer = InquiryAnswer(
        inquiry_id=inquiry.id,
        lab_firm_id=actor.firm_id,
        lab_id=lab_id,
        test_item_id=test_item_id,
        hours=hours,
        amount_fen=amount_fen,
        published_fen=published,
        text=text.strip(),
        answered_by=actor.person_id,
        answered_at=now,
    )
    db.session.add(answer)
    db.session.flush()
    after = {"lab_id": lab_id, "test_item_id": test_item_id, "amount_fen": answer.price_fen}
    record(actor, now, "inquiry.answer", ("inquiry", inquiry.id), after=after)
    inquiry_answered(answer, inquiry, actor=actor, now=now)
    return answer


def _own_item(actor: Actor, now: datetime, item_id: int, inquiry: Inquiry) -> BookableItem:
    """Raises `NotYourItem`, also for what does not exist."""
    bookable = load_bookable_item(item_id, now, client_id=inquiry.client_firm_id)
    if bookable is None or bookable.lab.firm_id != actor.firm_id or not bookable.published:
        raise NotYourItem
    return bookable


def _prices(
    bookable: BookableItem, *, quantity: int, hours: Hours | None, amount_fen: Fen | None
) -> tuple[Fen, Fen | None]:
    """The price by the fee of today for the asker, and the lab's own where it is less."""
    price = price_for(bookable, bookable.work(quantity, hours))
    if price is None or bookable.fee is None:
        raise NoFee
    published = price.total_fen
    if amount_fen is None or amount_fen == published:
        return published, None
    check_own_price(amount_fen, published_fen=published, fee=bookable.fee, quantity=quantity)
    return published, amount_fen


@verb("inquiry.close", title=_l("Request to the labs closed"))
def close_inquiry(*, actor: Actor, now: datetime, inquiry_id: int) -> Inquiry:
    """The asker needs no more answers (R-ASK-5). Raises `NotFound`, `NotAllowed`, `InquiryClosed`."""
    inquiry = _open(actor, now, inquiry_id, action="inquiry.close").inquiry
    _close(inquiry, actor, now)
    return inquiry


def close_booked(event: QuoteBooked) -> None:
    """What was asked is booked: the labs are asked no more (R-ASK-5)."""
    query = select(Inquiry).join(InquiryAnswer, InquiryAnswer.inquiry_id == Inquiry.id)
    inquiry = db.session.scalar(query.where(InquiryAnswer.quote_id == event.quote.id, Inquiry.open_at(event.now)))
    if inquiry is not None:
        _close(inquiry, event.actor, event.now)


def _close(inquiry: Inquiry, actor: Actor, now: datetime) -> None:
    inquiry.closed_at, inquiry.closed_by = now, actor.person_id
    record(actor, now, "inquiry.close", ("inquiry", inquiry.id), after={"closed": True})


@verb("inquiry.take", title=_l("Answer of a lab taken as a quote"), money=True)
def take_answer(*, actor: Actor, now: datetime, inquiry_id: int, answer_id: int) -> Quote:
    """The asker has a quote made of an answer, at the price that the lab offered; a second time, it is the same quote
    (R-ASK-4). The lab is told.

    Raises `NotFound`, `NotAllowed`, `InquiryClosed`, `NothingToTake`, and as `make_quote`.
    """
    row = _open(actor, now, inquiry_id, action="booking.book")
    answer = next((one for one in row.answers if one.id == answer_id), None)
    if answer is None:
        raise NotFound
    if answer.test_item_id is None:
        raise NothingToTake
    if answer.quote is not None:
        return answer.quote
    own = None
    if answer.amount_fen is not None:
        own = OwnPrice(fen=answer.amount_fen, person_id=answer.answered_by)
    quote = make_quote(
        actor=actor,
        now=now,
        test_item_id=answer.test_item_id,
        quantity=row.inquiry.quantity,
        hours=answer.hours,
        own=own,
    )
    answer.quote_id = quote.id
    record(actor, now, "inquiry.take", ("inquiry", row.inquiry.id), after={"quote": quote.number})
    answer_taken(answer, row.inquiry, quote, actor=actor, now=now)
    return quote


def _open(actor: Actor, now: datetime, inquiry_id: int, *, action: str = "") -> InquiryRow:
    """The request, which nobody else changes meanwhile, for the asker who may do `action`. Raises `NotFound`,
    `NotAllowed`, `InquiryClosed`."""
    take_turn()
    db.session.scalar(select(Inquiry.id).where(Inquiry.id == inquiry_id).with_for_update())
    row = get_inquiry(actor, inquiry_id)
    if action:
        check(actor, action, client=row.inquiry.client_firm_id)
    if not row.inquiry.open_at(now):
        raise InquiryClosed
    return row
