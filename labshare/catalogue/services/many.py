"""Many at once: publish, withdraw, other days to the report, fees by a percentage from a day on. Each row by the verb
of its own page; what one of them refuses is told of that row, and then nothing is written (R-SHEET-5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.catalogue import errors
from labshare.catalogue.models import Fee, Instrument, TestItem
from labshare.catalogue.queries import get_instrument, get_test_item
from labshare.catalogue.queries.single import fee_on
from labshare.catalogue.rules.entries import TestItemDetails
from labshare.catalogue.rules.fees import raised, read_extras
from labshare.catalogue.services import common
from labshare.catalogue.services.fees import add_fee, end_fee
from labshare.catalogue.services.instruments import publish_instrument, withdraw_instrument
from labshare.catalogue.services.test_items import edit_test_item, publish_test_item, withdraw_test_item
from labshare.catalogue.terms import ManyKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, Problem, raise_all
from labshare.kernel.money import Fen
from labshare.kernel.verbs import verb

MOST = 500
"""Rows at a time."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is done to each row. `days` to the report; `percent` by which fees change from the local day `since` on,
    to whole multiples of `step_fen`."""

    kind: ManyKind
    days: int | None = None
    percent: Decimal | None = None
    since: date | None = None
    step_fen: Fen = Fen(1)


@dataclass(frozen=True)
class ManyRow:
    """What a change does to a row, or why it cannot. States, days or fees in fen, as the change has it."""

    id: int
    name: str
    name_en: str | None
    before: Any
    after: Any
    problems: tuple[Problem, ...] = ()


def preview_many(
    *, actor: Actor, now: datetime, change: Change, instruments: Sequence[int] = (), items: Sequence[int] = ()
) -> list[ManyRow]:
    """What the change would do to these rows: done and taken back again. Raises `TooManyRows`, `NothingChosen`,
    `NotFound`, `NotAllowed`, and what is wrong with the change itself."""
    with db.session.begin_nested() as all_of_it:
        rows = _carried_out(actor, now, change, instruments, items)
        all_of_it.rollback()
    return rows


@verb("catalogue.change_many", title=_l("Many changed at once"), money=True)
def change_many(
    *, actor: Actor, now: datetime, change: Change, instruments: Sequence[int] = (), items: Sequence[int] = ()
) -> int:
    """Change all of these rows or none; how many there were. Raises `ManyRefused` where a row cannot be changed,
    besides what `preview_many` raises."""
    rows = _carried_out(actor, now, change, instruments, items)
    if refused := [row for row in rows if row.problems]:
        raise errors.ManyRefused(n=len(refused))
    return len(rows)


def _carried_out(
    actor: Actor, now: datetime, change: Change, instruments: Sequence[int], items: Sequence[int]
) -> list[ManyRow]:
    raise_all(_problems(change, len(instruments) + len(items)))
    who = {"actor": actor, "now": now}
    things = [get_instrument(actor, each) for each in dict.fromkeys(instruments)]
    rows = [_row(who, change, each) for each in things]
    return rows + [_row(who, change, get_test_item(actor, each)) for each in dict.fromkeys(items)]


def _problems(change: Change, rows: int) -> list[Problem]:
    found: list[Problem] = []
    if not rows:
        found.append(errors.NothingChosen())
    if rows > MOST:
        found.append(errors.TooManyRows(n=MOST))
    if change.kind == ManyKind.DAYS and change.days is None:
        found.append(errors.Required("days"))
    if change.kind == ManyKind.FEES:
        if change.percent is None:
            found.append(errors.Required("percent"))
        elif not -100 <= change.percent <= 1000 or change.percent == 0:
            found.append(errors.OutOfRange("percent", least="-100", most="1000"))
        if change.since is None:
            found.append(errors.Required("since"))
    return found


def _row(who: dict[str, Any], change: Change, thing: Instrument | TestItem) -> ManyRow:
    """The thing's own verb in a savepoint: what it refuses leaves the others as they are."""
    who_it_is = thing.id, thing.name, thing.name_en
    before = _shown(change, thing)
    try:
        with db.session.begin_nested():
            after = _change(who, change, thing)
    except (NotAllowed, NotFound):
        raise
    except Problem as problem:
        problems = problem.problems
        return ManyRow(*who_it_is, before, before, problems)
    return ManyRow(*who_it_is, before, after)


def _shown(change: Change, thing: Instrument | TestItem) -> Any:
    if change.kind == ManyKind.DAYS:
        return getattr(thing, "turnaround_days", None)
    if change.kind == ManyKind.FEES:
        fee = fee_on(thing.id, change.since) if change.since and isinstance(thing, TestItem) else None
        return fee.amount_fen if fee else None
    return thing.state


def _change(who: dict[str, Any], change: Change, thing: Instrument | TestItem) -> Any:
    if isinstance(thing, Instrument):
        verbs = {ManyKind.PUBLISH: publish_instrument, ManyKind.WITHDRAW: withdraw_instrument}
        if (step := verbs.get(change.kind)) is None:
            raise errors.NotOfInstruments
        return step(**who, instrument_id=thing.id).state
    if change.kind in (ManyKind.PUBLISH, ManyKind.WITHDRAW):
        publishes = change.kind == ManyKind.PUBLISH
        return (publish_test_item if publishes else withdraw_test_item)(**who, test_item_id=thing.id).state
    if change.kind == ManyKind.DAYS:
        details = common.read(thing, TestItemDetails)
        edited = edit_test_item(
            **who,
            test_item_id=thing.id,
            details=replace(details, turnaround_days=change.days),
            standards=[one.number for one in thing.standards],
            instruments=[one.id for one in thing.instruments],
        )
        return edited.turnaround_days
    return _raise_fee(who, change, thing).amount_fen


def _raise_fee(who: dict[str, Any], change: Change, item: TestItem) -> Fee:
    """A fee from the day on, whose amounts are those of the fee of that day, changed by the percentage."""
    since, percent = change.since or date.max, change.percent or Decimal(0)  # both asked before any row
    fee = fee_on(item.id, since)
    if fee is None:
        raise errors.NoFeeThen(date=since)
    extras = read_extras(fee)
    amount, minimum, more = raised(
        extras,
        amount_fen=fee.amount_fen,
        minimum_fen=fee.minimum_fen,
        percent=percent,
        step_fen=change.step_fen,
    )
    last = fee.valid_to
    if last is not None and fee.valid_from < since:  # one that is open ends by itself
        end_fee(**who, fee_id=fee.id, valid_to=since - timedelta(days=1))
    return add_fee(
        **who,
        test_item_id=item.id,
        basis=fee.basis,
        amount_fen=amount,
        minimum_fen=minimum,
        extras=more,
        valid_from=since,
        valid_to=last,
    )
