"""How rooms that lie below `notices` notify people: they say it here, and notices, once loaded, carries it.

Rooms above notices call `labshare.notices.services` themselves. Links that open something for whoever holds them are
made when a mail is sent: the room that knows how says so here, by the kind of the mail.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

_carriers: dict[str, Callable[..., Any]] = {}
_links: dict[str, Callable[[int, datetime], str | None]] = {}


def carry(*, notify: Callable[..., Any], send_mail: Callable[..., Any]) -> None:
    """Notices says by which functions it carries."""
    _carriers.update(notify=notify, send_mail=send_mail)


def notify(**what: Any) -> None:
    """Notify people; takes what `labshare.notices.services.notify` takes."""
    _carriers["notify"](**what)


def send_mail(**what: Any) -> bool:
    """Write to an address; takes what `labshare.notices.services.send_mail` takes. Whether a mail was written: of some
    kinds only so many go to one address within an hour."""
    return _carriers["send_mail"](**what) is not None


def makes_link(kind: str, make: Callable[[int, datetime], str | None]) -> None:
    """Mails of this kind hold a secret link: `make` gives its path for the id kept with the mail and the moment it is
    sent, or nothing where it would lead nowhere any more."""
    _links[kind] = make


def link_for(kind: str, subject_id: int, now: datetime) -> str | None:
    """The path of a secret link, made now. Raises `KeyError` for a kind that has none."""
    return _links[kind](subject_id, now)
