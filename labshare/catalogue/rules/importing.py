"""What sheets that were filled in would change in a lab: decided by the rules of the forms, all at once (R-SHEET-2).

`plan` is pure: what the lab has comes in as `Have`, what is to be written goes out as `Plan`, with every bad cell.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

from labshare.catalogue import errors
from labshare.catalogue.rules import publishing
from labshare.catalogue.rules.entries import (
    CalibrationDetails,
    InstrumentDetails,
    TestItemDetails,
    calibration_problems,
    instrument_problems,
    item_problems,
    units_problems,
)
from labshare.catalogue.rules.fees import (
    Extras,
    FeeSpan,
    amount_problems,
    extras_problems,
    in_force,
    with_new,
)
from labshare.catalogue.rules.filled import BadCell, Filled, Row
from labshare.catalogue.rules.sheets import COLUMNS
from labshare.catalogue.rules.standards import normalise
from labshare.catalogue.terms import Requirement, Sharing, SheetKind
from labshare.kernel.errors import Problem
from labshare.kernel.money import ZERO, Fen

_AT = {
    Requirement.MODEL: "model",
    Requirement.CALIBRATED: "needs_calibration",
    Requirement.OPEN_TO_OTHERS: "sharing",
    Requirement.INSTRUMENT_PUBLISHED: "instruments",
    Requirement.SAMPLE_REQUIREMENT: "sample_requirement",
    Requirement.FEE_TODAY: "valid_to",
}
"""At which column it is said that something published would lack this."""


_TOGETHER = (errors.NoWork, errors.HoursIncomplete, errors.HoursNotInOrder, errors.LongestBelowShortest)


@dataclass(frozen=True, kw_only=True)
class FeeValues:
    """What a fee says, without its days."""

    basis: str
    amount_fen: Fen
    minimum_fen: Fen
    extras: Extras

    def same(self, other: "FeeValues") -> bool:
        """Whether both say the same; codes of components are numbers that nobody sees."""
        return self.plain == other.plain

    @property
    def plain(self) -> "FeeValues":
        bare = tuple(one._replace(code="") for one in self.extras.surcharges)
        return replace(self, extras=self.extras._replace(surcharges=bare))


def fee_said(row: Mapping[str, Any]) -> FeeValues:
    """What the row of a fee says."""
    return FeeValues(
        basis=row["basis"],
        amount_fen=row["amount_fen"],
        minimum_fen=row.get("minimum_fen", ZERO),
        extras=Extras(
            sme_amount_fen=row.get("sme_amount_fen"),
            steps=row.get("steps", ()),
            surcharges=row.get("surcharges", ()),
            discounts=row.get("discounts", ()),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class HaveInstrument:
    id: int
    details: InstrumentDetails
    units: int
    published: bool = False
    calibrated: bool = False
    """Today."""


@dataclass(frozen=True, kw_only=True)
class HaveFee:
    id: int
    values: FeeValues
    span: FeeSpan
    used_to: date | None = None
    """The last day on which something was booked with it."""


@dataclass(frozen=True, kw_only=True)
class HaveItem:
    id: int
    details: TestItemDetails
    standards: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    """By their own numbers."""
    published: bool = False
    fees: tuple[HaveFee, ...] = ()


Week = tuple[tuple[tuple[int, int], ...], ...] | None
"""Seven days from Monday, each (opens, closes) in minutes after its midnight; None: an instrument keeps its lab's."""


@dataclass(frozen=True, kw_only=True)
class HaveHours:
    id: int
    week: Week


@dataclass(frozen=True, kw_only=True)
class Have:
    """A lab's catalogue, as far as sheets tell of it."""

    today: date
    instruments: Mapping[str, HaveInstrument] = field(default_factory=dict)
    """By their own numbers."""
    calibrations: Sequence[tuple[str, CalibrationDetails]] = ()
    items: Mapping[int, HaveItem] = field(default_factory=dict)
    standards: Mapping[str, str] = field(default_factory=dict)
    """Listed numbers as printed, by their one spelling: those that the file names."""
    hours: Mapping[tuple[str, date], HaveHours] = field(default_factory=dict)
    """By the instrument's own number, empty for the lab's, and their first day."""


@dataclass
class ItemPlan:
    """A test item that is added (`have` None) or changed, or whose fees are."""

    name: str
    have: HaveItem | None
    details: TestItemDetails
    standards: tuple[str, ...]
    instruments: tuple[str, ...]
    changed: bool = False
    fees_added: list[tuple[FeeSpan, FeeValues]] = field(default_factory=list)
    fees_changed: list[tuple[HaveFee, FeeValues]] = field(default_factory=list)
    fees_ended: list[tuple[HaveFee, date | None]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class HoursPlan:
    """Hours that are added (`have` None) or changed."""

    number: str
    valid_from: date
    week: Week
    have: HaveHours | None


@dataclass
class Plan:
    """What is to be written, and what stands in the way of it."""

    bad: list[BadCell] = field(default_factory=list)
    instruments_added: list[tuple[InstrumentDetails, int]] = field(default_factory=list)
    instruments_changed: list[tuple[HaveInstrument, InstrumentDetails, int]] = field(default_factory=list)
    calibrations_added: list[tuple[str, CalibrationDetails]] = field(default_factory=list)
    items: list[ItemPlan] = field(default_factory=list)
    hours: list[HoursPlan] = field(default_factory=list)
    rows: dict[SheetKind, int] = field(default_factory=dict)

    def counts(self, kind: SheetKind) -> tuple[int, int]:
        """How many are added and how many changed."""
        if kind == SheetKind.INSTRUMENTS:
            return len(self.instruments_added), len(self.instruments_changed)
        if kind == SheetKind.CALIBRATIONS:
            return len(self.calibrations_added), 0
        if kind == SheetKind.TEST_ITEMS:
            return sum(one.have is None for one in self.items), sum(one.changed for one in self.items)
        if kind == SheetKind.HOURS:
            changes = sum(one.have is not None for one in self.hours)
            return len(self.hours) - changes, changes
        ended = {(have.id) for one in self.items for have, _last in one.fees_ended}
        changed = {(have.id) for one in self.items for have, _values in one.fees_changed}
        return sum(len(one.fees_added) for one in self.items), len(ended | changed)

    @property
    def nothing(self) -> bool:
        return not any(sum(self.counts(kind)) for kind in SheetKind)


def standards_named(sheets: Iterable[Filled]) -> set[str]:
    """The standards that sheets name, in their one spelling."""
    rows = (row for one in sheets if one.kind == SheetKind.TEST_ITEMS for row in one.rows)
    return {normalise(number) for row in rows for number in row.values.get("standards", ())}


def plan(sheets: Sequence[Filled], have: Have) -> Plan:
    """What these sheets would change. With bad cells nothing of it may be written."""
    made = Plan(rows={one.kind: len(one.rows) for one in sheets})
    by_kind = {one.kind: one for one in sheets}
    calibrated: set[str] = set()
    if sheet := by_kind.get(SheetKind.CALIBRATIONS):
        calibrated = {row.values["inner_id"] for row in sheet.rows if not row.unread and _holds(row.values, have.today)}
    if sheet := by_kind.get(SheetKind.INSTRUMENTS):
        _instruments(sheet, have, made, calibrated)
    numbers = {*have.instruments, *(details.inner_id for details, _units in made.instruments_added)}
    if sheet := by_kind.get(SheetKind.INSTRUMENTS):  # those that are bad themselves are not missing
        numbers |= {row.values["inner_id"] for row in sheet.rows if "inner_id" in row.values}
    if sheet := by_kind.get(SheetKind.CALIBRATIONS):
        _calibrations(sheet, have, made, numbers)
    items = _Items(have, made)
    if sheet := by_kind.get(SheetKind.TEST_ITEMS):
        items.read(sheet, numbers)
    if sheet := by_kind.get(SheetKind.FEES):
        items.read_fees(sheet)
    for one in sheets:
        made.bad += sorted(one.bad, key=lambda cell: (cell.row, len(cell.letter), cell.letter))
    return made


def _holds(values: Mapping[str, Any], day: date) -> bool:
    return bool(values["valid_from"] <= day <= values["valid_to"])


def _given(row: Row, kind: type[Any], before: Any = None) -> Any:
    """The details of a row over those that are there; what could not be read is left as it is there."""
    names = {one.name for one in fields(kind)}
    values = {name: value for name, value in row.values.items() if name in names}
    return replace(before, **values) if before is not None else kind(**values)


def note(sheet: Filled, row: Row, problems: Iterable[Problem]) -> None:
    """Note problems at their cells, but those of cells that could not be read in the first place, and of several
    cells together where one of a row could not."""
    for problem in problems:
        if (problem.field or "").split("-")[0] not in row.unread and not (
            row.unread and isinstance(problem, _TOGETHER)
        ):
            sheet.say(row.number, problem)


def twice(sheet: Filled, row: Row, seen: dict[Any, int], key: Any, name: str) -> bool:
    """Note where an earlier row is about the same."""
    if (first := seen.setdefault(key, row.number)) == row.number:
        return False
    sheet.say(row.number, errors.RowTwice(name, row=first))
    return True


def _lacking(conditions: tuple[publishing.Condition, ...]) -> Iterator[Problem]:
    """What something published would lack; what it lacked before, too, is not asked here."""
    for key in publishing.missing(conditions):
        yield errors.NotComplete(_AT.get(key), what=key.label)


def _instruments(sheet: Filled, have: Have, made: Plan, calibrated: set[str]) -> None:
    seen: dict[Any, int] = {}
    for row in sheet.rows:
        number = row.values.get("inner_id", "")
        if number and twice(sheet, row, seen, number, "inner_id"):
            continue
        before = have.instruments.get(number)
        details: InstrumentDetails = _given(row, InstrumentDetails, before.details if before else None)
        units = row.values.get("units", before.units if before else 1)
        problems = [*instrument_problems(details, have.today), *units_problems(units)]
        if before is not None and before.published and details != before.details:
            facts = publishing.InstrumentFacts(
                firm_verified=True,
                lab_published=True,
                model=bool(details.model.strip() and details.manufacturer.strip()),
                calibrated=not details.needs_calibration or before.calibrated or number in calibrated,
                open_to_others=details.sharing == Sharing.OUTSIDE,
            )
            problems += _lacking(publishing.instrument_conditions(facts))
        note(sheet, row, problems)
        if before is None:
            made.instruments_added.append((details, units))
        elif (details, units) != (before.details, before.units):
            made.instruments_changed.append((before, details, units))


def _calibrations(sheet: Filled, have: Have, made: Plan, numbers: set[str]) -> None:
    entered = {(number, one.certificate, one.valid_from): one for number, one in have.calibrations}
    seen: dict[Any, int] = {}
    for row in sheet.rows:
        number = str(row.values.get("inner_id", ""))
        if number and number not in numbers:
            sheet.say(row.number, errors.UnknownInnerId(number=number))
        if row.unread:
            continue
        details = _certificate(row)
        key = (number, details.certificate, details.valid_from)
        if twice(sheet, row, seen, key, "certificate") or entered.get(key) == details:
            continue
        problems = list(calibration_problems(details, have.today))
        if key in entered:
            problems.append(errors.CertificateOverlaps())
        note(sheet, row, problems)
        made.calibrations_added.append((number, details))


def _certificate(row: Row) -> CalibrationDetails:
    return CalibrationDetails(
        certificate=row.values["certificate"],
        issuer=row.values.get("issuer", ""),
        valid_from=row.values["valid_from"],
        valid_to=row.values["valid_to"],
    )


class _Items:
    """Test items and their fees: what is there, and what the sheets add."""

    def __init__(self, have: Have, made: Plan) -> None:
        self.have, self.made = have, made
        self.by_name: dict[str, list[HaveItem]] = {}
        for item in have.items.values():
            self.by_name.setdefault(item.details.name, []).append(item)
        self.plans: dict[int, ItemPlan] = {}
        """By the numbers of items that are there."""
        self.named: dict[str, ItemPlan] = {}
        """What the sheet of test items calls so, new or not."""

    def read(self, sheet: Filled, numbers: set[str]) -> None:
        seen: dict[Any, int] = {}
        for row in sheet.rows:
            name, known = row.values.get("name", ""), True
            before = self._meant(sheet, row, name)
            if before is _UNKNOWN:
                before, known = None, False
            if twice(sheet, row, seen, before.id if before else name or row.number, "name"):
                continue
            details: TestItemDetails = _given(row, TestItemDetails, before.details if before else None)
            problems = list(item_problems(details))
            by = self._standards(row, problems, before)
            on = tuple(dict.fromkeys(row.values.get("instruments", before.instruments if before else ())))
            problems += [errors.UnknownInnerId("instruments", number=one) for one in on if one not in numbers]
            now = ItemPlan(name, before, details, by, on)
            if before is not None:
                now.changed = (details, set(by), set(on)) != (
                    before.details,
                    set(before.standards),
                    set(before.instruments),
                )
                if before.published and now.changed:
                    problems += _lacking(publishing.item_conditions(self._facts(now)))
            note(sheet, row, problems)
            if known:
                self._take(now)

    def _take(self, one: ItemPlan) -> None:
        self.made.items.append(one)
        self.named.setdefault(one.details.name, one)
        if one.have is not None:
            self.plans[one.have.id] = one

    def _meant(self, sheet: Filled, row: Row, name: str, at: str = "name") -> Any:
        """The item that is here already of a row's number, else of its name; None: it is new; `_UNKNOWN`: said."""
        number = row.values.get("item_id")
        if number is not None:
            if (found := self.have.items.get(number)) is None:
                sheet.say(row.number, errors.UnknownItemNumber())
                return _UNKNOWN
            return found
        same = self.by_name.get(name, [])
        if len(same) > 1:
            sheet.say(row.number, errors.ItemNameUnclear(at))
            return _UNKNOWN
        return same[0] if same else None

    def _standards(self, row: Row, problems: list[Problem], before: HaveItem | None) -> tuple[str, ...]:
        if "standards" not in row.values:
            return before.standards if before else ()
        found = []
        for number in row.values["standards"]:
            if (printed := self.have.standards.get(normalise(number))) is None:
                problems.append(errors.UnknownStandard(number=number))
            else:
                found.append(printed)
        return tuple(dict.fromkeys(found))

    def _facts(self, one: ItemPlan) -> publishing.ItemFacts:
        on = (self.have.instruments.get(number) for number in one.instruments)
        return publishing.ItemFacts(
            firm_verified=True,
            lab_published=True,
            instrument_published=any(each is not None and each.published for each in on),
            fee_today=True,
            sample_requirement=bool(one.details.sample_requirement.strip()),
        )

    def read_fees(self, sheet: Filled) -> None:
        seen: dict[Any, int] = {}
        of: dict[int, tuple[ItemPlan, list[Row]]] = {}
        for row in sheet.rows:
            one = self._item_of(sheet, row)
            if one is None or row.unread:
                continue
            if not twice(sheet, row, seen, (id(one), row.values["valid_from"]), "valid_from"):
                of.setdefault(id(one), (one, []))[1].append(row)
        for one, rows in of.values():
            _Fees(sheet, one, self.have.today).read(sorted(rows, key=lambda row: row.values["valid_from"]))

    def _item_of(self, sheet: Filled, row: Row) -> ItemPlan | None:
        name = row.values.get("item", "")
        if row.values.get("item_id") is None:
            if not name:
                sheet.say(row.number, errors.Required("item"))
                return None
            if name in self.named:
                return self.named[name]
        found = self._meant(sheet, row, name, "item")
        if found is None:
            sheet.say(row.number, errors.UnknownItemName())
        if found is None or found is _UNKNOWN:
            return None
        if found.id not in self.plans:
            self._take(ItemPlan(found.details.name, found, found.details, found.standards, found.instruments))
        return self.plans[found.id]


_UNKNOWN = object()


class _Fees:
    """The fees of one item as they would be, row after row in the order of their days."""

    def __init__(self, sheet: Filled, one: ItemPlan, today: date) -> None:
        self.sheet, self.one, self.today = sheet, one, today
        self.fees = {fee.id: fee for fee in one.have.fees} if one.have else {}
        self.spans: tuple[FeeSpan, ...] = tuple(fee.span for fee in self.fees.values())
        self.published = bool(one.have and one.have.published)

    def read(self, rows: Sequence[Row]) -> None:
        before = in_force(self.spans, self.today)
        for row in rows:
            values = fee_said(row.values)
            since, last = row.values["valid_from"], row.values.get("valid_to")
            there = next((fee for fee in self.fees.values() if fee.span.first == since), None)
            if there is not None and there.values.same(values):
                problems: list[Problem] = []
            else:
                problems = amount_problems(values.basis, amount_fen=values.amount_fen, minimum_fen=values.minimum_fen)
                days = self.one.details.turnaround_days
                problems += extras_problems(values.extras, values.amount_fen, turnaround_days=days)
            if there is None:
                problems += self._add(since, last, values)
            else:
                problems += self._change(there, last, values)
            note(self.sheet, row, problems)
        ends = {span.first: span for span in self.spans if span.id is None}  # a later row ends an earlier one
        self.one.fees_added = [(ends.get(span.first, span), values) for span, values in self.one.fees_added]
        if self.published and before is not None and in_force(self.spans, self.today) is None and rows:
            lacking = publishing.Condition(Requirement.FEE_TODAY, met=False)
            note(self.sheet, rows[-1], _lacking((lacking,)))

    def _add(self, since: date, last: date | None, values: FeeValues) -> Iterator[Problem]:
        if self.published and since < self.today:
            yield errors.FeeFromThePast()
        try:
            fitted = with_new(self.spans, FeeSpan(since, last))
        except (errors.FeesOverlap, errors.DatesNotInOrder) as problem:
            yield problem
            return
        for span in fitted[:-1]:
            if span.id is not None and span.last != self._span(span.id).last:
                yield from self._end(self.fees[span.id], span.last)
        self.spans = fitted
        self.one.fees_added.append((fitted[-1], values))

    def _change(self, there: HaveFee, last: date | None, values: FeeValues) -> Iterator[Problem]:
        if not there.values.same(values):
            if there.used_to is not None:
                yield errors.FeeInUse()
            self.one.fees_changed.append((there, values))
        span = self._span(there.id)
        if last is None or last == span.last:  # an empty cell leaves its end
            return
        if last < span.first:
            yield errors.DatesNotInOrder()
            return
        moved = replace(span, last=last)
        if met := [each for each in self.spans if each.id != there.id and each.meets(moved)]:
            yield errors.FeesOverlap("valid_to", date=min(each.first for each in met))
            return
        yield from self._end(there, last)
        self.spans = tuple(moved if each.id == there.id else each for each in self.spans)

    def _end(self, fee: HaveFee, last: date | None) -> Iterator[Problem]:
        if fee.used_to is not None and last is not None and fee.used_to > last:
            yield errors.FeeInUse("valid_from")
        self.one.fees_ended = [each for each in self.one.fees_ended if each[0].id != fee.id]
        self.one.fees_ended.append((fee, last))

    def _span(self, fee_id: int) -> FeeSpan:
        return next(span for span in self.spans if span.id == fee_id)


def instrument_row(details: InstrumentDetails, units: int) -> dict[str, Any]:
    """An instrument as the row of its sheet."""
    return {**vars(details), "units": units}


def rows_of(have: Have, kind: SheetKind) -> Iterator[dict[str, Any]]:
    """What the lab has as the rows of a sheet: values by the names of its columns."""
    if kind == SheetKind.INSTRUMENTS:
        for one in have.instruments.values():
            yield instrument_row(one.details, one.units)
    elif kind == SheetKind.CALIBRATIONS:
        for number, certificate in have.calibrations:
            yield {"inner_id": number, **vars(certificate)}
    elif kind == SheetKind.HOURS:
        for (number, since), hours in have.hours.items():
            yield hours_row(number, since, hours.week)
    else:
        for item in have.items.values():
            if kind == SheetKind.TEST_ITEMS:
                yield item_row(item.id, item)
            else:
                yield from (fee_row(item.id, item.details.name, fee.span, fee.values) for fee in item.fees)


def hours_row(number: str, since: date, week: Week) -> dict[str, Any]:
    """Hours from a day on as the row of their sheet; `number` is the instrument's own, empty for the lab's."""
    days = {f"day{day}": spans for day, spans in enumerate(week or ((),) * 7, start=1)}
    return {"inner_id": number, "valid_from": since, **days, "as_lab": week is None}


def item_row(item_id: int, one: HaveItem | ItemPlan) -> dict[str, Any]:
    """A test item as the row of its sheet."""
    links = {"standards": one.standards, "instruments": one.instruments}
    return {"item_id": item_id, **vars(one.details), **links}


def fee_row(item_id: int, item: str, span: FeeSpan, said: FeeValues) -> dict[str, Any]:
    """A fee as the row of its sheet; `item` is the test item's name."""
    return {
        "item_id": item_id,
        "item": item,
        "basis": said.basis,
        "amount_fen": said.amount_fen,
        "minimum_fen": said.minimum_fen,
        **said.extras._asdict(),
        "valid_from": span.first,
        "valid_to": span.last,
    }


def cells_of(kind: SheetKind, row: Mapping[str, Any]) -> list[Any]:
    """A row as a file holds it."""
    return [column.cell(row[column.name]) for column in COLUMNS[kind]]
