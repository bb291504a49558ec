"""Searching and suggesting, for each question of `tests/catalogue/queries.yaml`, beside plain SQL that is told which
tests are meant: it knows no words, slips, standards or ranking, and gives the same rows."""

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from flask import current_app
from sqlalchemy import bindparam, text

from labshare.catalogue.queries.search import find
from labshare.catalogue.queries.suggesting import completions
from labshare.catalogue.rules.question import read_question
from labshare.catalogue.rules.text import test_of
from labshare.kernel.database import db
from labshare.kernel.time import local_day, utc_now
from tests.bench.measure import Figure, in_turns, milliseconds, statements_of
from tests.bench.pages import asks

QUESTIONS = Path(__file__).parents[1] / "catalogue" / "queries.yaml"
AIM, AIM_MS = 1.5, 40.0

FOUND = text(
    "SELECT t.id, t.name, t.name_en, l.name, l.name_en, l.code, f.amount_fen FROM test_item t "
    "JOIN lab l ON l.id = t.lab_id JOIN fee f ON f.test_item_id = t.id AND f.valid_from <= :day "
    "AND (f.valid_to IS NULL OR f.valid_to >= :day) "
    "WHERE t.state = 'published' AND l.state = 'published' AND t.id IN :meant"
).bindparams(bindparam("meant", expanding=True))
NAMES = text("SELECT name FROM test_item WHERE id IN :meant").bindparams(bindparam("meant", expanding=True))
SUGGESTED = text(
    "SELECT t.name, count(DISTINCT t.lab_id) FROM test_item t JOIN lab l ON l.id = t.lab_id "
    "WHERE t.state = 'published' AND l.state = 'published' AND t.name LIKE :word GROUP BY t.name LIMIT 400"
)


def measure(engine: str, scale: str, turns: int) -> list[Figure]:
    """On the loaded database of the running application."""
    typed = [one["typed"] for one in yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))["answered"]]
    today = local_day(utc_now())
    client = current_app.test_client()
    searches, pages, plain, parts, plain_parts = [], [], [], [], []
    for one in typed:
        question = read_question(one, today)
        search = partial(find, question, category=None, lab=None, day=today)
        found = search()
        names = sorted(test_of(name) for name in db.session.scalars(NAMES, {"meant": [*found.items][:1] or [0]}))
        searches.append(search)
        pages.append(asks(client, f"/search?q={one}"))
        plain.append(partial(_rows, FOUND, day=today, meant=[*found.items] or [0]))
        parts.append(partial(completions, one[:3]))
        plain_parts.append(partial(_rows, SUGGESTED, word=f"%{names[0][:2] if names else one[:2]}%"))
    what = f"{scale}, {len(typed)} questions"
    return [
        _figure("search, the finding", engine, what, searches, plain, turns),
        _figure("search, the page", engine, what, pages, plain, turns, most_ms=AIM_MS),
        _figure("suggestions", engine, what, parts, plain_parts, turns, most_ms=AIM_MS),
    ]


def _rows(statement: Any, **given: Any) -> Sequence[Any]:
    return db.session.execute(statement, given).all()


def _figure(
    what: str,
    engine: str,
    rows: str,
    ours: Sequence[Callable[[], Any]],
    plain: Sequence[Callable[[], Any]],
    turns: int,
    most_ms: float | None = None,
) -> Figure:
    """The 95th percentile of the questions, each by the median of its turns."""
    times = [in_turns(work, beside, turns=turns) for work, beside in zip(ours, plain, strict=True)]
    mine, raw = (_p95([each[side].median for each in times]) for side in (0, 1))
    return Figure(
        f"{what}, 95 of 100",
        engine,
        rows,
        milliseconds(mine),
        milliseconds(raw),
        mine / raw,
        f"{AIM} of plain SQL" + (f", {most_ms:.0f} ms" if most_ms else ""),
        statements=max(statements_of(work) for work in ours[:20]),
        seconds=mine,
        most=AIM,
        most_ms=most_ms,
    )


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
