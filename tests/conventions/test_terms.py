"""Fixed words stand in `terms.py` alone: nothing else compares with, assigns, passes or lists their codes as text; no
template compares with one or lists them."""

import ast
import importlib
from collections.abc import Iterator

import pytest
from jinja2 import nodes

from labshare.kernel.terms import Term
from labshare.web.labels import COMPARED
from tests.conventions.reading import ROOMS, inside, parsed_template, python_files, template_files

MEMBERSHIP = {"in_", "not_in", "count"}
THINGS = {
    "booking",
    "client",
    "decided",
    "en",
    "firm",
    "instrument",
    "lab",
    "month",
    "own",
    "payer",
    "payment",
    "refund",
    "report",
    "system",
    "test_item",
}
"""Codes that name things, too: subjects of the trail, languages, fields of forms, documents, filters of addresses and
sides of a booking are compared in their own right. Beside a column of codes they count like all others."""
VERBS = {"steps"}
"""What templates call a list of verbs (`booking.queries.next_steps`), some of which are called as codes are."""
DATA = "labshare/demonstration/data/"
"""The invented county's tables."""


def vocabularies() -> list[type[Term]]:
    """Every vocabulary of every room."""
    for room in ROOMS:
        if python_files(f"{room}/terms"):
            importlib.import_module(f"labshare.{room}.terms")
    found, waiting = [], [Term]
    while waiting:
        for vocabulary in waiting.pop().__subclasses__():
            waiting.append(vocabulary)
            found.append(vocabulary)
    return [vocabulary for vocabulary in found if vocabulary.__module__.startswith("labshare.")]


CODES = [set(vocabulary) for vocabulary in vocabularies()]
NAMES = {
    "act": "RunAct",
    "basis": "FeeBasis",
    "by": "UsageBy",
    "category": "Category",
    "cause": "EntryCause HoldCause",
    "condition": "InstrumentCondition",
    "funds": "Funds",
    "grade": "Grade",
    "kind": "AccreditationKind AffiliationKind BandKind ChangedInput ChargeKind DayKind FirmKind HoldingKind",
    "locale": "Locale",
    "payer_verdict": "PayerVerdict",
    "reason": "Reason",
    "regulators": "OfficialRole",
    "role": "FirmRole OfficialRole",
    "roles": "FirmRole OfficialRole",
    "offered": "DisputeOutcome",
    "offered_side": "Party",
    "outcome": "DisputeOutcome",
    "scope": "TokenScope",
    "sector": "SectorName",
    "sharing": "Sharing",
    "show": "Admission AffiliationList",
    "size": "SizeClass",
    "size_class": "SizeClass",
    "source": "AffiliationSource InstrumentSource",
    "state": "AffiliationState BookingState ChargeState DisputeState FirmState LifeState ListState LiveState "
    "PolicyState ProposalState RunState",
    "step": "DisputeStep",
    "tax": "Tax",
    "unit": "RewardUnit",
    "usage": "InstrumentUsage",
    "verdict": "ContestVerdict ObjectionVerdict PayerVerdict",
    "why": "WhyZero",
    "why_zero": "WhyZero",
}
"""What columns, fields and parameters of codes are called → the vocabularies they hold."""
BY_NAME = {
    name: {term for vocabulary in vocabularies() if vocabulary.__name__ in listed.split() for term in vocabulary}
    for name, listed in NAMES.items()
}
ALL = {term for codes in CODES for term in codes}


def raw_codes(source: str) -> Iterator[tuple[int, str]]:
    """(line, code) of each code that a source writes as text where a member belongs."""
    for node in ast.walk(ast.parse(source)):
        for name, value in _places(node):
            codes = BY_NAME.get(name, set()) if name is not None else ALL - THINGS
            yield from ((text.lineno, text.value) for text in _texts(value) if text.value in codes)
        yield from _list_of_codes(node)


def _places(node: ast.AST) -> Iterator[tuple[str | None, ast.expr]]:
    """Where codes stand: the name they stand beside, and the expression. No name: anything is compared with it."""
    match node:
        case ast.Compare():
            sides = [node.left, *node.comparators]
            for side in sides:
                yield None, side
                yield from ((_name(other), side) for other in sides if other is not side)
        case ast.Call():
            if isinstance(node.func, ast.Attribute) and node.func.attr in MEMBERSHIP:
                yield from ((_name(node.func.value) if node.func.attr != "count" else None, each) for each in node.args)
            yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg)
        case ast.Assign():
            for target in node.targets:
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    yield from zip(map(_name, target.elts), node.value.elts, strict=False)
                elif (name := _name(target)) is not None:
                    yield name, node.value
        case ast.AnnAssign(value=ast.expr() as value) if (name := _name(node.target)) is not None:
            yield name, value
            if isinstance(value, ast.Call):  # of a column
                yield from ((name, keyword.value) for keyword in value.keywords if keyword.arg == "default")
        case ast.Dict():
            yield from (
                (str(key.value), value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            )
        case ast.arguments():
            given = [*node.posonlyargs, *node.args][-len(node.defaults) :] if node.defaults else []
            pairs = [*zip(given, node.defaults, strict=True), *zip(node.kwonlyargs, node.kw_defaults, strict=True)]
            yield from ((argument.arg, default) for argument, default in pairs if default is not None)


def _name(node: ast.expr) -> str | None:
    """The last name of `a.b.name`, `name`, `row["name"]`."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return None


def _texts(node: ast.expr) -> Iterator[ast.Constant]:
    """The texts that an expression may be, or may hold."""
    match node:
        case ast.Constant(value=str()):
            yield node
        case ast.IfExp():
            yield from (*_texts(node.body), *_texts(node.orelse))
        case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            yield from (text for part in parts for text in _texts(part))
        case ast.Call(func=ast.Name(id="frozenset" | "set" | "tuple" | "list"), args=[whole]):
            yield from _texts(whole)


def _list_of_codes(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Two codes or more of one vocabulary, and nothing else, as a list or as keys: the vocabulary written anew."""
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            pass
        case ast.Dict(keys=keys):
            parts = [key for key in keys if key is not None]
        case _:
            return
    texts = {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    if len(texts) > 1 and len(texts) == len(parts) and not texts <= THINGS:
        yield from ((parts[0].lineno, ", ".join(sorted(texts))) for codes in CODES if texts <= codes)


def raw_codes_of_template(source: str) -> Iterator[tuple[int, str]]:
    """(line, code) of each code that a template compares with as text, or has in a list or as keys."""
    for node in parsed_template(source).find_all((nodes.Compare, nodes.Filter, nodes.Tuple, nodes.List, nodes.Dict)):
        match node:
            case nodes.Compare(expr=left, ops=operands):
                sides = [left, *(operand.expr for operand in operands)]
                for side in sides:
                    names = [_template_name(other) for other in sides if other is not side]
                    known = set() if VERBS & {*names} else ALL - THINGS
                    known = known.union(*(BY_NAME.get(name, set()) for name in names))
                    yield from ((node.lineno, text) for text in _template_texts(side) if text in known)
            case nodes.Filter(name="selectattr" | "rejectattr", args=[nodes.Const(value=name), _test, value]):
                known = BY_NAME.get(name.rpartition(".")[2], set()) | (ALL - THINGS)
                yield from ((node.lineno, text) for text in _template_texts(value) if text in known)
            case nodes.Tuple(items=parts) | nodes.List(items=parts):
                yield from ((node.lineno, text) for text in _written_anew(parts))
            case nodes.Dict(items=pairs):
                yield from ((node.lineno, text) for text in _written_anew([pair.key for pair in pairs]))


def _template_name(node: nodes.Node) -> str:
    """The last name of `a.b.name`, `name`, `row["name"]`, `a.name(…)`; empty of anything else."""
    match node:
        case nodes.Name(name=name) | nodes.Getattr(attr=name) | nodes.Getitem(arg=nodes.Const(value=str(name))):
            return name
        case nodes.Call(node=called):
            return _template_name(called)
    return ""


def _template_texts(node: nodes.Node) -> Iterator[str]:
    """The texts that an expression may be, or may hold."""
    match node:
        case nodes.Const(value=str(text)):
            yield text
        case nodes.Tuple(items=parts) | nodes.List(items=parts):
            for part in parts:
                yield from _template_texts(part)
        case nodes.CondExpr(expr1=one, expr2=two):
            yield from _template_texts(one)
            if two is not None:
                yield from _template_texts(two)
        case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
            yield from (*_template_texts(left), *_template_texts(right))


def _written_anew(parts: list[nodes.Expr]) -> Iterator[str]:
    texts = {part.value for part in parts if isinstance(part, nodes.Const) and isinstance(part.value, str)}
    if len(texts) > 1 and len(texts) == len(parts) and not texts <= THINGS:
        yield from (", ".join(sorted(texts)) for codes in CODES if texts <= codes)


@pytest.mark.parametrize(
    "source",
    [
        'booking.state == "confirmed"',
        '"confirmed" != booking.state',
        'state in ("requested", "confirmed")',
        'row["state"] not in {"draft"}',
        'Booking.state.in_(("tested", "reported"))',
        'Booking(state="requested")',
        'insert(Booking).values({"state": "requested"})',
        'booking.state = "confirmed" if automatic else "requested"',
        'run.state, run.paid_on = "paid", day',
        'state: Mapped[str] = mapped_column(String(10), default="draft")',
        'def issue(*, scope: str = "write"): ...',
        'kinds.count("maintenance") > 1',
        'link.state(today) == "voided"',
        'tell(roles=("owner", "lab_manager"))',
        'SIZES = ("large", "medium")',
        'COLOURS = {"confirmed": "green", "declined": "red"}',
        'lab.grade or "ungraded" == grade',
        'kind == "booking"',
    ],
)
def test_a_raw_code_is_found(source: str) -> None:
    assert list(raw_codes(source))


@pytest.mark.parametrize(
    "source",
    [
        "booking.state == BookingState.CONFIRMED",
        'logging.info("confirmed")',
        'AuditEvent.subject_type == "booking"',
        'parties = {"client": client_id, "lab": lab_id}',
        'after={"confirmed": True}',
        'may(actor, "report.record")',
        'MESSAGE = "draft"',
        'take(state, "no_show", Party.LAB)',
        'request.args.get("state")',
    ],
)
def test_other_text_passes(source: str) -> None:
    assert not list(raw_codes(source))


def test_codes_stand_in_terms_alone() -> None:
    found = [
        f"{inside(file)}:{line}: {code}"
        for file in python_files("")
        if file.name != "terms.py" and not inside(file).startswith(DATA)
        for line, code in raw_codes(file.read_text())
    ]
    assert not found, "\n".join(found)


def test_every_name_stands_for_a_vocabulary() -> None:
    known = {vocabulary.__name__ for vocabulary in vocabularies()}
    assert {name for listed in NAMES.values() for name in listed.split()} <= known


@pytest.mark.parametrize(
    "source",
    [
        '{% if booking.state == "confirmed" %}{% endif %}',
        '{% if run.state not in ("approved", "paid") %}{% endif %}',
        '{{ "strong" if shown_run_state(run.state, none) == "published" }}',
        "<b class=\"{{ 'idle' if rules.unit == 'lab' }}\">",
        '{% if "admin" in roles %}{% endif %}',
        '{{ members|selectattr("role", "equalto", "owner")|list }}',
        '{% for size in ("large", "medium", "small", "micro") %}{% endfor %}',
        '{{ {"sample": _("Samples"), "run": _("Runs")}[price.basis] }}',
    ],
)
def test_a_raw_code_of_a_template_is_found(source: str) -> None:
    assert list(raw_codes_of_template(source))


@pytest.mark.parametrize(
    "source",
    [
        "{% if run.state in RunState.settled() %}{% endif %}",
        '{% if side == "client" and "no_show" in steps %}{% endif %}',
        '{{ state(booking.state, kind="booking") }}',
        '{{ {"client": one, "lab": two}[side] }}',
    ],
)
def test_other_text_of_a_template_passes(source: str) -> None:
    assert not list(raw_codes_of_template(source))


def test_templates_compare_with_members() -> None:
    found = [
        f"{inside(file)}:{line}: {code}"
        for file in template_files()
        for line, code in raw_codes_of_template(file.read_text())
    ]
    assert not found, "\n".join(found)


def unknown_members(source: str) -> Iterator[tuple[int, str]]:
    """(line, name) of what a template asks of a vocabulary that has no such thing: Jinja takes it for empty."""
    known = {vocabulary.__name__: vocabulary for vocabulary in COMPARED}
    for node in parsed_template(source).find_all(nodes.Getattr):
        if (
            isinstance(node.node, nodes.Name)
            and node.node.name in known
            and not hasattr(known[node.node.name], node.attr)
        ):
            yield node.lineno, f"{node.node.name}.{node.attr}"


def test_an_unknown_member_is_found() -> None:
    assert list(unknown_members("{% if run.state == RunState.FINISHED %}{% endif %}"))
    assert not list(unknown_members("{% if run.state in RunState.settled() %}{% endif %}"))


def test_templates_name_members_that_exist() -> None:
    found = [
        f"{inside(file)}:{line}: {name}"
        for file in template_files()
        for line, name in unknown_members(file.read_text())
    ]
    assert not found, "\n".join(found)
