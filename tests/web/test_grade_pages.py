"""Pages of grades: entered, handed over, confirmed or sent back by form, in both languages; bad input at its field with
everything kept; what it changes in money before the last click; few statements."""

import html
import re
from datetime import date

import pytest
from sqlalchemy import select

from labshare.kernel.database import db, transaction
from labshare.kernel.months import Month
from labshare.rewards import services
from labshare.rewards.assessments import Assessment, AssessmentList
from labshare.rewards.services.grades import GradeRow
from tests import factories as make
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy
from tests.signing import sign_in, sign_in_browser
from tests.web import axe
from tests.web.test_catalogue_pages import LANGUAGES, counted

MOST_STATEMENTS = 26
"""The page of an open list gathers the facts of a whole month."""
LISTS = "/regulator/assessments"


@pytest.fixture(params=list(LANGUAGES))
def language(request):
    return str(request.param)


@pytest.fixture
def world(app, clock):
    """Two labs with revenue in October, which the policy governs; the month is over."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        make.working_year(2026)
        client = make.firm(name_en="Client")
        for _ in range(2):
            lab = add_lab(world)
            add_revenue(add_booking(world, lab, client, date(2026, 10, 5)), "2026-10", 100_000)
        put_policy(world, now, effective_from="2026-10")
        world.owner = make.member(world.labs[0].firm)
        world.enterer = world.officer
    return world


@pytest.fixture
def at(client, language):
    """Ask for a page, or post a form, in the language under test."""

    def ask(path, **given):
        return client.open(
            path,
            method="POST" if given else "GET",
            data=given or None,
            headers={"Accept-Language": LANGUAGES[language]},
        )

    return ask


def form(world, *grades, reason="考核得分 92", **given):
    sent = {"year": "2025", "effective_month": "2026-10", "common_reason": ""}
    for lab, grade in zip(world.labs, grades, strict=False):
        sent |= {f"grade_{lab.id}": grade, f"reason_{lab.id}": reason}
    return sent | given


def saved():
    db.session.rollback()
    return db.session.scalars(select(AssessmentList).execution_options(populate_existing=True)).one()


def made(world, clock, *grades, handed_over=True):
    """A list by the services."""
    given = [GradeRow(lab.id, grade, "考核得分 92") for lab, grade in zip(world.labs, grades, strict=False)]
    with transaction():
        found = services.save_grades(
            actor=world.acting("officer"),
            now=clock.now,
            division="330624",
            year=2025,
            effective_month=Month(2026, 10),
            rows=given,
        )
        if handed_over:
            services.hand_over_grades(actor=world.acting("officer"), now=clock.now, list_id=found.id, version=1)
    return found


def field_errors(page):
    found = re.findall(r'class="field-error" id="([\w-]+)-error">(.*?)</div>', page, re.S)
    return {name: html.unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split())) for name, text in found}


def test_a_list_from_the_officer_to_the_approver(world, client, at, language):
    sign_in(client, world.officer)
    assert f"{LISTS}/new" in at(LISTS).text
    answer = at(f"{LISTS}/new", **form(world, "excellent", "good"))
    assert answer.status_code == 303
    address = answer.headers["Location"]
    page = at(address).text
    assert "+20.00" in page
    assert "220.00" in page
    assert f"{address}/confirm" not in page
    assert at(f"{address}/hand-over", version="1").status_code == 303

    sign_in(client, world.approver)
    words = "1 list of grades to confirm" if language == "en" else "1 份考核名单待确认"
    assert words in at("/regulator/tasks").text
    page = at(address).text
    assert "+20.00" in page
    whole = "revenue of October 2026 to October 2026" if language == "en" else "即2026年10月至2026年10月的收入"
    assert whole in re.sub(r"\s+(?=[年月至的])|(?<=即)\s+", "", page) if language == "zh" else whole in page
    assert at(f"{address}/confirm", version="1").status_code == 303
    assert saved().state == "confirmed"
    assert {row.grade for row in db.session.scalars(select(Assessment))} == {"excellent", "good"}
    assert at(address).status_code == 200
    assert f"{address}/confirm" not in at(address).text


def test_what_a_list_lacks_is_shown_at_its_field_with_everything_kept(world, client, at, language):
    one, two = world.labs
    sign_in(client, world.officer)
    given = form(world, "good", "") | {f"reason_{one.id}": "", f"reason_{two.id}": "未提交材料"}
    address = at(f"{LISTS}/new", **given).headers["Location"]
    answer = at(f"{address}/hand-over", version="1")
    assert answer.status_code == 422
    said = {
        f"reason_{one.id}": "Give a reason." if language == "en" else "请填写原因。",
        f"grade_{two.id}": (
            "Choose a grade, or clear the reason." if language == "en" else "请选择考核等级，或清空评定依据。"
        ),
    }
    assert field_errors(answer.text) == said
    assert 'value="未提交材料"' in answer.text
    assert f'action="{address}/edit"' in answer.text
    assert saved().state == "draft"


def test_one_reason_for_every_grade_without_its_own(world, client, at):
    sign_in(client, world.officer)
    given = form(world, "good", "good", common_reason="新科〔2026〕15 号") | {f"reason_{world.labs[1].id}": ""}
    address = at(f"{LISTS}/new", **given).headers["Location"]
    assert at(f"{address}/hand-over", version="1").status_code == 303
    page = at(address).text
    assert "考核得分 92" in page
    assert "新科〔2026〕15 号" in page


def test_bad_input_stays_at_its_field(world, client, at, language):
    sign_in(client, world.officer)
    answer = at(f"{LISTS}/new", **form(world, "good", reason="x" * 301, year=""))
    assert answer.status_code == 422
    assert set(field_errors(answer.text)) == {"year", f"reason_{world.labs[0].id}"}
    assert "x" * 301 in answer.text
    db.session.rollback()
    assert db.session.query(AssessmentList).count() == 0


def test_what_another_saved_meanwhile_is_shown_and_then_replaced_knowingly(world, client, clock, at, language):
    found = made(world, clock, "good", handed_over=False)
    second = make.regulator("officer")
    db.session.commit()
    sign_in(client, second)
    with transaction():
        services.save_grades(
            actor=world.acting("officer"),
            now=clock.now,
            division="330624",
            year=2025,
            list_id=found.id,
            version=1,
            effective_month=Month(2026, 10),
            rows=[GradeRow(world.labs[0].id, "qualified", "考核得分 61")],
        )
    answer = at(f"{LISTS}/{found.id}/edit", **form(world, "excellent", version="1"))
    assert answer.status_code == 409
    words = "Saved by now: Qualified" if language == "en" else "当前已保存：合格"
    assert words in answer.text
    assert 'name="version" type="hidden" value="2"' in answer.text
    assert re.search(r'<option selected value="excellent"', answer.text)
    assert at(f"{LISTS}/{found.id}/edit", **form(world, "excellent", version="2")).status_code == 303
    assert saved().version == 3


def test_sent_back_without_a_reason_and_with_one(world, client, clock, at, language):
    found = made(world, clock, "good")
    sign_in(client, world.approver)
    answer = at(f"{LISTS}/{found.id}/send-back", reason=" ")
    assert answer.status_code == 422
    assert "reason" in field_errors(answer.text)
    assert at(f"{LISTS}/{found.id}/send-back", reason="附件缺失").status_code == 303
    sign_in(client, world.officer)
    assert "附件缺失" in at(f"{LISTS}/{found.id}").text
    assert "附件缺失" in at(f"{LISTS}/{found.id}/edit").text
    words = "1 list of grades sent back" if language == "en" else "1 份考核名单被退回"
    assert words in at("/regulator/tasks").text


def test_the_author_withdraws(world, client, clock, at):
    found = made(world, clock, "good")
    sign_in(client, world.officer)
    assert f"{LISTS}/{found.id}/withdraw" in at(f"{LISTS}/{found.id}").text
    assert at(f"{LISTS}/{found.id}/withdraw", x="1").status_code == 303
    assert saved().state == "withdrawn"
    assert at(f"{LISTS}/{found.id}").status_code == 200
    assert at(f"{LISTS}/{found.id}/edit").status_code == 404


def test_who_worked_on_a_list_sees_why_it_cannot_be_confirmed(world, client, clock, at, language):
    with transaction():
        turncoat = make.actor(world.approver, None, "officer")
        services.save_grades(
            actor=turncoat,
            now=clock.now,
            division="330624",
            year=2025,
            effective_month=Month(2026, 10),
            rows=[GradeRow(world.labs[0].id, "good", "考核得分 80")],
        )
    found = saved()
    with transaction():
        services.hand_over_grades(actor=world.acting("officer"), now=clock.now, list_id=found.id, version=1)
    sign_in(client, world.approver)
    page = at(f"{LISTS}/{found.id}").text
    words = "Another person must confirm" if language == "en" else "须由其他人员确认"
    assert words in page
    assert f"{LISTS}/{found.id}/confirm" not in page
    refused = at(f"{LISTS}/{found.id}/confirm", version="1")
    assert refused.status_code == 409
    assert words in refused.text


def test_lists_are_filtered_by_state_and_year(world, client, clock, at):
    made(world, clock, "good")
    sign_in(client, world.officer)
    assert "G-0001" in at(f"{LISTS}?state=handed_over&year=2025").text
    for other in ("?state=draft", "?year=2026&state=draft", "?state=confirmed"):
        assert "G-0001" not in at(f"{LISTS}{other}").text
    assert "G-0001" in at(f"{LISTS}?state=x&year=y").text


def test_a_lab_s_page_shows_confirmed_grades_with_their_reason(world, client, clock, at):
    found = made(world, clock, "excellent")
    sign_in(client, world.officer)
    address = f"/regulator/labs/{world.labs[0].id}"
    assert "考核得分 92" not in at(address).text
    with transaction():
        services.confirm_grades(actor=world.acting("approver"), now=clock.now, list_id=found.id, version=1)
    assert "考核得分 92" in at(address).text


def test_pages_take_as_many_statements_for_many_labs_as_for_few(world, client, clock):
    """Whatever the number of labs on the list and in the county."""

    def statements(found):
        seen = {}
        for page in (LISTS, f"{LISTS}/{found.id}", f"{LISTS}/{found.id}/edit", f"{LISTS}/new"):
            with counted() as count:
                client.get(page)
            seen[page.replace(str(found.id), "n")] = len(count)
        return seen

    sign_in(client, world.officer)
    few = statements(made(world, clock, "good", handed_over=False))
    with transaction():
        for _ in range(6):
            add_lab(world)
    many = statements(made(world, clock, *["good", "excellent"] * 4, handed_over=False))
    assert many == few
    assert max(few.values()) <= MOST_STATEMENTS, few


@pytest.mark.parametrize(("locale", "width", "scheme"), [("zh-CN", 390, "dark"), ("en-GB", 1440, "light")])
def test_pages_are_clean_and_fit(world, clock, open_browser, locale, width, scheme):
    draft, handed = made(world, clock, "good", handed_over=False), made(world, clock, "excellent")
    page = open_browser(locale, width=width, color_scheme=scheme)
    found = []
    for who, addresses in (
        (world.officer, (LISTS, f"{LISTS}/new", f"{LISTS}/{draft.id}/edit", f"{LISTS}/{draft.id}")),
        (world.approver, (f"{LISTS}/{handed.id}",)),
    ):
        sign_in_browser(page, who)
        for address in addresses:
            page.goto(address)
            found += [f"{address}: {finding}" for finding in axe.findings(page)]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{address}: scrolls sideways")
    assert found == []


def test_rows_are_filtered_and_what_is_hidden_is_still_sent(world, clock, open_browser):
    page = open_browser("en-GB")
    sign_in_browser(page, world.officer)
    page.goto(f"{LISTS}/new")
    one, two = world.labs
    page.locator(f"[name=grade_{one.id}]").select_option("good")
    page.locator(f"[name=reason_{one.id}]").fill("Score 82")
    page.get_by_label("Lab, code or firm").fill(two.code)
    assert not page.locator(f"[name=grade_{one.id}]").is_visible()
    page.locator(f"[name=grade_{two.id}]").select_option("qualified")
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_load_state()
    assert page.get_by_text("Score 82").is_visible()
    assert page.get_by_text("Reason missing").count() == 1
