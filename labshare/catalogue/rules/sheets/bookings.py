"""The sheet of bookings that clients had made before the lab was here."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from labshare.catalogue.rules.sheets.columns import line, moment, text, whole

BOOKINGS = (
    text(
        name="inner_id",
        field="innerId",
        head=_l("Own number"),
        needed=True,
        says=_l("Of the instrument. Only its time is taken: no price, no paper, nothing that counts for a reward."),
        example="YQ-0012",
    ),
    whole(
        name="unit",
        head=_l("Unit"),
        says=_l("Where the instrument has several; empty: a free one is taken."),
        example="1",
    ),
    moment(
        name="starts_at",
        head=lazy_pgettext("booking from before", "Starts at"),
        needed=True,
        says=_l("Date and time of the lab's clock."),
    ),
    moment(
        name="ends_at",
        head=lazy_pgettext("booking from before", "Ends at"),
        needed=True,
        says=_l("Clean-up included."),
        example="2026-12-08 10:00",
    ),
    line(
        name="client",
        head=_l("Client"),
        needed=True,
        says=_l("As the lab calls them. The lab alone sees it."),
        example="新光机械厂",
    ),
    line(name="test", head=lazy_pgettext("booking from before", "Test"), needed=True, example="盐雾试验 48 h"),
    line(
        name="contact",
        head=lazy_pgettext("booking from before", "Contact"),
        says=_l("Who is called when something changes."),
        example="王工 0575-00001234",
    ),
    line(
        name="reference",
        head=lazy_pgettext("booking from before", "Own reference"),
        says=_l("Of the lab's own order."),
        example="WT-2026-118",
        width=16,
    ),
)
