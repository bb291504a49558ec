"""What is called how in the trail: kinds of subjects, names of values, codes. Each room says its own, in its `labels`.

What several rooms write under one name has one label, said by the lowest of them.
"""

from collections.abc import Collection, Mapping

from flask_babel.speaklater import LazyString

from labshare.kernel.terms import Term

SUBJECTS: dict[str, LazyString | str] = {}
"""Kind of subject → what it is."""
FIELDS: dict[str, LazyString | str] = {}
"""Name of a value → what it is. A test holds that every value written has a label."""
COUNTS: set[str] = set()
"""Values whose whole numbers count something; those of others are ids."""
CODES: dict[str, dict[str, LazyString | str]] = {}
"""Codes by the value's name, by `subject.name` where one name means several things; `day` where the name is a day."""


def name_subjects(**labels: LazyString | str) -> None:
    """Say what kinds of subjects are called."""
    _add(SUBJECTS, labels)


def name_fields(labels: Mapping[str, LazyString | str], *, counts: Collection[str] = ()) -> None:
    """Say what values are called, and which of them count something."""
    _add(FIELDS, labels)
    COUNTS.update(counts)


def name_codes(value: str, *terms: Term, label: str = "label") -> None:
    """Say which terms a value's codes are; `label` is the attribute that names them."""
    _add(CODES.setdefault(value, {}), {term: getattr(term, label) for term in terms})


def _add(known: dict[str, LazyString | str], labels: Mapping[str, LazyString | str]) -> None:
    if twice := known.keys() & labels.keys():
        raise RuntimeError(f"two labels of one name: {', '.join(sorted(twice))}")
    known.update(labels)
