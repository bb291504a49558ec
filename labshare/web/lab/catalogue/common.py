"""What the catalogue's pages share."""

from typing import Any

from flask import request

from labshare.catalogue.models import Accreditation, Instrument, Lab, TestItem
from labshare.catalogue.queries import get_accreditation, get_instrument, get_lab, get_test_item
from labshare.catalogue.rules.publishing import Condition
from labshare.kernel.errors import NotAllowed, NotFound, SignInFirst
from labshare.organisations.permissions import check, may
from labshare.web.actor import current_actor

PER_PAGE = 50


def firm_id(action: str = "catalogue.see_drafts") -> int:
    """The firm that is acted for, whose catalogue this is. Raises `SignInFirst`, `NotAllowed`."""
    actor = current_actor()
    if actor.person_id is None:
        raise SignInFirst
    check(actor, action, firm=actor.firm_id)
    if actor.firm_id is None:
        raise NotAllowed
    return actor.firm_id


def may_change() -> bool:
    actor = current_actor()
    return may(actor, "catalogue.change", firm=actor.firm_id)


def mine(lab: Lab) -> None:
    """The workbench shows the own firm's things alone; what others may see of them is on the public pages."""
    if lab.firm_id != current_actor().firm_id:
        raise NotFound


def my_lab(lab_id: int, *, change: bool = False) -> Lab:
    firm_id("catalogue.change" if change else "catalogue.see_drafts")
    lab = get_lab(current_actor(), lab_id)
    mine(lab)
    return lab


def my_instrument(instrument_id: int, *, change: bool = False) -> Instrument:
    firm_id("catalogue.change" if change else "catalogue.see_drafts")
    instrument = get_instrument(current_actor(), instrument_id)
    mine(instrument.lab)
    return instrument


def my_test_item(item_id: int, *, change: bool = False) -> TestItem:
    firm_id("catalogue.change" if change else "catalogue.see_drafts")
    item = get_test_item(current_actor(), item_id)
    mine(item.lab)
    return item


def my_accreditation(accreditation_id: int) -> Accreditation:
    firm_id("catalogue.change")
    accreditation = get_accreditation(current_actor(), accreditation_id)
    mine(accreditation.lab)
    return accreditation


def page_number() -> int:
    text = request.args.get("page", "1")
    return min(max(int(text), 1), 10_000) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def offset() -> int:
    return (page_number() - 1) * PER_PAGE


def in_words(conditions: tuple[Condition, ...]) -> list[tuple[bool, Any]]:
    """What publishing needs, as (met, words)."""
    return [(condition.met, condition.key.label) for condition in conditions]
