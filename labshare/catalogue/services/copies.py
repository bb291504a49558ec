"""Copies: a test item with all that belongs to it, an instrument beside its like (R-SHEET-6)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.catalogue.models import Fee, Instrument, TestItem, TestItemInstrument
from labshare.catalogue.queries.sample_forms import sample_form
from labshare.catalogue.rules.entries import InstrumentDetails, TestItemDetails
from labshare.catalogue.rules.fees import read_extras
from labshare.catalogue.services import common
from labshare.catalogue.services.fees import add_fee
from labshare.catalogue.services.index import rebuild_lab
from labshare.catalogue.services.instruments import add_instrument
from labshare.catalogue.services.sample_forms import set_sample_form
from labshare.catalogue.services.test_items import add_test_item
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb

NAME, NAME_EN, NUMBER = 120, 160, 40
"""Characters of a name and of an own number."""


def _named(text: str, more: str, most: int) -> str:
    return text[: most - len(more)] + more


@verb("test_item.copy", title=_l("Test item copied"), money=True)
def copy_test_item(*, actor: Actor, now: datetime, test_item_id: int) -> TestItem:
    """A draft like this one, called a copy: with standards, instruments, sample form, and the fees of today and later,
    today's from today on."""
    item = common.own_test_item(actor, test_item_id)
    who: dict[str, Any] = {"actor": actor, "now": now}
    details = common.read(item, TestItemDetails)
    copy = add_test_item(
        **who,
        lab_id=item.lab_id,
        details=replace(
            details,
            name=_named(details.name, "（副本）", NAME),
            name_en=_named(details.name_en, " (copy)", NAME_EN) if details.name_en else "",
        ),
        standards=[one.number for one in item.standards],
        instruments=[one.id for one in item.instruments],
    )
    if questions := sample_form(item):
        set_sample_form(**who, test_item_id=copy.id, questions=[replace(one, id=None) for one in questions], revision=0)
    today = local_day(now)
    fees = select(Fee).where(Fee.test_item_id == item.id, Fee.lasts_to(today)).order_by(Fee.valid_from)
    for fee in db.session.scalars(fees).all():
        add_fee(
            **who,
            test_item_id=copy.id,
            basis=fee.basis,
            amount_fen=fee.amount_fen,
            minimum_fen=fee.minimum_fen,
            extras=read_extras(fee),
            valid_from=max(fee.valid_from, today),
            valid_to=fee.valid_to,
        )
    return copy


@verb("instrument.copy", title=_l("Instrument copied"))
def copy_instrument(*, actor: Actor, now: datetime, instrument_id: int) -> Instrument:
    """A draft like this one under the next free own number (A-1, A-1-2, A-1-3 …), without certificates; its test items
    run on the copy, too, at their fees."""
    instrument = common.own_instrument(actor, instrument_id)
    who: dict[str, Any] = {"actor": actor, "now": now}
    taken = set(db.session.scalars(select(Instrument.inner_id).where(Instrument.lab_id == instrument.lab_id)))
    tries = (_named(instrument.inner_id, f"-{n}", NUMBER) for n in range(2, len(taken) + 3))
    number = next(one for one in tries if one not in taken)
    copy = add_instrument(
        **who,
        lab_id=instrument.lab_id,
        details=replace(common.read(instrument, InstrumentDetails), inner_id=number),
        units=instrument.units,
    )
    on_it = select(TestItem).join(TestItemInstrument, TestItemInstrument.test_item_id == TestItem.id)
    for item in db.session.scalars(on_it.where(TestItemInstrument.instrument_id == instrument.id)).all():
        before = sorted(one.id for one in item.instruments)
        item.instruments = [*item.instruments, copy]
        after = sorted([*before, copy.id])
        db.session.flush()
        record(
            actor,
            now,
            "test_item.edit",
            ("test_item", item.id),
            before={"instruments": before},
            after={"instruments": after},
        )
    rebuild_lab(instrument.lab_id)
    return copy
