"""What must be there before something is shown to everybody. Keys; their words are `words.PUBLISHING`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    key: str
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


def lab_conditions(lab: LabFacts) -> tuple[Condition, ...]:
    return (
        Condition("firm_verified", lab.firm_verified),
        Condition("address", lab.address),
        Condition("phone", lab.phone),
    )


def instrument_conditions(instrument: InstrumentFacts) -> tuple[Condition, ...]:
    return (
        Condition("firm_verified", instrument.firm_verified),
        Condition("lab_published", instrument.lab_published),
        Condition("model", instrument.model),
        Condition("calibrated", instrument.calibrated),
        Condition("open_to_others", instrument.open_to_others),
    )


def item_conditions(item: ItemFacts) -> tuple[Condition, ...]:
    return (
        Condition("firm_verified", item.firm_verified),
        Condition("lab_published", item.lab_published),
        Condition("instrument_published", item.instrument_published),
        Condition("fee_today", item.fee_today),
        Condition("sample_requirement", item.sample_requirement),
    )


def missing(conditions: tuple[Condition, ...]) -> tuple[str, ...]:
    return tuple(condition.key for condition in conditions if not condition.met)
