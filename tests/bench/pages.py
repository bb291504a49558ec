"""Each main page, on a loaded database, beside a plain Flask and Jinja page of as many bytes and a bare route."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import select, text

from labshare.accounts.models import Person
from labshare.kernel.database import db
from labshare.organisations.models import Firm, Membership
from tests.bench.measure import Figure, apart, in_turns, milliseconds, statements_of
from tests.bench.plain import Plain
from tests.signing import sign_in

HOME = "330624"
AIM = 2.5


@dataclass(frozen=True)
class Page:
    what: str
    path: str
    account: str | None = None
    """Whose page it is: the part of the demonstration's address before the @."""


def pages() -> list[Page]:
    """The main pages, of the home county's rows, which every scale has."""
    item = _one("SELECT min(t.id) FROM test_item t JOIN lab l ON l.id = t.lab_id "
                f"WHERE t.state = 'published' AND l.division = '{HOME}'")  # fmt: skip
    instrument = _one("SELECT min(id) FROM instrument WHERE state = 'published'")
    lab = _one(f"SELECT min(code) FROM lab WHERE state = 'published' AND division = '{HOME}'")
    client, host = (firm_of(name) for name in ("client", "lab"))
    ref = _one(f"SELECT ref FROM booking WHERE client_firm_id = {client} ORDER BY id DESC LIMIT 1")
    month, division = db.session.execute(
        text("SELECT month, division FROM reward_run WHERE state <> 'calculated' ORDER BY month DESC, id LIMIT 1")
    ).one()
    own = _one(
        f"SELECT min(l.code) FROM reward_line r JOIN lab l ON l.id = r.lab_id JOIN reward_run n ON n.id = r.run_id "
        f"WHERE l.firm_id = {host} AND n.month = '{month}'"
    )
    return [
        Page("home", "/"),
        Page("search", "/search?q=拉伸"),
        Page("test item", f"/test-items/{item}"),
        Page("instrument", f"/instruments/{instrument}"),
        Page("lab", f"/labs/{lab}"),
        Page("public figures", "/figures"),
        Page("what waits", "/client/", "client"),
        Page("my bookings", "/bookings", "client"),
        Page("booking", f"/bookings/{ref}", "client"),
        Page("new booking", f"/bookings/new?test_item={item}", "client"),
        Page("lab's day", "/lab/today", "lab"),
        Page("lab's bookings", "/lab/bookings", "lab"),
        Page("lab's week", "/lab/calendar", "lab"),
        Page("statement", f"/lab/rewards/{month}/{own}", "lab"),
        Page("ledger", "/lab/ledger", "owner"),
        Page("lab's usage", "/lab/usage", "owner"),
        Page("overview", "/regulator/", "officer"),
        Page("tasks", "/regulator/tasks", "officer"),
        Page("run", f"/regulator/rewards/{month}?division={division}", "officer"),
        Page("usage, a year", "/regulator/usage", "officer"),
        Page("all bookings", "/regulator/bookings", "officer"),
        Page("audit trail", "/regulator/audit", "auditor"),
    ]


def _one(sql: str) -> Any:
    return db.session.execute(text(sql)).scalar()


def person_of(account: str) -> Person:
    return db.session.scalars(select(Person).where(Person.email == f"{account}@demo.example")).one()


def firm_of(account: str) -> int | None:
    return db.session.scalar(select(Membership.firm_id).where(Membership.person_id == person_of(account).id))


def signed_in(app: Flask, account: str | None) -> FlaskClient:
    """A client of this account, or of nobody."""
    client = app.test_client()
    if account:
        firm_id = firm_of(account)
        sign_in(client, person_of(account), None if firm_id is None else db.session.get(Firm, firm_id))
    return client


def asks(client: FlaskClient, path: str) -> Callable[[], bytes]:
    """A function that asks for the page and gives its bytes."""

    def ask() -> bytes:
        answer = apart(client.get, path)
        assert answer.status_code == 200, (path, answer.status_code)
        content: bytes = answer.data
        return content

    return ask


def measure(engine: str, scale: str, turns: int) -> list[Figure]:
    """On the loaded database of the running application."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    plain = Plain(app.config["SQLALCHEMY_DATABASE_URI"])
    clients: dict[str | None, FlaskClient] = {}
    figures = []
    for page in pages():
        client = clients.setdefault(page.account, signed_in(app, page.account))
        ask = asks(client, page.path)
        size = len(ask())
        ours, beside, bare = in_turns(ask, plain.page_of(size), plain.route_of(size), turns=turns)
        figures.append(
            Figure(
                f"page: {page.what}",
                engine,
                f"{scale}, {size / 1024:.0f} KiB",
                milliseconds(ours.median),
                f"{milliseconds(beside.median)}, route {milliseconds(bare.median)}",
                ours.median / beside.median,
                f"{AIM} of the plain page",
                spread=ours.spread,
                statements=statements_of(ask),
                seconds=ours.median,
                most=AIM,
            )
        )
    return figures
