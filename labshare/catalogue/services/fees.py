"""Dated fees. Two never hold on one day, and one that a booking used never changes: the database refuses both."""

from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import Fee, TestItem
from labshare.catalogue.queries import get_test_item
from labshare.catalogue.queries.publishing import item_conditions
from labshare.catalogue.rules.fees import NO_EXTRAS, Extras, FeeSpan, amount_problems, extras_problems, with_new
from labshare.catalogue.services import common
from labshare.catalogue.terms import Requirement
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, raise_all
from labshare.kernel.money import ZERO, Fen
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
from labshare.organisations import permissions

_USED = {"fee_in_use": errors.FeeInUse, "foreign": errors.FeeInUse}
_OVERLAPS = {
    "fee_no_overlap": errors.FeesOverlap,
    "fee.test_item_id": errors.FeesOverlap,
    "ix_fee_test_item_id": errors.FeesOverlap,
}


def _spans(item_id: int) -> dict[int, Fee]:
    fees = db.session.scalars(select(Fee).where(Fee.test_item_id == item_id).with_for_update())
    return {fee.id: fee for fee in fees}


@verb("fee.add", title=_l("Fee added"), money=True)
def add_fee(
    *,
    actor: Actor,
    now: datetime,
    test_item_id: int,
    basis: str,
    amount_fen: Fen,
    minimum_fen: Fen = ZERO,
    extras: Extras = NO_EXTRAS,
    valid_from: date,
    valid_to: date | None = None,
) -> Fee:
    """A fee in fen that holds from a local day on (to `valid_to`, included, or until further notice).

    The open-ended fee before it ends the day before. Raises `FeesOverlap` (a dated or later fee is in the way, also
    when the database says so), `FeeInUse` (a booking made on or after that day uses the one before),
    `FeeFromThePast` (the test item is published).
    """
    item = common.own_test_item(actor, test_item_id)
    today = local_day(now)
    problems = amount_problems(basis, amount_fen=amount_fen, minimum_fen=minimum_fen)
    problems += extras_problems(extras, amount_fen, turnaround_days=item.turnaround_days)
    if item.published and valid_from < today:
        problems.append(errors.FeeFromThePast())
    fees = _spans(item.id)
    try:
        fitted = with_new(
            [FeeSpan(fee.valid_from, fee.valid_to, fee.id) for fee in fees.values()], FeeSpan(valid_from, valid_to)
        )
    except (errors.FeesOverlap, errors.DatesNotInOrder) as problem:
        problems.append(problem)
        fitted = ()
    raise_all(problems)
    for span in fitted:
        if span.id is not None and fees[span.id].valid_to != span.last:
            _end(actor, now, fees[span.id], span.last)
    fee = Fee(
        test_item_id=item.id,
        basis=basis,
        amount_fen=amount_fen,
        minimum_fen=minimum_fen,
        **extras.columns(),
        valid_from=valid_from,
        valid_to=valid_to,
        created_at=now,
    )
    with _overlap_named(item.id, valid_from, valid_to):
        db.session.add(fee)
    replaced = next((fees[span.id] for span in reversed(fitted) if span.id and span.first < valid_from), None)
    before = fee_values(replaced) if replaced else None
    audit.record(actor, now, "fee.add", subject=("test_item", item.id), before=before, after=fee_values(fee))
    return fee


def _overlap_named(item_id: int, first: date, last: date | None) -> Any:
    """The database's own refusal of an overlap, with the day the other fee began (of one written meanwhile, too)."""
    other = select(Fee.valid_from).where(Fee.test_item_id == item_id, Fee.lasts_to(first))
    if last is not None:
        other = other.where(~Fee.ahead_on(last))
    first_day = other.order_by(Fee.valid_from).limit(1)
    return common.refusals(_OVERLAPS, date=lambda: db.session.scalar(first_day))


def _end(actor: Actor, now: datetime, fee: Fee, last: date | None) -> None:
    before = {"fee_id": fee.id, "valid_to": fee.valid_to.isoformat() if fee.valid_to else None}
    with common.refusals(_USED):
        fee.valid_to = last
    audit.record(
        actor,
        now,
        "fee.end",
        subject=("test_item", fee.test_item_id),
        before=before,
        after={"fee_id": fee.id, "valid_to": last.isoformat() if last else None},
    )


@verb("fee.end", title=_l("Fee ended"), money=True)
def end_fee(*, actor: Actor, now: datetime, fee_id: int, valid_to: date) -> Fee:
    """Let a fee hold up to a day, included. Raises `DatesNotInOrder`, `FeeInUse` (booked with it after that day),
    `FeesOverlap` (moved out again over a later fee), `NotComplete` (a published item would have no fee today)."""
    fee, item = _own_fee(actor, fee_id)
    if valid_to < fee.valid_from:
        raise errors.DatesNotInOrder
    with _overlap_named(item.id, fee.valid_from, valid_to):
        _end(actor, now, fee, valid_to)
    _keeps_a_fee(item, local_day(now))
    return fee


@verb("fee.change", title=_l("Fee changed"), money=True)
def change_fee(
    *,
    actor: Actor,
    now: datetime,
    fee_id: int,
    basis: str,
    amount_fen: Fen,
    minimum_fen: Fen = ZERO,
    extras: Extras = NO_EXTRAS,
) -> Fee:
    """Correct a fee that no booking has used. Raises `FeeInUse`, said by the database."""
    fee, item = _own_fee(actor, fee_id)
    problems = amount_problems(basis, amount_fen=amount_fen, minimum_fen=minimum_fen)
    raise_all(problems + extras_problems(extras, amount_fen, turnaround_days=item.turnaround_days))
    before = fee_values(fee)
    with common.refusals(_USED):
        fee.basis, fee.amount_fen, fee.minimum_fen = basis, amount_fen, minimum_fen
        for column, value in extras.columns().items():
            setattr(fee, column, value)
    audit.record(actor, now, "fee.change", subject=("test_item", item.id), before=before, after=fee_values(fee))
    return fee


@verb("fee.remove", title=_l("Fee removed"), money=True)
def remove_fee(*, actor: Actor, now: datetime, fee_id: int) -> None:
    """Take back a fee that no booking has used; the one it had ended holds until further notice again.

    Raises `FeeInUse`, `NotComplete` (a published item would have no fee today).
    """
    fee, item = _own_fee(actor, fee_id)
    before = fee_values(fee)
    earlier = db.session.scalar(
        select(Fee)
        .where(Fee.test_item_id == item.id, Fee.valid_from < fee.valid_from)
        .order_by(Fee.valid_from.desc())
        .limit(1)
    )
    joins = earlier is not None and earlier.valid_to is not None and (fee.valid_from - earlier.valid_to).days == 1
    last = fee.valid_to
    with common.refusals(_USED):
        db.session.delete(fee)
    if joins and earlier is not None:
        _end(actor, now, earlier, last)
    _keeps_a_fee(item, local_day(now))
    audit.record(actor, now, "fee.remove", subject=("test_item", item.id), before=before, after=None)


def _keeps_a_fee(item: TestItem, today: date) -> None:
    if item.published:
        common.require(tuple(one for one in item_conditions(item, today) if one.key == Requirement.FEE_TODAY))


def _own_fee(actor: Actor, fee_id: int) -> tuple[Fee, TestItem]:
    fee = db.session.get(Fee, fee_id, with_for_update=True)
    if fee is None:
        raise NotFound
    item = get_test_item(actor, fee.test_item_id)
    permissions.check(actor, "catalogue.change", firm=item.lab.firm_id)
    return fee, item


def fee_values(fee: Fee) -> dict[str, object]:
    """As the trail keeps it."""
    return {
        "fee_id": fee.id,
        "basis": fee.basis,
        "amount_fen": fee.amount_fen,
        "minimum_fen": fee.minimum_fen,
        **{name: value for name in NO_EXTRAS.columns() if (value := getattr(fee, name)) is not None},
        "valid_from": fee.valid_from.isoformat(),
        "valid_to": fee.valid_to.isoformat() if fee.valid_to else None,
    }
