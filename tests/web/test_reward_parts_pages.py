"""Pages and files that show a payable sum say which months it is for; regulators' tasks, payers, the payment list."""

import html
import io
import re
from datetime import date, timedelta

import pytest
import python_calamine
from pypdf import PdfReader
from sqlalchemy import select, update

from labshare.audit.models import AuditEvent
from labshare.kernel.capitals import capital
from labshare.kernel.database import db, transaction
from labshare.kernel.formatting import plain_amount
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.organisations.bank_accounts import BankAccount
from labshare.organisations.models import Firm, RegulatorRole
from labshare.rewards import services
from labshare.rewards.models import RewardLine, RewardRun
from labshare.rewards.queries.runs import calculate_now, policies_in_force
from labshare.settlement.models import Payment
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy
from tests.signing import sign_in

pytestmark = pytest.mark.slow

SEPTEMBER, OCTOBER, NOVEMBER = (Month(2026, number) for number in (9, 10, 11))
LANGUAGES = ["zh-CN", "en"]


@pytest.fixture
def world(app, clock):
    """Two labs of two firms that earn in September, October and November; September is in public notice, October
    calculated; it is November."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year()
        put_policy(world, now, effective_from="2026-09")
        client = factories.firm()
        for number in range(2):
            lab = add_lab(world)
            factories.bank_account(lab.firm, f"1211{number:011d}")
            for month, fen in (("2026-09", 500_000), ("2026-10", 300_100), ("2026-11", 70_000)):
                booking = add_booking(world, lab, client, date(2026, int(month[5:]), 2))
                add_revenue(booking, month, fen * (number + 1))
        world.owner = factories.member(world.labs[0].firm)
    for month in (SEPTEMBER, OCTOBER):
        with transaction():
            services.run_month(actor=world.acting("officer"), now=clock.now, month=month)
    with transaction():
        services.publish(actor=world.acting("officer"), now=clock.now, month=SEPTEMBER)
    return world


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def payable(month, lab):
    return (
        db.session.query(RewardLine.payable_fen)
        .join(RewardRun)
        .filter(RewardRun.month == str(month), RewardLine.lab_id == lab.id)
        .scalar()
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_expected_reward_tells_the_months_own_part_from_the_earlier_ones(world, client, language):
    sign_in(client, world.owner, world.labs[0].firm)
    lab = world.labs[0]
    text = text_of(client.get("/lab/rewards/expected", headers={"Accept-Language": language}))
    result = calculate_now(policies_in_force(NOVEMBER)[0], NOVEMBER)
    together = next(line.payable_fen for line in result.calculation.lines if line.code == lab.code)
    september, october = payable(SEPTEMBER, lab), payable(OCTOBER, lab)
    assert 0 < september < october < together
    for fen in (september, october - september, together - october, october, together):
        assert plain_amount(fen) in text
    assert ("前期未审定部分" if language == "zh-CN" else "Earlier months, not approved yet") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_and_its_files_say_it_too(world, client, clock, language):
    with transaction():
        services.publish(actor=world.acting("officer"), now=clock.now, month=OCTOBER)
    lab = world.labs[0]
    sign_in(client, world.owner, lab.firm)
    head = {"Accept-Language": language}
    september, october = payable(SEPTEMBER, lab), payable(OCTOBER, lab)
    own = october - september

    path = f"/lab/rewards/2026-10/{lab.code}"
    page = text_of(client.get(path, headers=head))
    assert plain_amount(own) in page
    assert plain_amount(september) in page

    listed = text_of(client.get("/lab/rewards", headers=head))
    assert ("含核算时尚未审定的" if language == "zh-CN" else "not approved when this was calculated") in listed
    for fen in (own, september, october):
        assert plain_amount(fen) in listed

    pdf = PdfReader(io.BytesIO(client.get(f"{path}?format=pdf", headers=head).data))
    words = re.sub(r"\s+", "", "".join(one.extract_text() for one in pdf.pages))
    assert f"{plain_amount(own)}=" in words

    book = python_calamine.CalamineWorkbook.from_filelike(
        io.BytesIO(client.get(f"{path}?format=xlsx", headers=head).data)
    )
    rows = book.get_sheet_by_index(1).to_python()
    assert [round(row[2] * 100) for row in rows[1:]] == [september, own, october]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_run_and_the_list_of_runs_say_what_is_whose(world, client, language):
    sign_in(client, world.officer)
    head = {"Accept-Language": language}
    september, october = (db.session.query(RewardRun).filter_by(month=str(one)).one() for one in (SEPTEMBER, OCTOBER))
    own = october.total_payable_fen - september.total_payable_fen
    for path in ("/regulator/rewards/2026-10", "/regulator/rewards"):
        assert plain_amount(own) in text_of(client.get(path, headers=head))
    assert plain_amount(october.total_payable_fen) in text_of(client.get("/regulator/rewards", headers=head))


# ── tasks ────────────────────────────────────────────────────────────────────────────────────────────────────────


def tasks(client, person, language="en"):
    sign_in(client, person)
    return client.get("/regulator/tasks", headers={"Accept-Language": language}).text


def test_approval_is_a_task_from_its_day_on_and_of_the_approver(world, client, clock):
    assert "September 2026: approve the run" not in tasks(client, world.approver)
    assert "September 2026: in public notice" in tasks(client, world.approver)
    clock.advance(days=10)
    mine = tasks(client, world.approver).split("Waits for others")[0]
    assert "September 2026: approve the run" in mine
    of_officer = tasks(client, world.officer)
    assert "September 2026: approve the run" not in of_officer.split("Waits for others")[0]
    assert "October 2026: publish the run" in of_officer.split("Waits for others")[0]

    with transaction():
        services.approve(actor=world.acting("approver"), now=clock.now, month=SEPTEMBER)
    assert "September 2026: pay out the run" in tasks(client, world.officer).split("Waits for others")[0]


def test_corrections_and_roles_wait_for_whoever_did_not_propose_them(world, client, clock):
    with transaction():
        proposed = services.propose_correction(
            actor=world.acting("officer"), now=clock.now, lab=world.labs[0].code, fen=1_000, reason="x"
        )
        admins = [factories.regulator("admin") for _ in range(2)]
        factories.add(
            RegulatorRole(
                person_id=factories.person().id,
                role="auditor",
                division="",
                proposed_by=admins[0].id,
                proposed_at=clock.now,
            )
        )
        services.confirm_correction(actor=world.acting("approver"), now=clock.now, correction_id=proposed.id)
    assert "1 correction to decide" in tasks(client, world.second_officer)
    assert "1 correction to decide" not in tasks(client, world.officer)
    assert "1 role to agree to" in tasks(client, admins[1])
    assert "1 role to agree to" not in tasks(client, admins[0])


# ── payers, payment list ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_payer_is_decided_with_a_reason_that_stays(world, client, clock, language):
    with transaction():
        booking = world.bookings[0]
        payer = factories.firm(name="代付公司")
        factories.affiliation(payer, db.session.get_one(Firm, booking.client_firm_id), "controls", date(2026, 1, 1))
        payment = factories.add(
            Payment(
                booking_id=booking.id,
                amount_fen=100,
                paid_on=date(2026, 10, 20),
                reference="R1",
                payer_uscc=payer.uscc,
                by_client=False,
                recorded_by=world.officer.id,
                recorded_at=clock.now,
            )
        )
    sign_in(client, world.officer)
    head = {"Accept-Language": language}
    page = client.get("/regulator/payers", headers=head).text
    dialog = page.split(f'id="accept-{payment.id}"')[1].split("</dialog>")[0]
    assert payer.uscc in dialog
    assert ("与委托方存在关联：控股" if language == "zh-CN" else "Affiliated with the client: Controls") in dialog

    assert client.post(f"/regulator/payers/{payment.id}/accept", data={"note": ""}, headers=head).status_code == 422
    answer = client.post(f"/regulator/payers/{payment.id}/reject", data={"note": "母公司，未附代付协议"}, headers=head)
    assert answer.status_code == 303, answer.text
    decided = client.get("/regulator/payers?show=decided", headers=head).text
    assert world.officer.name in decided
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "payment.reject_payer")).one()
    assert event.after["note"] == "母公司，未附代付协议"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_payment_list_has_what_the_bank_and_the_file_need(world, client, clock, language):
    sign_in(client, world.officer)
    head = {"Accept-Language": language}
    path = "/regulator/rewards/2026-09/payment-list"
    assert client.get(path, headers=head).status_code == 302  # nothing to pay yet
    clock.advance(days=10)
    with transaction():
        services.approve(actor=world.acting("approver"), now=clock.now, month=SEPTEMBER)
    assert path in client.get("/regulator/rewards/2026-09", headers=head).text

    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(client.get(path, headers=head).data))
    firms, labs, basis = (book.get_sheet_by_index(place).to_python() for place in range(3))
    run = db.session.query(RewardRun).filter_by(month="2026-09").one()
    assert {(row[2], row[3], round(row[5] * 100)) for row in firms[1:-1]} == {
        (lab.firm.uscc, f"1211{number:011d}", payable(SEPTEMBER, lab)) for number, lab in enumerate(world.labs)
    }
    assert round(firms[-1][5] * 100) == run.total_payable_fen == round(labs[-1][5] * 100)
    assert firms[-1][6] == capital(run.total_payable_fen)
    said = " ".join(str(cell) for row in basis for cell in row)
    assert run.policy.name in said
    assert run.digest in said
    exported = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "export.take")).all()
    assert exported[-1].subject_id == "payment_list"


def test_whoever_pays_looks_at_accounts_before(world, client, clock):  # R-FIRM-8
    """October: one changed its account since September was paid and has it in common with a third firm, the other has
    none any more that opens; whole numbers are for who pays."""
    sign_in(client, world.officer)
    head = {"Accept-Language": "en"}
    first, second = (lab.firm for lab in world.labs)
    clock.advance(days=10)
    with transaction():
        services.approve(actor=world.acting("approver"), now=clock.now, month=SEPTEMBER)
    page = text_of(client.get("/regulator/rewards/2026-09", headers=head))
    assert page.count("First payment to this firm") == 2
    with transaction():
        services.pay(
            actor=world.acting("officer"), now=clock.now, month=SEPTEMBER, paid_on=local_day(clock.now), reference="1"
        )
    today = local_day(clock.now)
    with transaction():
        factories.bank_account(db.session.merge(first), "622200112233", counts_from=today + timedelta(days=2))
        factories.bank_account(third := factories.firm(), "6222-0011-2233")
        db.session.execute(update(BankAccount).where(BankAccount.firm_id == second.id).values(sealed="x"))
    clock.advance(days=3)
    with transaction():
        services.run_month(actor=world.acting("officer"), now=clock.now, month=OCTOBER)
        services.publish(actor=world.acting("officer"), now=clock.now, month=OCTOBER)
    clock.advance(days=10)
    with transaction():
        services.approve(actor=world.acting("approver"), now=clock.now, month=OCTOBER)
    sign_in(client, world.officer)
    page = text_of(client.get("/regulator/rewards/2026-10", headers=head))
    for said in ("Changed since the last payment", "Same account as another firm", "cannot be read", third.uscc):
        assert said in page
    assert "First payment" not in page
    assert "622200112233" not in page
    numbers = {}
    for reader in (world.officer, world.approver):
        sign_in(client, reader)
        list_ = client.get("/regulator/rewards/2026-10/payment-list", headers=head).data
        rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(list_)).get_sheet_by_index(0).to_python()
        numbers[reader.id] = {row[3] for row in rows[1:-1]}
    assert numbers == {world.officer.id: {"622200112233", "…0001"}, world.approver.id: {"…2233", "…0001"}}
