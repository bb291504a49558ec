"""The sheet of opening hours."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from labshare.catalogue.rules.sheets.columns import Column, day, text, yes
from labshare.kernel.opening import HOURS as AS_WRITTEN
from labshare.kernel.opening import WEEKDAYS, day_text, read_day

HOURS = (
    text(
        name="inner_id",
        field="innerId",
        head=_l("Own number"),
        says=_l("Of an instrument whose hours differ; empty for the hours of the lab."),
    ),
    day(
        name="valid_from",
        head=lazy_pgettext("hours", "Valid from"),
        needed=True,
        says=_l("Today or later. A row with a day that the lab has changes those hours."),
    ),
    *(
        Column(
            name=f"day{number}",
            head=head,
            read=read_day,
            wrong=AS_WRITTEN,
            write=day_text,
            blank=(),
            says=_l("Empty: closed. Past midnight: 22:00–06:00. All day: 24 h.") if number == 1 else "",
            example="" if number == 7 else "08:30–12:00, 13:30–17:00",
            width=24,
        )
        for number, head in enumerate(WEEKDAYS, start=1)
    ),
    yes(
        name="as_lab",
        head=_l("Hours of the lab"),
        says=_l("Yes: from that day on the instrument keeps the lab's hours, and the days stay empty."),
        blank=False,
        example="否",
        example_en="No",
    ),
)
