"""The sample forms of test items."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select

from labshare.catalogue.models import SampleField, TestItem
from labshare.catalogue.queries.lists import TestItemRow
from labshare.catalogue.rules.sample_form import Question, read_question
from labshare.kernel.database import db


def sample_form(item: TestItem) -> tuple[Question, ...]:
    """What the lab asks about the samples, in order. One statement; none where the item never had a form."""
    return forms_of([item]).get(item.id, ())


def with_forms(rows: Iterable[TestItemRow]) -> tuple[TestItemRow, ...]:
    """The rows with their items' sample forms. One statement at most."""
    rows = tuple(rows)
    forms = forms_of(row.item for row in rows)
    return tuple(replace(row, questions=forms.get(row.item.id, ())) for row in rows)


def forms_of(items: Iterable[TestItem]) -> dict[int, tuple[Question, ...]]:
    """By test item, where one has a form. One statement; none where none ever had one."""
    ids = [item.id for item in items if item.form_revision]
    if not ids:
        return {}
    found: dict[int, tuple[Question, ...]] = {}
    for row in db.session.scalars(
        select(SampleField)
        .where(SampleField.test_item_id.in_(ids))
        .order_by(SampleField.test_item_id, SampleField.place)
    ):
        found[row.test_item_id] = (*found.get(row.test_item_id, ()), read_question(row))
    return found
