"""Whether something can be booked, and by whom."""

from labshare.booking.errors import FirmUnverified, NotPublished
from labshare.booking.queries.loading import BookableItem
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotAllowed, NotFound, SignInFirst
from labshare.organisations import permissions
from labshare.organisations.models import Firm


def check_bookable(actor: Actor, bookable: BookableItem | None) -> BookableItem:
    """The item with its lab and instruments. Raises `NotFound` for a draft of another firm, else `NotPublished`."""
    if bookable is None:
        raise NotFound
    draft = LifeState.DRAFT in (bookable.item.state, bookable.lab.state)
    if draft and not permissions.may(actor, "catalogue.see_drafts", firm=bookable.lab.firm_id):
        raise NotFound
    if actor.person_id is None:
        raise SignInFirst
    permissions.check(actor, "booking.book", client=actor.firm_id)
    if not bookable.published:
        raise NotPublished
    return bookable


def client_of(bookable: BookableItem) -> Firm:
    """The firm that books. Raises `FirmUnverified`: it may browse and prepare, not book."""
    if bookable.client is None:
        raise NotAllowed
    if not bookable.client.verified:
        raise FirmUnverified
    return bookable.client
