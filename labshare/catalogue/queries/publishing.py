"""Whether something can be published: the facts behind the conditions."""

from datetime import date

from labshare.catalogue.models import Fee, Instrument, Lab, TestItem
from labshare.catalogue.queries.lists import calibrated_until
from labshare.catalogue.queries.single import fee_on
from labshare.catalogue.rules import publishing
from labshare.catalogue.rules.publishing import Condition
from labshare.catalogue.terms import Sharing


def lab_conditions(lab: Lab) -> tuple[Condition, ...]:
    return publishing.lab_conditions(
        publishing.LabFacts(lab.firm.verified, bool(lab.address.strip()), bool(lab.phone.strip()))
    )


def instrument_conditions(
    instrument: Instrument, day: date, until: date | None = None, *, known: bool = False
) -> tuple[Condition, ...]:
    """`until` is the end of the calibration, where the caller has it already (`known`)."""
    if not known and instrument.needs_calibration:
        until = calibrated_until([instrument.id], day).get(instrument.id)
    calibrated = not instrument.needs_calibration or until is not None
    return publishing.instrument_conditions(
        publishing.InstrumentFacts(
            instrument.lab.firm.verified,
            instrument.lab.published,
            bool(instrument.model.strip() and instrument.manufacturer.strip()),
            calibrated,
            instrument.sharing == Sharing.OUTSIDE,
        )
    )


def item_conditions(item: TestItem, day: date, fee: Fee | None = None, *, known: bool = False) -> tuple[Condition, ...]:
    """`fee` is the fee of the day, where the caller has it already (`known`)."""
    if not known:
        fee = fee_on(item.id, day)
    return publishing.item_conditions(
        publishing.ItemFacts(
            item.lab.firm.verified,
            item.lab.published,
            any(instrument.published for instrument in item.instruments),
            fee is not None,
            bool(item.sample_requirement.strip()),
        )
    )
