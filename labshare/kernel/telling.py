"""How rooms that lie below `notices` tell people something: they say it here, and notices, once loaded, carries it.

Rooms above notices call `labshare.notices.services` themselves.
"""

from collections.abc import Callable
from typing import Any

_carriers: dict[str, Callable[..., Any]] = {}


def carry(*, notify: Callable[..., Any], send_mail: Callable[..., Any]) -> None:
    """Notices says by which functions it carries."""
    _carriers.update(notify=notify, send_mail=send_mail)


def tell(**what: Any) -> None:
    """Tell people; takes what `labshare.notices.services.notify` takes."""
    _carriers["notify"](**what)


def tell_address(**what: Any) -> None:
    """Write to an address; takes what `labshare.notices.services.send_mail` takes."""
    _carriers["send_mail"](**what)
