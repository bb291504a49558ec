"""`labshare rewards calculate --cases FILE`, as a program of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rewards.reading import policy_json

pytestmark = pytest.mark.slow

LEDGER = {
    "month": "2026-01",
    "labs": [{"code": "B", "firm": "F1", "grade": None}, {"code": "A", "firm": "F1", "grade": "excellent"}],
    "entries": [{"lab": "A", "instrument": "I1", "month": "2026-01", "amount_fen": 100000, "reason": None}],
    "approved": [],
}


def run(file: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", "from labshare.commands import main; main()", "rewards", "calculate", "--cases", file],
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_one_result_a_line_exactly_with_its_own_names(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps({"policy": policy_json(), "ledger": LEDGER}) + "\n")
    done = run(file)
    assert done.returncode == 0, done.stderr
    zero = {"eligible_ytd_fen": 0, "entitlement_ytd_fen": 0, "payable_fen": 0, "recoverable_fen": 0}
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "month": "2026-01",
            "labs": [
                {
                    "code": "A",
                    "eligible_ytd_fen": 100000,
                    "entitlement_ytd_fen": 12000,
                    "payable_fen": 12000,
                    "recoverable_fen": 0,
                },
                {"code": "B", **zero},
            ],
            "total_payable_fen": 12000,
        }
    ]


def test_what_was_never_accepted_does_not_count(tmp_path: Path) -> None:
    """A booking that a lab made for a client, or work from before going live."""
    never = {"lab": "A", "instrument": "I1", "month": "2026-01", "amount_fen": 500, "reason": "not_accepted"}
    file = tmp_path / "cases.jsonl"
    case = {"policy": policy_json(), "ledger": {**LEDGER, "entries": [*LEDGER["entries"], never]}}
    file.write_text(json.dumps(case) + "\n")
    done = run(file)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["labs"][0]["eligible_ytd_fen"] == 100_000


def test_refused_lines_say_so_in_their_place_and_the_exit_code_is_1(tmp_path: Path) -> None:
    good = json.dumps({"policy": policy_json(), "ledger": LEDGER})
    twice = json.dumps({"policy": policy_json(), "ledger": {**LEDGER, "labs": [*LEDGER["labs"], LEDGER["labs"][0]]}})
    late = json.dumps({"policy": policy_json(effective_to="2025-12", effective_from="2025-01"), "ledger": LEDGER})
    file = tmp_path / "cases.jsonl"
    file.write_bytes(
        "\n".join([good, "", "{broken", twice, "[]", late, '{"policy": {}}', good]).encode() + b"\n\xff\xfe"
    )
    done = run(file, LC_ALL="C")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [set(answer) == {"error"} for answer in answers] == [False, *[True] * 6, False, True]
    assert "LabTwice" in answers[3]["error"]
    assert "NoPolicy" in answers[5]["error"]


def test_an_empty_file_has_no_results_and_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_bytes(b"")
    done = run(file)
    assert (done.returncode, done.stdout) == (0, b"")
