"""Bookings from before LabShare, by a sheet: they take time and nothing else (R-SHEET-7)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from labshare.audit.models import AuditEvent
from labshare.booking import services
from labshare.booking.errors import BegunSinceImport, PromisedTakenMeanwhile, SlotTaken
from labshare.booking.models import Booking, Holding, SheetImport, WantedBlock
from labshare.booking.queries.sheets import lab_in_sheets
from labshare.booking.queries.slots import availability
from labshare.booking.services.sheets import check_sheets, import_sheets, importing, undo_import
from labshare.catalogue import errors
from labshare.catalogue.terms import SheetKind
from labshare.http.sheets import csv_file, workbook
from labshare.kernel.database import db
from labshare.kernel.errors import InvalidInput, NotAllowed
from labshare.kernel.sheets import ReadSheet
from labshare.kernel.time import local_day
from tests import factories
from tests.booking.conftest import House, at
from tests.booking.test_feeds import made as address_of
from tests.catalogue.test_sheets import machine, read_file, sheet
from tests.conftest import Clock


def promised(house: House, starts_at: str, ends_at: str, client: str = "新光机械厂", **more: Any) -> dict[str, Any]:
    span = {"starts_at": starts_at, "ends_at": ends_at}
    return {"inner_id": house.instrument.inner_id, **span, "client": client, "test": "盐雾试验", **more}


MORNING = ("2026-12-08 08:30", "2026-12-08 10:00")


def of(*rows: dict[str, Any]) -> ReadSheet:
    return sheet(SheetKind.BOOKINGS, *rows)


def taken(house: House, *rows: dict[str, Any]) -> SheetImport | None:
    made: SheetImport | None = house.do(
        import_sheets, house.manager, lab_id=house.lab.id, sheets=[of(*rows)], name="预约.xlsx"
    )
    return made


def bad(house: House, *sheets: ReadSheet) -> list[tuple[str, str]]:
    made = check_sheets(actor=house.manager, now=house.clock.now, lab_id=house.lab.id, sheets=sheets)
    return [(f"{one.letter}{one.row}", one.problem.code) for one in made.bad]


def sentences(house: House, *rows: dict[str, Any]) -> list[str]:
    made = check_sheets(actor=house.manager, now=house.clock.now, lab_id=house.lab.id, sheets=[of(*rows)])
    return [one.problem.text for one in made.bad]


def held() -> list[tuple[int, str, str]]:
    rows = db.session.execute(
        select(Holding.unit, Holding.kind, WantedBlock.client)
        .outerjoin(WantedBlock, WantedBlock.id == Holding.block)
        .order_by(Holding.starts_at, Holding.unit)
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_it_takes_the_time_and_nothing_else(house: House) -> None:  # R-SHEET-7
    made = taken(house, promised(house, *MORNING, contact="王工", reference="WT-1"), promised(house, *MORNING, "远东"))
    assert made is not None
    assert made.rows == (2, 0)
    assert held() == [(1, "earlier", "新光机械厂"), (2, "earlier", "远东")]
    assert count(Booking) == 0
    [first, _second] = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "time.block"))
    assert first.after["kind"] == "earlier"
    assert "新光" not in str(first.after)
    with pytest.raises(SlotTaken):
        house.book("2026-12-08 09:00")
    span = (at("2026-12-08 09:00"), at("2026-12-08 10:00"))
    [open_] = availability(house.instrument, *span, now=house.clock.now)
    assert open_.units_free == 0


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ({"inner_id": "没有"}, [("A2", "UnknownInnerId")]),
        ({"starts_at": "2026-12-08"}, [("B2", "CellUnreadable")]),
        ({"ends_at": "2026-12-08 25:00"}, [("C2", "CellUnreadable")]),
        ({"ends_at": "2026-12-08 08:30"}, [("C2", "EndBeforeStart")]),
        ({"starts_at": "2026-11-23 08:30", "ends_at": "2026-11-23 10:00"}, [("C2", "PromisedOver")]),
        ({"starts_at": "2028-12-08 08:30", "ends_at": "2028-12-08 10:00"}, [("B2", "PromisedTooFar")]),
        ({"ends_at": "2027-12-08 10:00"}, [("C2", "PromisedLong")]),
        ({"client": ""}, [("D2", "Required")]),
        ({"test": "试" * 201}, [("E2", "TooLongText")]),
        ({"unit": Decimal(3)}, [("B2", "OutOfRange")]),
    ],
)
def test_what_cannot_be_is_told_at_its_cell(house: House, row: dict[str, Any], cells: list[Any]) -> None:  # R-SHEET-7
    assert bad(house, of(promised(house, *MORNING) | row)) == cells
    with pytest.raises(errors.SheetsNotRight):
        taken(house, promised(house, *MORNING, "远东"), promised(house, "2026-12-09 08:30", "2026-12-09 10:00") | row)
    assert count(Holding) == 0


def test_a_cell_may_be_written_as_people_do(house: House) -> None:
    ways = ("2026/12/8 8:30", "2026-12-08T08:30", "２０２６-12-08 08：30", "2026-12-08 08:30:00")
    assert (
        bad(house, of(*(promised(house, way, "2026-12-08 24:00", f"第 {n} 家") for n, way in enumerate(ways[:2]))))
        == []
    )
    for way in ways:
        assert bad(house, of(promised(house, way, "2026-12-08 24:00"))) == []


def test_what_has_the_time_is_named_with_the_next_place_of_that_day(single: House) -> None:  # R-SHEET-7
    ref = single.book("2026-12-08 09:00").ref
    [told] = sentences(single, promised(single, *MORNING))
    assert ref in told
    assert "10:00" in told.split(ref)[1]
    where = {
        "instrument_id": single.instrument.id,
        "starts_at": at("2026-12-09 08:00"),
        "ends_at": at("2026-12-10 00:00"),
    }
    single.do(services.block, single.manager, kind="maintenance", note="导轨保养", **where)
    [told] = sentences(single, promised(single, "2026-12-09 08:30", "2026-12-09 10:00"))
    assert "维护 · 导轨保养" in told
    assert "空闲" not in told
    assert bad(single, of(promised(single, "2026-12-08 10:00", "2026-12-08 11:00"))) == []


def test_two_rows_that_need_one_unit(house: House) -> None:  # R-SHEET-7
    rows = [promised(house, *MORNING, f"第 {n} 家") for n in range(3)]
    assert bad(house, of(*rows)) == [("B4", "PromisedTakenUntil")]
    assert "本文件第 2 行, 本文件第 3 行" in sentences(house, *rows)[0]
    named = [promised(house, *MORNING, f"第 {n} 家", unit=Decimal(1)) for n in range(2)]
    assert bad(house, of(*named)) == [("C3", "PromisedTakenUntil")]
    assert bad(house, of(promised(house, *MORNING), promised(house, *MORNING))) == [("D3", "RowTwice")]


def test_a_row_that_leaves_the_unit_open_makes_room_for_one_that_names_it(house: House) -> None:
    assert taken(house, promised(house, *MORNING, "随意"), promised(house, *MORNING, "第一", unit=Decimal(1)))
    assert held() == [(1, "earlier", "第一"), (2, "earlier", "随意")]


def test_it_names_an_instrument_of_the_same_file_and_its_units(house: House) -> None:
    row = promised(house, *MORNING, unit=Decimal(2)) | {"inner_id": "新-1"}
    sheets = [sheet(SheetKind.INSTRUMENTS, machine("新-1", units=Decimal(2))), of(row)]
    assert bad(house, *sheets) == []
    made = house.do(import_sheets, house.manager, lab_id=house.lab.id, sheets=sheets, name="x")
    assert held() == [(2, "earlier", "新光机械厂")]
    house.do(undo_import, house.manager, import_id=made.id)
    assert (count(Holding), count(WantedBlock)) == (0, 0)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_an_export_gives_an_import_takes(house: House, kind: str) -> None:  # R-SHEET-1
    night = promised(house, "2026-12-08 22:00", "2026-12-09 00:00", "远东", contact="=王工", reference="-7")
    assert taken(house, promised(house, *MORNING), promised(house, *MORNING, unit=Decimal(2)), night)
    have = lab_in_sheets(house.lab.id, local_day(house.clock.now))
    with force_locale("en"):
        content = workbook(have) if kind == "xlsx" else csv_file(SheetKind.BOOKINGS, have)
    given = {"lab_id": house.lab.id, "sheets": read_file(content), "name": "x"}
    assert house.do(import_sheets, house.manager, **given) is None
    ids = [one.id for one in lab_in_sheets(house.lab.id, local_day(house.clock.now)).promised]
    undone = db.session.scalars(select(SheetImport)).one()
    house.do(undo_import, house.manager, import_id=undone.id)
    house.do(import_sheets, house.manager, **given)
    again = lab_in_sheets(house.lab.id, local_day(house.clock.now)).promised
    assert [one.promised for one in again] == [one.promised for one in have.promised]
    assert {one.id for one in again}.isdisjoint(ids)


def test_what_is_over_is_not_exported_and_does_no_harm(house: House, clock: Clock) -> None:
    row = promised(house, *MORNING)
    assert taken(house, row)
    clock.set("2026-12-09 09:00")
    assert "新光" not in csv_file(SheetKind.BOOKINGS, lab_in_sheets(house.lab.id, local_day(clock.now))).decode()
    assert taken(house, row) is None


def test_a_row_says_otherwise_of_one_that_is_here(house: House) -> None:  # R-SHEET-2
    assert taken(house, promised(house, *MORNING))
    made = taken(house, promised(house, *MORNING, contact="王工", unit=Decimal(1)))
    assert made is not None
    assert made.rows == (0, 1)
    [one] = db.session.scalars(select(WantedBlock))
    assert (one.contact, one.units) == ("王工", [1])
    assert bad(house, of(promised(house, *MORNING, unit=Decimal(2)))) == [("B2", "PromisedElsewhere")]
    house.do(undo_import, house.manager, import_id=made.id)
    db.session.expire_all()
    assert db.session.scalars(select(WantedBlock.contact)).all() == [""]


def test_it_is_undone_while_it_is_as_imported(house: House, clock: Clock) -> None:  # R-SHEET-4
    made = taken(house, promised(house, *MORNING))
    assert made is not None
    [name] = db.session.scalars(select(WantedBlock.id))
    later = {"block_id": name, "starts_at": at("2026-12-08 09:00"), "ends_at": at("2026-12-08 11:00")}
    house.do(services.change_block, house.manager, **later)
    [moved] = db.session.scalars(select(WantedBlock))
    assert (moved.client, moved.test, moved.kind) == ("新光机械厂", "盐雾试验", "earlier")
    with pytest.raises(errors.ChangedSinceImport):
        house.do(undo_import, house.manager, import_id=made.id)
    back = {"block_id": name, "starts_at": at(MORNING[0]), "ends_at": at(MORNING[1])}
    house.do(services.change_block, house.manager, **back)
    clock.set("2026-12-08 08:31")
    with pytest.raises(BegunSinceImport, match="新光机械厂"):
        house.do(undo_import, house.manager, import_id=made.id)
    clock.set("2026-12-08 08:29")
    house.do(undo_import, house.manager, import_id=made.id)
    assert (count(Holding), count(WantedBlock)) == (0, 0)
    assert [event.action for event in db.session.scalars(select(AuditEvent).where(AuditEvent.action == "time.unblock"))]


def test_what_had_begun_before_its_import_is_undone(house: House, clock: Clock) -> None:
    clock.set("2026-12-08 09:00")
    made = taken(house, promised(house, *MORNING))
    assert made is not None
    house.do(undo_import, house.manager, import_id=made.id)
    assert count(Holding) == 0


def test_removed_by_hand_it_is_not_undone(house: House) -> None:
    made = taken(house, promised(house, *MORNING))
    assert made is not None
    [name] = db.session.scalars(select(WantedBlock.id))
    house.do(services.unblock, house.manager, block_id=name)
    with pytest.raises(errors.ChangedSinceImport):
        house.do(undo_import, house.manager, import_id=made.id)


def test_what_waited_for_the_time_takes_it_once_an_import_is_undone(single: House) -> None:  # R-TIME-15
    made = taken(single, promised(single, *MORNING))
    assert made is not None
    where = {
        "instrument_id": single.instrument.id,
        "starts_at": at("2026-12-08 08:00"),
        "ends_at": at("2026-12-08 12:00"),
    }
    block = single.do(services.block, single.manager, kind="maintenance", **where)
    single.do(undo_import, single.manager, import_id=made.id)
    spans = db.session.execute(select(Holding.starts_at, Holding.ends_at).where(Holding.block == block.id)).all()
    assert sum((end - start for start, end in spans), timedelta()) == timedelta(hours=4)


def test_it_is_never_entered_by_hand(house: House) -> None:  # R-SHEET-7
    with pytest.raises(InvalidInput) as refused:
        house.do(
            services.block,
            house.manager,
            instrument_id=house.instrument.id,
            kind="earlier",
            starts_at=at(MORNING[0]),
            ends_at=at(MORNING[1]),
        )
    assert refused.value.field == "kind"


def test_only_who_may_block_the_lab_s_time_takes_it(house: House) -> None:
    viewer = factories.actor(factories.member(house.lab.firm, "viewer"), house.lab.firm, "viewer")
    for who in (viewer, house.client):
        with pytest.raises(NotAllowed):
            house.do(import_sheets, who, lab_id=house.lab.id, sheets=[of(promised(house, *MORNING))], name="x")
    assert count(Holding) == 0


@pytest.mark.parametrize(
    "columns",
    ["kind = 'earlier', client = '', test = 'x'", "kind = 'earlier', client = 'x'", "contact = 'x'"],
)
def test_the_database_holds_who_and_what_together(house: House, columns: str) -> None:
    where = {"instrument_id": house.instrument.id, "starts_at": at(MORNING[0]), "ends_at": at(MORNING[1])}
    house.do(services.block, house.manager, kind="maintenance", **where)
    with pytest.raises(IntegrityError, match="earlier_says_who"):
        db.session.execute(text(f"UPDATE wanted_block SET {columns}"))
    db.session.rollback()


def test_what_the_database_refuses_is_told_as_a_time_that_is_taken(
    single: House, monkeypatch: pytest.MonkeyPatch
) -> None:  # R-TIME-11
    """Time that was taken past everybody's turn, between the check and the writing."""
    single.book("2026-12-08 09:00")
    monkeypatch.setattr(importing, "taken_in", lambda *_given: {})
    with pytest.raises(PromisedTakenMeanwhile):
        taken(single, promised(single, *MORNING))
    assert count(WantedBlock) == 0


def test_its_lab_s_feed_names_client_and_test_and_no_other_s_does(house: House, client: FlaskClient) -> None:
    # R-TOLD-8
    taken(house, promised(house, *MORNING))
    for kind, given in (("lab", {"lab_code": house.lab.code}), ("instrument", {"instrument_id": house.instrument.id})):
        shown = client.get(address_of(house, house.manager, kind, **given)).text.replace("\r\n ", "")
        assert "上线前预约" in shown
        assert "新光机械厂 · 盐雾试验" in shown
    assert "新光" not in client.get(address_of(house, house.client, "firm")).text
    for page in (f"/instruments/{house.instrument.id}", f"/api/v1/instruments/{house.instrument.id}/availability"):
        assert "新光" not in client.get(page).text
