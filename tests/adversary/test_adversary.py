"""Sequences of the adversary, on both engines."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.adversary.machine import Adversary
from tests.adversary.world import BEGIN, Copies, build
from tests.conftest import Clock, TestDatabase

SEQUENCES = {"sqlite": 85, "postgresql": 15}
"""How many of a hundred; `make test` plays a hundred, the same ones each time, `LABSHARE_ADVERSARIES` so many random
ones."""
STEPS, AT_LENGTH = 8, 20
"""How long: in `make test`, and the random ones."""
PLAYED = {"affiliation.declare", "booking.finish", "invoice.record", "payment.record", "report.record", "run.approve"}
"""What has to have gone through in any number of sequences."""


@pytest.fixture
def machine(app: Flask, clock: Clock, database: TestDatabase) -> Iterator[type[Adversary]]:
    clock.set(BEGIN)
    world = build()
    copies = Copies(database)
    renew = staticmethod(copies.renew)
    yield type("AdversaryHere", (Adversary,), {"world": world, "clock": clock, "renew": renew, "tally": Counter()})
    copies.close()


@pytest.mark.timeout(7_200)
def test_nothing_is_gained(machine: type[Adversary], engine_name: str) -> None:
    given = os.environ.get("LABSHARE_ADVERSARIES")
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(given or 100) * SEQUENCES[engine_name] // 100,
            stateful_step_count=AT_LENGTH if given else STEPS,
            database=None,
            derandomize=given is None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),  # a sequence is long and slow by design
        ),
    )
    for (verb, how), times in sorted(machine.tally.items()):
        print(f"{times:6}  {verb}: {how}")
    never = PLAYED - {verb for verb, how in machine.tally if how == "done"}
    assert not never, f"none of these went through, so nothing was tried: {', '.join(sorted(never))}"
