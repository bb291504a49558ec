"""The language now being written."""

from flask_babel import get_locale


def language() -> str:
    """`zh` or `en`: of a page, a mail or a file."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"
