"""Words of coded values in templates: `{{ member.role|named("role") }}`."""

from typing import Any

from jinja2 import pass_context

from labshare.http.language import language
from labshare.organisations import words
from labshare.organisations.divisions import DIVISIONS, TOWNS
from labshare.web.account import blueprint

TABLES = {
    "role": words.ROLES,
    "firm_kind": words.FIRM_KINDS,
    "size_class": words.SIZE_CLASSES,
    "sector": words.SECTORS,
    "affiliation": words.AFFILIATION_KINDS,
    "source": words.AFFILIATION_SOURCES,
    "scope": words.SCOPES,
}


@blueprint.app_template_filter("named")
@pass_context
def named(_context: Any, value: str | None, table: str) -> str:
    """The word of a coded value; an em dash for none. (With the context, so that Jinja does not work out a constant's
    word once and for all, in the language of whoever came first.)"""
    if not value:
        return "—"
    if table in ("town", "division"):
        place = (TOWNS if table == "town" else DIVISIONS).get(value)
        if place is None:
            return value
        return place.name_en if language() == "en" else place.name
    return str(TABLES[table].get(value, value))
