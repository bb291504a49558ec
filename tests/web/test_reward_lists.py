"""The firm's sheet of statements, its expectation, what waits for papers and what does not count."""

import io
from datetime import date

import pytest
import python_calamine
from sqlalchemy import event

from labshare.kernel.database import db, transaction
from labshare.kernel.formatting import plain_amount
from labshare.kernel.months import Month
from labshare.rewards import services
from labshare.rewards.models import RewardItem, RewardLine, RewardRun
from labshare.settlement.models import RevenueEntry
from labshare.settlement.queries.missing import held_back, missing_documents, missing_sums
from labshare.settlement.terms import Lacking
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy
from tests.signing import sign_in
from tests.web.test_reward_parts_pages import text_of

ENGINES = ("sqlite",)  # what is asked of both says so
ENGLISH = {"Accept-Language": "en"}
SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)


@pytest.fixture
def world(app, clock):
    """A firm with two labs that earn in September and October, both in public notice, so that October holds September;
    another firm's lab; entries that do not count. It is November."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year()
        put_policy(world, now, effective_from="2026-09")
        client = factories.firm(name="绿坞轴承配件", name_en="Lüwu Bearings")
        add_lab(world)
        add_lab(world, world.labs[0].firm)
        add_lab(world)
        for number, lab in enumerate(world.labs, 1):
            for month, fen in (("2026-09", 500_000), ("2026-10", 300_100)):
                day = date(2026, int(month[5:]), 2)
                add_revenue(add_booking(world, lab, client, day), month, fen * number)
                add_revenue(add_booking(world, lab, client, day, statutory=True), month, 70_000 * number)
            add_revenue(add_booking(world, lab, client, date(2026, 10, 3), client_size="large"), "2026-10", -90_000)
        world.owner = factories.member(world.labs[0].firm)
    for month in (SEPTEMBER, OCTOBER):
        with transaction():
            services.run_month(actor=world.acting("officer"), now=clock.now, month=month)
        with transaction():
            services.publish(actor=world.acting("officer"), now=clock.now, month=month)
    return world


def sheet(client, query=""):
    """The file's rows, head and total apart."""
    answer = client.get(f"/lab/rewards?format=xlsx{query}", headers=ENGLISH)
    assert answer.status_code == 200
    head, *rows, total = (
        python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    )
    return [dict(zip(head, row, strict=True)) for row in rows], dict(zip(head, total, strict=True))


def fen_of(cell):
    return round(cell * 100)


def test_the_sheet_counts_each_month_once(world, client):  # R-REWARD-21
    sign_in(client, world.owner, world.labs[0].firm)
    payable = {
        (month, lab): fen
        for month, lab, fen in db.session.query(RewardRun.month, RewardLine.lab_id, RewardLine.payable_fen).join(
            RewardLine, RewardLine.run_id == RewardRun.id
        )
    }
    own = [lab.id for lab in world.labs[:2]]
    once = sum(payable["2026-10", lab] for lab in own)  # October holds September, which is not approved
    rows, total = sheet(client)
    assert {(row["Month"], row["Lab"]) for row in rows} == {
        (month, lab.code) for month in ("2026-09", "2026-10") for lab in world.labs[:2]
    }
    assert fen_of(total["Payable (CNY)"]) == once == fen_of(total["This month itself (CNY)"])
    assert sum(fen_of(row["Payable (CNY)"]) for row in rows) > once
    rows, total = sheet(client, "&month=2026-10")
    assert len(rows) == 2
    assert fen_of(total["Payable (CNY)"]) == once
    assert fen_of(total["Earlier, not approved (CNY)"]) == sum(payable["2026-09", lab] for lab in own)
    page = client.get("/lab/rewards?month=2026-10", headers=ENGLISH)
    assert plain_amount(once) in text_of(page)
    assert "Holds September 2026, not approved" in text_of(page)


@pytest.mark.parametrize(
    ("query", "first", "count"),
    [
        ("&sort=payable", ("2026-09", 0), 4),
        ("&sort=-own", ("2026-09", 1), 4),
        ("&sort=-lab&month=2026-10", ("2026-10", 1), 2),
        ("&sort=nonsense&month=x&state=x&pays=x", None, 0),
        ("&state=paid", None, 0),
        ("&pays=pays_nothing", None, 0),
        ("&lab=nobody", None, 0),
    ],
)
def test_it_is_sorted_and_filtered_by_its_address(world, client, query, first, count):
    sign_in(client, world.owner, world.labs[0].firm)
    rows, _total = sheet(client, query)
    assert len(rows) == count
    if first:
        assert (rows[0]["Month"], rows[0]["Lab"]) == (first[0], world.labs[first[1]].code)
    assert client.get(f"/lab/rewards?{query}").status_code == 200


def test_a_month_of_several_labs_leads_to_the_sheet(world, client):
    sign_in(client, world.owner, world.labs[0].firm)
    answer = client.get("/lab/rewards/2026-10")
    assert (answer.status_code, answer.location) == (302, "/lab/rewards?year=2026&month=2026-10")
    assert client.get("/lab/rewards/2026-01").status_code == 404


def test_an_objection_stands_in_the_sheet(world, client, clock):
    owner = factories.actor(world.owner, world.labs[0].firm, "owner")
    with transaction():
        services.raise_objection(
            actor=owner, now=clock.now, month=OCTOBER, lab=world.labs[0].code, text="少计", division="330624"
        )
    sign_in(client, world.owner, world.labs[0].firm)
    assert "Objection: Waits for an answer" in text_of(client.get("/lab/rewards", headers=ENGLISH))


@pytest.mark.engines("sqlite", "postgresql")
def test_what_does_not_count_is_judged_as_the_run_judged_it(world, client):  # R-REWARD-3
    sign_in(client, world.owner, world.labs[0].firm)
    answer = client.get("/lab/rewards/not-counted?format=xlsx", headers=ENGLISH)
    _head, *rows, total = (
        python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    )
    own = [lab.id for lab in world.labs[:2]]
    by_run = [
        fen
        for (fen,) in db.session.query(RevenueEntry.amount_fen)
        .join(RewardItem, RewardItem.entry_id == RevenueEntry.id)
        .join(RewardRun, RewardRun.id == RewardItem.run_id)
        .filter(RewardRun.month == "2026-10")
        .filter(RevenueEntry.lab_id.in_(own), RewardItem.reason.is_not(None))
    ]
    assert sorted(fen_of(row[-1]) for row in rows) == sorted(by_run)
    sizes = [abs(row[-1]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert fen_of(total[-1]) == sum(by_run)
    page = text_of(client.get("/lab/rewards/not-counted?reason=statutory", headers=ENGLISH))
    assert "Statutory tests are not rewarded." in page
    assert "Lüwu Bearings" in page
    for wrong in ("?lab=nobody", "?reason=x", "?year=1900", "?year=2099"):
        assert client.get(f"/lab/rewards/not-counted{wrong}").status_code == 200


def test_it_takes_few_statements(world, client):
    sign_in(client, world.owner, world.labs[0].firm)
    client.get("/lab/rewards")
    statements = []

    def count(_connection, _cursor, statement, *_more):
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        for path, most in (("/lab/rewards", 12), ("/lab/rewards/not-counted", 16)):
            statements.clear()
            assert client.get(path).status_code == 200
            assert len(statements) <= most, "\n".join(one[:120] for one in statements)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


def test_the_expectation_adds_up_to_the_firms(world, client, clock):
    clock.set("2026-11-20 10:00")
    sign_in(client, world.owner, world.labs[0].firm)
    page = text_of(client.get("/lab/rewards/expected", headers=ENGLISH))
    together = sum(
        fen
        for (fen,) in db.session.query(RewardLine.payable_fen)
        .join(RewardRun)
        .filter(RewardRun.month == "2026-10", RewardLine.firm_id == world.labs[0].firm_id)
    )
    assert f"Firm 0.00 {plain_amount(together)} {plain_amount(together)}" in page


@pytest.mark.engines("sqlite", "postgresql")
def test_held_back_stands_once_under_the_paper_to_be_got_first(world, client):
    firm = world.labs[0].firm
    day = date(2026, 10, 20)
    cases = {
        Lacking.REPORT: {"state": "tested", "charged_fen": 1_000, "invoiced_fen": 1_000, "paid_fen": 1_000},
        Lacking.INVOICE: {"state": "reported", "charged_fen": 2_000, "invoiced_fen": 500, "recognised_fen": 0},
        Lacking.PAYMENT: {
            "state": "reported",
            "charged_fen": 4_000,
            "invoiced_fen": 4_000,
            "paid_fen": 1_500,
            "recognised_fen": 1_500,
        },
    }
    with transaction():
        other, lab = factories.firm(), add_lab(world, firm)
        made = {kind: add_booking(world, lab, other, day, **given).ref for kind, given in cases.items()}
        add_booking(world, world.labs[2], other, day, **cases[Lacking.REPORT])
    actor = factories.actor(world.owner, firm, "owner")
    held = {one.lacking: (one.bookings, one.fen) for one in held_back(actor, lab_id=lab.id)}
    assert held == {Lacking.REPORT: (1, 1_000), Lacking.INVOICE: (1, 2_000), Lacking.PAYMENT: (1, 2_500)}
    assert sum(fen for _count, fen in held.values()) == missing_sums(actor, lab_id=lab.id).not_counted_fen
    for kind, ref in made.items():
        assert [row.booking.ref for row in missing_documents(actor, first=kind, lab_id=lab.id)] == [ref]
    sign_in(client, world.owner, firm)
    page = client.get("/lab/rewards/expected", headers=ENGLISH).text
    assert "/lab/papers?held=invoice" in page
    shown = client.get(f"/lab/papers?held=invoice&lab={lab.code}", headers=ENGLISH).text
    assert made[Lacking.INVOICE] in shown
    assert made[Lacking.REPORT] not in shown
