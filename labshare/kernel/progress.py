"""How far a long step is. Services are handed a `Progress`; who asks decides where it is kept and shown."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

T = TypeVar("T")
Progress: TypeAlias = Callable[[LazyString | str, int, int], None]
"""What is being done, how many are done, of how many; 0 of 0 where that is not counted."""
READING, CHECKING = _l("Reading rows"), _l("Checking")
WRITING, INDEXING = _l("Writing rows"), _l("Making it findable")
AT_ONCE = 500
"""Rows between two words."""


def no_progress(_what: LazyString | str, _done: int, _total: int) -> None:
    """To nobody."""


def in_parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """So many rows at once."""
    return (rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE))
