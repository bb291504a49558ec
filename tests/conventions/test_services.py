"""Services never commit: whoever calls one decides what is written together."""

import ast

import pytest

from tests.conventions.reading import calls, inside, service_files

OWN_TRANSACTIONS = {
    "labshare/audit/services.py: _write_seal": "hashing happens between transactions, so that no booking waits for it",
    "labshare/audit/services.py: publish_head": "every seal is read before the transaction that writes the head",
    "labshare/audit/services.py: record_export": "a download is read, not written: only its event is",
    "labshare/audit/services.py: record_refusal": "a refusal outlives the rollback of what was refused",
}


def commits(source: str) -> list[str]:
    """Names of the functions that commit or open a transaction, nested ones counted with the outermost."""
    return [
        getattr(node, "name", f"line {node.lineno}")
        for node in ast.parse(source).body
        if any(name.split(".")[-1] in ("commit", "transaction") for _line, name in calls(node))
    ]


@pytest.mark.parametrize("bad", ["db.session.commit()", "with transaction(): pass", "db.session().commit()"])
def test_a_commit_is_found(bad):
    assert commits(f"def book():\n    {bad}") == ["book"]


def test_services_never_commit():
    found = [f"{inside(file)}: {name}" for file in service_files() for name in commits(file.read_text())]
    assert sorted(found) == sorted(OWN_TRANSACTIONS), "a service commits or opens a transaction"
