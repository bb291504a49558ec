"""Looking at every page in a browser: axe's findings, and pages wider than their window."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from labshare.kernel.time import utc_now
from tests.serving import serving
from tests.signing import sign_in_browser
from tests.web import axe
from tests.web.crawl import LANGUAGES, VISITOR, Crawl, person_and_firm

SCRIPT_CALENDAR = ".ec"
"""The grid that the calendar's library draws; its twin, a table, is looked at."""


PIECES = {"account.industries", "account.size_preview", "public.suggest", "public.understood"}
"""Pieces of pages, which have no frame of their own."""


@dataclass(frozen=True)
class Look:
    """One page as one reader sees it, in a window of this many pixels and in these colours."""

    who: str
    language: str
    width: int
    colours: str
    endpoint: str
    path: str


TURNS = ((0, 1440, "light"), (1, 390, "dark"), (0, 1440, "dark"), (1, 390, "light"))
"""Language, width and colours that a page's readers see by turns; two that follow one another differ in all three."""


Kinds = set[tuple[str, ...]]


def looks_at(crawl: Crawl) -> list[Look]:
    """Each page twice, so that it is seen in both languages, widths and colours, by two readers where it has two; and
    as each further reader on whose page stands some kind of element that theirs have not, or around it one that no
    frame of a reader before had. Answers to forms, and things in each state, are looked at once more."""
    readers: dict[tuple[str, str], dict[str, list[str]]] = {}
    elements: dict[tuple[str, str], Kinds] = defaultdict(set)
    frames: dict[tuple[str, str], Kinds] = defaultdict(set)
    framed: Kinds = set()
    for visit in crawl.visits:
        if visit.page is not None and visit.endpoint not in PIECES:
            readers.setdefault((visit.endpoint, visit.kind), {}).setdefault(visit.who, []).append(visit.path)
            elements[visit.endpoint, visit.who] |= visit.page.elements
            frames[visit.endpoint, visit.who] |= visit.page.frame
    looks = []
    for number, ((endpoint, kind), of_readers) in enumerate(readers.items()):
        whos = [*of_readers] * 2
        if len(of_readers) > 1:
            whos = [
                *_who_sees_more([(who, elements[endpoint, who], frames[endpoint, who]) for who in of_readers], framed)
            ]
        for turn, who in enumerate(whos if kind == endpoint else whos[:1]):
            paths = sorted(set(of_readers[who]), key=of_readers[who].index)
            language, width, colours = TURNS[(2 * number + turn) % 4]
            looks.append(Look(who, LANGUAGES[language], width, colours, endpoint, paths[turn % len(paths)]))
            framed |= frames[endpoint, who]
    return looks


def _who_sees_more(readers: Iterable[tuple[str, Kinds, Kinds]], framed: Kinds) -> Iterator[str]:
    seen: Kinds = set()
    for number, (who, elements, frame) in enumerate(readers):
        if number < 2 or elements - seen or frame - framed:
            yield who
        seen |= elements


def look(crawl: Crawl, browser: Any, looks: list[Look]) -> Iterator[tuple[str, str]]:
    """What is wrong with the pages, as (endpoint, finding). The menus of a reader's frame, which stand around every
    page, are opened on the first page seen so."""
    frames: set[tuple[str, str, int, str]] = set()
    in_turn = sorted(looks, key=lambda each: (each.who, each.language))
    with serving(crawl.app) as address:
        for (who, language), of_reader in groupby(in_turn, key=lambda each: (each.who, each.language)):
            context = browser.new_context(
                base_url=address, locale=language, timezone_id="Asia/Shanghai", reduced_motion="reduce"
            )
            context.add_init_script(path=axe.SOURCE)  # once, where each page would be sent it anew
            page = context.new_page()
            page.clock.set_fixed_time(utc_now())
            complaints: list[str] = []
            page.on("pageerror", lambda error, complaints=complaints: complaints.append(str(error)))
            if who != VISITOR:
                sign_in_browser(page, *person_and_firm(who))
            for each in of_reader:
                page.emulate_media(color_scheme=each.colours)
                page.set_viewport_size({"width": each.width, "height": 900})
                page.goto(each.path, wait_until="load")
                frame = who, language, each.width, each.colours
                for finding in [*axe.examine(page, SCRIPT_CALENDAR, frame=frame not in frames), *complaints]:
                    seen = f"{each.path} ({who}, {language}, {each.width} px, {each.colours})"
                    yield each.endpoint, f"{finding} {seen}"
                complaints.clear()
                frames.add(frame)
            context.close()
