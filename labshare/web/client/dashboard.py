"""The client's dashboard: what waits for the firm, the next bookings, this year's spending."""

from typing import Any

from flask import render_template

from labshare.http.actor import current_actor
from labshare.http.rights import FOUND, requires
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.queries.bank_accounts import accounts_of
from labshare.oversight.waiting import waiting_for_client
from labshare.settlement.queries.client_desk import client_desk
from labshare.web.charts import stacked_bars
from labshare.web.client import blueprint


@blueprint.get("/client/")
@requires("booking.see", of=FOUND)
def dashboard() -> Any:
    actor, now = current_actor(), utc_now()
    desk = client_desk(actor, now)
    return render_template(
        "client/dashboard.html",
        shown=desk,
        pays_into=accounts_of({one.lab_firm_id for one in desk.to_pay}, local_day(now)) if desk.to_pay else {},
        waiting=waiting_for_client(actor, now),
        day=local_day(now),
        chart=stacked_bars([(str(month.number), fen, 0) for month, fen in desk.months]),
    )
