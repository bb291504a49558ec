"""Who reacts to what, in which order, and who answers what: the one place where rooms are joined upwards.

Handlers run in the transaction in which the event happened, at its end (`labshare.kernel.events`).
"""

from labshare.booking.events import ChargeChanged, QuoteBooked
from labshare.booking.queries.bookings import party_in
from labshare.booking.queries.loading import day_after_working_days
from labshare.catalogue.queries.admissions import host_counties, hosts_in
from labshare.catalogue.queries.single import firms_with_labs
from labshare.kernel.events import Answers, Handlers
from labshare.organisations.events import (
    AfterWorkingDays,
    ExcludedByLink,
    FirmsWithLabs,
    HostCounties,
    HostsIn,
    PartyIn,
    TouchedByLink,
)
from labshare.rewards.queries.touched import excluded_by_link, touched_by_link
from labshare.settlement.services import refresh_after_charge
from labshare.settlement.services.inquiries import close_booked

HANDLERS: Handlers = {
    ChargeChanged: (refresh_after_charge,),
    QuoteBooked: (close_booked,),
}

ANSWERS: Answers = {
    FirmsWithLabs: firms_with_labs,
    HostCounties: host_counties,
    HostsIn: hosts_in,
    PartyIn: party_in,
    AfterWorkingDays: day_after_working_days,
    TouchedByLink: touched_by_link,
    ExcludedByLink: excluded_by_link,
}
