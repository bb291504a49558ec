"""Many processes at one starting line, on one database."""

import http.client
import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from flask import Flask

from labshare.kernel.database import db

fork = multiprocessing.get_context("fork")

WON, TAKEN, BROKEN = 1, 2, 3
PATIENCE = 120
http_exceptions = http.client.HTTPException


def race(app: Flask, runners: int, rounds: int, run: Callable[[int, int], int]) -> list[list[int]]:
    """Let `runners` processes call `run(runner, round)` at the same moment, round after round; what each brought home,
    by round. `run` gives WON or TAKEN; an exception counts as BROKEN and is printed."""
    results: Any = fork.Array("i", runners * rounds)
    line = fork.Barrier(runners)
    db.session.remove()
    db.engine.dispose()
    children = []
    for runner in range(runners):
        child = os.fork()
        if child == 0:
            os._exit(_run(app, runner, rounds, run, results, line))
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return [list(results[number * runners : (number + 1) * runners]) for number in range(rounds)]


def _run(app: Flask, runner: int, rounds: int, run: Callable[[int, int], int], results: Any, line: Any) -> int:
    try:
        with app.app_context():
            runners = len(results) // rounds
            for number in range(rounds):
                line.wait(PATIENCE)
                try:
                    results[number * runners + runner] = run(runner, number)
                except Exception:  # noqa: BLE001 -- whatever a runner meets counts
                    results[number * runners + runner] = BROKEN
                    traceback.print_exc(limit=3, file=sys.stderr)
                finally:
                    db.session.remove()
    except BaseException:  # noqa: BLE001 -- the child must say so and end
        traceback.print_exc(file=sys.stderr)
        return 1
    return 0


def winners(rounds: list[list[int]]) -> list[int]:
    """How many won each round."""
    return [one.count(WON) for one in rounds]


def broken(rounds: list[list[int]]) -> int:
    return sum(one.count(BROKEN) for one in rounds)
