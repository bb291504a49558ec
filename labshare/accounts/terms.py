"""The fixed words of people."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.kernel.terms import Term


class Locale(Term):
    """Which language a person has chosen, as the catalogues are called."""

    own_name: str
    """In that language."""

    def __init__(self, code: str, label: LazyString | str = "", own_name: str = "") -> None:
        super().__init__(code, label)
        self.own_name = own_name

    CHINESE = "zh_Hans_CN", _l("Chinese"), "中文"
    ENGLISH = "en", _l("English"), "English"
