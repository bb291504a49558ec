"""`make bench` (`python -m tests.bench [--quick] [--scale NAME …] [NAME …]`)."""

import argparse
import os
import platform
import time

from tests.bench import bookings, offers, pages, reads, runs, searching, server, sheets, slow, week
from tests.bench.databases import loaded, loading_of
from tests.bench.measure import ENGINES, Figure, show

NAMES = ("pages", "search", "reads", "week", "server", "bookings", "slow", "offers", "sheets", "runs")
QUICK = ("pages", "reads", "week", "bookings")
SCALES = ("county", "prefecture")
SIZES = {"entries": 1_000_000, "instruments": 1_000, "holdings": 1_000_000, "sheet": 10_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="all by default")
    parser.add_argument("--quick", action="store_true", help="the county alone, few turns: 90 s once it is loaded")
    parser.add_argument("--scale", action="append", help="of the loaded databases; the first is what others are beside")
    parser.add_argument("--engine", action="append", choices=ENGINES)
    asked = parser.parse_args()
    names = asked.names or (QUICK if asked.quick else NAMES)
    scales = asked.scale or (SCALES[:1] if asked.quick else SCALES)
    turns = 3 if asked.quick else 5
    _say_when()
    figures: list[Figure] = []
    for engine in asked.engine or ENGINES:
        answers = reads.Answers()
        of_engine: list[Figure] = []
        for scale in scales:
            with loaded(engine, scale):
                print(f"… {engine}, {scale}: loaded in {_loading(engine, scale)}", flush=True)
                if "pages" in names:
                    of_engine += pages.measure(engine, scale, turns)
                if "search" in names:
                    of_engine += searching.measure(engine, scale, turns)
                if "reads" in names:
                    of_engine += reads.measure(engine, scale, turns, answers, quick=asked.quick)
                if "server" in names:
                    of_engine += server.measure(engine, scale, turns)
            if "bookings" in names:
                with loaded(engine, scale, writes=True) as app:
                    of_engine.append(bookings.one_after_another(app, engine, scale))
        figures += of_engine + reads.growth(of_engine)
        if "week" in names:
            with loaded(engine, scales[0], writes=True):
                figures += week.measure(engine, turns)
        if "bookings" in names:
            figures += bookings.measure(engine, 2 if asked.quick else 8)
        if "slow" in names:
            figures += slow.measure(engine)
        if "offers" in names:
            figures.append(offers.measure(engine, SIZES["instruments"], SIZES["holdings"]))
        if "sheets" in names:
            figures.append(sheets.measure(engine, SIZES["sheet"]))
        if "runs" in names:
            figures.append(runs.measure(engine, SIZES["entries"]))
    print(show(figures))
    _say_when()


def _say_when() -> None:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {platform.platform()}, {os.cpu_count()} cores, load average {load}")


def _loading(engine: str, scale: str) -> str:
    found = loading_of(engine, scale)
    return f"{found['seconds']:,.0f} s with at most {found['mebibytes']:,} MiB"


if __name__ == "__main__":
    main()
