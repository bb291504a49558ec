"""The calendar in a browser: bars stand where the hours written on the axis say, to a fraction of a minute."""

from typing import Any

import pytest

from labshare.kernel.database import transaction
from tests.web.clicking import Crew, crew
from tests.web.test_calendar import House, shanghai

__all__ = ["crew"]

PLACES = """() => {
  const edge = (one) => one.getBoundingClientRect();
  const axis = [...document.querySelectorAll('.cal-hours b')];
  const hours = axis.map((one) => [one.textContent.slice(0, 2), edge(one).left]);
  const [bar, tail] = ['.ev', '.ev-tail'].map((one) => edge(document.querySelector('.lane ' + one)));
  const text = document.querySelector('.bar-text');
  return { hours, bar: [bar.left, bar.right], tail: tail.width, text: text.innerText,
           clipped: text.scrollWidth > text.clientWidth + 1 };
}"""


@pytest.mark.parametrize("width", [1440, 1000])
@pytest.mark.parametrize("query", ["of=day&from=2026-11-25", "from=2026-11-25", "from=2026-11-25&scale=fit"])
def test_nine_to_a_quarter_past_ten_is_drawn_there(app: Any, crew: Crew, query: str, width: int) -> None:
    with transaction():
        house = House()
        house.book(crew.clock.now, shanghai(25, 9))
    lab = crew.sits_down(house.hand, house.lab.firm, width=width, height=900)
    seen = lab.go(f"/lab/calendar?view=sheet&{query}").page.evaluate(PLACES)
    nines = [x for hour, x in seen["hours"] if hour == "08"]
    start = nines[0] if "of=day" in query else nines[2]  # Wednesday's 08:00
    axis = seen["hours"]
    minute = (axis[1][1] - axis[0][1]) / 60 / (4 if "fit" in query else 1)
    left, right = seen["bar"]
    assert abs((left - start) / minute - 60) < 1 + 0.6 / minute
    assert abs((right - start) / minute - 135) < 1 + 0.6 / minute
    assert abs(seen["tail"] / minute - 20) < 1 + 0.6 / minute
    assert "09:00" in seen["text"]
    assert "10:15" in seen["text"]
    assert not seen["clipped"]
    lab.finds_it_sound(f"calendar {query}")


def test_a_bar_out_of_sight_says_nothing(app: Any, crew: Crew) -> None:
    """A short bar's times stand on it and on the free time behind it; scrolled away, they go with it."""
    with transaction():
        house = House()
        house.book(crew.clock.now, shanghai(25, 9))
    lab = crew.sits_down(house.hand, house.lab.firm, width=1000, height=900)
    lab.go("/lab/calendar?view=sheet&from=2026-11-25")
    gone = """() => {
      const [box, text] = ['.cal-box', '.bar-text'].map((one) => document.querySelector(one));
      box.parentElement.scrollLeft = box.scrollWidth;
      const name = document.querySelector('.cal tbody th').getBoundingClientRect();
      return name.right - text.getBoundingClientRect().right;
    }"""
    assert lab.page.evaluate(gone) > 0


def test_the_phone_has_the_agenda_with_times(app: Any, crew: Crew) -> None:
    with transaction():
        house = House()
        house.book(crew.clock.now, shanghai(25, 9))
    lab = crew.sits_down(house.hand, house.lab.firm, width=390, height=844)
    lab.go("/lab/calendar?from=2026-11-25").reads("11-25 周三 09:00–10:15", "清洁至 10:35", "拉伸试验")
    assert not lab.page.locator(".cal").is_visible()


def test_it_prints_with_names_and_times(app: Any, crew: Crew) -> None:
    with transaction():
        house = House()
        house.book(crew.clock.now, shanghai(25, 9))
    lab = crew.sits_down(house.hand, house.lab.firm, width=1032, height=700)
    lab.page.emulate_media(media="print")
    lab.go("/lab/calendar?view=sheet&from=2026-11-25").reads("09:00", "10:15", "绿坞轴承配件", "11-25 周三 09:00–10:15")
    assert lab.page.evaluate("document.documentElement.scrollWidth") <= 1032
