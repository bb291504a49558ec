"""Walking through the demonstration: every page that a link, an asking form, a notice or a mail leads to."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from flask import Flask
from sqlalchemy import event, func, select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from labshare.accounts.models import Person
from labshare.booking.models import Booking
from labshare.demonstration.people import email_of
from labshare.kernel.database import db
from labshare.notices.models import Notice
from labshare.organisations.models import Firm, Membership
from labshare.rewards.models import Policy, RewardRun
from labshare.settlement.models import Report
from tests.mails import letters
from tests.signing import sign_in
from tests.web.reading import Reading

VISITOR = "visitor"
READERS = (
    VISITOR,
    "client",
    "owner",
    "lab",
    "accountant",
    "viewer",
    "officer",
    "approver",
    "auditor",
    "admin",
)
"""Somebody of each role; the firm's roles are those of the firm with labs, but for the client's booker."""
LANGUAGES = ("zh-CN", "en")
TIMES = 2
"""How often an address pattern is opened by one reader in one language."""

NOT_OURS = {"static"}
"""Not opened: files."""


@dataclass
class Visit:
    """One page as one reader got it."""

    who: str
    language: str
    endpoint: str
    kind: str
    """The endpoint; with why it was opened besides, if a form asked for it or as one in this state."""
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

    def __init__(self, app: Flask, engine: str) -> None:
        self.app = app
        self.engine = engine
        self.beside: dict[str, list[str]] = {}
        """By reader, addresses to which a paper or an answer leads, and no page."""
        self.visits: list[Visit] = []
        self.statements: list[str] = []
        self.files: set[tuple[str, str, bool]] = set()
        """(endpoint, format, for a firm) of the files that were taken: once by a firm's people and once by others,
        whatever the language and the rows."""

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count the statements of each page meanwhile."""

        def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.upper().startswith(("BEGIN", "SAVEPOINT", "RELEASE", "PRAGMA")):
                self.statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", count)
        try:
            yield
        finally:
            event.remove(db.engine, "before_cursor_execute", count)

    def walk(self, who: str, language: str, times: int = TIMES) -> None:
        """Begin at the home page, at what the reader's notices lead to, and where only a mail or chance leads."""
        client = self.client_of(who)
        for_firm = who != VISITOR and person_and_firm(who)[1] is not None
        opened: Counter[str] = Counter()
        states = [(path, f"in state {state}") for state, path in self.in_each_state(who)]
        queue = [("/", "start"), *((path, "a notice or mail") for path in self.led_to(who)), *states]
        seen = {path for path, _found_on in queue}
        for path, found_on in queue:
            endpoint = self.endpoint_of(path)
            assert endpoint is not None
            why = "asked" if found_on.startswith("the form on") else found_on if found_on.startswith("in state") else ""
            kind = f"{endpoint} {why}".rstrip()
            if opened[kind] >= (times if kind == endpoint else 1):
                continue
            opened[kind] += 1
            if file := parse_qs(urlsplit(path).query).get("format"):
                if (endpoint, file[0], for_firm) in self.files:
                    continue
                self.files.add((endpoint, file[0], for_firm))
            self.statements.clear()
            answer = client.get(path, headers={"Accept-Language": language})
            html = answer.mimetype == "text/html" and answer.status_code < 300
            page = Reading(answer.get_data(as_text=True)) if html else None
            asked_for = list(self.statements)
            visit = Visit(who, language, endpoint, kind, path, found_on, answer.status_code, asked_for, page)
            self.visits.append(visit)
            onward = page.links if page else [answer.location] if answer.location else []
            asked = [(form.address, f"the form on {path}") for form in page.forms] if page else []
            for link, found in [*((link, path) for link in onward), *asked]:
                target = self.target_of(path, link)
                if target is None or target in seen:
                    continue
                seen.add(target)
                leads_to = self.endpoint_of(target)
                if leads_to is None:
                    visit.dead.append(target)
                elif leads_to not in NOT_OURS:
                    queue.append((target, found))
            answer.close()

    def client_of(self, who: str) -> Any:
        """A test client signed in as this reader, acting for their first firm."""
        client = self.app.test_client()
        if who != VISITOR:
            sign_in(client, *person_and_firm(who))
        return client

    def led_to(self, who: str) -> list[str]:
        """Addresses that no link of a page leads to, or few: from notices, from mails to visitors, and the papers of
        bookings that have some."""
        if who == VISITOR:
            base = self.app.config["BASE_URL"].rstrip("/")
            mailed_pages = (f"{base}/account/", f"{base}/for-you/", f"{base}/audit/heads/by-mail/")
            lines = [line for letter in letters() for line in letter.body.splitlines()]
            mailed = {line.removeprefix(base) for line in lines if line.startswith(mailed_pages)}
            return [
                *sorted(mailed),
                "/search?q=查无此项",
                "/search/understood?q=硬度 3 件",
                "/search/suggested?q=硬度",
                "/dev/components",
                "/robots.txt",
                "/sitemap.xml",
            ]
        person, firm = person_and_firm(who)
        found = {
            str(self.endpoint_of(url)): url
            for url in db.session.scalars(select(Notice.url).where(Notice.person_id == person.id))
            if url
        }
        documents = (
            _documents_of(firm)
            if who == "lab" and firm
            else (
                "/account/firm/size?employees=40",
                "/account/firm/industries?q=轴承",
            )
        )
        return [*found.values(), *documents, *self.beside.get(who, ()), *(_drafts() if who == "officer" else ())]

    def in_each_state(self, who: str) -> Iterator[tuple[str, str]]:
        """A booking of the firm, and a run, in each state that there is: their pages differ most by it."""
        if who == VISITOR:
            return
        _person, firm = person_and_firm(who)
        if firm:
            column, folder = (Booking.lab_firm_id, "/lab") if who == "lab" else (Booking.client_firm_id, "")
            newest = select(func.max(Booking.id)).where(column == firm.id).group_by(Booking.state)
            for booking in db.session.scalars(select(Booking).where(Booking.id.in_(newest)).order_by(Booking.id)):
                yield booking.state, f"{folder}/bookings/{booking.ref}"
        else:
            latest = select(func.max(RewardRun.month)).group_by(RewardRun.state)
            for run in db.session.scalars(select(RewardRun).where(RewardRun.month.in_(latest)).order_by(RewardRun.id)):
                yield run.state, f"/regulator/rewards/{run.month}"

    def target_of(self, path: str, link: str) -> str | None:
        """The address a link leads to within the service, without its fragment; None for others."""
        if link.startswith("/") and not link.startswith("//"):
            return link.partition("#")[0]
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


def person_and_firm(who: str) -> tuple[Person, Firm | None]:
    person = db.session.scalars(select(Person).where(Person.email == email_of(who))).one()
    firm = db.session.scalar(
        select(Firm).join(Membership, Membership.firm_id == Firm.id).where(Membership.person_id == person.id)
    )
    return person, firm


def _drafts() -> Iterator[str]:
    """The form of a policy that may still be changed."""
    for number in db.session.scalars(select(Policy.id).where(Policy.state == "draft").limit(1)):
        yield f"/regulator/policies/{number}/edit"


def _documents_of(firm: Firm) -> Iterator[str]:
    """Where an invoice is reversed, a payment refunded, a report withdrawn; and the workbench's bare address."""
    refs = select(Booking.ref).where(Booking.lab_firm_id == firm.id).order_by(Booking.id.desc()).limit(1)
    report = (
        select(Report.id)
        .join(Booking, Booking.id == Report.booking_id)
        .where(Booking.lab_firm_id == firm.id, Report.withdrawn_on.is_(None))
        .limit(1)
    )
    yield f"/lab/bookings/{db.session.scalars(refs.where(Booking.invoiced_fen > 0)).one()}/red-letter"
    yield f"/lab/bookings/{db.session.scalars(refs.where(Booking.paid_fen > 0)).one()}/refund"
    yield f"/lab/reports/{db.session.scalars(report).one()}/withdraw"
    yield "/lab/"
