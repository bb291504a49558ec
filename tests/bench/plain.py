"""What a page costs at least: a plain Flask and Jinja page of as many bytes, and a bare Flask route.

An application of its own with none of our hooks: the page asks the bare driver for its rows by one statement and
writes a table of them, a link, two texts and an amount a row, by a template that was compiled once; the route answers
with text that is there already.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
from flask import Flask, render_template, request
from jinja2 import DictLoader

SQL = (
    "SELECT b.ref, f.name, b.sample_description, b.charged_fen FROM booking b JOIN firm f ON f.id = b.client_firm_id "
    "ORDER BY b.id LIMIT {most}"
)
PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>{{ title }}</title></head><body><h1>{{ title }}</h1>
<table>{% for ref, name, sample, fen in rows %}
  <tr><td><a href="/bookings/{{ ref }}">{{ ref }}</a></td><td>{{ name }}</td><td>{{ sample }}</td>
    <td class="number">{{ fen }}</td></tr>{% endfor %}
</table></body></html>
"""


def connected(url: str) -> Any:
    """The bare driver on the database of a URL, as durable as ours."""
    if url.startswith("postgresql"):
        connection: Any = psycopg.connect(url.replace("+psycopg", ""))
        connection.execute("SET jit = off")  # as ours
        connection.commit()
        return connection
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def spelled(moment: datetime, engine: str) -> str:
    """A moment in UTC as raw SQL compares it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if engine == "sqlite" else moment.isoformat()


class Plain:
    """The two ceilings on one database."""

    def __init__(self, url: str) -> None:
        connection = connected(url)
        app = Flask("plain")
        app.jinja_loader = DictLoader({"page.html": PAGE})

        @app.get("/page")
        def page() -> str:
            most = int(request.args["rows"])
            rows = connection.execute(SQL.format(most=most)).fetchall()
            return render_template("page.html", title="仪享通", rows=rows)

        @app.get("/route")
        def route() -> str:
            return self.text

        self.text = ""
        self.client = app.test_client()

    def page_of(self, size: int) -> Callable[[], None]:
        """Asks for a page of as many bytes, within a twentieth or one row."""
        one, many = (len(self._asked(f"/page?rows={rows}")) for rows in (0, 100))
        each = (many - one) / 100
        rows = max(0, round((size - one) / each))
        path, made = f"/page?rows={rows}", len(self._asked(f"/page?rows={rows}"))
        assert abs(made - size) <= max(size * 0.05, 2 * each, one), (made, size)
        return lambda: self._ask(path)

    def route_of(self, size: int) -> Callable[[], None]:
        """Asks for as many bytes that are there already."""
        self.text = "x" * size
        return lambda: self._ask("/route")

    def _asked(self, path: str) -> bytes:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.data

    def _ask(self, path: str) -> None:
        self._asked(path)
