"""Test items: add, edit, publish, withdraw."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import AccreditationScope, Instrument, Lab, Standard, TestItem
from labshare.catalogue.queries.proposals import proposed_in
from labshare.catalogue.queries.publishing import item_conditions
from labshare.catalogue.rules import standards as numbers
from labshare.catalogue.rules.entries import TestItemDetails, changes, item_problems
from labshare.catalogue.services import common
from labshare.catalogue.services.claims import CLAIMED_FIELDS, claim_anew
from labshare.catalogue.services.index import rebuild_lab
from labshare.catalogue.services.standards import listed_as
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb


def _standards(typed: Sequence[str], problems: list[Problem], now: datetime) -> list[Standard]:
    """The listed standards of these numbers, however spelt; for each that is not listed `UnknownStandard`,
    `StandardWithoutYear` with the one that is meant, or `StandardWaits`."""
    wanted = {number: numbers.normalise(number) for number in typed if number.strip()}
    rows = db.session.scalars(select(Standard).where(Standard.search_number.in_(list(wanted.values())))).all()
    listed = {standard.search_number: standard for standard in rows}
    missing = [one for one in wanted.values() if one not in listed]
    proposed = proposed_in(missing) if missing else ()
    for number, search_number in wanted.items():
        if search_number not in listed:
            meant = listed_as(number, local_day(now))
            problems.append(
                errors.StandardWithoutYear("standards", number=number.strip(), listed=meant)
                if meant
                else errors.StandardWaits(number=number.strip())
                if search_number in proposed
                else errors.UnknownStandard(number=number.strip())
            )
    return list(dict.fromkeys(listed[one] for one in wanted.values() if one in listed))


def _instruments(lab: Lab, ids: Sequence[int], problems: list[Problem]) -> list[Instrument]:
    found = db.session.scalars(select(Instrument).where(Instrument.id.in_(ids), Instrument.lab_id == lab.id)).all()
    if len(found) != len(set(ids)):
        problems.append(errors.UseOwnInstruments())
    return list(found)


def _links(item: TestItem) -> dict[str, list[int]]:
    return {
        "standards": sorted(standard.id for standard in item.standards),
        "instruments": sorted(instrument.id for instrument in item.instruments),
    }


@verb("test_item.add", title=_l("Test item added"))
def add_test_item(
    *,
    actor: Actor,
    now: datetime,
    lab_id: int,
    details: TestItemDetails,
    standards: Sequence[str] = (),
    instruments: Sequence[int] = (),
) -> TestItem:
    """A draft. `standards` are numbers as printed or typed, `instruments` ids of the same lab."""
    lab = common.own_lab(actor, lab_id)
    problems = list(item_problems(details))
    by = _standards(standards, problems, now)
    on = _instruments(lab, instruments, problems)
    raise_all(problems)
    item = TestItem(lab_id=lab.id, state=LifeState.DRAFT, created_at=now)
    common.fill(item, details)
    item.standards, item.instruments = by, on
    db.session.add(item)
    db.session.flush()
    _nothing, after = changes(None, details)
    audit.record(
        actor,
        now,
        "test_item.add",
        subject=("test_item", item.id),
        before=None,
        after={"lab_id": lab.id, **after, **_links(item)},
    )
    claim_anew(actor, now, [item])
    rebuild_lab(lab.id)
    return item


@verb("test_item.edit", title=_l("Test item changed"))
def edit_test_item(
    *,
    actor: Actor,
    now: datetime,
    test_item_id: int,
    details: TestItemDetails,
    standards: Sequence[str],
    instruments: Sequence[int],
) -> TestItem:
    """A published item must keep what publishing needs. Bookings that are made keep the terms they were made under.

    What an accreditation covers of a standard that is taken away ends with it.
    """
    item = common.own_test_item(actor, test_item_id)
    problems = list(item_problems(details))
    by = _standards(standards, problems, now)
    on = _instruments(item.lab, instruments, problems)
    raise_all(problems)
    before, after = changes(common.read(item, TestItemDetails), details)
    links = _links(item)
    common.fill(item, details)
    item.standards, item.instruments = by, on
    for name, value in _links(item).items():
        if links[name] != value:
            before[name], after[name] = links[name], value
    if not after:
        return item
    _drop_scope(item)
    db.session.flush()
    if item.published:
        common.require(item_conditions(item, local_day(now)))
    audit.record(actor, now, "test_item.edit", subject=("test_item", item.id), before=before, after=after)
    if not after.keys().isdisjoint(CLAIMED_FIELDS[TestItem]):
        claim_anew(actor, now, [item])
    rebuild_lab(item.lab_id)
    return item


def _drop_scope(item: TestItem) -> None:
    remaining = [standard.id for standard in item.standards]
    for row in db.session.scalars(
        select(AccreditationScope).where(
            AccreditationScope.test_item_id == item.id, AccreditationScope.standard_id.not_in(remaining)
        )
    ):
        db.session.delete(row)


@verb("test_item.publish", title=_l("Test item published"))
def publish_test_item(*, actor: Actor, now: datetime, test_item_id: int) -> TestItem:
    """Raises `FirmNotVerified` and `NotComplete` for everything that is missing, `WrongState`."""
    item = common.own_test_item(actor, test_item_id)
    common.require(item_conditions(item, local_day(now)))
    common.move(actor, now, item, "test_item.publish", LifeState.hidden(), LifeState.PUBLISHED)
    return item


@verb("test_item.withdraw", title=_l("Test item withdrawn"))
def withdraw_test_item(*, actor: Actor, now: datetime, test_item_id: int) -> TestItem:
    """It is offered no more; bookings that are made stay."""
    item = common.own_test_item(actor, test_item_id)
    common.move(actor, now, item, "test_item.withdraw", (LifeState.PUBLISHED,), LifeState.WITHDRAWN)
    return item
