"""Originals of fully digital invoices (R-PAPER-13): read, kept, held against the booking. All files are invented."""

import io
from datetime import date
from typing import Any

import pytest

from labshare.kernel.database import db
from labshare.kernel.errors import InvalidInputs
from labshare.settlement import errors
from labshare.settlement.models import Invoice
from tests import factories
from tests.settlement.original_files import NUMBER, InvoiceData, invoice_data, ofd_of, pdf_of, xml_of, zipped
from tests.settlement.world import World, pdf, signed_in, taken

ENGINES = ("sqlite",)  # what is read asks no database, what is refused is the service's
ENGLISH = {"Accept-Language": "en"}
BOMB = b"<EInvoice>" + b" " * (30 << 20) + b"</EInvoice>"
LAUGH = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.fixture
def world(app) -> World:
    return World()


def original(content: bytes, name: str = "invoice.xml") -> Any:
    return taken(content, name, "original")


@pytest.mark.parametrize("kind", ["xml", "attached", "facts", "words", "pdf"])
def test_what_an_original_says_is_read(world, tmp_path, kind):
    data = invoice_data(world)
    made = {"xml": lambda: xml_of(data), "pdf": lambda: pdf_of(data, tmp_path)}.get(kind, lambda: ofd_of(data, kind))
    file = original(made())
    assert file.problem is None
    read = file.original
    assert (read.number, read.issued_on, read.amount_fen, read.tax_fen) == (NUMBER, data.day, 100_000, 5_660)
    assert (read.seller_uscc, read.buyer_uscc) == (world.host.uscc, world.client.uscc)
    world.invoice(tax=5_660, number=NUMBER, file=file)
    invoice = db.session.query(Invoice).one()
    assert (invoice.whole_fen, invoice.file.name) == (100_000, "invoice.xml")


@pytest.mark.parametrize(
    ("given", "problem", "place"),
    [
        ({"number": "26332000000000000019"}, "OriginalSaysNumber", "number"),
        ({"day": date(2026, 6, 21)}, "OriginalSaysDay", "issued_on"),
        ({"whole": "900.00"}, "OriginalSaysAmount", "amount_fen"),
        ({"tax": "56.61"}, "OriginalSaysTax", "tax_fen"),
        ({"seller": factories.Firm(uscc=factories.credit_code(7), name="别的公司")}, "OriginalOfOtherSeller", "file"),
        ({"buyer": factories.Firm(uscc=factories.credit_code(8), name="别的客户")}, "OriginalOfOtherBuyer", "file"),
    ],
)
def test_what_it_says_otherwise_is_refused_at_its_field(world, given, problem, place):
    file = original(xml_of(invoice_data(world, **given)))
    with pytest.raises(errors.InvalidInput) as refused:
        world.invoice(tax=5_660, number=NUMBER, file=file)
    found = refused.value.problems if isinstance(refused.value, InvalidInputs) else (refused.value,)
    assert [(each.code, each.field) for each in found] == [(problem, place)]
    assert world.money[1] == 0


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"number": "26332000000000000019"}, errors.OriginalSaysNumber),
        ({"whole": "1000.01", "net": "943.41"}, errors.OriginalSaysAmount),
        ({"buyer": factories.Firm(uscc=factories.credit_code(8), name="别的客户")}, errors.OriginalOfOtherBuyer),
    ],
)
def test_words_on_a_page_refuse_too(world, given, problem):
    with pytest.raises(problem):
        world.invoice(tax=5_660, number=NUMBER, file=original(ofd_of(invoice_data(world, **given), "words")))


def test_a_scan_says_nothing_and_is_taken_as_before(world):
    file = original(pdf())
    assert (file.problem, file.original) == (None, None)
    world.invoice(tax=1, file=file)
    assert world.money[1] == 100_000


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"<a>1</a>", errors.NotAnInvoiceFile, id="no invoice"),
        pytest.param(b"<EInvoice><a>", errors.NotAnInvoiceFile, id="broken"),
        pytest.param(zipped({"OFD.xml": b"<a/>"}), errors.NotAnInvoiceFile, id="OFD that says nothing"),
        pytest.param(zipped({"a.txt": b"a"}), errors.NotAnInvoiceFile, id="no OFD"),
        pytest.param(zipped({f"{n}.xml": b"" for n in range(501)} | {"OFD.xml": b"<a/>"}), errors.NotAnInvoiceFile,
                     id="too many files"),
        pytest.param(zipped({"OFD.xml": b"<a/>", "Doc_0/Attachs/a.xml": BOMB}), errors.NotAnInvoiceFile, id="bomb"),
        pytest.param(BOMB[:-20], errors.FileTooLarge, id="large"),
        pytest.param(b"PK\x03\x04rest", errors.NotAnInvoiceFile, id="broken zip"),
        pytest.param(b"GIF89a", errors.NotAnInvoiceFile, id="another kind"),
    ],
)  # fmt: skip
def test_what_is_no_original_is_refused(app, content, problem):
    assert isinstance(original(content).problem, problem)


def test_entities_are_not_taken(world):
    assert isinstance(original(xml_of(invoice_data(world), head=LAUGH)).problem, errors.NotAnInvoiceFile)
    assert isinstance(taken(xml_of(invoice_data(world)), "a.xml", "document").problem, errors.NotAPdfOrImage), (
        "no bank slip"
    )


def test_the_first_of_a_name_counts_not_one_put_in_later(world):
    more = "<BasicInformation><TotalTax-includedAmount>1.00</TotalTax-includedAmount></BasicInformation>"
    assert original(xml_of(invoice_data(world, more=more))).original.amount_fen == 100_000


def test_one_original_over_several_bookings_is_recorded_whole_and_never_more(world):
    from labshare.settlement.services import Share

    other = world.another()
    file = original(xml_of(invoice_data(world)))
    with pytest.raises(errors.OriginalSaysAmount):
        world.invoice(60_000, tax=5_660, number=NUMBER, file=file)
    world.invoice(
        60_000, tax=3_000, number=NUMBER, file=file, also=[Share(ref=other.ref, amount_fen=40_000, tax_fen=2_660)]
    )
    with pytest.raises(errors.OriginalSaysAmount):
        world.another().invoice(1, number=NUMBER)


def test_a_red_letters_original_is_below_zero_and_may_be_recorded_in_parts(world):
    line = world.invoice(tax=5_660)
    red = invoice_data(world, day=world.today, net="-943.40", tax="-56.60", whole="-1000.00")
    with pytest.raises(errors.InvalidInput):
        world.red_letter(
            line, 40_000, tax=2_000, number=NUMBER, file=original(xml_of(invoice_data(world, day=world.today)))
        )
    world.red_letter(line, 40_000, tax=2_000, number=NUMBER, file=original(xml_of(red)))
    assert world.money[1] == 60_000


# Pages and the API


def test_the_form_is_filled_in_from_the_file_which_stays_with_it(app, world):
    client = signed_in(app, world.accountant)
    path = f"/lab/bookings/{world.ref}/invoice"
    file = (io.BytesIO(ofd_of(invoice_data(world))), "发票.ofd")
    page = client.post(path, data={"fill": "1", "file": file}, headers=ENGLISH)
    assert page.status_code == 200
    assert world.money[1] == 0, "reading records nothing"
    kept = page.text.split('name="kept"')[1].split('value="')[1].split('"')[0]
    for value in (NUMBER, "2026-06-20", "1,000.00", "56.60"):
        assert f'value="{value}"' in page.text
    assert "发票.ofd" in page.text
    form = {"number": NUMBER, "issued_on": "2026-06-20", "amount_fen": "1,000.00", "tax_fen": "50", "kept": kept}
    wrong = client.post(path, data=form, headers=ENGLISH)
    assert "The invoice file says" in wrong.text
    assert "发票.ofd" in wrong.text, "the file is not lost where another field is wrong"
    stranger = World()
    theirs = signed_in(app, stranger.accountant).post(
        f"/lab/bookings/{stranger.ref}/invoice", data={**form, "tax_fen": "56.60"}, headers=ENGLISH
    )
    assert theirs.status_code == 409, "another's file"
    assert client.post(path, data={**form, "tax_fen": "56.60"}).status_code == 303
    invoice = db.session.query(Invoice).one()
    with client.get(f"/files/invoice/{invoice.id}") as answer:
        assert answer.headers["Content-Type"] == "application/ofd"
        assert "attachment" in answer.headers["Content-Disposition"]


def test_reading_says_at_once_that_the_parties_are_others(app, world):
    client = signed_in(app, world.accountant)
    other: InvoiceData = invoice_data(world, buyer=World().client)
    file = (io.BytesIO(xml_of(other)), "a.xml")
    path = f"/lab/bookings/{world.ref}/invoice"
    page = client.post(path, data={"fill": "1", "file": file}, headers=ENGLISH)
    assert "names another buyer" in page.text
    nothing = client.post(path, data={"fill": "1"}, headers=ENGLISH)
    assert "Choose a file." in nothing.text
    scan = client.post(path, data={"fill": "1", "file": (io.BytesIO(pdf()), "a.pdf")}, headers=ENGLISH)
    assert "Nothing can be read" in scan.text
