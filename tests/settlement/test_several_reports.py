"""Several reports at once: matched by their files' names, recorded when a person says so (R-RESULT-5)."""

import io
import re
from html import unescape

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from labshare.kernel.database import db
from labshare.settlement.models import Report
from labshare.settlement.rules.file_names import Waiting, propose_files
from labshare.settlement.terms import FileMatch
from tests.settlement.world import World, pdf, signed_in

ENGLISH = {"Accept-Language": "en"}
WAITING = (
    Waiting(ref="B-202606-AAAA1", code="XC-012", clients=("新昌轴承有限公司", "Xinchang Bearing Co., Ltd.")),
    Waiting(ref="B-202606-AAAA2", code="XC-012", clients=("新昌轴承有限公司",)),
    Waiting(ref="B-202606-AAAA3", code="XC-012", clients=("天姥五金厂",), marked=True),
    Waiting(ref="B-202606-AAAA4", code="XC-012", clients=("沃洲仪表厂",)),
)


@pytest.mark.parametrize(
    ("name", "match", "ref", "number", "sure"),
    [
        ("B-202606-AAAA1.pdf", FileMatch.REFERENCE, "B-202606-AAAA1", "", True),
        ("b202606aaaa1 final.pdf", FileMatch.REFERENCE, "B-202606-AAAA1", "", True),
        ("XC-012-2026-0042_B-202606-AAAA1.pdf", FileMatch.REFERENCE, "B-202606-AAAA1", "XC-012-2026-0042", True),
        ("B-202606-AAAA3.pdf", FileMatch.MARKED, "B-202606-AAAA3", "", False),
        ("沃洲仪表厂 报告.pdf", FileMatch.CLIENT, "B-202606-AAAA4", "", False),
        ("新昌轴承有限公司.pdf", FileMatch.SEVERAL, "", "", False),
        ("B-202606-AAAA1 B-202606-AAAA2.pdf", FileMatch.SEVERAL, "", "", False),
        ("B-202606-BBBB9.pdf", FileMatch.NOT_WAITING, "", "", False),
        ("B-202606-ZZZZ9.pdf", FileMatch.UNKNOWN, "", "", False),
        ("scan001.pdf", FileMatch.UNKNOWN, "", "", False),
        ("", FileMatch.UNKNOWN, "", "", False),
    ],
)
def test_a_name_is_matched(name, match, ref, number, sure):  # R-RESULT-5
    found = propose_files([name], WAITING, ["B-202606-BBBB9"])[0]
    assert (found.match, found.ref, found.number, found.sure) == (match, ref, number, sure)


def test_two_files_of_one_booking_are_not_sure():  # R-RESULT-5
    found = propose_files(["B-202606-AAAA1.pdf", "B-202606-AAAA1 (1).pdf", "B-202606-AAAA2.pdf"], WAITING, [])
    assert [one.sure for one in found] == [False, False, True]
    assert [one.match for one in found][:2] == [FileMatch.TWICE] * 2


@pytest.fixture
def world(app):
    return World()


def check(client, *files):
    sent = [FileStorage(io.BytesIO(content), name) for name, content in files]
    boundary, body = encode_multipart(MultiDict([("files", each) for each in sent]))
    return client.post(
        "/lab/reports/several", data=body, headers=ENGLISH, content_type=f'multipart/form-data; boundary="{boundary}"'
    )


def filled(page, **given):
    """What the page would send, with some of it changed."""
    form = {"issued_on": "2026-07-01"}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = (re.search(rf'{part}="([^"]*)"', tag) for part in ("name", "value"))
        if name and re.match(r"(checked|ref|number|take)-", name[1]) and ("checkbox" not in tag or " checked" in tag):
            form[name[1]] = unescape(value[1]) if value else ""
    return form | given


def record(client, form):
    return client.post("/lab/reports/several/record", data=form, headers=ENGLISH)


def recorded():
    rows = db.session.execute(select(Report.number, Report.booking_id).order_by(Report.id))
    return [(number, booking) for number, booking in rows]


def test_all_that_are_ticked_are_recorded_and_the_others_stay(app, world):  # R-RESULT-5
    second, third = world.another(), world.another()
    client = signed_in(app, world.manager)
    files = [(f"{one.ref}.pdf", pdf(one.ref)) for one in (world, second)]
    page = check(client, *files, ("scan.pdf", pdf("scan")), ("notes.pdf", b"MZ")).text
    assert "Not a PDF." in page
    assert not recorded()
    answer = record(client, filled(page))
    assert answer.status_code == 200
    assert "scan.pdf" in answer.text
    assert f"{world.ref}.pdf" not in answer.text
    code = world.lab.code
    assert recorded() == [(f"{code}-2026-0001", world.id), (f"{code}-2026-0002", second.id)]
    answer = record(client, filled(answer.text, **{"ref-2": third.ref, "number-2": "OWN-1", "only": "2"}))
    assert answer.status_code == 303
    assert recorded()[2:] == [("OWN-1", third.id)]
    assert {one.stands for one in (world, second, third)} == {"reported"}


def test_a_days_reports_may_be_larger_than_one_file(app, world):  # R-RESULT-5
    client = signed_in(app, world.manager)
    limit = app.config["UPLOAD_LIMIT"]
    files = [(f"scan {n}.pdf", _large(str(n), limit // 6)) for n in range(7)]
    page = check(client, *files, ("large.pdf", _large("large", limit))).text
    assert page.count('name="checked-') == len(files)
    assert page.count("Larger than 20 MB.") == 2  # of the file, and for the script


def _large(text, size):
    head = b"%PDF-1.4\n"
    return head + b"%" * size + b"\n" + pdf(text).removeprefix(head)


def test_all_or_none_and_what_was_typed_stays(app, world):  # R-RESULT-5
    second, foreign = world.another(), World()
    client = signed_in(app, world.manager)
    page = check(client, (f"{world.ref}.pdf", pdf("1")), ("other.pdf", pdf("2"))).text
    for ref, number, said in (
        (foreign.ref, "", "no such booking"),
        (second.ref, f"{world.lab.code}-2026-0009", "run on without gaps"),
        (world.ref, "", "has a report"),
    ):
        form = filled(
            page, **{"take-1": "1", "ref-1": ref, "number-1": number, "number-0": f"{world.lab.code}-2026-0001"}
        )
        answer = record(client, form)
        assert answer.status_code == 422
        assert said in answer.text
        assert f'value="{ref}"' in answer.text
        assert not recorded()


def test_a_checked_file_is_its_uploaders(app, world):
    """A page made up, or taken over by somebody else, records nothing."""
    page = check(signed_in(app, world.manager), (f"{world.ref}.pdf", pdf())).text
    stranger = World()
    for client, form in (
        (signed_in(app, stranger.manager), filled(page)),
        (signed_in(app, world.manager), filled(page) | {"checked-0": "made.up"}),
    ):
        assert record(client, form).status_code == 409
        assert not recorded()


def test_the_same_file_twice_and_a_second_click(app, world):  # R-RESULT-5
    second = world.another()
    client = signed_in(app, world.manager)
    page = check(client, (f"{world.ref}.pdf", pdf()), (f"{second.ref}.pdf", pdf())).text
    assert "The same file twice." in record(client, filled(page)).text
    assert not recorded()
    form = filled(page)
    del form["take-1"]
    assert record(client, form).status_code == 200
    assert "has a report" in record(client, form).text
    assert len(recorded()) == 1


def test_too_many_files_and_none(app, world):
    client = signed_in(app, world.manager)
    assert "Choose a file." in check(client).text
    assert check(client, *[(f"{n}.pdf", b"%PDF-") for n in range(51)]).status_code == 422
