"""What must be there before something is shown to everybody."""

from dataclasses import dataclass

from labshare.catalogue.terms import Requirement


@dataclass(frozen=True)
class Condition:
    key: Requirement
    met: bool


@dataclass(frozen=True)
class LabFacts:
    firm_verified: bool
    address: bool
    phone: bool


@dataclass(frozen=True)
class InstrumentFacts:
    firm_verified: bool
    lab_published: bool
    model: bool
    calibrated: bool
    """Today, or it needs none."""
    open_to_others: bool


@dataclass(frozen=True)
class ItemFacts:
    firm_verified: bool
    lab_published: bool
    instrument_published: bool
    """At least one of the instruments that can do it."""
    fee_today: bool
    sample_requirement: bool


@dataclass(frozen=True)
class OpenLabFacts:
    """What a lab shows to everybody on a day."""

    published: bool
    instruments: int
    uncalibrated: int
    """Of them, those that need a certificate and have none that is valid."""
    test_items: int
    """With a fee."""


def lab_conditions(lab: LabFacts) -> tuple[Condition, ...]:
    return (
        Condition(Requirement.FIRM_VERIFIED, lab.firm_verified),
        Condition(Requirement.ADDRESS, lab.address),
        Condition(Requirement.PHONE, lab.phone),
    )


def instrument_conditions(instrument: InstrumentFacts) -> tuple[Condition, ...]:
    return (
        Condition(Requirement.FIRM_VERIFIED, instrument.firm_verified),
        Condition(Requirement.LAB_PUBLISHED, instrument.lab_published),
        Condition(Requirement.MODEL, instrument.model),
        Condition(Requirement.CALIBRATED, instrument.calibrated),
        Condition(Requirement.OPEN_TO_OTHERS, instrument.open_to_others),
    )


def item_conditions(item: ItemFacts) -> tuple[Condition, ...]:
    return (
        Condition(Requirement.FIRM_VERIFIED, item.firm_verified),
        Condition(Requirement.LAB_PUBLISHED, item.lab_published),
        Condition(Requirement.INSTRUMENT_PUBLISHED, item.instrument_published),
        Condition(Requirement.FEE_TODAY, item.fee_today),
        Condition(Requirement.SAMPLE_REQUIREMENT, item.sample_requirement),
    )


def open_lab_conditions(lab: OpenLabFacts) -> tuple[Condition, ...]:
    """What a lab needs before it applies to be an open lab (R-COUNTY-6)."""
    return (
        Condition(Requirement.LAB_PUBLISHED, lab.published),
        Condition(Requirement.INSTRUMENT_SHOWN, lab.instruments > 0),
        Condition(Requirement.ALL_CALIBRATED, lab.uncalibrated == 0),
        Condition(Requirement.ITEM_SHOWN, lab.test_items > 0),
    )


def missing(conditions: tuple[Condition, ...]) -> tuple[Requirement, ...]:
    return tuple(condition.key for condition in conditions if not condition.met)
