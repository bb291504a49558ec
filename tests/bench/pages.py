"""Each main page beside a plain page of 50 rows: one statement, one small template, the same application."""

import contextvars
from typing import Any

from flask import Flask, render_template_string
from sqlalchemy import select, text

from labshare.accounts.models import Person
from labshare.catalogue.models import TestItem
from labshare.demonstration.load import load
from labshare.demonstration.scale import SCALES
from labshare.kernel.database import db
from labshare.kernel.time import utc_now
from labshare.organisations.models import Firm, Membership
from tests.bench.measure import Figure, in_turns, milliseconds, world
from tests.signing import sign_in

PLAIN = (
    "<table>{% for row in rows %}<tr><td>{{ row.ref }}</td><td>{{ row.name }}</td>"
    "<td>{{ row.charged_fen }}</td></tr>{% endfor %}</table>"
)
SQL = (
    "SELECT b.ref, f.name, b.charged_fen FROM booking b JOIN firm f ON f.id = b.client_firm_id "
    "ORDER BY b.starts_at DESC LIMIT 50"
)


def addresses() -> dict[str, list[tuple[str, str]]]:
    """Who → (what, path)."""
    lab_firm, client_firm = (_firm_of(f"{name}@demo.example") for name in ("lab", "client"))
    ref = db.session.execute(
        text("SELECT ref FROM booking WHERE client_firm_id = :firm ORDER BY id DESC LIMIT 1"), {"firm": client_firm}
    ).scalar()
    item = db.session.scalar(select(TestItem.id).where(TestItem.state == "published").limit(1))
    month = db.session.execute(text("SELECT max(month) FROM reward_run WHERE state <> 'calculated'")).scalar()
    lab = db.session.execute(
        text(
            "SELECT min(l.code) FROM reward_line r JOIN lab l ON l.id = r.lab_id JOIN reward_run n ON n.id = r.run_id "
            "WHERE l.firm_id = :firm AND n.month = :month"
        ),
        {"firm": lab_firm, "month": month},
    ).scalar()
    return {
        "": [("home", "/"), ("search", "/search?q=拉伸"), ("test item", f"/test-items/{item}")],
        "client@demo.example": [
            ("what waits", "/client/"),
            ("my bookings", "/bookings"),
            ("booking", f"/bookings/{ref}"),
        ],
        "lab@demo.example": [("lab's day", "/lab/today"), ("statement", f"/lab/rewards/{month}/{lab}")],
        "officer@demo.example": [
            ("overview", "/regulator/"),
            ("run", f"/regulator/rewards/{month}"),
            ("usage", "/regulator/usage"),
        ],
    }


def _firm_of(email: str) -> int | None:
    return db.session.scalar(
        select(Membership.firm_id).join(Person, Person.id == Membership.person_id).where(Person.email == email)
    )


def measure(engine: str) -> list[Figure]:
    with world(engine) as app:
        load(scale=SCALES["county"], seed=1, now=utc_now())
        _add_plain(app)
        figures = []
        for email, pages in addresses().items():
            client = app.test_client()
            if email:
                person = db.session.scalar(select(Person).where(Person.email == email))
                assert person is not None
                firm_id = db.session.scalar(select(Membership.firm_id).where(Membership.person_id == person.id))
                sign_in(client, person, None if firm_id is None else _firm(firm_id))
            for what, path in pages:
                figures.append(_beside(client, engine, what, path))
    return figures


def _firm(firm_id: int) -> Any:
    return db.session.get(Firm, firm_id)


def _beside(client: Any, engine: str, what: str, path: str) -> Figure:
    def ask(address: str) -> None:
        # a context of its own, as on a server: else the page before would have left its reader in `g`
        answer = contextvars.Context().run(client.get, address)
        assert answer.status_code == 200, (address, answer.status_code)

    def ours() -> None:
        ask(path)

    def plain() -> None:
        ask("/plain")

    mine, raw = in_turns(ours, plain, turns=9)
    return Figure(f"page: {what}", engine, "county", milliseconds(mine), milliseconds(raw), mine / raw, "", SQL)


def _add_plain(app: Flask) -> None:
    app._got_first_request = False

    @app.get("/plain")
    def plain_page() -> str:
        return render_template_string(PLAIN, rows=db.session.execute(text(SQL)).all())
