"""The dated fees of a test item."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from labshare.catalogue import errors
from labshare.catalogue.rules import publishing
from labshare.catalogue.rules.fees import FeeSpan, amount_problems, extras_problems, in_force, with_new
from labshare.catalogue.rules.filled import Filled, Row
from labshare.catalogue.rules.importing.cells import lacking, note
from labshare.catalogue.rules.importing.have import FeeValues, HaveFee, fee_of_row
from labshare.catalogue.rules.importing.plans import ItemPlan
from labshare.catalogue.terms import Requirement
from labshare.kernel.errors import Problem


class Fees:
    """The fees of one item as they would be, row after row in the order of their days."""

    def __init__(self, sheet: Filled, one: ItemPlan, today: date) -> None:
        self.sheet, self.one, self.today = sheet, one, today
        self.fees = {fee.id: fee for fee in one.have.fees} if one.have else {}
        self.spans: tuple[FeeSpan, ...] = tuple(fee.span for fee in self.fees.values())
        self.published = bool(one.have and one.have.published)

    def read(self, rows: Sequence[Row]) -> None:
        before = in_force(self.spans, self.today)
        for row in rows:
            values = fee_of_row(row.values)
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
            no_fee = publishing.Condition(Requirement.FEE_TODAY, met=False)
            note(self.sheet, rows[-1], lacking((no_fee,)))

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
