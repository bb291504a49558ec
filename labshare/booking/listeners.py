"""Where rooms above are told of what changes a booking's money, without booking knowing them.

`create_app` joins them: `on_charge_changed(settlement.services.refresh_after_charge)`. A service of this room that has
changed `charged_fen` (an agreed line, a cancellation, a no-show) calls `charge_changed` once its rows are flushed.
"""

from datetime import datetime
from typing import Protocol

from labshare.booking.models import Booking
from labshare.kernel.actor import Actor


class ChargeListener(Protocol):
    def __call__(self, booking: Booking, *, actor: Actor, now: datetime, charge_id: int | None) -> None: ...


_charge_listeners: list[ChargeListener] = []


def on_charge_changed(listener: ChargeListener) -> None:
    """Have `listener` told, in the same transaction, of each booking whose charged sum has changed."""
    if listener not in _charge_listeners:
        _charge_listeners.append(listener)


def charge_changed(booking: Booking, *, actor: Actor, now: datetime, charge_id: int | None = None) -> None:
    """Tell the listeners; `charge_id` is the line that changed the sum. The booking is locked and flushed."""
    for listener in _charge_listeners:
        listener(booking, actor=actor, now=now, charge_id=charge_id)
