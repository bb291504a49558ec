"""Words of coded values in templates: `{{ member.role|named("role") }}`."""

from labshare.organisations import words
from labshare.organisations.divisions import DIVISIONS, TOWNS
from labshare.web.account import blueprint
from labshare.web.language import language

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
def named(value: str | None, table: str) -> str:
    """The word of a coded value; an em dash for none."""
    if not value:
        return "—"
    if table in ("town", "division"):
        place = (TOWNS if table == "town" else DIVISIONS).get(value)
        if place is None:
            return value
        return place.name_en if language() == "en" else place.name
    return str(TABLES[table].get(value, value))
