"""The database session, `transaction()`, column types, and guards that the database itself enforces.

SQLite: WAL, `synchronous=FULL`, foreign keys on; a writing transaction begins with `BEGIN IMMEDIATE` behind a file
lock, since SQLite's own busy handler starves writers. PostgreSQL: read committed; guards are constraints. How long
anything waits is bounded in `labshare.kernel.waiting`.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    CursorResult,
    DateTime,
    Engine,
    Insert,
    Integer,
    MetaData,
    Table,
    Text,
    event,
    inspect,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, make_transient_to_detached, registry
from sqlalchemy.schema import DDL
from sqlalchemy.sql.expression import FromClause
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from labshare.kernel.errors import Busy, Problem
from labshare.kernel.events import carry_no_more, carrying, handle_events
from labshare.kernel.money import Fen
from labshare.kernel.terms import listed
from labshare.kernel.time import ExactMinutes, Hours, Minutes
from labshare.kernel.waiting import bound_waiting, waited_in_vain, writers_queue


class Thousandths(TypeDecorator[Decimal]):
    """A number that may be a fraction, exact to a thousandth; kept as whole thousandths, so SQL may add them."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        thousandths = Decimal(value) * 1000
        if thousandths != int(thousandths):
            raise ValueError("finer than a thousandth")
        return int(thousandths)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / 1000


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={Fen: BigInteger, Minutes: Integer, ExactMinutes: Thousandths, Hours: Integer},
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

if TYPE_CHECKING:

    class Model(Base):
        """What every table's class inherits; a type checker cannot see the one that Flask-SQLAlchemy makes."""

        __abstract__ = True
else:
    Model = db.Model

M = TypeVar("M", bound=Base)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite keeps it as text `YYYY-MM-DD HH:MM:SS.ffffff`, which sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Past the usual way, which takes four times as long: pages read thousands of moments."""
        return _moment_of_text if dialect.name == "sqlite" else _moment_in_utc


def _moment_of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


def _moment_in_utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is UTC else moment.astimezone(UTC)


class Numbers(TypeDecorator[list[int]]):
    """Many numbers as one value of a statement, for `in_ids`: an array, on SQLite a JSON text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(BigInteger))

    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> Any:
        numbers = sorted(set(value or ()))
        return json.dumps(numbers) if dialect.name == "sqlite" else numbers


@event.listens_for(Engine, "connect")
def _prepare_connection(dbapi_connection: Any, _record: Any) -> None:
    if not isinstance(dbapi_connection, sqlite3.Connection):
        dbapi_connection.execute("SET jit = off")  # compiling costs a second; our statements are many and short
        dbapi_connection.execute("SET max_parallel_workers_per_gather = 0")  # many requests share the cores already
        dbapi_connection.commit()
        return
    dbapi_connection.isolation_level = None  # we write BEGIN ourselves, see _begin
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        dbapi_connection.execute(f"PRAGMA {pragma}")


event.listen(Engine, "checkout", bound_waiting)


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("labshare_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


_refusal_listeners: list[Callable[[Problem], None]] = []


def on_refusal(listener: Callable[[Problem], None]) -> None:
    """Have `listener` told of each problem that carries a refusal, after the rollback."""
    if listener not in _refusal_listeners:
        _refusal_listeners.append(listener)


def report_refusal(problem: Problem) -> None:
    """Tell the listeners of a refusal, once. Called by `transaction()` and, for refusals outside one, by the edge."""
    if problem.refusal is not None and not getattr(problem, "reported", False):
        problem.reported = True  # type: ignore[attr-defined]
        for listener in _refusal_listeners:
            listener(problem)


@contextmanager
def transaction(*, reads_first: bool = False, anew: bool = True) -> Iterator[Session]:
    """One business step: everything inside is written together or not at all. Only entrances open one.

    Starts afresh (what was read before is read again), unless it is not to begin `anew`: what the request has read so
    far then belongs to the step. At the end the events that it carries are handled, and it commits. Rolls back on any
    exception.
    `reads_first`: the service reads long before it writes and says `take_turn()` then; until that SQLite's writers'
    queue goes on without it. Raises `RuntimeError` inside another transaction, `Busy` where a lock, a statement or a
    connection was waited for in vain.
    """
    session = db.session()
    if writing():
        raise RuntimeError("transaction() inside transaction()")
    if anew:
        session.rollback()
        session.expire_all()
    try:
        with ExitStack() as turn, carrying():
            session.info["writing"], session.info["in_turn"] = turn, False
            try:
                if not reads_first:
                    take_turn()
                yield session
                _commit(session)
            except BaseException:
                session.rollback()
                raise
            finally:
                session.info["writing"] = None
    except Problem as problem:
        report_refusal(problem)
        raise
    except (DBAPIError, NoConnectionFree) as error:
        if waited_in_vain(error):
            raise Busy from error
        raise


def set_columns(row: Base, values: Mapping[str, Any]) -> None:
    """Give a row that the session keeps what was decided for it, by the names of its columns."""
    for name, value in values.items():
        setattr(row, name, value)


def inserts_or_nothing(model: type[Base], *returning: Any) -> dict[str, Insert]:
    """By engine: the statement that writes one row past the session, or nothing where a unique key or, on PostgreSQL,
    an exclusion is in the way. Put together once."""
    return {
        "sqlite": sqlite.insert(model).on_conflict_do_nothing().returning(*returning),
        "postgresql": postgresql.insert(model).on_conflict_do_nothing().returning(*returning),
    }


def insert_or_nothing(statements: Mapping[str, Insert], values: Mapping[str, Any]) -> CursorResult[Any]:
    """Write the row with these values: one row comes back, or none. The transaction goes on either way."""
    connection = db.session.connection()
    return connection.execute(statements[connection.dialect.name], values)


def write_over(model: type[Base], values: Mapping[str, Any]) -> None:
    """Write the row with these values past the session, over the one that has its primary key, whoever is faster."""
    connection = db.session.connection()
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    key = [column.name for column in model.__table__.primary_key]
    others = {name: value for name, value in values.items() if name not in key}
    connection.execute(insert(model).values(**values).on_conflict_do_update(index_elements=key, set_=others))


def as_written(model: type[M], values: Mapping[str, Any]) -> M:
    """A row that was written past the session, in the session as if it had been read: nothing is asked for it again.
    `values` by the names of its columns; the others have their defaults."""
    row = model()
    vars(row).update(_defaults(model), **values)  # no change to be written, as setting them would be
    make_transient_to_detached(row)
    db.session.add(row)
    return row


@cache
def _defaults(model: type[Base]) -> dict[str, Any]:
    return {column.key: getattr(column.default, "arg", None) for column in inspect(model).columns}


def writing() -> bool:
    """Whether a `transaction()` is open. Nothing that a stranger can make slow belongs in one."""
    return bool(db.session().info.get("writing"))


def take_turn() -> None:
    """From here on the step writes: on SQLite wait in line for the one writer's place, unless it is ours already.

    What the step has read stays as it was then, which may have changed while waiting: as on PostgreSQL, where other
    steps never wait. So what must not change is read, or guarded by the database, after this.
    """
    session = db.session()
    if session.info["in_turn"]:
        return
    reading = session.connection() if session.in_transaction() else None
    if reading is not None and reading.dialect.name == "sqlite":
        reading.exec_driver_sql("COMMIT")  # of what is only read: its snapshot could not become a writer's
    session.info["writing"].enter_context(writers_queue(db.engine))
    if reading is None:
        session.connection(execution_options={"labshare_writes": True})
    elif reading.dialect.name == "sqlite":
        reading.exec_driver_sql("BEGIN IMMEDIATE")
    session.info["in_turn"] = True


def commit_early() -> None:
    """Commit the step of the `transaction()` around and let the next writer go on; what follows in it only reads.

    For an edge whose answer takes longer to read and to word than the step took.
    """
    session = db.session()
    _commit(session)
    carry_no_more()
    session.info["writing"].close()


def _commit(session: Session) -> None:
    handle_events()
    session.commit()
    session.info["commits"] = session.info.get("commits", 0) + 1


def commits() -> int:
    """How many transactions this session has committed: whether an attempt may be repeated as a whole."""
    number: int = db.session().info.get("commits", 0)
    return number


def analyse() -> None:
    """Have the database count its rows anew: after writing very many, its plans are otherwise those of empty tables."""
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


GUARDS: list[tuple[str, str, str]] = []
"""(table, dialect, statement): what migrations must carry besides tables."""


def _name(table: FromClause) -> str:
    return cast(Table, table).name


def guard(table: FromClause, *, sqlite: tuple[str, ...] = (), postgresql: tuple[str, ...] = ()) -> None:
    """Add statements that make the database itself refuse what must never be, on either engine."""
    for dialect, statements in (("sqlite", sqlite), ("postgresql", postgresql)):
        for statement in statements:
            GUARDS.append((_name(table), dialect, statement))
            ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


APPEND_ONLY: set[str] = set()
"""Tables that are only ever added to: the role that runs the application has no right to more."""


def append_only(table: FromClause, *, but: str = "") -> None:
    """Refuse UPDATE, DELETE (and TRUNCATE) on a table. `but` is a SQL condition on OLD under which they pass."""
    name = _name(table)
    if not but:
        APPEND_ONLY.add(name)
    when = f"WHEN NOT ({but})" if but else ""
    guard(
        table,
        sqlite=tuple(
            f"CREATE TRIGGER {name}_no_{op.lower()} BEFORE {op} ON {name} {when} "
            f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            for op in ("UPDATE", "DELETE")
        ),
        postgresql=(
            (
                f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{name} is append-only' "
                "USING ERRCODE = 'integrity_constraint_violation'; END $$"
            ),
            (
                f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW {when} "
                f"EXECUTE FUNCTION {name}_refuse()"
            ),
            (
                f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT "
                f"EXECUTE FUNCTION {name}_refuse()"
            ),
        ),
    )


def stays_as_recorded(
    table: FromClause,
    *columns: str,
    rewritten: str = "",
    name: str | None = None,
    refusal: str | None = None,
    deleted: str = "",
) -> None:
    """Refuse DELETE (and TRUNCATE) on a table, and UPDATE of these columns, or under the condition `rewritten` on OLD
    and NEW. `name` begins what the guards are called, the table's own where none is given; `refusal`: what the refused
    deletion says on SQLite; `deleted`: a condition on OLD under which a row may be deleted all the same."""
    table_name = _name(table)
    name = name or table_name
    of = f" OF {', '.join(columns)}" if columns else ""
    refusal = refusal or f"{name} rows stay"
    unless = f"WHEN (NOT ({deleted})) " if deleted else ""
    guard(
        table,
        sqlite=(
            (
                f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {table_name} {unless}"
                f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            ),
            (
                f"CREATE TRIGGER {name}_as_recorded BEFORE UPDATE{of} ON {table_name} "
                f"{f'WHEN {rewritten} ' if rewritten else ''}"
                f"BEGIN SELECT RAISE(ABORT, '{name} stays as recorded'); END"
            ),
        ),
        postgresql=(
            (
                f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{name} stays as recorded' "
                "USING ERRCODE = 'integrity_constraint_violation'; END $$"
            ),
            (
                f"CREATE TRIGGER {name}_as_recorded BEFORE UPDATE{of} ON {table_name} FOR EACH ROW "
                f"{f'WHEN ({rewritten}) ' if rewritten else ''}EXECUTE FUNCTION {name}_refuse()"
            ),
            (
                f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {table_name} FOR EACH ROW {unless}"
                f"EXECUTE FUNCTION {name}_refuse()"
            ),
            (
                f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {table_name} FOR EACH STATEMENT "
                f"EXECUTE FUNCTION {name}_refuse()"
            ),
        ),
    )


def one_of(column: str, values: Iterable[str], *, null: bool = False) -> CheckConstraint:
    """A CHECK that a text column holds one of the listed words."""
    empty = f"{column} IS NULL OR " if null else ""
    return CheckConstraint(f"{empty}{column} IN ({listed(values)})", name=f"{column}_known")


@event.listens_for(Base.metadata, "before_create")
def _prepare_postgresql(_target: Any, connection: Connection, **_: Any) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS btree_gist")


class in_ids(FunctionElement[bool]):
    """`in_ids(column, bindparam("ids", type_=Numbers))`: IN for numbers that may be thousands. One statement for any
    count, put together and planned once."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> "in_ids":
        """As it stands: what SQLAlchemy writes behind other functions where SQL wants a condition, ` = 1` on SQLite,
        keeps the database from using the column's index."""
        return self


@compiles(in_ids, "sqlite")
def _in_ids_sqlite(element: in_ids, compiler: Any, **options: Any) -> str:
    column, numbers = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({numbers}))"  # noqa: S608 -- a compiled clause


@compiles(in_ids, "postgresql")
def _in_ids_postgresql(element: in_ids, compiler: Any, **options: Any) -> str:
    column, numbers = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({numbers})"


class minutes_between(FunctionElement[int]):
    """`minutes_between(earlier, later)`: whole minutes between two moments, in SQL on either engine."""

    type = BigInteger()
    inherit_cache = True


@compiles(minutes_between, "sqlite")
def _minutes_sqlite(element: minutes_between, compiler: Any, **options: Any) -> str:
    earlier, later = (compiler.process(clause, **options) for clause in element.clauses)
    return f"((strftime('%s', {later}) - strftime('%s', {earlier})) / 60)"


@compiles(minutes_between, "postgresql")
def _minutes_postgresql(element: minutes_between, compiler: Any, **options: Any) -> str:
    earlier, later = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(floor(extract(epoch FROM {later} - {earlier}) / 60) AS bigint)"


class days_between(FunctionElement[int]):
    """`days_between(earlier, later)`: whole days between two dates, in SQL on either engine."""

    type = BigInteger()
    inherit_cache = True


@compiles(days_between, "sqlite")
def _days_sqlite(element: days_between, compiler: Any, **options: Any) -> str:
    earlier, later = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


@compiles(days_between, "postgresql")
def _days_postgresql(element: days_between, compiler: Any, **options: Any) -> str:
    earlier, later = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({later} - {earlier})"
