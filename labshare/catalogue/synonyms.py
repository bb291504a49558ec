"""The words of the field as they ship: concepts with their names in both languages, abbreviations, makers in both
scripts, fillers.

The data stand in `synonyms.csv`, one concept a line, several words of a cell apart by `|`, for people of the field to
read and correct. What administrators change in them stands in the database (`queries.words`).
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.meaning import Concept
from labshare.catalogue.terms import ConceptKind

FILE = Path(__file__).with_name("synonyms.csv")
BETWEEN = "|"
HEARD = "="
"""Before a word that is understood and not looked for (`Concept.heard`)."""


@cache
def shipped() -> tuple[Concept, ...]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(read_concept({**row, "key": row["concept"]}) for row in csv.DictReader(file))


def read_concept(row: Mapping[str, str]) -> Concept:
    """A concept from the columns of a line or a row: key, kind, zh, en, short, finds, source."""

    def several(name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in row[name].split(BETWEEN) if word.strip())

    return Concept(
        key=row["key"],
        kind=ConceptKind(row["kind"]),
        zh=tuple(word for word in several("zh") if not word.startswith(HEARD)),
        en=tuple(word for word in several("en") if not word.startswith(HEARD)),
        short=several("short"),
        heard=tuple(word[1:] for word in (*several("zh"), *several("en")) if word.startswith(HEARD)),
        finds=several("finds"),
        source=row["source"],
    )


def overlaid(base: Iterable[Concept], changed: Iterable[Concept]) -> list[Concept]:
    """The concepts that ship with those that were changed in their place. A later version may ship a word that was
    given to another concept since: the change wins."""
    own = {concept.key: concept for concept in changed}
    taken = {_key(phrase) for concept in own.values() for phrase in concept.phrases}

    def own_left(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word for word in words if _key(word) not in taken)

    others = [
        replace(one, zh=own_left(one.zh), en=own_left(one.en), short=own_left(one.short), heard=own_left(one.heard))
        for one in base
        if one.key not in own
    ]
    every = [*(one for one in others if one.phrases), *own.values()]
    keys = {one.key for one in every}
    return [replace(one, finds=tuple(key for key in one.finds if key in keys)) for one in every]


def _key(phrase: str) -> tuple[str, ...]:
    return tuple(token for token, _touches in spelling.tokens(phrase))
