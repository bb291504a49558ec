"""Sample forms: what a lab may ask (R-SAMPLE-1)."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from labshare.audit.models import AuditEvent
from labshare.catalogue import errors
from labshare.catalogue.queries.sample_forms import sample_form
from labshare.catalogue.rules.sample_form import MOST_FIELDS, Option, Question, form_problems, read_question
from labshare.catalogue.services.sample_forms import set_sample_form
from labshare.catalogue.terms import FieldKind
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import InvalidInputs, NotAllowed, NotFound, Problem
from tests import factories
from tests.booking.conftest import House, make_house
from tests.conftest import Clock

OPTIONS = (Option("磨削", "ground"), Option("车削"))
SURFACE = Question(label="表面状态", label_en="Surface", kind="choice", options=OPTIONS)
HARDNESS = Question(label="预期硬度", kind="number", unit="HRC", least=Decimal(20), most=Decimal("70.5"))


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    return make_house(clock)


def ask(house: House, *questions: Question, revision: int | None = None, **given: object) -> None:
    with transaction():
        db.session.refresh(house.item)
        seen = house.item.form_revision if revision is None else revision
        actor = given.get("actor", house.manager)
        set_sample_form(
            actor=actor, now=house.clock.now, test_item_id=house.item.id, questions=questions, revision=seen
        )


def refused(*questions: Question) -> dict[str | None, type[Problem]]:
    return {one.field: type(one) for one in form_problems(questions)}


def test_a_form_is_kept_as_it_was_made(house: House) -> None:  # R-SAMPLE-1
    """Ids stay with their questions, whatever else changes; a second save of the same writes nothing."""
    ask(house, SURFACE, HARDNESS)
    surface, hardness = sample_form(house.item)
    assert (surface.label, hardness.most, surface.options[0].name_en) == ("表面状态", Decimal("70.5"), "ground")
    ask(house, hardness, Question(label="热处理", kind="text", required=False), surface)
    again = sample_form(house.item)
    assert [one.id for one in again][::2] == [hardness.id, surface.id]
    assert house.item.form_revision == 2
    ask(house, *again)
    assert house.item.form_revision == 2
    events = db.session.query(AuditEvent).filter_by(action="test_item.set_form").all()
    assert [len(one.after["sample_form"]) for one in events] == [2, 3]
    ask(house)
    assert sample_form(house.item) == ()


def test_who_sees_an_old_form_does_not_write_over_the_new_one(house: House) -> None:
    ask(house, SURFACE)
    with pytest.raises(errors.SampleFormChanged):
        ask(house, HARDNESS, revision=0)


def test_another_labs_form_is_not_changed(house: House) -> None:
    with transaction():
        firm = factories.firm()
        stranger = factories.actor(factories.member(firm, "owner"), firm, "owner")
        viewer = factories.actor(factories.member(house.lab.firm, "viewer"), house.lab.firm, "viewer")
    for actor in (stranger, viewer):
        with pytest.raises((NotAllowed, NotFound)):
            ask(house, SURFACE, actor=actor)
    with pytest.raises(InvalidInputs), transaction():
        set_sample_form(
            actor=house.manager,
            now=house.clock.now,
            test_item_id=house.item.id,
            questions=[Question(label="", kind="choice")],
            revision=0,
        )


def test_what_is_no_question_is_refused_at_its_field() -> None:
    assert refused(Question(label=" ", kind="text")) == {"fields-0-label": errors.Required}
    assert refused(Question(label="长" * 10_000, kind="text")) == {"fields-0-label": errors.TooLongText}
    assert refused(SURFACE, SURFACE) == {"fields-1-label": errors.LabelTwice}
    assert refused(Question(label="a", kind="colour")) == {"fields-0-kind": errors.UnknownChoice}
    assert refused(Question(label="a", kind="choice")) == {"fields-0-options": errors.OptionsNeeded}
    twice = Question(label="a", kind="choice", options=(Option("x"), Option("x")))
    assert refused(twice) == {"fields-0-options": errors.OptionTwice}
    long = Question(label="a", kind="choice", options=(Option("x"), Option("y" * 61)))
    assert refused(long) == {"fields-0-options": errors.TooLongText}
    reversed_limits = Question(label="a", kind="number", least=Decimal(70), most=Decimal(20))
    assert refused(reversed_limits) == {"fields-0-most": errors.LimitsNotInOrder}
    fine = Question(label="a", kind="number", least=Decimal("0.0001"))
    assert refused(fine) == {"fields-0-least": errors.OutOfRange}
    many = [Question(label=str(n), kind="text") for n in range(MOST_FIELDS + 1)]
    assert refused(*many) == {None: errors.TooManyFields}


@given(
    kind=st.sampled_from(FieldKind),
    limits=st.tuples(st.none() | st.integers(-99, 99), st.none() | st.integers(-99, 99)),
    options=st.lists(st.text("磨车xy", min_size=1, max_size=3), unique=True, max_size=4),
)
@settings(max_examples=40)
def test_what_has_no_problem_is_read_as_it_was_written(
    kind: FieldKind, limits: tuple[int | None, int | None], options: list[str]
) -> None:
    least, most = (None if one is None else Decimal(one) for one in limits)
    asked = Question(
        label="x", kind=kind, unit="mm", least=least, most=most, options=tuple(map(Option, options))
    ).fitting()
    if list(form_problems([asked])):
        return
    row = type("Row", (), asked.columns() | {"id": None})
    assert read_question(row) == asked


def wrong_rows() -> Iterator[str]:
    columns = "test_item_id, place, label, label_en, kind, required, unit, least, most, options, hint, hint_en"
    for values in (
        "{item}, 1, 'a', '', 'colour', true, '', NULL, NULL, NULL, '', ''",
        "{item}, 0, 'a', '', 'text', true, '', NULL, NULL, NULL, '', ''",
        "{item}, 1, 'a', '', 'number', true, '', 9000, 1000, NULL, '', ''",
        "{item}, 1, 'a', '', 'text', true, 'mm', NULL, NULL, NULL, '', ''",
        "{item}, 1, 'a', '', 'choice', true, '', NULL, NULL, NULL, '', ''",
    ):
        yield f"INSERT INTO sample_field ({columns}) VALUES ({values})"


def test_the_database_refuses_what_is_no_question(house: House) -> None:
    ask(house, SURFACE)
    fine = "INSERT INTO sample_field (test_item_id, place, label, label_en, kind, required, unit, hint, hint_en) "
    same_place = fine + "VALUES ({item}, 1, 'b', '', 'text', true, '', '', '')"
    for statement in (*wrong_rows(), same_place):
        with pytest.raises(IntegrityError):
            db.session.execute(sql(statement.format(item=house.item.id)))
        db.session.rollback()
