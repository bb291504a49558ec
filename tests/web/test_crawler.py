"""Every page, mail and error, as everybody of the demonstration, in both languages: it opens, says nothing in the other
language without marking it, and asks the database little. A browser then looks at each for axe.

Each address pattern is opened a few times a reader, not for every object: once in Chinese and twice in English, where
an unmarked Chinese word may come from what people typed; on PostgreSQL once, in either language by turns.
"""

import io
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import abort, render_template
from flask import request as asked
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import select

from labshare.accounts.models import Person
from labshare.booking.models import Booking
from labshare.booking.queries.slots import free_slots
from labshare.booking.services import ask_approval, book_for_client
from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.demonstration.load import load
from labshare.demonstration.people import email_of
from labshare.demonstration.scale import Scale
from labshare.kernel import time as kernel_time
from labshare.kernel.database import db, transaction
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.months import Month
from labshare.notices import kinds
from labshare.notices.delivery import Letter, letter_of
from labshare.notices.services import send_mail
from labshare.organisations.models import Firm
from labshare.organisations.terms import AffiliationKind, FirmRole, SizeClass
from labshare.rewards.models import Objection, ObjectionFile, RewardLine, RewardRun
from labshare.rewards.terms import ObjectionVerdict, RunState
from labshare.settlement.models import Invoice, StoredFile
from labshare.web import errors
from tests import factories
from tests.conftest import TUESDAY_MORNING, Clock
from tests.mails import letters
from tests.settlement.world import pdf
from tests.web.axe import examine
from tests.web.browsing import TURNS, Look, look, looks_at
from tests.web.crawl import LANGUAGES, READERS, VISITOR, Crawl, Visit, person_and_firm
from tests.web.reading import FREE_TEXT, Reading, chinese_words, latin_words

pytestmark = pytest.mark.timeout(1500)
SMALL = Scale("small", counties=1, clients=150, bookings=900, labs=12)
MOST_STATEMENTS = 12
MORE_STATEMENTS = {
    # a booking shows who moved it from when to when, whom to call, where to pay, what was said with which files, its
    # dispute and its rating, photos of its samples and places for them; to the lab what one shift leaves for the next;
    # to lab and regulators which of its documents stand on another booking, too
    "client.booking": 19,
    "regulator.booking": 18,
    "lab.booking": 22,
    # beside the day's work, its money and the week: who may be given the work, what the last shift left
    "lab.today": 14,
    # the account, the letters and statements that were sent, and what the next letter would name
    "lab.account": 14,
    # what waits for the client is of eight kinds, each by its own index; the accounts to pay into
    "client.dashboard": 15,
    # the time that labs are open is read beside what they did: kept months, and the intervals of all others; and which
    # labs are of the reader's division
    "regulator.dashboard": 14,
    # these calculate: what extra work comes to, the running month, whether a run still comes to the same (with files of
    # objections), what grades would change
    "lab.extra_work": 17,
    "lab.reward_expected": 17,
    "lab.reward_not_counted": 18,
    "regulator.run": 26,
    "regulator.assessment": 25,
}
"""Where a page asks more, a fixed number whatever it shows."""

KNOWN: dict[tuple[str, str], str] = {}
"""Findings that stand for now, by (kind, endpoint), each with its reason. An entry whose finding is gone fails too."""

KEPT_OF_A_FILE = ("sha256", "name", "content_type", "size", "uploaded_by", "uploaded_at")
NO_PAGES = (
    "static",
    "api",
    "monitoring.",
    "lab.calendar_json",
    "lab.sheets_marked",
    "lab.sheets_progress",
    "calendars.",
)
"""Addresses that are no pages: files, the API and its description, what monitoring, scripts and calendars ask."""
BETWEEN = {"account.enter_code"}
"""The second page of signing in, open between password and code alone: tests/accounts/test_second_factor.py."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crawl(request: pytest.FixtureRequest, _applications: Callable[[str], Any]) -> Iterator[Crawl]:
    """The demonstration on this engine, with what everybody saw."""
    app, database = _applications(request.param)
    database.renew()
    kernel_time.set_clock(Clock(TUESDAY_MORNING))
    with app.app_context():
        load(scale=SMALL, seed=7, now=TUESDAY_MORNING)
        crawl = Crawl(app, request.param)
        fill_every_role()
        ask_for_mails(crawl)
        leave_more_to_see(crawl)
        with crawl.counting():
            for turn, who in enumerate(READERS):
                if request.param == "sqlite":
                    for times, language in enumerate(LANGUAGES, 1):
                        crawl.walk(who, language, times)
                else:
                    crawl.walk(who, LANGUAGES[turn % 2], 1)
        yield crawl
        db.session.remove()
        db.engine.dispose()
    kernel_time.set_clock(None)


def fill_every_role() -> None:
    """The roles for which the demonstration has no account of its own."""
    _, firm = person_and_firm("lab")
    assert firm
    with transaction():
        for role in ("accountant", "viewer"):
            factories.member(firm, role, email=email_of(role))


def ask_for_mails(crawl: Crawl) -> None:
    """Somebody signs up, one has forgotten a password, an owner invites, an address is asked whether it wants heads:
    only their mails lead to some pages."""
    visitor, owner = crawl.client_of(VISITOR), crawl.client_of("owner")
    visitor.post("/account/sign-up", data={"email": "new@demo.example", "name": "新人"})
    visitor.post("/account/forgotten", data={"email": "client@demo.example"})
    owner.post("/account/members", data={"email": "invited@demo.example", "role": "booker"})
    crawl.client_of("admin").post("/admin/head-mails", data={"email": "archive@demo.example", "locale": "en"})


def leave_more_to_see(crawl: Crawl) -> None:
    """A licence, a message and a request to the labs with a file, a booking that waits for the inside yes, and files
    that answer a lab's questions."""
    _person, firm = person_and_firm("client")
    assert firm
    owner, client = crawl.client_of("owner"), crawl.client_of("client")
    licence = {"file": (io.BytesIO(pdf()), "licence.pdf")}
    assert owner.post("/account/firm/licence", data=licence).status_code == 303
    reported = select(Booking.ref).where(Booking.client_firm_id == firm.id, Booking.state == "reported")
    ref = db.session.scalars(reported.order_by(Booking.id.desc()).limit(1)).one()
    said = {"message-text": "请见附图", "message-files": (io.BytesIO(pdf()), "drawing.pdf")}
    assert client.post(f"/bookings/{ref}/messages", data=said).status_code == 303
    asking = {"text": "渗碳层开裂", "quantity": "2", "files": (io.BytesIO(pdf()), "crack.pdf")}
    assert client.post("/inquiries/new", data=asking).status_code == 303
    slot = client.get("/api/v1/slots?q=硬度&quantity=1&limit=1").json["items"][0]
    with transaction():
        booker = factories.actor(factories.member(firm, "booker"), firm, "booker")
        firm.approval_above_fen = 1
    with transaction():
        asked = ask_approval(
            actor=booker,
            now=kernel_time.utc_now(),
            test_item_id=slot["test_item"]["id"],
            quantity=1,
            starts_at=datetime.fromisoformat(slot["starts_at"]),
        )
        kept = db.session.scalars(select(StoredFile).order_by(StoredFile.id).limit(1)).one()
        file = {"id": kept.id, "name": "图纸.pdf", "size": kept.size, "content_type": kept.content_type}
        asked.answers = [{"field": 1, "label": "图纸", "label_en": "Drawing", "kind": "attached", "file": file}]
        booking = db.session.scalars(select(Booking).where(Booking.ref == ref)).one()
        booking.answers, booking.confidential = asked.answers, True
    book_for_clients(firm.uscc)
    prove_facts(firm)
    reminded = remind_clients(firm.id)
    crawl.beside = {
        "client": [f"/go/{ref}"],
        "lab": [reminded, *send_lists(crawl.client_of("lab")), grounds_of_objections()],
    }


def remind_clients(client_id: int) -> str:
    """A letter to its client, and one of the demonstration's labs to a client; the account with that one."""
    _person, firm = person_and_firm("lab")
    assert firm
    for whose in (Invoice.client_firm_id == client_id, Invoice.seller_firm_id == firm.id):
        invoice = db.session.scalars(select(Invoice).where(whose).order_by(Invoice.due_on).limit(1)).one()
        sent_on = invoice.due_on + timedelta(days=1)
        with transaction():
            letter = factories.reminder(invoice.id, sent_on=sent_on)
            address = f"/lab/accounts/{letter.client.uscc}"
    return address


def book_for_clients(uscc: str) -> None:
    """What a lab booked for two clients who telephoned; the one that is not registered is mailed a slip."""
    person, firm = person_and_firm("lab")
    assert person
    assert firm
    hand = factories.actor(person, firm, "lab_manager")
    items = select(TestItem.id).join(Lab, Lab.id == TestItem.lab_id).where(Lab.firm_id == firm.id, TestItem.published)
    now = kernel_time.utc_now()
    since = now + timedelta(days=2)
    for item_id in db.session.scalars(items.where(TestItem.hours_min.is_(None)).order_by(TestItem.id)).all():
        days = free_slots(item_id, quantity=1, hours=None, since=since, until=since + timedelta(days=8), now=now)
        starts = [slot.starts_at for day in days for slot in day.slots]
        if len(starts) > 1:
            break
    given = {"actor": hand, "now": now, "test_item_id": item_id, "quantity": 1}
    with transaction():
        book_for_client(**given, starts_at=starts[0], client=uscc)
        book_for_client(**given, starts_at=starts[-1], client="新来的客户", email="new@client.example")


def prove_facts(client: Firm) -> None:
    """The client's figures and an instrument's value wait, each with its proof."""
    lab = person_and_firm("lab")[1]
    assert lab
    own = select(Instrument).join(Lab, Lab.id == Instrument.lab_id).where(Lab.firm_id == lab.id, Instrument.published)
    kept = db.session.scalars(select(StoredFile.id).order_by(StoredFile.id).limit(1)).one()
    with transaction():
        factories.firm_size(client, proof_id=kept)
        factories.claim(db.session.scalars(own.order_by(Instrument.id).limit(1)).one(), proof_id=kept)


def grounds_of_objections() -> str:
    """An objection has a file; and where the lab objects to its latest statement, out of public notice or not."""
    lab = person_and_firm("lab")[1]
    assert lab
    with transaction():
        kept = db.session.scalars(select(StoredFile).order_by(StoredFile.id).limit(1)).one()
        file = factories.add(StoredFile(**{name: getattr(kept, name) for name in KEPT_OF_A_FILE}))
        objection = db.session.scalars(select(Objection).order_by(Objection.id.desc()).limit(1)).one()
        db.session.add(ObjectionFile(file_id=file.id, objection_id=objection.id))
    published = RewardRun.state != RunState.CALCULATED
    line = (
        select(RewardRun.month, Lab.code)
        .join(RewardLine, RewardLine.run_id == RewardRun.id)
        .join(Lab, Lab.id == RewardLine.lab_id)
        .where(RewardLine.firm_id == lab.id, published)
        .order_by(RewardRun.month.desc(), Lab.code)
    )
    month, code = db.session.execute(line.limit(1)).one()
    return f"/lab/rewards/{month}/{code}/objections"


def send_lists(lab: FlaskClient) -> list[str]:
    """A bank's statement and the tax system's list are sent, and their lines taken in: where they were looked
    through."""
    money = "账号：6222000000000002\n交易日期,贷方发生额,对方户名,交易流水号,摘要\n2026-11-03,2000.00,,A2,货款\n"
    issued = "发票号码,开票日期,购买方名称,税额,价税合计\n26332000000000000077,2026-11-03,某公司,0.00,20.00\n"
    where = []
    for page, said in (("/lab/bank", money), ("/lab/tax-list", issued)):
        answer = lab.post(page, data={"file": (io.BytesIO(said.encode()), "A2.csv")})
        assert lab.post(answer.location).status_code == 303
        where.append(str(answer.location))
    return where


@pytest.fixture
def visits(crawl: Crawl) -> list[Visit]:
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


def test_every_page_is_opened(crawl: Crawl) -> None:
    pages = {str(rule.endpoint) for rule in crawl.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    opened = {visit.endpoint for visit in crawl.visits}
    missed = {page for page in pages - opened - BETWEEN if not page.startswith(NO_PAGES)}
    assert not missed


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
            if len(visit.statements) > MORE_STATEMENTS.get(visit.endpoint, MOST_STATEMENTS)
        ],
    )


STATUSES = (400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503)


def test_errors_keep_to_their_language(crawl: Crawl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each status as a view gives it, the addresses that really fail, a form that had expired, and the bare page that
    comes when even the frame cannot be drawn."""
    monkeypatch.setitem(crawl.app.view_functions, "preferences.choose_theme", lambda: abort(int(asked.args["status"])))
    found = []
    for who, language in itertools.product((VISITOR, "client", "lab", "admin"), LANGUAGES):
        client, headers = crawl.client_of(who), {"Accept-Language": language}
        answers = {str(status): client.post(f"/theme?status={status}", headers=headers) for status in STATUSES}
        answers["404 unknown"] = client.get("/no-such-page", headers=headers)
        answers["405 unknown"] = client.post("/labs", headers=headers)
        answers["422 form"] = client.post("/account/sign-in", data={"email": "-"}, headers=headers)
        if who != VISITOR:
            closed = "/regulator/policies/new" if who == "admin" else "/admin/roles"
            answers["403 page"] = client.get(closed, headers=headers)
        with monkeypatch.context() as patch:
            patch.setitem(crawl.app.config, "WTF_CSRF_ENABLED", True)
            answers["400 expired"] = client.post("/theme", data={"theme": "dark"}, headers=headers)
        for name, answer in answers.items():
            assert answer.status_code == int(name.split()[0]), (name, who, answer.status)
            wrong = (chinese_words if language == "en" else latin_words)(Reading(answer.text))
            found += [(f"error {name}", f"{text} ({who}, {language})") for text in wrong]
    monkeypatch.setattr(errors, "render_template", _frame_fails)
    for language, text_problems in (("zh", latin_words), ("en", chinese_words)):
        plain = crawl.client_of(VISITOR).get("/no-such-page", headers={"Accept-Language": language})
        found += [("error plain", text) for text in text_problems(Reading(plain.text))]
    judge("error", found)


def _frame_fails(template: str, **values: Any) -> str:
    if template == "errors/error.html":
        raise RuntimeError("the frame cannot be drawn")
    return render_template(template, **values)


def test_mails_keep_to_their_language(crawl: Crawl) -> None:
    """Every kind of notice as a mail about things of the demonstration, and the mails that were really written."""
    booking = db.session.scalars(select(Booking).order_by(Booking.id)).first()
    person = db.session.scalars(select(Person).order_by(Person.id)).first()
    assert booking
    assert person
    places = {
        place
        for words in kinds.KINDS.values()
        for text in (words.title, words.text)
        for place in re.findall(r"%\((\w+)\)s", str(text))
    }
    about = {
        **dict.fromkeys(places, "12"),
        **{name: in_both_languages(booking.client) for name in ("client", "firm", "other")},
        "lab": in_both_languages(booking.lab),
        "item": in_both_languages(booking.test_item),
        "role": FirmRole.LAB_MANAGER.label,
        "kind": AffiliationKind.CONTROLS.label,
        "size_class": SizeClass.SMALL.label,
        "verdict": ObjectionVerdict.REJECTED.label,
        "month": Month.parse("2026-10"),
        **dict.fromkeys(("until", "day", "valid_from"), TUESDAY_MORNING.date()),
        **dict.fromkeys(("starts_at", "answer_by", "proposed_at"), TUESDAY_MORNING),
        **{name: 123_456 for name in places if name.endswith("_fen")},
        **dict.fromkeys(FREE_TEXT, "其他"),
    }
    found = []
    for kind, locale in itertools.product(kinds.KINDS, ("zh_Hans_CN", "en")):
        mail = send_mail(to=person.email, kind=kind, now=TUESDAY_MORNING, params=about, url="/bookings", locale=locale)
        assert mail
        found += [(kind, text) for text in mail_words(letter_of(mail, TUESDAY_MORNING))]
    db.session.flush()
    for letter in letters():
        found += [("outbox", text) for text in mail_words(letter)]
    db.session.rollback()
    judge("mail", found)
    assert mail_words(Letter(id=1, to="", locale="en", subject="Booking", body="预约", created_at=TUESDAY_MORNING))
    assert mail_words(
        Letter(id=1, to="", locale="zh_Hans_CN", subject="预约", body="Booking", created_at=TUESDAY_MORNING)
    )


def mail_words(mail: Letter) -> list[str]:
    """What a mail says in the other language; addresses, and what people wrote themselves, are left out."""
    text = re.sub(r"https?://\S+", "", f"{mail.subject}\n{mail.body}")
    for typed in ("其他", *db.session.scalars(select(Person.name))):
        text = text.replace(typed, "")
    page = Reading(f"<p>{escape(text)}</p>")
    return chinese_words(page) if mail.locale == "en" else latin_words(page)


@pytest.fixture
def chromium(playwright: Any, browser_type_launch_args: dict[str, Any]) -> Iterator[Any]:
    """A browser opened here: `browser` comes with a parameter of its own, for which the demonstration would be loaded a
    second time."""
    browser = playwright.chromium.launch(**browser_type_launch_args)
    yield browser
    browser.close()


on_one_engine = pytest.mark.parametrize("crawl", ["sqlite"], indirect=True, scope="module")
"""For what a browser looks at: the markup is the same on both."""


@on_one_engine
def test_every_page_is_fit_for_everybody(crawl: Crawl, chromium: Any) -> None:
    """axe, and nothing that scrolls sideways."""
    judge("axe", list(look(crawl, chromium, looks_at(crawl))))


@on_one_engine
def test_every_error_is_fit_for_everybody(crawl: Crawl, chromium: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for error pages, each as two readers by turns, and without a frame."""
    monkeypatch.setitem(crawl.app.view_functions, "public.rules", lambda: abort(int(asked.args["status"])))
    shown = [status for status in STATUSES if status != 401]  # who asks for a page is led to the sign-in instead
    readers = itertools.cycle((VISITOR, "client", "lab", "officer", "admin"))
    looks = [
        Look(next(readers), LANGUAGES[language], width, colours, f"error {status}", f"/rules?status={status}")
        for turn, status in enumerate(shown)
        for language, width, colours in (TURNS[2 * turn % 4], TURNS[(2 * turn + 1) % 4])
    ]
    found = list(look(crawl, chromium, looks))
    monkeypatch.setattr(errors, "render_template", _frame_fails)
    plain = [Look(VISITOR, language, 390, "dark", "error plain", "/no-such-page") for language in LANGUAGES]
    judge("axe", found + list(look(crawl, chromium, plain)))


SOUND = """<!doctype html><html lang="en"><head><title>Sound</title></head><body><main><h1>Sound</h1>
<ul>{rows}</ul>
<details id="in-place"><summary>More</summary><p>Text</p></details>
<details id="menu"><summary>Menu</summary><p style="position: absolute; background: white">Menu</p></details>
<dialog id="asks" aria-label="Asks"><p>Sure?</p><details><summary>Why</summary><p>So</p></details></dialog>
</main></body></html>""".format(rows="".join(f"<li><p>Row {row}</p></li>" for row in range(9)))


@pytest.mark.parametrize(
    ("place", "fault", "said"),
    [
        ("<p>Text", "<button></button>", "button-name"),
        ("<p>Text", '<p style="width: 2000px">Wide', "px too wide"),
        ("Menu</p>", '<p style="color: #eee; background: #fff">Pale</p>', "color-contrast"),
        ("Menu</p>", '<p style="position: absolute; left: -20px">Cut off</p>', "px out of the window"),
        ("<p>Sure?", '<input type="text">', "label"),
        ("<p>Sure?", '<p style="width: 2000px">Wide', "px out of the window"),
        ("<p>So", '<img src="data:,">', "image-alt"),
        ("Row 8</p>", "<button></button>", "button-name"),
    ],
)
def test_the_examination_opens_what_is_closed(chromium: Any, place: str, fault: str, said: str) -> None:
    """The examiner itself: faults are found in closed explanations, menus and dialogs, and in the one row of many that
    is not like the others; nothing in a sound page."""
    page = chromium.new_page(viewport={"width": 390, "height": 900})
    page.set_content(SOUND)
    assert examine(page) == []
    page.set_content(SOUND.replace(place, f"{fault}{place}" if place.startswith("<") else f"{place}{fault}"))
    found = examine(page)
    page.close()
    assert len(found) == 1
    assert said in found[0]


def test_the_reading_finds_what_it_should() -> None:
    """The crawler itself: unmarked words are found, marked ones and allowed ones are not."""
    page = Reading(
        '<html lang="en"><p title="盐雾">Salt <b lang="zh">盐雾</b> 试验<br>x</p><script>"中"</script>'
        '<span class="ref">B-202611-7K3QX</span><span>Overdue GB/T 10125-2021 CNAS 12 kN</span></html>'
    )
    assert chinese_words(page) == ["盐雾", "试验"]
    assert [word.split(" ")[0] for word in latin_words(page)] == ["Salt", "Overdue"]
