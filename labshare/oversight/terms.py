"""The fixed words of usage reports."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.terms import Term


class UsageBy(Term):
    """What a usage report has rows for."""

    LAB = "lab", _l("By lab")
    INSTRUMENT = "instrument", _l("By instrument")
    TEST_ITEM = "test_item", _l("By test item")
    FIRM = "firm", _l("By firm")
