"""Looking at every page in a browser: axe's findings, and pages wider than their window."""

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from werkzeug.serving import make_server

from labshare.kernel.time import utc_now
from tests.signing import sign_in_browser
from tests.web import axe
from tests.web.crawl import VISITOR, Crawl, Visit, person_and_firm

SCRIPT_CALENDAR = ".ec"
"""The grid that the calendar's library draws; its twin, a table, is looked at."""


PIECES = {"public.understood"}
"""Pieces of pages, which have no frame of their own."""


@dataclass(frozen=True)
class Window:
    """In which a page is looked at."""

    locale: str
    width: int
    color_scheme: str


PHONE = Window("zh-CN", 390, "dark")
DESK = Window("en-GB", 1440, "light")


@contextmanager
def serving(crawl: Crawl) -> Iterator[str]:
    """The demonstration on a free port, in this process."""
    server = make_server("127.0.0.1", 0, crawl.app, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    before = crawl.app.config["BASE_URL"]
    crawl.app.config["BASE_URL"] = address
    thread = threading.Thread(target=contextvars.Context().run, args=(server.serve_forever, 0.05), daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        crawl.app.config["BASE_URL"] = before


def one_of_each(crawl: Crawl) -> list[tuple[str, Window, Visit]]:
    """Each page's endpoint twice, on a phone and at a desk, as two readers where two reach it."""
    pages: dict[str, list[Visit]] = {}
    for visit in crawl.visits:
        if visit.page is not None and visit.endpoint not in PIECES and not visit.found_on.startswith("the form"):
            pages.setdefault(visit.endpoint, []).append(visit)
    chosen = []
    for visits in pages.values():
        first = visits[0]
        other = next((visit for visit in visits if visit.who != first.who), visits[-1])
        chosen += [(first.who, PHONE, first), (other.who, DESK, other)]
    return sorted(chosen, key=lambda each: (each[0], each[1].width))


def look(crawl: Crawl, browser: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with the pages, as (endpoint, finding)."""
    with serving(crawl) as address:
        for (who, window), pages in groupby(one_of_each(crawl), key=lambda each: each[:2]):
            context = browser.new_context(
                base_url=address,
                locale=window.locale,
                timezone_id="Asia/Shanghai",
                viewport={"width": window.width, "height": 900},
                color_scheme=window.color_scheme,
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.clock.set_fixed_time(utc_now())
            if who != VISITOR:
                sign_in_browser(page, *person_and_firm(who))
            for _who, _window, visit in pages:
                page.goto(visit.path, wait_until="load")
                where = f"{visit.path} ({who}, {window.width} px, {window.color_scheme})"
                for finding in axe.findings(page, SCRIPT_CALENDAR if page.locator(SCRIPT_CALENDAR).count() else None):
                    yield visit.endpoint, f"{finding} {where}"
                if wide := axe.too_wide(page):
                    yield visit.endpoint, f"{wide} px too wide {where}"
            context.close()
