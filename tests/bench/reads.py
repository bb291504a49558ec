"""What people ask most, on a loaded database, beside the least statements by hand that give the same answer.

The raw side is the bare driver with one plain statement. Both answers are compared before either is timed; what the
raw statement does not know is said beside it. What one firm, lab or item asks is asked for the home county's, whose
rows every scale has: the answer must be the same at each, and may cost at most 1.3 times as much at the larger.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select, text

from labshare.audit import queries as trail
from labshare.audit.services import verify
from labshare.booking.queries.offers import offers
from labshare.booking.terms import BookingState
from labshare.catalogue.models import Lab, TestItem
from labshare.catalogue.queries import find
from labshare.catalogue.queries.search import MOST_ITEMS
from labshare.catalogue.rules.question import read_question
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.kernel.terms import OfficialRole, listed
from labshare.kernel.time import local_day, utc_now
from labshare.oversight.dashboard import dashboard
from labshare.oversight.public import public_figures
from labshare.oversight.queries import usage_report
from labshare.oversight.statistics import ANYONE
from labshare.oversight.terms import UsageBy
from labshare.rewards.queries.runs import calculate_now, policies_in_force
from tests.bench.measure import Figure, in_turns, milliseconds, statements_of
from tests.bench.pages import HOME
from tests.bench.plain import connected, spelled

SAME = 1.3
"""At most so many times as long at the larger scale, for what is asked of the same county."""
WORD = "拉伸"

SEARCH = """
SELECT t.id FROM search_entry s JOIN test_item t ON t.id = s.target_id JOIN lab l ON l.id = t.lab_id
WHERE s.kind = 'test_item' AND s.text LIKE '%拉伸%' AND t.state = 'published' AND l.state = 'published' {and_lab}
ORDER BY t.id LIMIT {most}
"""
USAGE = """
SELECT l.id, d.tests, d.samples, d.clients, b.bookings, r.recognised, r.outside
FROM lab l
LEFT JOIN (SELECT lab_id, count(*) AS bookings FROM booking
  WHERE state IN ({took_time}) AND starts_at >= '{since}' AND starts_at < '{until}' GROUP BY lab_id
  ) b ON b.lab_id = l.id
LEFT JOIN (SELECT lab_id, count(*) AS tests, sum(quantity) AS samples,
    count(DISTINCT CASE WHEN client_firm_id <> lab_firm_id THEN client_firm_id END) AS clients FROM booking
  WHERE finished_at >= '{since}' AND finished_at < '{until}' GROUP BY lab_id) d ON d.lab_id = l.id
LEFT JOIN (SELECT e.lab_id, sum(e.amount_fen) AS recognised,
    sum(CASE WHEN k.client_firm_id <> k.lab_firm_id THEN e.amount_fen ELSE 0 END) AS outside
  FROM revenue_entry e JOIN booking k ON k.id = e.booking_id
  WHERE e.month BETWEEN '{first}' AND '{last}' GROUP BY e.lab_id) r ON r.lab_id = l.id
WHERE l.state <> 'draft' {and_of} ORDER BY l.id
"""
OVERVIEW = """
SELECT (SELECT sum(amount_fen) FROM revenue_entry WHERE month BETWEEN '{first}' AND '{last}' {and_labs}),
  count(*), count(DISTINCT CASE WHEN client_firm_id <> lab_firm_id THEN client_firm_id END)
FROM booking WHERE finished_at >= '{since}' AND finished_at < '{until}' {and_labs}
"""
FIGURES = """
SELECT (SELECT count(*) FROM lab WHERE state = 'published'), count(*),
  count(DISTINCT CASE WHEN client_firm_id <> lab_firm_id THEN client_firm_id END)
FROM booking WHERE finished_at >= '{since}' AND finished_at < '{until}'
"""
TRAIL = """
SELECT action, subject_id FROM audit_event WHERE firm_id = {firm} AND action LIKE 'booking.%' ORDER BY id DESC LIMIT 50
"""
STORY = """
SELECT action, subject_id FROM audit_event WHERE subject_type = 'booking' AND subject_id = '{ref}' ORDER BY id
"""
EVENTS = """
SELECT e.id, e.at, e.person_id, e.firm_id, e.action, e.subject_type, e.subject_id, e.before, e.after, e.refused, e.mac,
  l.seal_id
FROM audit_leaf l JOIN audit_event e ON e.id = l.event_id ORDER BY l.seal_id, l.position
"""


@dataclass(frozen=True)
class Read:
    """`ours` and `raw` give the same answer. `aim`: ours ÷ raw at most; None where raw knows too little for one.
    `grows`: asked of all counties, so that more counties are more rows."""

    what: str
    ours: Callable[[], Any]
    raw: Callable[[], Any] | None = None
    sql: str = ""
    grows: bool = False
    turns: int | None = None


def reads(engine: str, url: str) -> list[Read]:
    """What is measured, each with both sides."""
    connection = connected(url)
    now = utc_now()
    day = local_day(now)
    last = Month.of(day).previous
    first = last.plus(-11)
    spans = {"since": spelled(first.starts_at(), engine), "until": spelled(last.ends_at(), engine)}
    year = {"since": spelled(Month(last.year, 1).starts_at(), engine), "until": spelled(last.ends_at(), engine)}
    officer = Actor(
        person_id=1,
        firm_id=None,
        roles=frozenset({OfficialRole.OFFICER}),
        divisions=frozenset({(OfficialRole.OFFICER, HOME)}),
    )
    host, lab = db.session.execute(
        select(Lab.firm_id, Lab.code).where(Lab.division == HOME, Lab.published).order_by(Lab.id).limit(1)
    ).one()
    home_items = list(
        db.session.scalars(
            select(TestItem.id).join(Lab).where(Lab.division == HOME, TestItem.published).order_by(TestItem.id)
        )
    )
    ref = db.session.execute(text("SELECT min(ref) FROM booking WHERE id < 1000")).scalar()
    key = current_app.config["AUDIT_PUBLIC_KEY"]
    took_time = listed(BookingState.took_time())

    def asked(sql: str) -> Callable[[], Any]:
        def run() -> Any:
            rows = connection.execute(sql).fetchall()
            connection.rollback()
            return [tuple(row) for row in rows]

        return run

    def search(of: str | None) -> Callable[[], Any]:
        return lambda: sorted(find(read_question(WORD, day), category=None, lab=of, day=day).items)

    def usage(who: Actor, firm: int | None = None) -> Callable[[], Any]:
        def run() -> Any:
            report = usage_report(who, UsageBy.LAB, first, last, now, firm_id=firm)
            return sorted(
                (
                    row.id,
                    row.usage.tests,
                    row.usage.samples,
                    row.usage.clients,
                    row.usage.bookings,
                    row.usage.recognised_fen,
                    row.usage.outside_fen,
                )
                for row in report.rows
            )

        return run

    def numbers(run: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: [tuple(int(cell or 0) for cell in row) for row in run()]

    def overview(who: Actor) -> Callable[[], Any]:
        def run() -> Any:
            found = dashboard(who, first, last, now)
            return [(found.whole_fen, found.totals.finished, found.totals.clients)]

        return run

    def figures() -> Any:
        found = public_figures(day)
        return [(found.labs, found.tests, found.clients)]

    def recorded(events: Iterable[Any]) -> Any:
        return [(event.action, event.subject_id) for event in events]

    def sorted_ids(run: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: sorted({row[0] for row in run()})

    def usage_sql(of: str) -> str:
        return USAGE.format(**spans, first=first, last=last, and_of=of, took_time=took_time)

    def overview_sql(of: str) -> str:
        return OVERVIEW.format(**spans, first=first, last=last, and_labs=of)

    search_all, search_one = (SEARCH.format(and_lab=where, most=MOST_ITEMS) for where in ("", f"AND l.code = '{lab}'"))
    of_host, of_home = f"AND l.firm_id = {host}", f"AND l.division = '{HOME}'"
    labs_of_home = f"AND lab_id IN (SELECT id FROM lab WHERE division = '{HOME}')"
    figures_sql = FIGURES.format(**year)
    trail_sql, story_sql = TRAIL.format(firm=host), STORY.format(ref=ref)
    of_firm = trail.Search(firm_id=host, action="booking.")
    return [
        Read("search, one lab", search(lab), sorted_ids(asked(search_one)), SEARCH),
        Read("search, all labs", search(None), sorted_ids(asked(search_all)), SEARCH, grows=True),
        Read("offers, every item of the county", lambda: _offered(home_items, now)),
        Read("usage, a year, one firm", usage(officer, host), numbers(asked(usage_sql(of_host))), USAGE),
        Read("usage, a year, a county", usage(officer), numbers(asked(usage_sql(of_home))), USAGE),
        Read("usage, a year, all labs", usage(ANYONE), numbers(asked(usage_sql(""))), USAGE, grows=True),
        Read("overview, a year, a county", overview(officer), numbers(asked(overview_sql(labs_of_home))), OVERVIEW),
        Read("overview, a year, all labs", overview(ANYONE), numbers(asked(overview_sql(""))), OVERVIEW, grows=True),
        Read("public figures", figures, numbers(asked(figures_sql)), FIGURES, grows=True),
        Read("a programme's month, calculated anew", lambda: _payable(last), grows=True),
        Read(
            "audit search, one firm",
            lambda: recorded(trail.search(of_firm)),
            asked(trail_sql),
            TRAIL,
        ),
        Read(
            "audit trail of a booking",
            lambda: recorded(trail.story("booking", ref)),
            asked(story_sql),
            STORY,
        ),
        Read(
            "verify the trail",
            lambda: verify(now, key=key) is None,
            lambda: _hashed(connection),
            EVENTS,
            grows=True,
            turns=1,
        ),
    ]


def _payable(month: Month) -> Any:
    policy, *_ = policies_in_force(month)
    return [(line.code, line.payable_fen) for line in calculate_now(policy, month, compare=True).calculation.lines]


def _offered(items: list[int], now: datetime) -> Any:
    found = offers(items, 1, None, now, own_hours=True)
    return [(one.item_id, one.instrument_id, str(one.slot and one.slot.starts_at), one.amount_fen) for one in found]


def _hashed(connection: Any) -> bool:
    """Reads every sealed event and hashes it once, what proving it takes at least."""
    encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
    count = 0
    for row in connection.execute(EVENTS):
        hashlib.sha256(encode([str(cell) for cell in row]).encode()).digest()
        count += 1
    connection.rollback()
    return count > 0


class Answers:
    """What was answered at one scale, for comparison with the other."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Any] = {}

    def compare(self, read: Read, engine: str, answer: Any) -> None:
        if not read.grows:
            assert self.known.setdefault((read.what, engine), answer) == answer, f"{read.what}: another answer"


def measure(engine: str, scale: str, turns: int, answers: Answers, *, quick: bool = False) -> list[Figure]:
    """On the loaded database of the running application; `quick` leaves out what is measured in one long turn."""
    made = []
    for read in reads(engine, current_app.config["SQLALCHEMY_DATABASE_URI"]):
        if quick and read.turns is not None:
            continue
        answer = read.ours()
        answers.compare(read, engine, answer)
        raw = read.raw
        if raw is not None:
            assert raw() == answer, f"{read.what}: another answer than by hand"
        ours, *beside = in_turns(read.ours, *([raw] if raw else []), turns=read.turns or turns)
        made.append(
            Figure(
                read.what,
                engine,
                f"{scale}, {len(answer) if isinstance(answer, list) else 'all'} rows",
                milliseconds(ours.median),
                milliseconds(beside[0].median) if beside else "–",
                ours.median / beside[0].median if beside else None,
                spread=ours.spread,
                statements=statements_of(read.ours) if read.turns is None else None,
                seconds=ours.median,
                raw_sql=read.sql.strip(),
            )
        )
    return made


def growth(figures: list[Figure]) -> list[Figure]:
    """Of what is asked of the same county: the larger scale's time beside the smaller's."""
    first: dict[tuple[str, str], Figure] = {}
    made = []
    for each in figures:
        if each.seconds is None:
            continue
        small = first.setdefault((each.what, each.engine), each)
        if small is not each and small.seconds:
            made.append(
                Figure(
                    f"growth: {each.what}",
                    each.engine,
                    f"{small.rows} → {each.rows}",
                    each.ours,
                    small.ours,
                    each.seconds / small.seconds,
                    f"{SAME}",
                    most=SAME,
                )
            )
    return made
