"""The lab's catalogue pages: each opens in both languages for whoever may see it, with few statements."""

import re
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import event, select

from labshare.booking.models import Closure
from labshare.catalogue.models import Accreditation, Calibration, Fee
from labshare.catalogue.services.index import rebuild_all
from labshare.kernel.database import db
from labshare.kernel.time import utc_now
from tests import factories as make
from tests.signing import sign_in

pytestmark = pytest.mark.slow

LANGUAGES = {"zh": "zh-CN,zh;q=0.9,en;q=0.8", "en": "en-GB,en"}
MOST_STATEMENTS = 12


@contextmanager
def counted():
    """The statements of the block; a transaction's own words do not count."""
    seen = []

    def count(_connection, _cursor, statement, *_rest):
        if not statement.upper().startswith(("BEGIN", "SAVEPOINT", "RELEASE", "PRAGMA")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    yield seen
    event.remove(db.engine, "before_cursor_execute", count)


@pytest.fixture
def house(app):
    """A firm with two labs, instruments, test items, fees ahead, certificates that end, a closure."""
    firm = make.firm(size_class="large")
    lab = make.lab(firm, address="人民路 1 号", phone="0575-1")
    make.lab(firm, state="draft")
    standard = make.standard("GB/T 228.1-2021", name="金属材料 拉伸试验")
    instrument = make.instrument(lab, calibrated=(date(2025, 1, 1), date(2026, 12, 1)), class_code="020100")
    bare = make.instrument(lab, calibrated=None, state="draft", name_en=None)
    item = make.test_item(instrument, by=standard, sample_requirement="3 根")
    draft = make.test_item(bare, state="draft", hours_min=24, hours_max=240, hours_step=24, attended=False)
    make.add(
        Accreditation(
            confirmed=True,
            lab_id=lab.id,
            kind="CMA",
            number="121108340012",
            valid_from=date(2021, 1, 1),
            valid_to=date(2026, 12, 31),
        )
    )
    closure = make.add(
        Closure(
            lab_id=lab.id, starts_at=utc_now().replace(year=2027), reason="盘点", ends_at=utc_now().replace(year=2028)
        )
    )
    affiliation = make.affiliation(firm, make.firm())
    make.grade(lab, "good", "2026-01")
    rebuild_all()
    db.session.commit()
    fee = db.session.scalars(select(Fee).where(Fee.test_item_id == item.id)).one()
    accreditation = db.session.scalars(select(Accreditation)).one()
    return {
        "firm": firm,
        "affiliation": affiliation,
        "standard": standard,
        "lab": lab,
        "instrument": instrument,
        "bare": bare,
        "item": item,
        "draft": draft,
        "fee": fee,
        "accreditation": accreditation,
        "closure": closure,
        "calibration": db.session.scalars(select(Calibration)).first(),
    }


PAGES = [
    "/lab/labs",
    "/lab/labs/new",
    "/lab/labs/{lab}",
    "/lab/labs/{lab}/edit",
    "/lab/labs/{lab}/accreditations/new",
    "/lab/accreditations/{accreditation}",
    "/lab/instruments",
    "/lab/instruments/new",
    "/lab/instruments/{instrument}",
    "/lab/instruments/{bare}",
    "/lab/instruments/{instrument}/edit",
    "/lab/instruments/{instrument}/calibrations/new",
    "/lab/test-items",
    "/lab/test-items/new",
    "/lab/test-items/{item}",
    "/lab/test-items/{draft}",
    "/lab/test-items/{item}/edit",
    "/lab/fees",
    "/lab/test-items/{item}/fees/new",
    "/lab/fees/{fee}",
    "/lab/fees/{fee}/end",
    "/lab/opening-hours",
    "/lab/labs/{lab}/hours",
    "/lab/standards/new",
    "/lab/instruments?lab=1&state=draft",
    "/lab/test-items?state=withdrawn",
    "/lab/fees?lab=999999&page=x",
]


OFFICER_PAGES = [
    "/regulator/labs",
    "/regulator/labs?show=waiting&q=x",
    "/regulator/labs/{lab}",
    "/regulator/assessments",
    "/regulator/affiliations",
    "/regulator/affiliations?show=decide&q=x",
    "/regulator/affiliations/{affiliation}",
    "/regulator/affiliations/{affiliation}/correct",
    "/regulator/affiliations/{affiliation}/void",
    "/regulator/standards",
    "/regulator/standards?q=228",
    "/regulator/standards/{standard}/supersede",
    "/regulator/affiliations/{affiliation}/end",
]


def address(page, house):
    return page.format(**{name: row.id for name, row in house.items()})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ["lab_manager", "viewer", "officer", "auditor"])
def test_every_page_opens_in_few_statements(client, house, language, role):
    """Forms are for those who may send them: the others are told 403."""
    if role in ("officer", "auditor"):
        sign_in(client, make.regulator(role, name="Li"))
        pages, reads = OFFICER_PAGES, ("/supersede", "/end", "/correct", "/void")
    else:
        sign_in(client, make.member(house["firm"], role, name="Wang Ying"), house["firm"])
        pages, reads = PAGES, ("/new", "/edit", "/fees/", "/accreditations/", "/hours", "/end")
    for page in pages:
        with counted() as statements:
            answer = client.get(address(page, house), headers={"Accept-Language": LANGUAGES[language]})
        if role in ("viewer", "auditor") and any(part in page for part in reads):
            assert answer.status_code == 403, page
            continue
        assert answer.status_code == 200, page
        assert len(statements) <= MOST_STATEMENTS, (page, statements)
        if language == "en":
            text = re.sub(r'<(\w+)[^>]*lang="zh[^>]*>.*?</\1>', "", answer.text, flags=re.S)
            text = re.sub(r"<(title|option).*?</\1>", "", text, flags=re.S)
            text = re.sub(r"<script.*?</script>|<textarea.*?</textarea>| value=\"[^\"]*\"", "", text, flags=re.S)
            assert not re.findall("[\u4e00-\u9fff]+", text), page
