"""Spreadsheets of strangers: what they say is read, what they would do is not, and none is too large for us."""

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from flask import Flask

from labshare.kernel.sheets import (
    ReadSheet,
    SheetOfOtherKind,
    SheetOld,
    SheetProblem,
    SheetTooLarge,
    SheetTooLong,
    SheetWithMacros,
    cut,
    read_sheets,
)

ENGINES = ("sqlite",)  # no database is asked


@pytest.fixture
def read(app: Flask, tmp_path: Path) -> Iterator[Callable[[bytes], list[ReadSheet]]]:
    with (tmp_path / "file").open("w+b") as file:

        def reading(content: bytes) -> list[ReadSheet]:
            file.seek(0)
            file.truncate()
            file.write(content)
            file.flush()
            return read_sheets(file)

        yield reading


def book(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as made:
        fill(made)
    return file.getvalue()


def changed(content: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """A workbook with one part written anew."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data.decode()) if name == part else data)
    return file.getvalue()


def statement(made: xlsxwriter.Workbook) -> None:
    page = made.add_worksheet("明细")
    day = made.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    page.merge_range("A1:C1", "账户明细")
    page.write_row(2, 0, ["日期", "金额", "摘要"])
    page.write_datetime(3, 0, datetime.fromisoformat("2026-11-03 10:15:00"), day)
    page.write_number(3, 1, 1234.1)
    page.write_string(3, 2, " 货款\n\t B-1 ")
    page.write_formula(4, 1, "=B4*2", None, 2468.2)
    page.write_number(5, 1, 12345678901234567890)
    page.write_boolean(5, 2, True)
    made.add_worksheet("空").hide()


def test_a_workbook_says_what_stands_in_it(read):
    [sheet] = read(book(statement))
    assert (sheet.name, sheet.formulas, sheet.merged) == ("明细", ["B5"], ["A1:C1"])
    assert [row.number for row in sheet.rows] == [1, 3, 4, 5, 6]
    first = sheet.rows[2]
    assert list(first.cells[:2]) == [datetime.fromisoformat("2026-11-03 10:15:00"), Decimal("1234.1")]
    assert first.text(2) == "货款 B-1"
    assert (first.text(1), first.text(9)) == ("1234.1", "")
    assert cut(sheet.rows[4].cell(1))
    assert sheet.rows[4].text(1) == "", "a cut number is no reference"
    assert sheet.rows[4].cell(2) is True


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ('a,b\r\n1,"x, y"\r\n'.encode("utf-8-sig"), [["a", "b"], ["1", "x, y"]]),
        ("日期\t金额\n1\t2\n".encode("gb18030"), [["日期", "金额"], ["1", "2"]]),
        ("日期;金额\n".encode("utf-16"), [["日期", "金额"]]),
        (b'="0012",-3.5\n', [["0012", "-3.5"]]),
    ],
)
def test_text_in_any_usual_spelling(read, content: bytes, cells: list[list[str]]):
    [sheet] = read(content)
    assert [list(row.cells) for row in sheet.rows] == cells
    assert sheet.formulas == []


def test_a_formula_in_a_text_file_is_named(read):
    assert read(b"a,=1+1\n")[0].formulas == ["B1"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"%PDF-1.7", SheetOfOtherKind),
        (b"<html><table></table></html>", SheetOfOtherKind),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", SheetOld),
        (b"a\0b", SheetOfOtherKind),
        (b"PK\x03\x04 no zip", SheetProblem),
        (b"x" * 5000, SheetTooLarge),
        (b"," * 300 + b"x", SheetTooLarge),
        (b"x\n" * 20_001, SheetTooLong),
    ],
)
def test_what_is_no_spreadsheet_is_refused(read, content: bytes, problem: type[SheetProblem]):
    with pytest.raises(problem) as refused:
        read(content)
    assert type(refused.value) is problem


def test_a_million_rows_macros_and_declared_entities_are_refused(read):
    small = book(statement)
    part = "xl/worksheets/sheet1.xml"
    row = '<row r="{}"><c r="A{}"><v>1</v></c></row>'
    many = "".join(row.format(n, n) for n in range(1, 20_100))
    with pytest.raises(SheetTooLong):
        read(changed(small, part, lambda said: said.replace("<sheetData>", "<sheetData>" + many)))
    with pytest.raises(SheetTooLarge):
        read(changed(small, part, lambda said: said.replace("<sheetData>", "<sheetData>" + " " * (257 << 20))))
    with pytest.raises(SheetProblem):
        read(changed(small, part, lambda said: said.replace("<worksheet", "<!DOCTYPE a><worksheet", 1)))
    file = io.BytesIO(small)
    with zipfile.ZipFile(file, "a") as zipped:
        zipped.writestr("xl/vbaProject.bin", b"")
    with pytest.raises(SheetWithMacros):
        read(file.getvalue())


def test_an_empty_row_far_below_costs_nothing(read):
    part = "xl/worksheets/sheet1.xml"
    far = '<row r="1048576"><c r="A1048576" s="0"/></row></sheetData>'
    [sheet] = read(changed(book(statement), part, lambda said: said.replace("</sheetData>", far)))
    assert sheet.rows[-1].number == 6
