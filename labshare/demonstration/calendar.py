"""The working-day calendar, from the published one, for the years it knows."""

from datetime import UTC, date, datetime, time, timedelta

import chinese_calendar
from chinese_calendar.constants import Holiday

from labshare.booking.models import WorkingDay, WorkingYear
from labshare.booking.rules.time import WorkingDays
from labshare.booking.terms import DayKind
from labshare.demonstration.loading import Loading

CHINESE = {
    Holiday.new_years_day: "元旦",
    Holiday.spring_festival: "春节",
    Holiday.tomb_sweeping_day: "清明节",
    Holiday.labour_day: "劳动节",
    Holiday.dragon_boat_festival: "端午节",
    Holiday.national_day: "国庆节",
    Holiday.mid_autumn_festival: "中秋节",
}


def known_year(year: int) -> bool:
    try:
        chinese_calendar.get_holiday_detail(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def make_calendar(loading: Loading) -> WorkingDays:
    """Fill the working-day table from two years back on; what is not published yet stays missing, with its warning."""
    kinds: dict[date, str] = {}
    years = [year for year in range(loading.today.year - 2, loading.today.year + 3) if known_year(year)]
    for year in years:
        loading.rows.add(
            WorkingYear,
            year=year,
            source="国务院办公厅放假安排（chinesecalendar）",
            confirmed_at=datetime.combine(min(date(year - 1, 12, 1), loading.today), time(), UTC),
        )
        day = date(year, 1, 1)
        while day.year == year:
            holiday, name = chinese_calendar.get_holiday_detail(day)
            named = Holiday(name) if name else None
            if named is not None:
                kind = DayKind.HOLIDAY if holiday else DayKind.MAKE_UP
                if holiday or day.weekday() >= 5:
                    loading.rows.add(
                        WorkingDay, day=day, kind=kind, name=CHINESE.get(named, named.value), name_en=named.value
                    )
                    kinds[day] = DayKind.HOLIDAY if holiday else DayKind.MAKE_UP
            day += timedelta(days=1)
    return WorkingDays(kinds, frozenset(years))
