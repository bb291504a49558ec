"""What somebody may, asked before a body is read."""

from labshare.booking.queries.bookings import parties_of
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotAllowed, SignInFirst
from labshare.kernel.time import utc_now
from labshare.kernel.verbs import Refusal
from labshare.organisations.permissions import check


def check_booking(actor: Actor, ref: str, action: str, *, verb: str | None = None) -> None:
    """Whether they may do this to the booking. Raises `SignInFirst`, `NotFound`, `NotAllowed`.

    One statement: what is asked before a body is read. A refusal is that of the verb, if it is called otherwise.
    """
    if actor.person_id is None:
        raise SignInFirst
    client, lab = parties_of(actor, ref)
    try:
        check(actor, action, client=client, lab=lab)
    except NotAllowed as problem:
        problem.refusal = Refusal(verb or action, actor, utc_now(), ("ref", ref))
        raise
