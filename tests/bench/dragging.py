"""How long a drag in the calendar's grid keeps the browser from anything else: 25 instruments with 875 bookings.

By the browser's own trace, in processor time of its main thread, which others on the machine lengthen least.
"""

import json
import logging
import shutil
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from flask import Flask
from playwright.sync_api import Page, sync_playwright

from labshare.kernel.database import db
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.models import Firm
from tests.bench.measure import Figure, milliseconds
from tests.bench.pages import firm_of, person_of
from tests.conftest import CHROMIUM_FLAGS, CHROMIUMS
from tests.serving import serving
from tests.signing import sign_in_browser

AIM = 50
"""Milliseconds: what the browser itself calls a long task is longer."""
STEPS = 40
TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline"]
"""Events of the page, and the tasks of its thread."""
IN_SIGHT = """() => {
  const bars = [...document.querySelectorAll(".ec-event.is-movable[data-ref]")];
  const inSight = ({ left, top }) => left > 520 && left < 800 && top > 380 && top < 560;
  const { x, y } = bars.map((bar) => bar.getBoundingClientRect()).find(inSight);
  return [x + 8, y + 10];
}"""


@dataclass(frozen=True)
class Dragged:
    """Seconds of processor time of the longest task: of the moves and the drop, and of the drawing afterwards."""

    meanwhile: float
    afterwards: float


def measure(app: Flask, first: datetime, turns: int) -> list[Figure]:
    """Of the lab that `week` has filled; once, as no database is in it."""
    app.config["WTF_CSRF_ENABLED"] = True
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)))
    with serving(app) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS, headless=True)
        context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}, locale="zh-CN")
        page = context.new_page()
        page.clock.set_fixed_time(utc_now())
        sign_in_browser(page, person_of("lab"), db.session.get(Firm, firm_of("lab")))
        path = f"/lab/calendar?lab=BENCH-100&from={local_day(first)}"
        drags = [_drag(browser, page, path) for _ in range(turns + 1)][1:]
        browser.close()
    return [
        _figure("a drag's longest task", [one.meanwhile for one in drags], most_ms=AIM),
        _figure("longest task after the drop", [one.afterwards for one in drags]),
    ]


def _figure(what: str, seconds: list[float], *, most_ms: float | None = None) -> Figure:
    median = statistics.median(seconds)
    return Figure(
        f"week of 25 instruments: {what}",
        "browser",
        "875 bookings, processor time",
        milliseconds(median),
        "–",
        None,
        f"{most_ms} ms" if most_ms else "",
        spread=f"{min(seconds) * 1000:,.1f}–{max(seconds) * 1000:,.1f}",
        seconds=median,
        most_ms=most_ms,
    )


def _drag(browser: Any, page: Page, path: str) -> Dragged:
    """Take a bar across the grid and drop it; the server refuses or asks, and the grid is drawn anew."""
    page.goto(path)
    page.locator(".ec-event[data-key]").nth(800).wait_for(state="attached")
    page.wait_for_timeout(1_000)
    x, y = page.evaluate(IN_SIGHT)
    browser.start_tracing(page=page, categories=TRACED)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, STEPS):
        page.mouse.move(x + 12 * step, y + 8 * step)
    with page.expect_response("**/drop"):
        page.mouse.up()
    page.wait_for_timeout(300)
    page.keyboard.press("Escape")  # where it asks, nothing is wanted: the grid is drawn anew
    page.wait_for_timeout(1_500)
    return _longest(json.loads(browser.stop_tracing())["traceEvents"])


def _longest(events: list[dict[str, Any]]) -> Dragged:
    mains = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    of_mains = [each for each in events if (each["pid"], each["tid"]) in mains and "dur" in each]
    down, up = (next(_dispatched(of_mains, kind)) for kind in ("pointerdown", "pointerup"))
    tasks = [each for each in of_mains if each["name"] == "RunTask" and each["ts"] + each["dur"] >= down["ts"]]
    tasks.sort(key=lambda each: each["ts"])
    meanwhile = list(takewhile(lambda each: each["ts"] <= up["ts"], tasks))
    longest = [max(each.get("tdur", 0) for each in some) / 1e6 for some in (meanwhile, tasks[len(meanwhile) :])]
    return Dragged(*longest)


def _dispatched(events: list[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    return (each for each in events if each["name"] == "EventDispatch" and each["args"]["data"]["type"] == kind)
