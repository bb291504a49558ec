"""The papers' pages: what can be done by form, and each bad input with its message at its field in both languages."""

import io
import re
from html import unescape
from pathlib import Path

import pytest
import yaml
from sqlalchemy import event

from labshare.audit.models import AuditEvent
from labshare.kernel.database import db
from labshare.kernel.months import Month
from labshare.settlement.models import Invoice, Payment, Report
from tests import factories
from tests.settlement.world import World, laughing_pdf, pdf, signed_in, snapshot

pytestmark = pytest.mark.slow

CHINESE, ENGLISH = {"Accept-Language": "zh-CN"}, {"Accept-Language": "en-GB"}


@pytest.fixture
def world(app):
    return World()


@pytest.fixture
def lab_client(app, world):
    return signed_in(app, world.manager)


def file(content=None, name="report.pdf"):
    return (io.BytesIO(pdf() if content is None else content), name)


def send(client, path, form, headers=CHINESE):
    return client.post(path, data=form, headers=headers, content_type="multipart/form-data")


def send_large(client, path, form, size, headers=CHINESE):
    """A form with a PDF of this size as its file."""
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.items()
    ]
    head = 'Content-Disposition: form-data; name="file"; filename="big.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    body = "".join([*parts, "--edge\r\n", head]).encode() + pdf().ljust(size, b"\0") + b"\r\n--edge--\r\n"
    return client.post(path, data=body, headers=headers, content_type="multipart/form-data; boundary=edge")


def errors_of(html):
    """field → message, from the page."""
    found = {}
    for name, block in re.findall(r'<div class="field-error" id="([\w-]+)-error">(.*?)</div>', html, re.S):
        found[name] = unescape(re.sub(r"<[^>]+>", "", block)).strip()
    return found


MEGABYTE = 1024 * 1024
REPORT = {"number": "XC-1-2026-0007", "issued_on": "2026-06-21", "replaces": ""}
INVOICE = {"number": "26332000000009018427", "issued_on": "2026-06-21", "amount_fen": "1,000.00", "tax_fen": "56.60"}
RED_LETTER = {"number": "26332000000009018499", "issued_on": "2026-11-24", "amount_fen": "100", "tax_fen": "5"}
PAYMENT = {"amount_fen": "1,000.00", "paid_on": "2026-06-21", "reference": "ICBC-1"}


def test_report_invoice_payment_by_form_settle_the_booking(app, world, lab_client):
    path = f"/lab/bookings/{world.ref}"
    page = lab_client.get(f"{path}/report", headers=CHINESE).text
    assert f'value="{world.lab.code}-2026-0001"' in page
    assert send(lab_client, f"{path}/report", {**REPORT, "file": file()}).status_code == 303
    assert world.stands == "reported"
    assert send(lab_client, f"{path}/invoice", {**INVOICE, "file": file(name="发票.pdf")}).status_code == 303
    page = lab_client.get(f"{path}/payment", headers=CHINESE).text
    assert f'value="{world.client.uscc}"' in page
    assert 'value="1,000.00"' in page
    answer = send(lab_client, f"{path}/payment", {**PAYMENT, "payer_uscc": world.client.uscc, "file": file()})
    assert answer.status_code == 303
    assert world.money == (100_000, 100_000, 100_000, 100_000)
    assert world.stands == "settled"
    assert world.ledger == {"2026-06": (100_000, 5_660)}


def test_red_letter_and_refund_by_form(app, world, lab_client):
    line = world.invoice(tax=5_660)
    world.payment()
    path = f"/lab/bookings/{world.ref}"
    red = {
        "reverses": line,
        "number": "26332000000009018499",
        "issued_on": "2026-11-24",
        "amount_fen": "200",
        "tax_fen": "11.32",
    }
    assert send(lab_client, f"{path}/red-letter", red).status_code == 303
    back = {"amount_fen": "200", "paid_on": "2026-11-24", "reference": "B1", "payer_uscc": world.client.uscc}
    assert send(lab_client, f"{path}/refund", back).status_code == 303
    assert world.money[1:3] == (80_000, 80_000)


def test_one_invoice_for_several_bookings(app, world, lab_client):
    other = world.another(price_fen=40_000)
    form = {**INVOICE, f"amount_{other.id}": "400", f"tax_{other.id}": "22.64"}
    assert send(lab_client, f"/lab/bookings/{world.ref}/invoice", form).status_code == 303
    assert (world.money[1], other.money[1]) == (100_000, 40_000)
    assert db.session.query(Invoice).count() == 1


def test_the_other_bookings_of_an_invoice_are_folded_until_something_stands_there(app, world, lab_client):
    other = world.another(price_fen=40_000)
    path = f"/lab/bookings/{world.ref}/invoice"
    for page, is_open in (
        (lab_client.get(path), False),
        (send(lab_client, path, {**INVOICE, "number": ""}), False),
        (send(lab_client, path, {**INVOICE, f"amount_{other.id}": "much"}), True),
    ):
        folded = re.search(r"<details[^>]*>(?=<summary>[^<]*</summary>\s*<fieldset)", page.text)
        assert folded
        assert ("open" in folded[0]) == is_open


@pytest.mark.parametrize("form", ["report", "invoice", "red-letter", "payment", "refund"])
def test_what_is_wrong_is_listed_in_the_order_of_the_page(app, world, lab_client, form):
    page = send(lab_client, f"/lab/bookings/{world.ref}/{form}", {}).text
    listed = re.findall(r'<li><a href="#([\w-]+)">', page)
    assert len(listed) > 1
    assert listed == sorted(listed, key=lambda field: page.index(f' id="{field}"'))


def test_second_click_on_payment_records_once(app, world, lab_client):
    form = {**PAYMENT, "amount_fen": "100", "payer_uscc": world.client.uscc}
    form["submission"] = "0f7cf5f4-3c0f-4ab4-a7f1-1d6f1c5dbb7e"
    for _ in range(2):
        assert send(lab_client, f"/lab/bookings/{world.ref}/payment", dict(form)).status_code == 303
    assert world.money[2] == 10_000
    assert db.session.query(Payment).count() == 1


BAD = yaml.load((Path(__file__).parent / "cases" / "bad_input.yaml").read_text(), Loader=yaml.CSafeLoader)


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case['form']} {case['field']} {case['english']}")
def test_bad_input_has_its_message_at_its_field(app, world, lab_client, case):
    form, typed, field, chinese, english = (case[name] for name in ("form", "typed", "field", "chinese", "english"))
    stranger = World(lab=world.lab)
    stranger.report(number="USED-1")
    stranger.invoice(10_000, number="26332000000009018400")
    reverses = None
    if form == "red-letter":
        reverses = world.invoice(50_000, on=world.finished_on.replace(day=21), tax=2_830)
    good = {
        "report": {**REPORT, "file": (pdf(), "report.pdf")},
        "invoice": INVOICE,
        "payment": {**PAYMENT, "payer_uscc": world.client.uscc},
        "refund": {**PAYMENT, "payer_uscc": world.client.uscc, "paid_on": "2026-11-24"},
        "red-letter": {**RED_LETTER, "reverses": reverses},
    }[form]
    before = snapshot()
    for headers, message in ((CHINESE, chinese), (ENGLISH, english)):
        values = {**good, **typed}
        upload = values.pop("file", None)
        if upload and isinstance(upload[0], str):
            upload = (upload[0].encode("latin-1"), upload[1])
        answer = send(
            lab_client,
            f"/lab/bookings/{world.ref}/{form}",
            {**values, **({"file": file(upload[0], upload[1])} if upload else {})},
            headers,
        )
        assert 400 <= answer.status_code < 500
        found = errors_of(answer.text)
        assert set(found) == {field}
        if message:
            assert found[field] == message
        for name, value in values.items():
            if name not in ("reverses", "replaces"):
                assert f'name="{name}"' in answer.text
                assert re.search(rf'<input[^>]*name="{name}"[^>]*value="{re.escape(str(value))}"', answer.text), name
    assert snapshot() == before


def test_refusals_on_money_are_in_the_trail(app, world, lab_client):
    form = {**PAYMENT, "payer_uscc": world.client.uscc, "amount_fen": "1,000.01"}
    send(lab_client, f"/lab/bookings/{world.ref}/payment", form)
    event = db.session.query(AuditEvent).filter_by(refused=True).one()
    assert (event.action, event.subject_id) == ("payment.record", world.ref)
    assert event.person_id == world.manager.person_id
    assert event.after["problem"] == "PaymentAboveCharge"


@pytest.mark.parametrize("size", [22 * MEGABYTE + 1, 200 * MEGABYTE], ids=["just above the limit", "200 MB"])
def test_a_large_file_is_told_at_its_field_and_the_rest_is_kept(app, world, lab_client, size):
    assert app.config["MAX_CONTENT_LENGTH"] < size < app.config["MAX_UPLOAD_LENGTH"]
    before = snapshot()
    for headers, message in ((CHINESE, "文件超过 20 MB。"), (ENGLISH, "Larger than 20 MB.")):
        answer = send_large(lab_client, f"/lab/bookings/{world.ref}/report", REPORT, size, headers)
        assert answer.status_code == 422
        assert errors_of(answer.text) == {"file": message}
        assert 'value="XC-1-2026-0007"' in answer.text
    assert snapshot() == before


def test_a_file_made_to_swallow_time_is_told_at_its_field(app, world, lab_client):
    app.config["PARSE_SECONDS"] = 1
    before = snapshot()
    for headers, message in (
        (CHINESE, "该文件读取时间过长。请重新另存为 PDF，例如用“打印到 PDF”生成。"),
        (ENGLISH, "This file takes too long to read. Save it as a PDF anew, for example by printing it to a PDF."),
    ):
        bomb = {**REPORT, "file": file(laughing_pdf())}
        answer = send(lab_client, f"/lab/bookings/{world.ref}/report", bomb, headers)
        assert answer.status_code == 422
        assert errors_of(answer.text) == {"file": message}
        assert 'value="XC-1-2026-0007"' in answer.text
    assert snapshot() == before
    assert send(lab_client, f"/lab/bookings/{world.ref}/report", {**REPORT, "file": file()}).status_code == 303


def test_a_stranger_reads_no_large_file(app, world):
    answer = send_large(app.test_client(), f"/lab/bookings/{world.ref}/report", REPORT, 200 * MEGABYTE)
    assert answer.status_code in (401, 403, 404, 413)


def test_several_things_wrong_are_told_together(app, world, lab_client):
    form = {**REPORT, "issued_on": "2026-06-19", "file": file(b"no pdf")}
    answer = send(lab_client, f"/lab/bookings/{world.ref}/report", form)
    assert set(errors_of(answer.text)) == {"file", "issued_on"}


def test_withdrawing_asks_for_a_reason(app, world, lab_client):
    report = world.report()
    page = f"/lab/reports/{report}/withdraw"
    answer = send(lab_client, page, {"reason": " "})
    assert answer.status_code == 422
    assert errors_of(answer.text) == {"reason": "请填写原因。"}
    assert send(lab_client, page, {"reason": "数据有误"}).status_code == 303
    assert world.stands == "tested"


# files


def test_files_go_to_the_parties_and_regulators_alone(app, world, lab_client):
    send(lab_client, f"/lab/bookings/{world.ref}/report", {**REPORT, "file": file(name="报告 1.pdf")})
    send(lab_client, f"/lab/bookings/{world.ref}/invoice", {**INVOICE, "file": file(b"\x89PNG\r\n\x1a\nrest", "i.png")})
    report, invoice = db.session.query(Report).one(), db.session.query(Invoice).one()
    report_page, invoice_page = f"/files/report/{report.id}", f"/files/invoice/{invoice.id}"
    stranger = World()
    for reader in (world.manager, world.booker, world.officer):
        with signed_in(app, reader).get(report_page) as answer:
            assert answer.status_code == 200
            assert answer.data == pdf()
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Type"] == "application/pdf"
    for reader in (world.manager, world.officer):
        with signed_in(app, reader).get(invoice_page) as answer:
            assert answer.headers["Content-Type"] == "image/png"
    assert signed_in(app, world.booker).get(invoice_page).status_code == 404  # R-RIGHTS-11
    for reader in (stranger.manager, stranger.booker):
        assert signed_in(app, reader).get(report_page).status_code == 404
        assert signed_in(app, reader).get(invoice_page).status_code == 404
    assert app.test_client().get(report_page, headers=CHINESE).status_code in (303, 401)


# lists


def test_missing_papers_names_what_lacks(app, world, lab_client):
    page = lab_client.get("/lab/papers", headers=CHINESE).text
    assert world.ref in page
    assert "缺单据" in page
    assert "已完成检测中有 1,000.00 元 尚未计入收入。" in page
    assert world.ref in lab_client.get("/lab/papers?lacks=own", headers=CHINESE).text
    world.report()
    world.invoice()
    filtered = lab_client.get("/lab/papers?lacks=report", headers=CHINESE).text
    assert world.ref not in filtered
    assert re.search(r'class="chip on" href="/lab/papers\?lacks=report" aria-current="page"', filtered)
    ours = lab_client.get("/lab/papers?lacks=own", headers=CHINESE).text
    assert world.ref not in ours, "a payment is for the client to make"
    assert world.ref in lab_client.get("/lab/papers?lacks=payment", headers=CHINESE).text
    world.payment()
    assert world.ref not in lab_client.get("/lab/papers", headers=ENGLISH).text


def test_receivables_and_ledger_with_files(app, world, lab_client):
    world.report()
    world.invoice(tax=5_660)
    world.payment(40_000)
    owed = lab_client.get("/lab/receivables", headers=CHINESE).text
    assert world.ref in owed
    assert "600.00" in owed
    ledger = lab_client.get("/lab/ledger", headers=CHINESE).text
    assert world.ref in ledger
    assert "400.00" in ledger
    csv = lab_client.get("/lab/ledger?month=2026-06&format=csv", headers=ENGLISH)
    assert csv.headers["Content-Type"].startswith("text/csv")
    line = csv.data.decode("utf-8-sig").splitlines()[1]
    assert line.startswith(f"2026-06,{world.ref},")
    assert line.endswith("400.00,22.64")
    assert lab_client.get("/lab/ledger?month=2026-06&format=xlsx").data[:2] == b"PK"
    assert lab_client.get("/lab/receivables?format=csv").data.decode("utf-8-sig").splitlines()[1].endswith("600.00")


def test_formulas_in_names_are_defused(app, world, lab_client):
    world.client.name = world.client.name_en = "=HYPERLINK(1)"
    db.session.commit()
    world.report()
    world.invoice()
    world.payment()
    csv = lab_client.get("/lab/ledger?format=csv").data.decode()
    assert "'=HYPERLINK(1)" in csv
    assert ",=HYPERLINK" not in csv


def test_another_lab_sees_nothing_of_it(app, world):
    world.report()
    world.invoice()
    world.payment(1)
    stranger = signed_in(app, World().manager)
    for page in ("/lab/papers", "/lab/receivables", "/lab/ledger"):
        assert world.ref not in stranger.get(page, headers=CHINESE).text
    for form in ("report", "invoice", "red-letter", "payment", "refund"):
        assert stranger.get(f"/lab/bookings/{world.ref}/{form}").status_code == 404
    client = signed_in(app, world.booker)
    for form in ("report", "invoice", "red-letter", "payment", "refund"):
        assert client.get(f"/lab/bookings/{world.ref}/{form}").status_code == 403


# payers


def test_officers_accept_or_reject_other_payers(app, world):
    parent = factories.firm()
    name = parent.name
    db.session.commit()
    first = world.payment(30_000, payer_uscc=parent.uscc)
    second = world.payment(20_000, payer_uscc=factories.credit_code(777_777))
    assert world.money[2] == 0
    officer = signed_in(app, world.officer)
    page = officer.get("/regulator/payers", headers=CHINESE).text
    assert name in page
    assert "未在平台注册" in page
    assert officer.post(f"/regulator/payers/{first}/accept", data={"note": ""}).status_code == 422
    assert officer.post(f"/regulator/payers/{first}/accept", data={"note": "母公司代付"}).status_code == 303
    answer = officer.post(f"/regulator/payers/{second}/reject", data={"note": ""}, headers=CHINESE)
    assert answer.status_code == 422
    assert "请填写原因。" in answer.text.split(f'id="note-reject-{second}-error"')[1].split("</div>")[0]
    assert answer.text.count("data-open-now") == 1  # the dialog is open again, nothing stands above the page
    assert answer.text.count("data-error-summary") == 1
    assert officer.post(f"/regulator/payers/{second}/reject", data={"note": "无代付说明"}).status_code == 303
    assert world.money[2] == 30_000
    assert "无代付说明" in officer.get("/regulator/payers?show=decided", headers=CHINESE).text


def test_only_officers_decide(app, world):
    payment = world.payment(30_000, payer_uscc=factories.firm().uscc)
    auditor = signed_in(app, factories.actor(factories.regulator("auditor"), None, "auditor"))
    assert auditor.get("/regulator/payers").status_code == 200
    assert "<dialog" not in auditor.get("/regulator/payers").text.split("<main")[1].split("</main>")[0]
    assert auditor.post(f"/regulator/payers/{payment}/accept", data={"note": ""}).status_code == 403
    assert signed_in(app, world.manager).get("/regulator/payers").status_code == 403
    assert world.money[2] == 0


def test_accepting_above_the_charge_is_refused(app, world):
    world.payment(90_000)
    other = world.payment(20_000, payer_uscc=factories.firm().uscc)
    officer = signed_in(app, world.officer)
    for headers, words in ((CHINESE, "超过应收金额，最多 ¥100.00。"), (ENGLISH, "More than charged: at most ¥100.00.")):
        answer = officer.post(f"/regulator/payers/{other}/accept", data={"note": "母公司代付"}, headers=headers)
        assert answer.status_code == 422
        assert words in answer.text
    assert world.money[2] == 90_000


def test_the_regulators_ledger_shows_all_labs(app, world):
    world.report()
    world.invoice()
    world.payment()
    world.close(Month(2026, 6))
    page = signed_in(app, world.officer).get("/regulator/ledger?month=2026-06", headers=CHINESE).text
    assert world.ref in page
    assert "已关账" in page


PAGES = [
    "/lab/papers",
    "/lab/papers?lacks=payment",
    "/lab/receivables",
    "/lab/ledger",
    "/lab/payments",
    "/lab/invoices",
    "/lab/red-letters",
    "/lab/bookings/{ref}/report",
    "/lab/bookings/{ref}/invoice",
    "/lab/bookings/{ref}/red-letter",
    "/lab/bookings/{ref}/payment",
    "/lab/bookings/{ref}/refund",
    "/regulator/payers",
    "/regulator/ledger",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_costs_the_same_for_few_and_many(app, world, path):
    def fill(count):
        for _ in range(count):
            other = world.another()
            other.report()
            line = other.invoice(60_000, tax=10)
            other.red_letter(line, 100)
            other.payment(40_000)
            other.payment(100, payer_uscc=factories.credit_code(55_555))

    def statements():
        seen = []

        def listen(_connection, _cursor, statement, *_rest):
            if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")):
                seen.append(statement)

        event.listen(db.engine, "after_cursor_execute", listen)
        answer = client.get(path.format(ref=world.ref), headers=CHINESE)
        event.remove(db.engine, "after_cursor_execute", listen)
        assert answer.status_code == 200
        return len(seen)

    client = signed_in(app, world.officer if path.startswith("/regulator") else world.manager)
    world.report()
    world.invoice(60_000)
    fill(1)
    few = statements()
    fill(6)
    assert statements() == few
    assert few <= 12


def test_one_transfer_for_several_bookings_by_form(app, world, lab_client):  # R-PAPER-12
    other = world.another(price_fen=40_000)
    path = f"/lab/bookings/{world.ref}/payment"
    assert other.ref in lab_client.get(path).text
    form = {**PAYMENT, "payer_uscc": world.client.uscc, f"amount_{other.id}": "400.01"}
    refused = send(lab_client, path, form)
    assert refused.status_code == 422
    assert f'id="amount_{other.id}-error"' in refused.text
    assert db.session.query(Payment).count() == 0
    assert send(lab_client, path, form | {f"amount_{other.id}": "400"}).status_code == 303
    assert (world.money[2], other.money[2]) == (100_000, 40_000)
