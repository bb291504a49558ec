"""Sheets that are taken in: what an export gives an import takes, every bad cell with its place, all or nothing, undone
as long as nothing rests on it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask_babel import force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import func, select

from labshare.audit.models import AuditEvent
from labshare.booking.errors import HoursFromThePast
from labshare.booking.models import SheetImport
from labshare.booking.queries.sheets import lab_in_sheets
from labshare.booking.services.hours import set_opening_hours
from labshare.booking.services.sheets import check_sheets, import_sheets, undo_import
from labshare.catalogue import errors
from labshare.catalogue.models import Calibration, Fee, Instrument, InstrumentUnit, TestItem
from labshare.catalogue.rules.fees import Discount, Extras, FeeSpan, Step, Surcharge
from labshare.catalogue.rules.filled import filled_in
from labshare.catalogue.rules.importing import plan
from labshare.catalogue.rules.importing.have import FeeValues, Have, HaveFee, HaveItem
from labshare.catalogue.rules.importing.rows import rows_of
from labshare.catalogue.rules.sheets import COLUMNS
from labshare.catalogue.services import instruments
from labshare.catalogue.terms import SheetKind, SurchargeKind
from labshare.http.sheets import csv_file, workbook
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed
from labshare.kernel.sheets import ReadSheet, Row, SheetTooLong, read_sheets
from tests import factories as make
from tests.catalogue.conftest import TODAY, House
from tests.catalogue.test_services import INSTRUMENT, ITEM

MODELS = (Instrument, InstrumentUnit, Calibration, TestItem, Fee, SheetImport)


def sheet(kind: SheetKind, *rows: dict[str, Any], name: str = "rows") -> ReadSheet:
    """A sheet with the field names of the columns that these rows have; data from row 2 on."""
    columns = [column for column in COLUMNS[kind] if any(column.name in row for row in rows)]
    lines = [[column.code for column in columns], *([row.get(column.name) for column in columns] for row in rows)]
    return ReadSheet(name, [], [], [Row(number, line) for number, line in enumerate(lines, start=1)])


def machine(number: str, **more: Any) -> dict[str, Any]:
    return {"inner_id": number, "name": "硬度计", "model": "HR-150", "manufacturer": "华银", **more}


def test(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "category": "力学性能", "sample_minutes": Decimal(10), "sample_requirement": "1 件", **more}


test.__test__ = False  # type: ignore[attr-defined]


def fee(item: str, since: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"item": item, "basis": "sample", "amount_fen": Decimal(amount), "valid_from": since, **more}


def certificate(number: str, since: str = "2026-01-05", to: str = "2027-01-04") -> dict[str, Any]:
    return {"inner_id": number, "certificate": f"JZ-{number}", "valid_from": since, "valid_to": to}


def open_from(since: str, number: str = "", **days: str) -> dict[str, Any]:
    return {"inner_id": number, "valid_from": since, "day1": "08:30–12:00, 13:30–17:00", **days}


def promised(number: str, **more: Any) -> dict[str, Any]:
    span = {"starts_at": "2026-12-08 08:30", "ends_at": "2026-12-09 24:00"}
    return {"inner_id": number, **span, "client": "新光机械厂", "test": "盐雾试验", **more}


def taken(house: House, *sheets: ReadSheet) -> SheetImport | None:
    with transaction():
        return import_sheets(**house.who, lab_id=house.lab.id, sheets=sheets, name="清单.xlsx")


def bad(house: House, *sheets: ReadSheet) -> list[tuple[str, str, str]]:
    made = check_sheets(**house.who, lab_id=house.lab.id, sheets=sheets)
    return [(f"{one.letter}{one.row}", one.problem.code, one.text) for one in made.bad]


def events(action: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)))


def counted() -> list[int]:
    return [db.session.scalar(select(func.count()).select_from(model)) or 0 for model in MODELS]


def read_file(content: bytes) -> list[ReadSheet]:
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return read_sheets(file)


def whole_lab(house: House) -> None:
    make.standard("GB/T 230.1-2018")
    db.session.commit()
    assert taken(
        house,
        sheet(
            SheetKind.INSTRUMENTS,
            machine("YQ-1", units=Decimal(2), original_value_fen=Decimal("85.5")),
            machine("YQ-2"),
        ),
        sheet(SheetKind.CALIBRATIONS, certificate("YQ-1"), certificate("YQ-2")),
        sheet(
            SheetKind.TEST_ITEMS,
            test("洛氏硬度", standards="gb/t230.1-2018", instruments="YQ-1；YQ-2"),
            test("维氏硬度", instruments="YQ-1"),
        ),
        sheet(
            SheetKind.FEES,
            fee(
                "洛氏硬度",
                "2026-01-01",
                "60",
                steps="10: 50; 50: 40 / 38",
                surcharges="rush: 50% / 2\ncomponent 镍 | Ni: 80",
            ),
            fee("洛氏硬度", "2027-01-01", "66", sme_amount_fen=Decimal(50)),
            fee("维氏硬度", "2026-01-01", "90"),
        ),
        sheet(
            SheetKind.HOURS,
            open_from("2026-12-01", day6="9-12"),
            open_from("2026-12-01", "YQ-1", day1="24 h", day5="22:00–06:00"),
            {"inner_id": "YQ-1", "valid_from": "2027-01-01", "as_lab": "是"},
        ),
        sheet(SheetKind.BOOKINGS, promised("YQ-1"), promised("YQ-2", contact="王工")),
    )


def test_a_lab_comes_from_one_file_with_the_trail_of_the_forms(house: House) -> None:
    whole_lab(house)
    first, second = db.session.scalars(select(Instrument).order_by(Instrument.inner_id))
    assert (first.units, first.original_value_fen, first.state) == (2, 85_500_000, "draft")
    item = db.session.scalars(select(TestItem).order_by(TestItem.id)).first()
    assert item is not None
    assert [one.number for one in item.standards] == ["GB/T 230.1-2018"]
    assert {one.id for one in item.instruments} == {first.id, second.id}
    present, ahead = db.session.scalars(select(Fee).where(Fee.test_item_id == item.id).order_by(Fee.valid_from))
    assert (present.valid_to, ahead.valid_to) == (date(2026, 12, 31), None)
    assert present.surcharges[0] == {"code": "rush", "kind": "rush", "percent": "50", "days": 2}
    assert len(events("instrument.add")) == 2
    assert len(events("calibration.add")) == 2
    assert len(events("test_item.add")) == 2
    assert len(events("fee.add")) == 3
    by_hand = dict(events("instrument.add")[0].after)
    with transaction():
        instruments.add_instrument(**house.who, lab_id=house.lab.id, details=INSTRUMENT)
    assert by_hand.keys() >= {"lab_id", "units", "inner_id", "name"}
    assert events("instrument.add")[-1].after.keys() >= {"lab_id", "units", "inner_id", "name"}


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
def test_what_an_export_gives_an_import_takes(house: House, kind: str, language: str) -> None:
    """R-SHEET-1. Into the same lab it changes nothing; into an empty one it makes the same lab."""
    whole_lab(house)
    have = lab_in_sheets(house.lab.id, TODAY)
    with force_locale(language):
        files = [workbook(have)] if kind == "xlsx" else [csv_file(one, have) for one in SheetKind]
    for content in files:
        assert taken(house, *read_file(content)) is None
    other = make.lab(house.firm)
    db.session.commit()
    with force_locale("en"):  # whoever sends it reads another language
        for content in files:
            sheets = read_file(content)
            for one in sheets:
                _without(one, "item_id")
            with transaction():
                import_sheets(**house.who, lab_id=other.id, sheets=sheets, name="x")
    there = lab_in_sheets(other.id, TODAY)
    for one in SheetKind:
        assert [_bare(row) for row in rows_of(there, one)] == [_bare(row) for row in rows_of(have, one)]


def _without(one: ReadSheet, code: str) -> None:
    """Take the numbers out of a column, as somebody does who copies a lab."""
    head = next(row for row in one.rows if code in row.cells or "innerId" in row.cells)
    if code in head.cells:
        at = list(head.cells).index(code)
        one.rows = [
            replace(row, cells=[None if place == at else cell for place, cell in enumerate(row.cells)])
            if row.number > head.number
            else row
            for row in one.rows
        ]


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "item_id"}


def test_a_thousand_rows_with_thirty_bad_cells_give_thirty_messages_and_write_nothing(house: House) -> None:
    # R-SHEET-2, R-SHEET-3
    rows = [machine(f"N-{n:04}", units=Decimal(1), begin_date="2026-01-01") for n in range(1000)]
    for n in range(10):
        rows[n * 7]["units"] = Decimal(100)
        rows[n * 11 + 3]["begin_date"] = "去年"
        rows[n * 13 + 500]["nation"] = "德国"
    before = counted()
    found = bad(house, sheet(SheetKind.INSTRUMENTS, *rows))
    assert len(found) == 30
    assert found[0] == ("F2", "OutOfRange", "100")
    assert ("G5", "CellUnreadable", "去年") in found
    with pytest.raises(errors.SheetsNotRight), transaction():
        import_sheets(**house.who, lab_id=house.lab.id, sheets=[sheet(SheetKind.INSTRUMENTS, *rows)], name="x")
    assert counted() == before


def cases() -> dict[str, tuple[ReadSheet, list[tuple[str, str]]]]:
    """Bad input by name: a sheet, and where what is said."""
    whole = sheet(SheetKind.INSTRUMENTS, machine("Q1"))
    old = sheet(SheetKind.INSTRUMENTS, machine("Q1"))
    old.rows = [Row(1, ["LabShare instruments 7"]), *(Row(row.number + 1, row.cells) for row in old.rows)]
    unknown = sheet(SheetKind.INSTRUMENTS, machine("Q1"))
    unknown.rows = [Row(1, [*whole.rows[0].cells, "颜色"]), Row(2, [*whole.rows[1].cells, "红"])]
    names = [test("弯曲试验") for _each in range(1000)]
    return {
        "a template of another version": (old, [("A1", "OtherTemplate")]),
        "merged cells": (replace_sheet(whole, merged=["B2:C2"]), [("B2", "CellMerged")]),
        "formulas": (replace_sheet(whole, formulas=["B2"]), [("B2", "CellIsFormula")]),
        "an unknown column": (unknown, [("E1", "UnknownColumn")]),
        "a column that must be there": (
            sheet(SheetKind.INSTRUMENTS, {"name": "x", "model": "M"}),
            [("A1", "ColumnMissing")],
        ),
        "a day as a number": (
            sheet(SheetKind.INSTRUMENTS, machine("Q1", begin_date=Decimal(45980))),
            [("E2", "CellUnreadable")],
        ),
        "a day ahead": (sheet(SheetKind.INSTRUMENTS, machine("Q1", begin_date="2027-01-01")), [("E2", "DateInFuture")]),
        "an empty cell that must be filled": (
            sheet(SheetKind.INSTRUMENTS, machine("Q1", name="")),
            [("B2", "Required")],
        ),
        "a number twice": (sheet(SheetKind.INSTRUMENTS, machine("Q1"), machine("Q1")), [("A3", "RowTwice")]),
        "a thousand equal names": (
            sheet(SheetKind.TEST_ITEMS, *names),
            [(f"A{row}", "RowTwice") for row in range(3, 1002)],
        ),
        "no work": (sheet(SheetKind.TEST_ITEMS, test("空", sample_minutes=Decimal(0))), [("D2", "NoWork")]),
        "an unlisted standard": (
            sheet(SheetKind.TEST_ITEMS, test("弯曲", standards="GB/T 999-2020")),
            [("C2", "UnknownStandard")],
        ),
        "another's item": (
            sheet(SheetKind.TEST_ITEMS, test("弯曲", item_id=Decimal(99999))),
            [("A2", "UnknownItemNumber")],
        ),
        "a fee of nothing": (sheet(SheetKind.FEES, fee("没有", "2026-01-01", "1")), [("A2", "UnknownItemName")]),
        "a certificate of nothing": (sheet(SheetKind.CALIBRATIONS, certificate("没有")), [("A2", "UnknownInnerId")]),
        "a certificate backwards": (
            sheet(SheetKind.CALIBRATIONS, certificate("没有", "2026-05-01", "2026-04-01")),
            [("A2", "UnknownInnerId"), ("D2", "DatesNotInOrder")],
        ),
        "a fee's steps": (
            sheet(SheetKind.FEES, fee("没有", "2026-01-01", "1", steps="ten")),
            [("A2", "UnknownItemName"), ("E2", "CellUnreadable")],
        ),
    }


def replace_sheet(one: ReadSheet, **more: Any) -> ReadSheet:
    return replace(one, **more)


@pytest.mark.parametrize("case", cases())
def test_bad_input_is_told_at_its_place_and_nothing_is_written(house: House, case: str) -> None:
    given_sheet, said = cases()[case]
    before = counted()
    assert [(place, code) for place, code, _text in bad(house, given_sheet)] == said
    with pytest.raises(errors.SheetsNotRight), transaction():
        import_sheets(**house.who, lab_id=house.lab.id, sheets=[given_sheet], name="x")
    assert counted() == before


def test_a_million_rows_are_refused_early(app: Any) -> None:
    with pytest.raises(SheetTooLong):
        read_file(b"innerId,cname\n" * 1_000_000)


def test_a_file_without_a_head_or_rows_is_refused(house: House) -> None:
    with pytest.raises(errors.NoSheet):
        bad(house, ReadSheet("x", [], [], [Row(1, ["a", "b"])]))
    with pytest.raises(errors.NothingInSheets):
        bad(house, *read_file(workbook(None)))


def test_what_every_problem_says_has_what_would_be_right(house: House) -> None:
    rows = sheet(SheetKind.INSTRUMENTS, machine("Q1", condition="坏", begin_date="x", original_value_fen="很多"))
    made = check_sheets(**house.who, lab_id=house.lab.id, sheets=[rows])
    assert all(one.right for one in made.bad)
    assert "正常 / 偶有故障" in [one.right[:9] for one in made.bad]


def test_a_published_instrument_keeps_what_publishing_needs(house: House) -> None:
    shown = make.instrument(house.lab, inner_id="P-1", model="M", manufacturer="X")
    db.session.commit()
    found = bad(house, sheet(SheetKind.INSTRUMENTS, machine("P-1", model="", sharing="仅内部使用")))
    assert {code for _place, code, _text in found} >= {"NotComplete"}
    assert taken(house, sheet(SheetKind.INSTRUMENTS, machine("P-1", units=Decimal(3))))
    db.session.expire_all()
    assert shown.units == 3
    assert events("instrument.change_units")


def test_a_used_fee_is_not_changed_and_does_not_end_before_its_use(house: House) -> None:
    item = HaveItem(
        id=7,
        details=replace(ITEM, name="拉伸"),
        published=True,
        fees=(
            HaveFee(
                id=1,
                values=FeeValues(basis="sample", amount_fen=6000, minimum_fen=0, extras=Extras()),
                span=FeeSpan(date(2026, 1, 1), None, 1),
                used_to=TODAY,
            ),
        ),
    )
    have = Have(today=TODAY, items={7: item})

    def codes(*rows: dict[str, Any]) -> list[str]:
        return [one.problem.code for one in plan(filled_in([sheet(SheetKind.FEES, *rows)]), have).bad]

    assert codes(fee("拉伸", "2026-01-01", "60")) == []
    assert codes(fee("拉伸", "2026-01-01", "61")) == ["FeeInUse"]
    assert codes(fee("拉伸", "2026-01-01", "60", valid_to="2026-11-01")) == ["FeeInUse", "NotComplete"]
    assert codes(fee("拉伸", "2026-11-24", "61")) == ["FeeInUse"]
    assert codes(fee("拉伸", "2026-11-25", "61")) == []
    assert codes(fee("拉伸", "2026-11-01", "61")) == ["FeeFromThePast", "FeeInUse"]


def test_only_who_may_change_the_catalogue_takes_in_and_undoes(house: House) -> None:
    rows = [sheet(SheetKind.INSTRUMENTS, machine("Q1"))]
    viewer = make.actor(make.member(house.firm, "viewer"), house.firm, "viewer")
    for who, refusal in ((house.stranger, NotAllowed), (viewer, NotAllowed)):
        with pytest.raises(refusal), transaction():
            import_sheets(actor=who, now=house.clock.now, lab_id=house.lab.id, sheets=rows, name="x")
    made = taken(house, *rows)
    assert made is not None
    with pytest.raises(NotAllowed), transaction():
        undo_import(actor=house.stranger, now=house.clock.now, import_id=made.id)


def test_the_last_import_is_undone_and_the_lab_is_as_before(house: House) -> None:
    # R-SHEET-4
    whole_lab(house)
    before = {kind: list(rows_of(lab_in_sheets(house.lab.id, TODAY), kind)) for kind in SheetKind}
    second = taken(
        house,
        sheet(SheetKind.INSTRUMENTS, machine("YQ-1", units=Decimal(3), name="新名"), machine("YQ-9")),
        sheet(SheetKind.CALIBRATIONS, certificate("YQ-9")),
        sheet(SheetKind.TEST_ITEMS, test("维氏硬度", instruments="YQ-9", sample_minutes=Decimal(30)), test("布氏硬度")),
        sheet(
            SheetKind.FEES,
            fee("维氏硬度", "2026-12-01", "95"),
            fee("布氏硬度", "2026-12-01", "40"),
            fee("洛氏硬度", "2027-01-01", "70"),
        ),
    )
    assert second is not None
    with pytest.raises(errors.NotTheLastImport), transaction():
        undo_import(**house.who, import_id=1)
    with transaction():
        undo_import(**house.who, import_id=second.id)
    after = {kind: list(rows_of(lab_in_sheets(house.lab.id, TODAY), kind)) for kind in SheetKind}
    assert after == before
    assert events("sheets.undo")
    with pytest.raises(errors.ImportUndone), transaction():
        undo_import(**house.who, import_id=second.id)
    with transaction():
        undo_import(**house.who, import_id=1)
    assert counted()[:5] == [0, 0, 0, 0, 0]


def test_what_something_rests_on_is_not_undone(house: House) -> None:
    made = taken(house, sheet(SheetKind.INSTRUMENTS, machine("R-1")), sheet(SheetKind.TEST_ITEMS, test("布氏")))
    assert made is not None
    [one] = db.session.scalars(select(Instrument))
    with transaction():
        instruments.add_calibration(
            **house.who, instrument_id=one.id, certificate="C", issuer="", valid_from=TODAY, valid_to=TODAY
        )
    before = counted()
    with pytest.raises(errors.RestsOnImport), transaction():
        undo_import(**house.who, import_id=made.id)
    assert counted() == before
    with transaction():
        instruments.edit_instrument(**house.who, instrument_id=one.id, details=replace(INSTRUMENT, inner_id="R-1"))
    with pytest.raises(errors.ChangedSinceImport), transaction():
        undo_import(**house.who, import_id=made.id)


WORDS = some.text(some.characters(codec="utf-8", categories=("L", "N", "P", "Sm")), max_size=12).map(str.strip)
AMOUNTS = some.integers(0, 10**9)
STEPS = some.lists(some.tuples(some.integers(2, 99), AMOUNTS, some.none() | AMOUNTS), max_size=3)
PERCENTS = some.integers(1, 9999).map(lambda n: Decimal(n) / 100)


@given(
    steps=STEPS,
    off=some.lists(some.tuples(some.integers(2, 99), PERCENTS), max_size=2),
    days=some.integers(0, 9),
    fixed=some.none() | AMOUNTS,
    name=WORDS.filter(bool),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_fee_says_its_cells_say_again(
    app: Any, steps: Any, off: Any, days: int, fixed: int | None, name: str
) -> None:
    amount: dict[str, Any] = {"amount_fen": fixed} if fixed is not None else {"percent": Decimal("12.5")}
    values = {
        "steps": tuple(Step(*one) for one in steps),
        "surcharges": (
            Surcharge(code="rush", kind=SurchargeKind.RUSH, days=days, **amount),
            Surcharge(code="component-1", kind=SurchargeKind.COMPONENT, name=name, name_en="Ni", **amount),
        ),
        "discounts": tuple(Discount(*one) for one in off),
    }
    for column in COLUMNS[SheetKind.FEES]:
        if column.name in values and (cell := column.cell(values[column.name])) is not None:
            assert column.value(cell) == values[column.name], cell


# ── Opening hours ─────────────────────────────────────────────────────────


def weeks(house: House) -> dict[tuple[str, date], Any]:
    return {key: one.week for key, one in lab_in_sheets(house.lab.id, TODAY).hours.items()}


def test_hours_come_from_a_sheet_with_the_forms_trail(house: House) -> None:
    whole_lab(house)
    said = weeks(house)
    lab, own = said["", date(2026, 12, 1)], said["YQ-1", date(2026, 12, 1)]
    assert (lab[0], lab[1], lab[5]) == (((510, 720), (810, 1020)), (), ((540, 720),))
    assert (own[0], own[4]) == (((0, 1440),), ((1320, 1800),))
    assert said["YQ-1", date(2027, 1, 1)] is None
    by_sheet = events("time.set_hours")
    with transaction():
        set_opening_hours(**house.who, lab_id=house.lab.id, weekly=lab, valid_from=date(2026, 12, 2))
    assert [event.after.keys() - {"instrument_id"} for event in by_sheet] == [
        events("time.set_hours")[-1].after.keys()
    ] * 3


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (open_from("2026-11-01"), [("A2", "HoursFromThePast")]),
        (open_from("2026-12-01", day1="8 bis 12"), [("B2", "CellUnreadable")]),
        (open_from("2026-12-01", day1="8-12, 11-13"), [("B2", "HoursOverlap")]),
        (open_from("2026-12-01", day7="22-12", day1="8-13"), [("B2", "HoursOverlap")]),
        ({"valid_from": "2026-12-01", "as_lab": "是"}, [("B2", "LabNeedsHours")]),
    ],
)
def test_hours_that_cannot_be_are_told_at_their_cells(
    house: House, row: dict[str, Any], cells: list[tuple[str, str]]
) -> None:
    row = {name: cell for name, cell in row.items() if cell}
    assert [(place, code) for place, code, _text in bad(house, sheet(SheetKind.HOURS, row))] == cells


def test_hours_name_an_instrument_of_the_lab_or_of_the_file(house: House) -> None:
    hours = sheet(SheetKind.HOURS, open_from("2026-12-01", "Q1"))
    assert [code for _place, code, _text in bad(house, hours)] == ["UnknownInnerId"]
    assert bad(house, sheet(SheetKind.INSTRUMENTS, machine("Q1")), hours) == []


def test_imported_hours_are_taken_back_until_they_have_held(house: House) -> None:
    before = weeks(house)
    made = taken(house, sheet(SheetKind.HOURS, open_from("2026-12-01")))
    again = taken(house, sheet(SheetKind.HOURS, open_from("2026-12-01", day2="9-10")))
    assert made is not None
    assert again is not None
    assert again.rows == (0, 1)
    with transaction():
        undo_import(**house.who, import_id=again.id)
    assert weeks(house)["", date(2026, 12, 1)][1] == ()
    late = {**house.who, "now": house.who["now"] + timedelta(days=30)}
    with pytest.raises(HoursFromThePast), transaction():
        undo_import(**late, import_id=made.id)
    with transaction():
        undo_import(**house.who, import_id=made.id)
    assert weeks(house) == before
