"""Whom documents concern, and the words they are told in: each module is named after what it tells of. Here stands how
a client and its county are told."""

from collections.abc import Collection, Mapping
from datetime import datetime

from labshare.booking.models import Booking
from labshare.booking.notifications import CLIENT_MONEY_ROLES
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.terms import OfficialRole
from labshare.notices.services import notify
from labshare.organisations.terms import FirmRole

CLIENT_ROLES = (FirmRole.OWNER, FirmRole.BOOKER, FirmRole.ACCOUNTANT)
MESSAGES_AN_HOUR = 20
"""To one address; more are read in the application alone."""


def notify_client(notice: str, booking: Booking, *, actor: Actor, now: datetime, **params: object) -> None:
    """Tell whoever booked and their firm of what is no money: a report, or what the sides say to each other."""
    _notify(notice, booking, [booking.booked_by], CLIENT_ROLES, actor=actor, now=now, params=params)


def notify_client_of_money(notice: str, booking: Booking, *, actor: Actor, now: datetime, **params: object) -> None:
    """Tell those of the client who see money, whoever booked."""
    _notify(notice, booking, (), CLIENT_MONEY_ROLES, actor=actor, now=now, params=params)


def notify_regulators(
    notice: str, booking: Booking, role: OfficialRole, *, division: str | None = None, now: datetime, **params: object
) -> None:
    """Tell who has the role for the booking's county, or for another division."""
    notify(
        kind=notice,
        now=now,
        params={
            "ref": booking.ref,
            "client": in_both_languages(booking.client),
            "lab": in_both_languages(booking.lab),
            **params,
        },
        url=f"/regulator/bookings/{booking.ref}",
        regulators=(role,),
        division=booking.division if division is None else division,
    )


def _notify(
    notice: str,
    booking: Booking,
    person_ids: Collection[int],
    roles: Collection[FirmRole],
    *,
    actor: Actor,
    now: datetime,
    params: Mapping[str, object],
) -> None:
    notify(
        kind=notice,
        now=now,
        params={"ref": booking.ref, **params},
        url=f"/bookings/{booking.ref}",
        person_ids=person_ids,
        firm_id=booking.client_firm_id,
        roles=roles,
        but=actor.person_id,
    )
