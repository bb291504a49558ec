"""What was ordered where, and by whom: what a booking's steps and its documents both name."""

from labshare.booking.rules.price import Work
from labshare.demonstration.catalogue import Laboratory, Machine, Offer
from labshare.demonstration.loading import Client, Loading
from labshare.demonstration.rows import Row

Who = tuple[int | None, int | None]
"""Person and firm, as an event names them."""
NOBODY: Who = (None, None)


class Order:
    """A booking's row with its parties, its test and its instrument."""

    row: Row
    client: Client
    offer: Offer
    machine: Machine
    work: Work
    customer: Who
    """Whoever booked."""

    def __init__(self, loading: Loading, lab: Laboratory) -> None:
        self.loading, self.lab = loading, lab
        self.desk: Who = (lab.host.manager["id"], lab.host.id)
        self.office: Who = (lab.host.accountant["id"], lab.host.id)
