"""What a lab asks about the samples of a test item."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert, select

from labshare.audit import services as audit
from labshare.catalogue.errors import SampleFormChanged
from labshare.catalogue.models import SampleField, TestItem
from labshare.catalogue.queries.sample_forms import sample_form
from labshare.catalogue.rules.sample_form import Question, form_problems, plain_form
from labshare.catalogue.services import common
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import raise_all
from labshare.kernel.verbs import verb


@verb("test_item.set_form", title=_l("Sample form changed"))
def set_sample_form(
    *, actor: Actor, now: datetime, test_item_id: int, questions: Sequence[Question], revision: int
) -> TestItem:
    """Put these questions in the place of the item's sample form (R-SAMPLE-1); an empty list takes it away. A question
    with the id of one that stands there stays the same question. `revision` is the form's as the editor saw it.

    Bookings that are made keep what was asked (R-SAMPLE-3). Raises `SampleFormChanged` and the problems of
    `form_problems`.
    """
    item = common.own_test_item(actor, test_item_id)
    db.session.execute(select(TestItem.id).where(TestItem.id == item.id).with_for_update())
    db.session.refresh(item, ["form_revision"])
    if item.form_revision != revision:
        raise SampleFormChanged
    before = sample_form(item)
    known = {one.id for one in before}
    wanted = [replace(one.fitting(), id=one.id if one.id in known else None) for one in questions]
    raise_all(list(form_problems(wanted)))
    if tuple(wanted) == before:
        return item
    db.session.execute(delete(SampleField).where(SampleField.test_item_id == item.id))
    rows = [one.columns() | {"test_item_id": item.id, "place": n} for n, one in enumerate(wanted, start=1)]
    changed = [row | {"id": one.id} for row, one in zip(rows, wanted, strict=True) if one.id]
    fresh = [row for row, one in zip(rows, wanted, strict=True) if not one.id]
    for each in (changed, fresh):  # those with a number of their own first, lest another gets it
        if each:
            db.session.execute(insert(SampleField), each)
    item.form_revision += 1
    db.session.flush()
    audit.record(
        actor,
        now,
        "test_item.set_form",
        subject=("test_item", item.id),
        before={"sample_form": plain_form(before)},
        after={"sample_form": plain_form(wanted)},
    )
    return item
