"""Every field of every form that posts and names a bound refuses one character, or one, more, beside the field; the
bound itself passes. Read from the forms themselves, so that a new field is tried as well."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from flask import Flask
from werkzeug.datastructures import MultiDict
from wtforms import Field
from wtforms.validators import Length

import labshare.web
from labshare.kernel.actor import Actor
from labshare.web.forms import Form, WholeNumberField

ENGINES = ("sqlite",)  # no form asks the database for a length


def every_form() -> Iterator[type[Form]]:
    for found in pkgutil.walk_packages(labshare.web.__path__, "labshare.web."):
        importlib.import_module(found.name)
    waiting = list(Form.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        yield kind


OFFICER = Actor(roles=frozenset({"officer"}), divisions=frozenset({("officer", "")}))
ASKED = {"objection_id": 1, "verdict": "upheld", "lab": SimpleNamespace(division="330624"), "actor": OFFICER}
"""What some forms are made with."""


def made(kind: type[Form], given: MultiDict[str, str] | None = None) -> Form:
    parameters = inspect.signature(kind.__init__).parameters.values()
    asked = {
        one.name: ASKED[one.name]
        for one in parameters
        if one.name != "self" and one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
    }
    return kind(formdata=given, **asked)


def bounds(field: Field) -> Iterator[tuple[str, str]]:
    """(within, beyond) of each bound of a field, as typed."""
    for one in field.validators:
        if isinstance(one, Length) and one.max > 0:
            yield "x" * one.max, "x" * (one.max + 1)
    if isinstance(field, WholeNumberField):
        for edge, step in ((field.most, 1), (field.least, -1)):
            if edge is not None:
                yield str(edge), str(edge + step)


def errors(kind: type[Form], name: str, value: str) -> list[str]:
    """What one field says of a value; the rest of the form is empty."""
    form = made(kind, MultiDict({name: value}))
    field = form.field(name)
    assert field is not None
    field.validate(form)
    return [str(error) for error in field.errors]


def test_every_bound_of_a_form_refuses(app: Flask, clock: Any) -> None:
    wrong, tried = [], 0
    with app.test_request_context(headers={"Accept-Language": "en"}):
        for kind in every_form():
            for field in made(kind).all_fields:
                for within, beyond in bounds(field):
                    tried += 1
                    told = set(errors(kind, field.name, beyond)) - set(errors(kind, field.name, within))
                    if not told:
                        wrong.append(f"{kind.__module__}.{kind.__name__}.{field.name}: {beyond[:20]} ({len(beyond)})")
    assert tried > 100, "do the forms still name their bounds?"
    assert not wrong, "nothing is said of:\n" + "\n".join(wrong)
