"""What each action is called on pages. Every verb has its words (a test holds that)."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

ACTIONS: dict[str, LazyString] = {
    "export.take": _l("Data exported"),
}
"""Action → what happened."""
