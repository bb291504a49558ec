"""The index of search entries as SQL on either engine. What is looked for is one value, however many words there are: a
statement that is put together and planned once costs less than one that is short."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, bindparam, literal_column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Text, TypeDecorator, TypeEngine

from labshare.catalogue.models import SearchEntry
from labshare.catalogue.rules.text import Word

Parts = tuple[tuple[str, ...], bool]
"""Pairs or single characters that must all occur, side by side or not."""


def indexed(needs: Sequence[Sequence[Word]]) -> ColumnElement[bool]:
    """Entries that have, of every need, the parts of any of its words: by the index alone. Parts that stand side by
    side in it need not do so in the text where two fields meet."""
    return _holds([[(word.grams, word.phrase) for word in need] for need in needs])


def with_any(parts: Sequence[str]) -> ColumnElement[bool]:
    """Entries in which any of these pairs or single characters occurs."""
    return _holds([[((part,), True) for part in parts]])


def stands(patterns: Sequence[str], *, to: Any = None) -> ColumnElement[bool]:
    """Whether any of the patterns occurs in the text; with `to`, beginning at this place (from 1) at the latest."""
    given = bindparam("patterns", list(patterns), type_=_Patterns, unique=True)
    return _stands(SearchEntry.text, given, *(() if to is None else (to,)))


def position(pattern: str) -> ColumnElement[int]:
    """Where a pattern stands in the text, from 1; 0 where it does not."""
    return _position(SearchEntry.text, bindparam("pattern", pattern, unique=True))


def first_mark(*marks: str) -> ColumnElement[int]:
    """Where the first of these marks that the text has stands. Marks never change, so that the statement may say
    them."""
    return _first_mark(SearchEntry.text, *(literal_column(f"'{mark}'") for mark in marks))


def _holds(needs: list[list[Parts]]) -> ColumnElement[bool]:
    return _indexed(SearchEntry.id, SearchEntry.grams, bindparam("parts", needs, type_=_Needs, unique=True))


class _Condition(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> "_Condition":
        """As it stands: without the ` = 1` that SQLAlchemy writes behind functions on SQLite."""
        return self


class _Needs(TypeDecorator[list[list[Parts]]]):
    """What must occur, in the language of the engine's index: FTS5 or `tsquery`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[list[Parts]] | None, dialect: Dialect) -> str:
        if dialect.name == "sqlite":
            return " AND ".join(f"({' OR '.join(_fts(*parts) for parts in need)})" for need in value or ())
        return " & ".join(f"({' | '.join(_tsquery(*parts) for parts in need)})" for need in value or ())


def _fts(grams: Sequence[str], phrase: bool) -> str:
    return f'"{" ".join(grams)}"' if phrase else "(" + " AND ".join(f'"{gram}"' for gram in grams) + ")"


def _tsquery(grams: Sequence[str], _phrase: bool) -> str:
    lexemes = (gram.replace("\\", "\\\\").replace("'", "''") for gram in dict.fromkeys(grams))
    return "(" + " & ".join(f"'{lexeme}'" for lexeme in lexemes) + ")"


class _Patterns(TypeDecorator[list[str]]):
    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(Text))

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        return json.dumps(value) if dialect.name == "sqlite" else value


class _indexed(_Condition):
    inherit_cache = True


@compiles(_indexed, "sqlite")
def _indexed_sqlite(element: _indexed, compiler: Any, **options: Any) -> str:
    row, _grams, parts = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{row} IN (SELECT rowid FROM search_fts WHERE search_fts MATCH {parts})"  # noqa: S608 -- compiled clauses


@compiles(_indexed, "postgresql")
def _indexed_postgresql(element: _indexed, compiler: Any, **options: Any) -> str:
    _row, grams, parts = (compiler.process(clause, **options) for clause in element.clauses)
    return f"search_grams({grams}) @@ CAST({parts} AS tsquery)"


class _stands(_Condition):
    inherit_cache = True


@compiles(_stands, "sqlite")
def _stands_sqlite(element: _stands, compiler: Any, **options: Any) -> str:
    text, patterns, *to = (compiler.process(clause, **options) for clause in element.clauses)
    place = f"instr({text}, value) {_reaching(to)}"
    return f"EXISTS (SELECT 1 FROM json_each({patterns}) WHERE {place})"  # noqa: S608 -- compiled clauses


@compiles(_stands, "postgresql")
def _stands_postgresql(element: _stands, compiler: Any, **options: Any) -> str:
    text, patterns, *to = (compiler.process(clause, **options) for clause in element.clauses)
    place = f"strpos({text}, pattern) {_reaching(to)}"
    return f"EXISTS (SELECT 1 FROM unnest(CAST({patterns} AS text[])) AS pattern WHERE {place})"  # noqa: S608 -- alike


def _reaching(to: Sequence[str]) -> str:
    return f"BETWEEN 1 AND {to[0]}" if to else "> 0"


class _position(FunctionElement[int]):
    type = Integer()
    inherit_cache = True


@compiles(_position, "sqlite")
def _position_sqlite(element: _position, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(_position, "postgresql")
def _position_postgresql(element: _position, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


class _first_mark(FunctionElement[int]):
    type = Integer()
    inherit_cache = True


@compiles(_first_mark, "sqlite")
def _first_mark_sqlite(element: _first_mark, compiler: Any, **options: Any) -> str:
    return _first_of("instr", element, compiler, options)


@compiles(_first_mark, "postgresql")
def _first_mark_postgresql(element: _first_mark, compiler: Any, **options: Any) -> str:
    return _first_of("strpos", element, compiler, options)


def _first_of(position: str, element: _first_mark, compiler: Any, options: dict[str, Any]) -> str:
    text, *marks = (compiler.process(clause, **options) for clause in element.clauses)
    *others, found = (f"{position}({text}, {mark})" for mark in marks)
    for one in reversed(others):
        found = f"COALESCE(NULLIF({one}, 0), {found})"
    return found
