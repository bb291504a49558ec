"""Whether something can be published: the facts behind the conditions."""

from datetime import date

from sqlalchemy import exists, select

from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.catalogue.queries.lists import calibrated_until
from labshare.catalogue.queries.single import fee_on
from labshare.catalogue.rules import publishing
from labshare.catalogue.rules.publishing import Condition
from labshare.kernel.database import db
from labshare.organisations.models import Firm


def lab_conditions(lab: Lab) -> tuple[Condition, ...]:
    return publishing.lab_conditions(
        publishing.LabFacts(_verified(lab), bool(lab.address.strip()), bool(lab.phone.strip()))
    )


def instrument_conditions(instrument: Instrument, day: date) -> tuple[Condition, ...]:
    calibrated = not instrument.needs_calibration or instrument.id in calibrated_until([instrument.id], day)
    return publishing.instrument_conditions(
        publishing.InstrumentFacts(
            _verified(instrument.lab),
            instrument.lab.state == "published",
            bool(instrument.model.strip() and instrument.manufacturer.strip()),
            calibrated,
            instrument.sharing == "outside",
        )
    )


def item_conditions(item: TestItem, day: date) -> tuple[Condition, ...]:
    return publishing.item_conditions(
        publishing.ItemFacts(
            _verified(item.lab),
            item.lab.state == "published",
            any(instrument.state == "published" for instrument in item.instruments),
            fee_on(item.id, day) is not None,
            bool(item.sample_requirement.strip()),
        )
    )


def _verified(lab: Lab) -> bool:
    """Asked of the database anew: verification may have come since the firm was loaded."""
    return bool(db.session.scalar(select(exists().where(Firm.id == lab.firm_id, Firm.verified_at.is_not(None)))))
