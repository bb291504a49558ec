"""The fixed words of people."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.kernel.terms import Term


class CodePurpose(Term):
    """What a code on a mobile phone is for."""

    SIGNING_IN = "signing_in", _l("Signing in")
    ADDING = "adding", _l("Number of the account")


class FactorKind(Term):
    """What stood in as the second factor."""

    APP = "app", _l("Code of the app")
    RECOVERY = "recovery", _l("Recovery code")
    PASSKEY = "passkey", _l("Passkey")


class Locale(Term):
    """Which language a person has chosen, as the catalogues are called."""

    own_name: str
    """In that language."""

    def __init__(self, code: str, label: LazyString | str = "", own_name: str = "") -> None:
        super().__init__(code, label)
        self.own_name = own_name

    @classmethod
    def tag(cls, locale: str | None) -> str:
        """How a text's language is called outside (RFC 5646): `zh-CN` or `en`; of who has not chosen, Chinese."""
        return "en" if locale == cls.ENGLISH else "zh-CN"

    CHINESE = "zh_Hans_CN", _l("Chinese"), "中文"
    ENGLISH = "en", _l("English"), "English"
