"""Every page that a link leads to, as everybody of the demonstration, in both languages: it opens, says nothing in the
other language without marking it, and asks the database little.

Each address pattern is opened a few times a reader and language, not for every object. SQLite is enough here: the
other tests of the pages run on both engines.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from sqlalchemy import event, select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from labshare.accounts.models import Person
from labshare.demonstration.load import load
from labshare.demonstration.people import email_of
from labshare.demonstration.scale import Scale
from labshare.kernel import time as kernel_time
from labshare.kernel.database import db
from labshare.organisations.models import Firm, Membership
from tests.conftest import TUESDAY_MORNING, Clock
from tests.signing import sign_in

SMALL = Scale("small", counties=1, clients=300, bookings=2_000, labs=20)
VISITOR = "visitor"
READERS = (VISITOR, "client", "owner", "lab", "officer", "approver", "auditor", "admin")
LANGUAGES = ("zh-CN", "en")
TIMES = 2
"""How often an address pattern is opened by one reader in one language."""
MOST_STATEMENTS = 12

NOT_OURS = {"static", "api_docs"}
"""Not opened: files, and the page that the API's library makes in English."""

SAME_EVERYWHERE = {"中文"}
"""A language's own name in a choice, where no element can mark it."""

KNOWN: dict[tuple[str, str], str] = {}
"""Findings that stand for now, by (kind, endpoint), each with its reason. An entry whose finding is gone fails too."""

VOID = set("area base br col embed hr img input link meta source track wbr".split())
SILENT = {"script", "style", "svg", "template", "noscript", "code", "pre", "kbd", "textarea"}
SAID_ATTRIBUTES = ("title", "aria-label", "alt", "placeholder", "aria-description")
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
LATIN = re.compile(r"[A-Za-z0-9\u00b5\u03bc][A-Za-z0-9\u00b5\u03bc\u00b7@#/._+:-]*")
ALLOWED = re.compile(
    "|".join(
        f"(?:{line})"
        for line in (Path(__file__).parent / "latin_allowed.txt").read_text().splitlines()
        if line and not line.startswith("#")
    )
)


class Reading(HTMLParser):
    """A page's links, and what it says, each piece with the language its element is marked with (None: the page's)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pieces: list[tuple[str, str]] = []
        """(language or "data", text)"""
        self._open: list[tuple[str, str]] = [("", "page")]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        language = self._open[-1][1]
        if tag != "html" and "lang" in given and language != "silent":
            language = given["lang"].split("-")[0]
        if tag == "html":
            language = "page"
        if "ref" in given.get("class", "").split() and language == "page":
            language = "data"
        if tag in SILENT:
            language = "silent"
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if language != "silent":
            self.pieces += [(language, given[name]) for name in SAID_ATTRIBUTES if given.get(name)]
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.pieces.append((language, given.get("value", "")))
        if tag not in VOID:
            self._open.append((tag, language))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth][0] == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.pieces.append((self._open[-1][1], " ".join(data.split())))


def chinese_words(page: Reading) -> list[str]:
    """What an English page says in Chinese without marking it."""
    return [
        text
        for language, text in page.pieces
        if language in ("page", "data", "en") and CHINESE.search(text) and text not in SAME_EVERYWHERE
    ]


def latin_words(page: Reading) -> list[str]:
    """What a Chinese page says in Latin letters that is neither allowed nor marked."""
    return [
        f"{word} ({text[:60]})"
        for language, text in page.pieces
        if language in ("page", "zh")
        for word in (found.group().rstrip(".:/-+#·_") for found in LATIN.finditer(text))
        if not word.isdigit() and not ALLOWED.fullmatch(word)
    ]


@dataclass
class Visit:
    """One page as one reader got it."""

    who: str
    language: str
    endpoint: str
    path: str
    found_on: str
    status: int
    statements: list[str]
    page: Reading | None
    dead: list[str] = field(default_factory=list)
    """Links on it that lead to no page at all."""

    def __str__(self) -> str:
        return f"{self.endpoint} {self.path} ({self.who}, {self.language}, from {self.found_on})"


class Crawl:
    """Walks through the links breadth first, once for each reader and language."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.visits: list[Visit] = []
        self.statements: list[str] = []

    def walk(self, who: str, language: str) -> None:
        client = self._client_of(who)
        opened: Counter[str] = Counter()
        queue = [("/", "start")]
        seen = {"/"}
        for path, found_on in queue:
            endpoint = self.endpoint_of(path)
            assert endpoint is not None
            if opened[endpoint] >= TIMES:
                continue
            opened[endpoint] += 1
            self.statements.clear()
            answer = client.get(path, headers={"Accept-Language": language})
            html = answer.mimetype == "text/html" and answer.status_code < 300
            page = Reading(answer.text) if html else None
            visit = Visit(who, language, endpoint, path, found_on, answer.status_code, list(self.statements), page)
            self.visits.append(visit)
            onward = page.links if page else [answer.location] if answer.location else []
            for link in onward:
                target = self.target_of(path, link)
                if target is None or target in seen:
                    continue
                seen.add(target)
                leads_to = self.endpoint_of(target)
                if leads_to is None:
                    visit.dead.append(target)
                elif leads_to not in NOT_OURS:
                    queue.append((target, path))
            answer.close()

    def _client_of(self, who: str) -> Any:
        client = self.app.test_client()
        if who != VISITOR:
            person = db.session.scalars(select(Person).where(Person.email == email_of(who))).one()
            firm = db.session.scalar(
                select(Firm).join(Membership, Membership.firm_id == Firm.id).where(Membership.person_id == person.id)
            )
            sign_in(client, person, firm)
        return client

    def target_of(self, path: str, link: str) -> str | None:
        """The address a link leads to within the service, without its fragment; None for others."""
        base = self.app.config["BASE_URL"].rstrip("/") + "/"
        whole = urlsplit(urljoin(urljoin(base, path), link))
        if whole.scheme not in ("http", "https") or whole.netloc not in (urlsplit(base).netloc, "localhost"):
            return None
        return whole.path + (f"?{whole.query}" if whole.query else "")

    def endpoint_of(self, path: str) -> str | None:
        try:
            endpoint, _values = self.app.url_map.bind("localhost").match(urlsplit(path).path, method="GET")
        except RequestRedirect:
            return "redirect"
        except HTTPException:
            return None
        return str(endpoint)


@pytest.fixture(scope="module")
def visits(_applications: Callable[[str], Any]) -> list[Visit]:
    """All that everybody saw."""
    app, database = _applications("sqlite")
    database.renew()
    kernel_time.set_clock(Clock(TUESDAY_MORNING))
    with app.app_context():
        load(scale=SMALL, seed=7, now=TUESDAY_MORNING)
        crawl = Crawl(app)

        def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.upper().startswith(("BEGIN", "SAVEPOINT", "RELEASE", "PRAGMA")):
                crawl.statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", count)
        try:
            for who in READERS:
                for language in LANGUAGES:
                    crawl.walk(who, language)
        finally:
            event.remove(db.engine, "before_cursor_execute", count)
            db.session.remove()
            db.engine.dispose()
            kernel_time.set_clock(None)
    return crawl.visits


def judge(kind: str, found: list[tuple[str, str]]) -> None:
    """Fail with what was found as (endpoint, sentence), each once, and with what the list has for nothing."""
    by_endpoint: dict[str, list[str]] = defaultdict(list)
    for endpoint, sentence in found:
        if sentence not in by_endpoint[endpoint]:
            by_endpoint[endpoint].append(sentence)
    known = {endpoint for listed, endpoint in KNOWN if listed == kind}
    lines = [f"{endpoint}: {one}" for endpoint, all_ in by_endpoint.items() if endpoint not in known for one in all_]
    lines += [
        f"{endpoint}: on the list of known {kind} findings, but found no more" for endpoint in known - set(by_endpoint)
    ]
    assert not lines, f"{len(lines)} findings\n" + "\n".join(lines)


def test_everybody_comes_far(visits: list[Visit]) -> None:
    """A crawler that opens little finds little."""
    opened = defaultdict(set)
    for visit in visits:
        if visit.status == 200:
            opened[visit.who].add(visit.endpoint)
    few = {who: len(opened[who]) for who in READERS if len(opened[who]) < (10 if who == VISITOR else 18)}
    assert not few


def test_every_link_opens(visits: list[Visit]) -> None:
    found = [(visit.endpoint, f"{visit.status} {visit}") for visit in visits if visit.status >= 400]
    found += [(visit.endpoint, f"no page at {dead}, linked from {visit}") for visit in visits for dead in visit.dead]
    judge("link", found)


def test_english_pages_mark_their_chinese(visits: list[Visit]) -> None:
    judge(
        "chinese",
        [
            (visit.endpoint, f"{text[:90]} ({visit.path})")
            for visit in visits
            if visit.language == "en" and visit.page
            for text in chinese_words(visit.page)
        ],
    )


def test_chinese_pages_are_in_chinese(visits: list[Visit]) -> None:
    judge(
        "latin",
        [
            (visit.endpoint, text)
            for visit in visits
            if visit.language == "zh-CN" and visit.page
            for text in latin_words(visit.page)
        ],
    )


def test_pages_ask_the_database_little(visits: list[Visit]) -> None:
    judge(
        "statements",
        [
            (visit.endpoint, f"{len(visit.statements)} statements {visit}")
            for visit in visits
            if len(visit.statements) > MOST_STATEMENTS
        ],
    )


def test_the_reading_finds_what_it_should() -> None:
    """The crawler itself: unmarked words are found, marked ones and allowed ones are not."""
    page = Reading(
        '<html lang="en"><p title="盐雾">Salt <b lang="zh">盐雾</b> 试验<br>x</p><script>"中"</script>'
        '<span class="ref">B-202611-7K3QX</span><span>Overdue GB/T 10125-2021 CNAS 12 kN</span></html>'
    )
    assert chinese_words(page) == ["盐雾", "试验"]
    assert [word.split(" ")[0] for word in latin_words(page)] == ["Salt", "Overdue"]
