"""`labshare rewards run` and `explain`, in the running application."""

import json
from datetime import date

import pytest
from click.testing import CliRunner

from labshare.commands.rewards import rewards
from labshare.kernel.database import transaction
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy


@pytest.fixture
def world(app, clock):
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        lab = add_lab(world)
        put_policy(world, now, effective_from="2026-09")
        add_revenue(add_booking(world, lab, factories.firm(), date(2026, 10, 5)), "2026-10", 100_000)
    return world


def call(*arguments):
    return CliRunner().invoke(rewards, arguments)


def test_the_result_as_json_is_equal_on_a_repeat_but_for_moments(world, clock):  # R-RUN-2
    def timeless(output):
        return {name: value for name, value in json.loads(output).items() if not name.endswith("_at")}

    first = call("run", "--month", "2026-10", "--json")
    clock.advance(minutes=3)
    second = call("run", "--month", "2026-10", "--json")
    assert first.exit_code == second.exit_code == 0
    assert timeless(first.output) == timeless(second.output)
    result = json.loads(first.output)
    assert result["state"] == "calculated"
    assert result["policy"]["version"] == 1
    assert result["total_payable_fen"] == result["labs"][0]["payable_fen"] == 10_000
    assert result["calculated_at"] == "2026-11-02T02:00:00Z"


def test_one_line_explained(world):
    code = world.labs[0].code
    call("run", "--month", "2026-10")
    result = json.loads(call("explain", "--month", "2026-10", "--lab", code, "--json").output)
    assert [step["label"] for step in result["trace"]] == [
        "entries",
        "eligible",
        "bands",
        "unit",
        "caps",
        "budget",
        "payable",
    ]
    assert result["payable_fen"] == 10_000
    assert "7. payable: 10000" in call("explain", "--month", "2026-10", "--lab", code).output


@pytest.mark.parametrize("month", ["2026-11", "2027-01", "2026-08"])
def test_a_month_without_run_is_an_error(world, month):
    done = call("run", "--month", month)
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")


def test_a_month_misspelt_is_a_usage_error(world):
    assert call("run", "--month", "2026-13").exit_code == 2


def test_explaining_a_lab_without_line_is_an_error(world):
    call("run", "--month", "2026-10")
    assert call("explain", "--month", "2026-10", "--lab", "XX-1").exit_code == 1
