"""What no page shows by itself: Babel's patterns in both languages, sentences of notices, figures at the edges."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask_babel import force_locale

from labshare.accounts.terms import Locale
from labshare.kernel import formatting
from labshare.kernel.months import Month


@pytest.mark.parametrize(
    ("locale", "written"), [(Locale.CHINESE, "2026年11月24日"), (Locale.ENGLISH, "24 November 2026")]
)
def test_a_day_is_written_anew_in_each_language(app: Flask, locale: str, written: str) -> None:
    for _again in range(2):
        with force_locale(locale):
            assert formatting.day(date(2026, 11, 24)) == written


def test_where_no_language_is_known_it_is_that_of_the_messages() -> None:
    assert formatting.day(date(2026, 11, 24)) == "24 November 2026"
    assert formatting.sentence_money(123_450) == "¥1,234.50"


@pytest.mark.parametrize("name", formatting.PATTERNS)
def test_each_language_has_a_pattern_of_its_own(app: Flask, name: str) -> None:
    with force_locale(Locale.ENGLISH):
        english = formatting.PATTERNS[name]()
    with force_locale(Locale.CHINESE):
        assert (formatting.PATTERNS[name]() == english) == (name == "weekday")


def test_a_moment_in_a_sentence(app: Flask) -> None:
    moment = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
    with force_locale(Locale.CHINESE):
        assert formatting.sentence_moment(moment) == "11月24日 周二 14:30"
    with force_locale(Locale.ENGLISH):
        assert formatting.sentence_moment(moment) == "Tue 24 Nov, 14:30"


def test_what_rounds_to_nothing_has_no_sign(app: Flask) -> None:
    with force_locale(Locale.CHINESE):
        assert (formatting.wan(-1), formatting.fixed(-0, 2)) == ("0.00 万元", "0.00")


def test_a_run_is_called_by_its_month() -> None:
    assert formatting.run_reference(Month(2026, 9)) == formatting.run_reference("2026-09") == "R-202609"
