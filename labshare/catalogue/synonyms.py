"""The words of the field: concepts with their names in both languages, abbreviations, makers in both scripts, fillers.

The data stand in `synonyms.csv`, one concept a line, several words of a cell apart by `|`, for people of the field to
read and correct.
"""

import csv
from functools import cache
from pathlib import Path
from typing import cast

from labshare.catalogue.rules.meaning import Concept, Kind, Meaning, Vocabulary, read_meaning

FILE = Path(__file__).with_name("synonyms.csv")


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
        zh=several("zh"),
        en=several("en"),
        short=several("short"),
        finds=several("finds"),
        source=row["source"],
    )


def meaning(typed: str) -> Meaning:
    """What typed words mean in the words of the field."""
    return read_meaning(typed, vocabulary())
