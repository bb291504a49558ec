"""Size classes: the edge cases of the standard as data, and which sector an industry code belongs to."""

from datetime import date
from decimal import Decimal

import pytest

from labshare.organisations.industries import classes, divisions, find_industries, read_industry
from labshare.organisations.rules import Figures, needed, sector_of_industry, size_class
from labshare.organisations.terms import SectorName

TODAY = date(2026, 11, 24)

# sector, staff, revenue and assets in 10,000 yuan, class, why
CASES = """
industry          1000  40000     -         large   both on the bound
industry          999   40000     -         medium  staff one below
industry          1000  39999.99  -         medium  revenue a hundred yuan below
industry          300   2000      -         medium  both on the bound
industry          299   500000    -         small   revenue far above does not help
industry          1200  1000      -         small   drops two classes
industry          20    300       -         small   both on the bound
industry          19    40000     -         micro   one below is enough
industry          5000  299.99    -         micro   one below is enough
agriculture       3     20000     -         large   staff not looked at
construction      5     80000     79999.99  medium  assets one step below
wholesale         5     1000      -         small   both on the bound
warehousing       100   1000      -         medium  the bound is 100, not 200
warehousing       199   30000     -         medium  100 to 199 staff
information       2000  50000     -         medium  revenue between the bounds
real_estate       1     200000    9999.99   medium  the assets bound of large is 10,000
property          99    5000      -         micro   small needs 100 staff
leasing_business  300   0         8000      medium  revenue not looked at
other             299   -         -         medium  one indicator
other             9     999999    -         micro   revenue not looked at
"""


def fen(wan: str) -> int | None:
    return None if wan == "-" else int(Decimal(wan) * 1_000_000)


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_edge_case(case: str) -> None:
    sector, staff, revenue, assets, expected, _why = case.split(maxsplit=5)
    figures = Figures(employees=None if staff == "-" else int(staff), revenue_fen=fen(revenue), assets_fen=fen(assets))
    assert size_class(sector, figures, TODAY) == expected


# sector: the bounds of large, medium, small for staff; revenue; assets. Written from the standard, not from the code.
TABLE = """
agriculture       -                20000/500/50         -
industry          1000/300/20      40000/2000/300       -
construction      -                80000/6000/300       80000/5000/300
wholesale         200/20/5         40000/5000/1000      -
retail            300/50/10        20000/500/100        -
transport         1000/300/20      30000/3000/200       -
warehousing       200/100/20       30000/1000/100       -
postal            1000/300/20      30000/2000/100       -
accommodation     300/100/10       10000/2000/100       -
catering          300/100/10       10000/2000/100       -
information       2000/100/10      100000/1000/100      -
software          300/100/10       10000/1000/50        -
real_estate       -                200000/1000/100      10000/5000/2000
property          1000/300/100     5000/1000/500        -
leasing_business  300/100/10       -                    120000/8000/100
other             300/100/10       -                    -
"""
UNITS = {"employees": 1, "revenue_fen": 1_000_000, "assets_fen": 1_000_000}
BELOW = {"large": "medium", "medium": "small", "small": "micro"}


def bounds(line: str) -> tuple[str, dict[str, list[int]]]:
    sector, *columns = line.split()
    return sector, {
        name: [int(bound) * UNITS[name] for bound in column.split("/")]
        for name, column in zip(UNITS, columns, strict=True)
        if column != "-"
    }


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_on_each_bound_and_one_below_it(line: str) -> None:  # R-FIRM-4
    sector, used = bounds(line)
    assert needed(sector, TODAY) == tuple(used)
    for rank, name in enumerate(("large", "medium", "small")):
        on_it = {indicator: each[rank] for indicator, each in used.items()}
        assert size_class(sector, Figures(**on_it), TODAY) == name
        for indicator in used:
            below = {**on_it, indicator: on_it[indicator] - 1}
            assert size_class(sector, Figures(**below), TODAY) == BELOW[name]


def test_every_sector_is_in_the_table() -> None:
    assert sorted(line.split()[0] for line in TABLE.strip().splitlines()) == sorted(SectorName)


def test_missing_figure_is_not_taken_for_zero() -> None:
    with pytest.raises(ValueError, match="industry"):
        size_class("industry", Figures(employees=1000), TODAY)


@pytest.mark.parametrize(
    ("code", "sector"),
    [
        ("A0111", "agriculture"),
        ("C3451", "industry"),
        ("C2710", "industry"),
        ("B06", "industry"),
        ("D4411", "industry"),
        ("E4710", "construction"),
        ("F5111", "wholesale"),
        ("F5211", "retail"),
        ("G5430", "transport"),
        ("G5910", "transport"),
        ("G5920", "warehousing"),
        ("G5310", None),
        ("G6010", "postal"),
        ("H6110", "accommodation"),
        ("H6210", "catering"),
        ("I6311", "information"),
        ("I6420", "information"),
        ("I6510", "software"),
        ("K7010", "real_estate"),
        ("K7020", "property"),
        ("K7030", "other"),
        ("K7040", None),
        ("K7090", "other"),
        ("L7111", "leasing_business"),
        ("M7452", "other"),
        ("Q8510", "other"),
        ("Q8411", None),
        ("J6621", None),
        ("P8310", None),
        ("S9111", None),
        ("nonsense", None),
    ],
)
def test_sector_of_an_industry_code(code: str, sector: str | None) -> None:
    assert sector_of_industry(code) == sector


# ── Industries by search ──────────────────────────────────────────────────


def test_the_list_is_the_standards() -> None:
    """97 divisions without a gap, 1,381 classes (GB/T 4754-2017 as amended in 2019), none outside a division and none
    of them empty."""
    codes = list(divisions())
    assert [code[1:] for code in codes] == [f"{number:02}" for number in range(1, 98)]
    assert codes == sorted(codes)
    assert len(classes()) == 1381
    assert list(classes()) == sorted(classes())
    assert {code[:3] for code in classes()} == set(codes)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("轴承", "C34"),
        ("做轴承的", "C34"),
        ("滚动轴承", "C3451"),
        ("汽车零部件及配件", "C3670"),
        ("工业机器人", "C3491"),
        ("Bearings", "C34"),
        ("电镀", "C33"),
        ("注塑", "C29"),
        ("纺织机械", "C35"),
        ("通用设备制造业", "C34"),
        ("c3451", "C34"),
        ("3451", "C3451"),
        ("testing", "M74"),
    ],
)
def test_a_trade_finds_its_industry_first(typed: str, code: str) -> None:
    assert find_industries(typed)[0].code == code


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (" c3451 ", "C3451"),
        ("轴承", "C34"),
        ("滚动轴承", "C3451"),
        ("制造", "制造"),
        ("没有这一行", "没有这一行"),
        ("", ""),
    ],
)
def test_one_industry_alone_is_taken(typed: str, read: str) -> None:
    assert read_industry(typed) == read
