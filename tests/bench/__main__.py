"""`make bench` (`python -m tests.bench [--quick] [NAME …]`)."""

import argparse
import os
import platform
import time

from tests.bench import bookings, offers, pages, runs, slow
from tests.bench.measure import ENGINES, Figure, show

SIZES = {
    False: {"entries": 1_000_000, "instruments": 1_000, "holdings": 1_000_000, "seconds": 8},
    True: {"entries": 20_000, "instruments": 100, "holdings": 10_000, "seconds": 2},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=["bookings", "runs", "offers", "pages", "slow", []])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    asked = parser.parse_args()
    names = asked.names or ["bookings", "slow", "offers", "pages", "runs"]
    size = SIZES[asked.quick]
    when, load = time.strftime("%Y-%m-%d %H:%M"), os.getloadavg()[0]
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {load:.1f}, {when}")
    figures: list[Figure] = []
    for engine in ENGINES:
        for name in names:
            print(f"… {name} on {engine}", flush=True)
            if name == "bookings":
                figures += bookings.measure(engine, size["seconds"])
            elif name == "runs":
                figures.append(runs.measure(engine, size["entries"]))
            elif name == "slow":
                figures += slow.measure(engine)
            elif name == "offers":
                figures.append(offers.measure(engine, size["instruments"], size["holdings"]))
            else:
                figures += pages.measure(engine)
    print(show(figures))


if __name__ == "__main__":
    main()
