"""Requests to the labs: who sees them, and each lab's answers for the asker alone (R-ASK-2, R-ASK-3)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from labshare.booking.queries.offers import Offer, offers
from labshare.booking.terms import Party
from labshare.catalogue.models import Lab, TestItem
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import last_day_before
from labshare.kernel.time import Hours, utc_now
from labshare.organisations.permissions import may
from labshare.settlement.models import Inquiry, InquiryAnswer, InquiryFile, StoredFile
from labshare.settlement.terms import InquiryState

MOST_HOURS = 3
"""Different hours among the answers for which the earliest starts are looked up."""


@dataclass(frozen=True)
class InquiryRow:
    """A request, and those of its answers that the reader may see: all as the asker, else the own firm's."""

    inquiry: Inquiry
    answers: Sequence[InquiryAnswer]

    @property
    def last_day(self) -> date:
        """On which it can be answered, unless it is closed before."""
        return last_day_before(self.inquiry.ends_at)

    @property
    def state(self) -> InquiryState:
        return self.state_at(utc_now())

    def state_at(self, now: datetime) -> InquiryState:
        return InquiryState.OPEN if self.inquiry.open_at(now) else InquiryState.CLOSED


def _asks(firm_id: Any) -> ColumnElement[bool]:
    """Of an `Inquiry`: it goes to a lab of this firm, which has a published test of its category, or any where it has
    none, and had one before it closed: who publishes later does not read what others asked. A firm asks nothing of
    itself."""
    end = func.coalesce(Inquiry.closed_at, Inquiry.ends_at)
    return exists().where(
        Lab.firm_id == firm_id,
        Lab.firm_id != Inquiry.client_firm_id,
        Lab.published,
        Lab.published_at < end,
        TestItem.lab_id == Lab.id,
        TestItem.published,
        TestItem.published_at < end,
        or_(Inquiry.category.is_(None), TestItem.category == Inquiry.category),
    )


def _answered_by(firm_id: Any) -> ColumnElement[bool]:
    return exists().where(InquiryAnswer.inquiry_id == Inquiry.id, InquiryAnswer.lab_firm_id == firm_id)


def _visible(actor: Actor, side: str | None = None) -> ColumnElement[bool]:
    """Those that the firm acted for asks (`client`) or is asked (`lab`); of itself it asks nothing."""
    sides = []
    if side in (None, Party.CLIENT) and may(actor, "inquiry.see", client=actor.firm_id):
        sides.append(Inquiry.client_firm_id == actor.firm_id)
    if side in (None, Party.LAB) and may(actor, "inquiry.see", lab=actor.firm_id):
        sides.append(or_(_asks(actor.firm_id), _answered_by(actor.firm_id)))
    return or_(*sides) if sides else false()


def get_inquiry(actor: Actor, inquiry_id: int) -> InquiryRow:
    """One request with its files and the answers that the actor may see. Three statements. Raises `NotFound`, also for
    what one may not see."""
    found = db.session.scalars(
        select(Inquiry)
        .where(Inquiry.id == inquiry_id, _visible(actor))
        .options(joinedload(Inquiry.client), selectinload(Inquiry.files))
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound
    return InquiryRow(found, _answers(actor, [found]).get(found.id, ()))


def parties_of_inquiry(actor: Actor, inquiry_id: int) -> tuple[int, int | None]:
    """The firm that asks, and the one acted for where it is asked. One statement. Raises `NotFound`."""
    query = select(Inquiry.client_firm_id).where(Inquiry.id == inquiry_id, _visible(actor))
    client = db.session.scalar(query)
    if client is None:
        raise NotFound
    return client, actor.firm_id if client != actor.firm_id else None


def list_inquiries(
    actor: Actor, *, side: str | None = None, before: int | None = None, limit: int, offset: int = 0
) -> list[InquiryRow]:
    """The requests that the firm acted for asks or is asked, or those of one side, the newest first. Three
    statements."""
    query = select(Inquiry).where(_visible(actor, side))
    if before is not None:
        query = query.where(Inquiry.id < before)
    found = db.session.scalars(
        query.options(joinedload(Inquiry.client), selectinload(Inquiry.files))
        .order_by(Inquiry.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()
    answers = _answers(actor, found)
    return [InquiryRow(one, answers.get(one.id, ())) for one in found]


def count_inquiries(actor: Actor, side: str) -> int:
    """How many there are on that side."""
    return db.session.scalar(select(func.count(Inquiry.id)).where(_visible(actor, side))) or 0


def _answers(actor: Actor, inquiries: Collection[Inquiry]) -> dict[int, list[InquiryAnswer]]:
    """What the firm acted for may read of their answers: those to its own requests, and its own (R-ASK-3)."""
    query = (
        select(InquiryAnswer)
        .join(Inquiry, Inquiry.id == InquiryAnswer.inquiry_id)
        .where(
            InquiryAnswer.inquiry_id.in_([one.id for one in inquiries]),
            or_(Inquiry.client_firm_id == actor.firm_id, InquiryAnswer.lab_firm_id == actor.firm_id),
        )
        .options(joinedload(InquiryAnswer.lab), joinedload(InquiryAnswer.test_item), joinedload(InquiryAnswer.quote))
        .order_by(InquiryAnswer.id)
    )
    found: dict[int, list[InquiryAnswer]] = {}
    if inquiries:
        for one in db.session.scalars(query):
            found.setdefault(one.inquiry_id, []).append(one)
    return found


def file_of_inquiry(actor: Actor, file_id: int) -> StoredFile:
    """A file that came with a request, for whoever sees the request. Raises `NotFound`."""
    found = db.session.scalars(
        select(StoredFile)
        .join(InquiryFile, InquiryFile.file_id == StoredFile.id)
        .join(Inquiry, Inquiry.id == InquiryFile.inquiry_id)
        .where(StoredFile.id == file_id, _visible(actor))
    ).first()
    if found is None:
        raise NotFound
    return found


def labs_asked(inquiry: Inquiry) -> Sequence[Lab]:
    """The labs that a request goes to today, by code."""
    fits = exists().where(TestItem.lab_id == Lab.id, TestItem.published)
    if inquiry.category is not None:
        fits = fits.where(TestItem.category == inquiry.category)
    query = select(Lab).where(Lab.published, Lab.firm_id != inquiry.client_firm_id, fits)
    return db.session.scalars(query.order_by(Lab.code)).all()


def firms_left(inquiry: Inquiry) -> set[int]:
    """The firms with labs that it goes to today and that have not answered. Two statements."""
    answered = db.session.scalars(select(InquiryAnswer.lab_firm_id).where(InquiryAnswer.inquiry_id == inquiry.id))
    return {lab.firm_id for lab in labs_asked(inquiry)} - set(answered)


def items_of_firm(firm_id: int, category: str | None) -> Sequence[TestItem]:
    """The published tests of the firm's labs, with their lab: those of the category first."""
    return db.session.scalars(
        select(TestItem)
        .join(Lab, Lab.id == TestItem.lab_id)
        .where(Lab.firm_id == firm_id, Lab.published, TestItem.published)
        .options(joinedload(TestItem.lab))
        .order_by(TestItem.category != (category or ""), TestItem.name, TestItem.id)
    ).all()


def earliest_starts(row: InquiryRow, now: datetime) -> dict[int, Offer]:
    """The earliest offer of each answer that names a test item, by the answer's id; none where nothing is free. At most
    `MOST_HOURS` times the statements of `offers`."""
    by_hours: dict[Hours | None, set[int]] = {}
    for one in row.answers:
        if one.test_item_id is not None:
            by_hours.setdefault(one.hours, set()).add(one.test_item_id)
    found: dict[tuple[int, Hours | None], Offer] = {}
    for hours in sorted(by_hours, key=lambda each: -len(by_hours[each]))[:MOST_HOURS]:
        for offer in offers(
            by_hours[hours],
            row.inquiry.quantity,
            hours,
            now,
            free_to_cancel=True,
            client_id=row.inquiry.client_firm_id,
        ):
            found.setdefault((offer.item_id, hours), offer)
    return {
        one.id: found[one.test_item_id, one.hours]
        for one in row.answers
        if one.test_item_id is not None and (one.test_item_id, one.hours) in found
    }


def to_answer(firm_id: Any, now: datetime) -> Select[Any]:
    """How many open requests the firm's labs are asked and have not answered."""
    return select(func.count(Inquiry.id)).where(Inquiry.open_at(now), _asks(firm_id), ~_answered_by(firm_id))


def to_choose(firm_id: Any, now: datetime) -> Select[Any]:
    """How many open requests of the firm have answers of which none is taken."""
    return select(func.count(Inquiry.id)).where(*_to_choose(firm_id, now))


def inquiries_to_choose(firm_id: int | None, now: datetime, *, limit: int) -> Sequence[Inquiry]:
    """Those of `to_choose`, the oldest first."""
    query = select(Inquiry).where(*_to_choose(firm_id, now)).order_by(Inquiry.id).limit(limit)
    return db.session.scalars(query).all()


def _to_choose(firm_id: Any, now: datetime) -> tuple[ColumnElement[bool], ...]:
    answered = exists().where(InquiryAnswer.inquiry_id == Inquiry.id)
    taken = exists().where(InquiryAnswer.inquiry_id == Inquiry.id, InquiryAnswer.quote_id.is_not(None))
    return Inquiry.client_firm_id == firm_id, Inquiry.open_at(now), answered, ~taken
