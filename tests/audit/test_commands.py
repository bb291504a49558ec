"""`labshare audit verify --head`: what it says of the file it is given."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from labshare.audit import services
from labshare.commands.audit import audit
from labshare.kernel.actor import SYSTEM
from labshare.kernel.database import transaction
from labshare.kernel.time import utc_now

ENGINES = ("sqlite",)  # what is said of a file does not depend on the engine


@pytest.fixture
def head(app: Flask) -> dict[str, object]:
    """A sealed trail's exported head."""
    with transaction():
        services.record(SYSTEM, utc_now(), "thing.change", ("thing", 1), None, {"a": 1})
    services.seal(utc_now(), key=app.config["AUDIT_KEY"])
    return json.loads(CliRunner().invoke(audit, ["export"]).stdout.splitlines()[-1])["seal"]


def verify(path: Path, text: str) -> tuple[int, str]:
    path.write_text(text)
    answer = CliRunner().invoke(audit, ["verify", "--head", str(path)])
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    return answer.exit_code, answer.output


def test_a_head_is_compared(head: dict[str, object], tmp_path: Path) -> None:
    file = tmp_path / "head.json"
    assert verify(file, json.dumps({"seal": head}) + "\n") == (0, "the trail is untouched\n")
    assert (
        "not those that the head was signed over" in verify(file, json.dumps({"seal": {**head, "root": "0" * 64}}))[1]
    )
    cut = verify(file, json.dumps({"seal": {**head, "id": 9}}))
    assert (cut[0], "its tail was cut" in cut[1]) == (1, True)


@pytest.mark.parametrize(
    "text", ['{"seal": {"id": 1, "ro', '{"seal": {}}', '{"seal": null}', '{"seal": {"id": "x", "root": ""}}']
)
def test_a_head_that_cannot_be_read(app: Flask, tmp_path: Path, text: str) -> None:
    code, said = verify(tmp_path / "head.json", text)
    assert code == 1
    assert "its last seal cannot be read" in said
