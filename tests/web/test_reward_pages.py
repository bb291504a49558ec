"""Pages about rewards: every verb of a run by form, in both languages; bad input at its field; few statements."""

import html
import io
import re
from datetime import date

import pytest
import python_calamine
from pypdf import PdfReader
from sqlalchemy import event

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.rewards import services
from labshare.rewards.models import Correction, Objection, Policy, RewardRun
from tests import factories
from tests.rewards.reading import policy_json
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy
from tests.signing import sign_in

MOST_STATEMENTS = 12
MORE_STATEMENTS = {"/regulator/rewards/2026-10": 13, "/lab/rewards/expected": 5}
"""A run's page calculates the month anew, and says whether that gives the same; what is expected names the earlier
months that it holds."""
OCTOBER = Month(2026, 10)


@pytest.fixture(params=["zh-CN", "en"])
def language(request):
    return str(request.param)


@pytest.fixture
def world(app, clock):
    """Two labs with revenue of every verdict in October; the policy begins in October."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year(2026)
        for _ in range(2):
            add_lab(world)
        put_policy(world, now, effective_from="2026-10", **{"caps.lab_year_fen": 30_000})
        client = factories.firm(name_en=None, name="绿坞轴承配件")
        for lab in world.labs:
            for number, given in enumerate([{}, {"statutory": True}, {"client_size": "large"}]):
                booking = add_booking(world, lab, client, date(2026, 10, 5 + number), **given)
                add_revenue(booking, "2026-10", 100_000 * (number + 1), 100)
        own = add_booking(world, world.labs[0], world.labs[0].firm, date(2026, 10, 9))
        add_revenue(own, "2026-10", 500_000)
        world.owner = factories.member(world.labs[0].firm)
    return world


@pytest.fixture
def at(client, language):
    """Ask for a page in the language under test."""

    def ask(path, **given):
        return client.open(
            path, method="POST" if given else "GET", data=given or None, headers={"Accept-Language": language}
        )

    return ask


def as_(client, world, who):
    sign_in(client, getattr(world, who), world.labs[0].firm if who == "owner" else None)


def state():
    db.session.rollback()
    return db.session.query(RewardRun).one().state


def run_and_publish(world, clock, *, publish=True):
    with transaction():
        services.run_month(actor=world.acting("officer"), now=clock.now, month=OCTOBER)
    if publish:
        with transaction():
            services.publish(actor=world.acting("officer"), now=clock.now, month=OCTOBER)


def test_the_life_of_a_run_by_form(world, client, clock, at):
    as_(client, world, "officer")
    assert "2026-10/calculate" in at("/regulator/rewards").text
    assert client.post("/regulator/rewards/2026-10/calculate").status_code == 303
    assert at("/regulator/rewards/2026-10").status_code == 200
    assert client.post("/regulator/rewards/2026-10/publish").status_code == 303
    as_(client, world, "owner")
    code = world.labs[0].code
    answer = client.post(f"/lab/rewards/2026-10/{code}/objections", data={"text": "少计一笔"})
    assert answer.status_code == 303
    as_(client, world, "officer")
    number = db.session.query(Objection).one().id
    page = at("/regulator/rewards/2026-10")
    assert f"O-{number:04d}" in page.text
    path = f"/regulator/rewards/2026-10/objections/{number}/rejected"
    assert client.post(path, data={"text": "该笔为法定检测"}).status_code == 303
    clock.advance(days=8)
    as_(client, world, "approver")
    assert "2026-10/approve" in at("/regulator/rewards/2026-10").text
    assert client.post("/regulator/rewards/2026-10/approve").status_code == 303
    as_(client, world, "officer")
    paid = client.post("/regulator/rewards/2026-10/pay", data={"paid_on": "2026-11-10", "reference": "财〔2026〕88"})
    assert paid.status_code == 303
    assert state() == "paid"
    assert "财〔2026〕88" in at("/regulator/rewards/2026-10").text


def test_why_it_cannot_be_approved_stands_on_the_page(world, client, clock, at, language):
    run_and_publish(world, clock)
    as_(client, world, "approver")
    page = at("/regulator/rewards/2026-10").text
    assert ("The public notice runs until" if language == "en" else "公示期至") in page
    assert "2026-10/approve" not in page
    refused = at("/regulator/rewards/2026-10/approve", x="1")
    assert refused.status_code == 409
    assert ("The public notice runs until" if language == "en" else "公示期至") in refused.text
    assert state() == "published"


def test_the_statement_adds_up_and_links_every_entry(world, client, clock, at, language):
    run_and_publish(world, clock)
    as_(client, world, "owner")
    code = world.labs[0].code
    listed = at("/lab/rewards")
    assert f"/lab/rewards/2026-10/{code}" in listed.text
    page = at(f"/lab/rewards/2026-10/{code}")
    assert page.status_code == 200
    assert page.text.count('class="out"') == 3
    assert page.text.count("/lab/bookings/B-202610-") >= 4
    for words in (("Statutory test", "法定检测"), ("Own firm", "本企业委托"), ("Client too large", "委托方规模不符")):
        assert words[language != "en"] in html.unescape(page.text)
    assert ">100.00<" in page.text
    only_counted = at(f"/lab/rewards/2026-10/{code}?show=in").text
    assert 'class="out"' not in only_counted


def test_another_firms_statement_is_not_found(world, client, clock):  # R-RUN-14
    run_and_publish(world, clock)
    as_(client, world, "owner")
    assert client.get(f"/lab/rewards/2026-10/{world.labs[1].code}").status_code == 404
    assert client.get("/regulator/rewards/2026-10").status_code == 403
    assert client.get(f"/regulator/rewards/2026-10/labs/{world.labs[0].code}").status_code == 403


def test_before_publication_a_lab_sees_no_statement(world, client, clock):  # R-RUN-14
    run_and_publish(world, clock, publish=False)
    as_(client, world, "owner")
    assert client.get(f"/lab/rewards/2026-10/{world.labs[0].code}").status_code == 404
    assert "2026-10/" not in client.get("/lab/rewards").text


def test_an_objection_without_words_stays_at_its_field(world, client, clock, at, language):
    run_and_publish(world, clock)
    as_(client, world, "owner")
    page = at(f"/lab/rewards/2026-10/{world.labs[0].code}/objections", text=" ")
    assert page.status_code == 422
    assert ("Say what it is about." if language == "en" else "请写明事由。") in page.text
    assert db.session.query(Objection).count() == 0


def test_the_payout_without_reference_stays_at_its_field(world, client, clock, at):
    run_and_publish(world, clock)
    clock.advance(days=8)
    with transaction():
        services.approve(actor=world.acting("approver"), now=clock.now, month=OCTOBER)
    as_(client, world, "officer")
    page = at("/regulator/rewards/2026-10/pay", paid_on="2026-11-30", reference="88")
    assert page.status_code == 422
    assert 'id="paid_on-error"' in page.text
    assert 'value="88"' in page.text
    assert state() == "approved"


def test_a_run_says_that_an_earlier_month_is_not_approved(world, client, at, clock, language):
    november = Month(2026, 11)
    run_and_publish(world, clock)
    clock.set("2026-12-01 10:00")
    with transaction():
        services.run_month(actor=world.acting("officer"), now=clock.now, month=november)
    as_(client, world, "officer")
    words = "October 2026 is not approved yet." if language == "en" else "2026年10月尚未审定。"
    assert words in at("/regulator/rewards/2026-11").text
    as_(client, world, "approver")
    assert client.post("/regulator/rewards/2026-10/approve").status_code == 303
    assert words not in at("/regulator/rewards/2026-11").text


def test_an_answer_without_words_comes_back_at_its_field(world, client, at, clock, language):
    run_and_publish(world, clock)
    as_(client, world, "owner")
    client.post(f"/lab/rewards/2026-10/{world.labs[0].code}/objections", data={"text": "少计一笔"})
    number = db.session.query(Objection).one().id
    as_(client, world, "officer")
    answer = at(f"/regulator/rewards/2026-10/objections/{number}/upheld", text=" ")
    assert answer.status_code == 422
    assert ("Give a reason." if language == "en" else "请填写原因。") in error_at(answer, f"text-upheld-{number}")
    dialogs = re.findall(r'<dialog class="dialog" id="([^"]+)"[^>]* data-open-now', answer.text)
    assert dialogs == [f"upheld-{number}"]
    assert len(re.findall("data-error-summary", answer.text)) == 1
    client.post(f"/regulator/rewards/2026-10/objections/{number}/rejected", data={"text": "口径如此"})
    again = at(f"/regulator/rewards/2026-10/objections/{number}/upheld", text="仍然成立")
    assert again.status_code == 409
    assert ("This objection is answered already." if language == "en" else "该异议已答复。") in again.text


def test_lines_and_entries_as_files(world, client, clock):
    run_and_publish(world, clock)
    as_(client, world, "officer")
    for path, rows in (
        ("/regulator/rewards/2026-10?format=xlsx", 2),
        (f"/regulator/rewards/2026-10/labs/{world.labs[0].code}?format=xlsx", 4),
    ):
        answer = client.get(path)
        assert "attachment" in answer.headers["Content-Disposition"]
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
        assert len(book.get_sheet_by_index(0).to_python()) == rows + 1


def test_run_and_statement_as_papers(world, client, at, clock, language):
    run_and_publish(world, clock)
    as_(client, world, "officer")
    run = db.session.query(RewardRun).one()
    lab = world.labs[0].code
    total = "Total" if language == "en" else "合计"
    for path, said in (
        ("/regulator/rewards/2026-10?format=pdf", [f"{run.total_payable_fen / 100:,.2f}", "R-202610"]),
        (f"/regulator/rewards/2026-10/labs/{lab}?format=pdf", ["5,000.00", "4 " if language == "en" else "分档计算"]),
    ):
        answer = at(path)
        assert answer.mimetype == "application/pdf"
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
        for words in [*said, lab, run.digest, total]:
            assert words in text


def test_the_paper_tells_how_each_of_the_seven_steps_comes_about(world, client, at, clock, language):  # R-REWARD-20
    run_and_publish(world, clock)
    as_(client, world, "owner")
    paper = at(f"/lab/rewards/2026-10/{world.labs[0].code}?format=pdf").data
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(paper)).pages))
    steps = {
        "en": (
            "Counted:1,000.00(1)",
            "C=1,000.00=1,000.00",
            "1,000.00×10%=100.00,×1(Notgraded)=100.00",
            "4Aftersharingorcappingbyunit:=100.00",
            "Capperlabandyear(CNY):300.00→100.00",
            "nobudgetoftheyear;=100.00",
            "Entitlement,yeartodate100.00−Earlierapproved0.00−Openingbalance0.00",
        ),
        "zh-CN": ("计入：1,000.00（1笔）", "1,000.00×10%=100.00", "低于0时按0计：100.00"),
    }
    for words in steps[language]:
        assert words in text, (words, text)


@pytest.mark.parametrize("query", ["?show=zero", "?show=cap", "?show=changed", "?sort=lab", "?sort=-month", "?show=x"])
def test_lists_filter_and_sort(world, client, clock, query):
    run_and_publish(world, clock)
    as_(client, world, "approver")
    assert client.get(f"/regulator/rewards/2026-10{query}").status_code == 200


def test_policies_are_drafted_and_published_by_form(world, client, at, language):
    as_(client, world, "officer")
    fields = policy_fields(client)
    fields |= {"name": "第二版办法", "legal_basis": "办法", "effective_from": "2027-01", "division": "330681"}
    wrong = {"bands-0-rate": "1.5", "bands-1-from_fen": "0", "bands-1-rate": "0.2"}
    bad = at("/regulator/policies/new", **{**fields, **wrong})
    assert bad.status_code == 422
    assert ("A rate lies between 0 and 1." if language == "en" else "奖励比例应在 0 至 1 之间。") in error_at(
        bad, "bands-0-rate"
    )
    assert ("The first band starts at 0" if language == "en" else "首档起点应为 0") in error_at(bad, "bands-1-from_fen")
    assert 'value="第二版办法"' in bad.text
    assert db.session.query(Policy).count() == 1
    saved = client.post("/regulator/policies/new", data=fields)
    assert saved.status_code == 303
    assert at(saved.location).status_code == 200
    changed = client.post(f"{saved.location}/edit", data={**fields, "bands-0-rate": "0.12"})
    assert changed.status_code == 303
    as_(client, world, "approver")
    seen = {"seen": seen_at(client, saved.location)}
    as_(client, world, "officer")
    client.post(f"{saved.location}/edit", data={**fields, "bands-0-rate": "0.13"})
    as_(client, world, "approver")
    for given in (seen, {"x": "1"}):
        refused = at(f"{saved.location}/publish", **given)
        assert refused.status_code == 409
        assert (
            "has changed since the page was opened" if language == "en" else "页面打开之后内容有变动"
        ) in refused.text
        assert "13%" in refused.text.replace(" ", "")
    seen = {"seen": seen_at(client, saved.location)}
    assert client.post(f"{saved.location}/publish", data=seen).status_code == 303
    assert client.post(f"{saved.location}/end", data={"effective_to": "2027-06"}).status_code == 303
    db.session.rollback()
    policy = db.session.query(Policy).filter_by(division="330681").one()
    assert (policy.state, policy.effective_to) == ("published", "2027-06")
    assert policy.document["bands"]["steps"] == [{"from_fen": 0, "rate": "0.13"}]


def seen_at(client, path):
    """The digest that the page's form of publishing carries."""
    return re.search(r'name="seen" value="(\w+)"', client.get(path).text)[1]


def test_whoever_edited_a_draft_is_told_that_another_publishes_it(world, client, at, language):  # R-RUN-13
    with transaction():
        turncoat = factories.actor(world.approver, None, "officer")
        document = policy_json(division="330681")
        drafted = services.draft_policy(actor=turncoat, now=utc_now(), document=document)
    as_(client, world, "approver")
    page = at(f"/regulator/policies/{drafted.id}")
    assert 'name="seen"' not in page.text
    assert ("you edited this draft" if language == "en" else "编辑过这份草稿的人员不能发布") in page.text


def test_an_overlapping_policy_is_refused_on_its_page(world, client, at, language):
    as_(client, world, "officer")
    fields = {**policy_fields(client), "name": "重叠", "legal_basis": "办法", "effective_from": "2026-12"}
    saved = client.post("/regulator/policies/new", data=fields)
    as_(client, world, "approver")
    page = at(f"{saved.location}/publish", seen=seen_at(client, saved.location))
    assert page.status_code == 409
    assert ("Overlaps with" if language == "en" else "执行期重叠") in page.text


def policy_fields(client):
    """What the empty form would send."""
    page = client.get("/regulator/policies/new").text
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    wanted = {name: value for name, value in fields.items() if name not in ("csrf_token", "submission", "tax", "kind")}
    return {
        **wanted,
        "tax": "included",
        "kind": "marginal",
        "unit": "lab",
        "sizes": ["small", "micro"],
        "exclude_related": "y",
        "exclude_statutory": "y",
        "divisions": "",
        "any_size": "",
    }


def error_at(page, field):
    return page.text.split(f'id="{field}-error"')[1].split("</div>")[0]


def test_corrections_by_two_officers(world, client, at, language):
    as_(client, world, "officer")
    bad = at("/regulator/rewards/corrections", lab="XX", fen="0", reason="追回")
    assert bad.status_code == 422
    assert 'id="lab-error"' in bad.text
    assert 'id="fen-error"' in bad.text
    good = {"lab": world.labs[0].code, "fen": "-12.50", "reason": "追回"}
    assert client.post("/regulator/rewards/corrections", data=good).status_code == 303
    number = db.session.query(Correction).one().id
    same = at(f"/regulator/rewards/corrections/{number}/agree", x="1")
    assert same.status_code == 409
    as_(client, world, "approver")
    assert "Confirm" in client.get("/regulator/rewards/corrections", headers={"Accept-Language": "en"}).text
    assert client.post(f"/regulator/rewards/corrections/{number}/confirm").status_code == 303
    as_(client, world, "second_officer")
    assert at("/regulator/rewards/corrections").status_code == 200
    assert client.post(f"/regulator/rewards/corrections/{number}/agree").status_code == 303
    db.session.rollback()
    assert db.session.query(Correction).one().fen == -1250


def test_what_the_running_month_would_come_to(world, client, clock, at):
    clock.set("2026-10-20 10:00")
    as_(client, world, "owner")
    page = at("/lab/rewards/expected")
    assert page.status_code == 200
    assert ">100.00<" in page.text


PAGES = {
    "officer": [
        "/regulator/rewards",
        "/regulator/rewards/2026-10",
        "/regulator/rewards/2026-10/labs/{code}",
        "/regulator/rewards/corrections",
        "/regulator/policies",
        "/regulator/policies/1",
        "/regulator/policies/new",
    ],
    "approver": ["/regulator/rewards/2026-10"],
    "owner": ["/lab/rewards", "/lab/rewards/2026-10/{code}", "/lab/rewards/expected"],
}


@pytest.mark.parametrize(("who", "path"), [(who, path) for who, paths in PAGES.items() for path in paths])
def test_pages_take_few_statements(world, client, clock, who, path):
    run_and_publish(world, clock)
    with transaction():
        services.raise_objection(
            actor=factories.actor(world.owner, world.labs[0].firm, "owner"),
            now=clock.now,
            month=OCTOBER,
            lab=world.labs[0].code,
            text="x",
        )
    as_(client, world, who)
    statements = []

    def count(_connection, _cursor, statement, *_more):
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        answer = client.get(path.format(code=world.labs[0].code))
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert answer.status_code == 200
    most = MOST_STATEMENTS + MORE_STATEMENTS.get(path, 0)
    assert len(statements) <= most, "\n".join(one[:150] for one in statements)
