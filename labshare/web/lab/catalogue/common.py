"""What the catalogue's pages share."""

from typing import Any

from labshare.catalogue.models import Accreditation, Instrument, Lab, TestItem
from labshare.catalogue.queries import get_accreditation, get_instrument, get_lab, get_test_item
from labshare.catalogue.rules.publishing import Condition
from labshare.http.actor import current_actor
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.organisations.permissions import may


def firm_id() -> int:
    """The firm that is acted for, whose catalogue this is. Raises `NotAllowed` for who acts for none."""
    acted_for = current_actor().firm_id
    if acted_for is None:
        raise NotAllowed
    return acted_for


def may_change() -> bool:
    actor = current_actor()
    return may(actor, "catalogue.change", firm=actor.firm_id)


def mine(lab: Lab) -> None:
    """The workbench shows the own firm's things alone; what others may see of them is on the public pages."""
    if lab.firm_id != current_actor().firm_id:
        raise NotFound


def my_lab(lab_id: int) -> Lab:
    firm_id()
    lab = get_lab(current_actor(), lab_id)
    mine(lab)
    return lab


def my_instrument(instrument_id: int) -> Instrument:
    firm_id()
    instrument = get_instrument(current_actor(), instrument_id)
    mine(instrument.lab)
    return instrument


def my_test_item(item_id: int) -> TestItem:
    firm_id()
    item = get_test_item(current_actor(), item_id)
    mine(item.lab)
    return item


def my_accreditation(accreditation_id: int) -> Accreditation:
    firm_id()
    accreditation = get_accreditation(current_actor(), accreditation_id)
    mine(accreditation.lab)
    return accreditation


def labelled(conditions: tuple[Condition, ...]) -> list[tuple[bool, Any]]:
    """What publishing needs, as (met, words)."""
    return [(condition.met, condition.key.label) for condition in conditions]
