from labshare.kernel.actor import VISITOR, Actor
from labshare.organisations.permissions import PERMISSIONS, may

BOOKER = Actor(person_id=1, firm_id=7, roles=frozenset({"booker"}))


def test_unknown_action_is_refused_to_everybody() -> None:  # R-RIGHTS-1
    everything = Actor(person_id=1, firm_id=7, roles=frozenset({"owner", "officer", "admin", "system"}))
    assert not may(everything, "no.such_action", client=7, lab=7, firm=7)


def test_booker_books_for_the_own_firm_alone() -> None:
    assert may(BOOKER, "booking.book", client=7)
    assert not may(BOOKER, "booking.book", client=8)


def test_visitor_may_do_nothing_that_is_listed() -> None:  # R-RIGHTS-1
    assert not [action for action in PERMISSIONS if may(VISITOR, action, client=1, lab=1, firm=1)]


def test_read_only_token_changes_nothing() -> None:  # R-RIGHTS-8
    reader = Actor(person_id=1, firm_id=7, roles=frozenset({"owner"}), scope="read")
    assert may(reader, "booking.see", client=7)
    assert not may(reader, "booking.book", client=7)
