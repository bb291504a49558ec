"""Every action that the trail can record has a title."""

import ast
import re

from flask import Flask

from labshare.kernel.verbs import PAGE_ATTEMPT, TITLES, VERBS, action_title
from labshare.notices.kinds import KINDS
from labshare.organisations.permissions import PERMISSIONS
from tests.conventions.reading import ROOMS, inside, python_files

RECORDERS = {"record", "note"}
NAME = re.compile(r"[a-z_]+\.[a-z_]+")
ACTION_AT = 2
"""The action is the third argument: actor, now, action."""


def test_every_verb_has_its_title(app: Flask) -> None:
    assert not [name for name in VERBS if name.split(".")[0] != "test" and name not in TITLES]


def _written_out(node: ast.expr) -> set[str] | None:
    """The actions an argument stands for; None where they are decided elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        both = _written_out(node.body), _written_out(node.orelse)
        return both[0] | both[1] if both[0] is not None and both[1] is not None else None
    return None


def _strings(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_action_that_a_room_records_has_its_title(app: Flask) -> None:
    """Those written out in the call; where a variable stands there, every string of that file that may be one: neither
    a permission nor a kind of notice. What is put together from pieces cannot be read here and is refused."""
    others = set(PERMISSIONS) | set(KINDS)
    found, pieced = set(), []
    for file in python_files(*ROOMS):
        tree = ast.parse(file.read_text())
        for call in ast.walk(tree):
            name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
            if not isinstance(call, ast.Call) or name not in RECORDERS or len(call.args) <= ACTION_AT:
                continue
            action = call.args[ACTION_AT]
            if any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in ast.walk(action)):
                pieced.append(f"{inside(file)}:{call.lineno}")
            written = _written_out(action)
            found |= {one for one in _strings(tree) if NAME.fullmatch(one)} - others if written is None else written
    assert len(found) > 80, "does this test still look in the right places?"
    assert not pieced, "actions put together from pieces: " + ", ".join(pieced)
    assert not found - set(TITLES)


def test_a_page_refused_before_any_service_is_an_attempt() -> None:
    assert action_title("page.lab.fee_new") is PAGE_ATTEMPT
