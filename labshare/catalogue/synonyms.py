"""The words of the field: concepts with their names in both languages, abbreviations, makers in both scripts, fillers.

The data stand in `synonyms.csv`, one concept a line, several words of a cell apart by `|`, for people of the field to
read and correct.
"""

import csv
from functools import cache
from pathlib import Path
from typing import cast

from labshare.catalogue.rules.meaning import Concept, Kind, Meaning, Vocabulary
from labshare.catalogue.rules.reading import read_meaning

FILE = Path(__file__).with_name("synonyms.csv")
HEARD = "="
"""Before a word that is understood and not looked for (`Concept.heard`)."""


@cache
def vocabulary() -> Vocabulary:
    """Read once. Raises `ValueError` where the file contradicts itself."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return Vocabulary(_concept(row) for row in csv.DictReader(file))


def _concept(row: dict[str, str]) -> Concept:
    def several(name: str) -> tuple[str, ...]:
        return tuple(word for word in row[name].split("|") if word)

    return Concept(
        key=row["concept"],
        kind=cast(Kind, row["kind"]),
        zh=tuple(word for word in several("zh") if not word.startswith(HEARD)),
        en=tuple(word for word in several("en") if not word.startswith(HEARD)),
        short=several("short"),
        heard=tuple(word[1:] for word in (*several("zh"), *several("en")) if word.startswith(HEARD)),
        finds=several("finds"),
        source=row["source"],
    )


def meaning(typed: str, *, forgiving: bool = False) -> Meaning:
    """What typed words mean in the words of the field; `forgiving`, with what was mistyped put right."""
    return read_meaning(typed, vocabulary(), forgiving=forgiving)
