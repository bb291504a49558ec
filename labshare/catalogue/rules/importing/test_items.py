"""Test items with their standards and instruments, and whose fees a row tells of."""

from typing import Any

from labshare.catalogue import errors
from labshare.catalogue.rules import publishing
from labshare.catalogue.rules.entries import TestItemDetails, item_problems
from labshare.catalogue.rules.filled import Filled, Row
from labshare.catalogue.rules.importing.cells import given, lacking, note, twice
from labshare.catalogue.rules.importing.fees import Fees
from labshare.catalogue.rules.importing.have import Have, HaveItem
from labshare.catalogue.rules.importing.plans import ItemPlan, Plan
from labshare.catalogue.rules.standards import normalise
from labshare.kernel.errors import Problem

_UNKNOWN = object()


class Items:
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
            details: TestItemDetails = given(row, TestItemDetails, before.details if before else None)
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
                    problems += lacking(publishing.item_conditions(self._facts(now)))
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
            Fees(sheet, one, self.have.today).read(sorted(rows, key=lambda row: row.values["valid_from"]))

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
