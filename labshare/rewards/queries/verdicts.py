"""Step 1 in SQL (R-REWARD-3): the verdict on every ledger entry of a window, for a million entries at once.

One condition a reason (`CONDITIONS`), in the order of the rule; the first that holds is the verdict. What
is decided by dates of few rows (admissions, affiliations) is worked out beforehand as disjoint spans of days and
handed to the database as a list, so that no booking is ever joined twice and no query runs per row.

Only integers, dates, codes of digits and names of this module are written into the statements; nothing typed by a
person is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, or_, select, text, union

from labshare.catalogue.models import Lab
from labshare.catalogue.queries.admissions import admission_spans
from labshare.kernel.database import db
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.time import ENDLESS, local_day
from labshare.organisations.links import Link
from labshare.organisations.models import Firm
from labshare.organisations.queries.affiliations import links
from labshare.rewards.models import Correction, RewardLine, RewardRun
from labshare.rewards.policy import Policy
from labshare.rewards.rules.related import Tie, related_spans
from labshare.rewards.terms import Reason, RunState, Tax
from labshare.settlement.models import BookingHold

NOBODY = -1
RelatedPair = tuple[int, int, date, date, datetime | None]
"""Host firm, other firm, first day, last day, and the moment from which bookings of the first day count."""


@dataclass(frozen=True, kw_only=True)
class LabRow:
    """A lab that was ever admitted in the policy's division, or was ever paid there."""

    id: int
    code: str
    firm_id: int
    firm: str
    """The firm's credit code."""


@dataclass(frozen=True)
class Scope:
    """What a run looks at: the window's months, the labs ever admitted in the policy's division, and on which days."""

    policy: Policy
    month: Month
    labs: tuple[LabRow, ...]
    admitted: tuple[tuple[int, date, date], ...]
    """(lab id, first day, last day); no day twice."""
    all_labs: bool
    """There are no other labs: no entry needs to be asked for its lab."""
    known_at: datetime | None = None
    """UTC: what was recorded later does not count (R-RUN-9). None: all that is known now."""

    @property
    def first_month(self) -> Month:
        return self.policy.window(self.month)[0]


def scope_of(policy: Policy, month: Month, known_at: datetime | None = None) -> Scope:
    """The labs ever admitted in the policy's division, wherever they are now. Three statements."""
    admitted = admission_spans(policy.division, known_at)
    wanted = {lab_id for lab_id, _first, _last in admitted} | labs_with_money(policy.division)
    labs = db.session.execute(
        select(Lab.id, Lab.code, Lab.firm_id, Firm.uscc.label("firm"))
        .join(Firm, Firm.id == Lab.firm_id)
        .order_by(Lab.id)
    ).all()
    governed = tuple(LabRow(**lab._mapping) for lab in labs if lab.id in wanted)
    return Scope(policy, month, governed, tuple(admitted), len(governed) == len(labs), known_at)


def labs_with_money(division: str) -> set[int]:
    """Labs that an approved run of the division, of one in it or around it, paid or left a debt; or a correction."""
    settled = nested(RewardRun.division, division) & RewardRun.state.in_(RunState.settled())
    money = (RewardLine.payable_fen != 0) | (RewardLine.recoverable_fen != 0)
    return set(
        db.session.scalars(
            union(
                select(RewardLine.lab_id).join(RewardRun, RewardRun.id == RewardLine.run_id).where(settled, money),
                select(Correction.lab_id).where(Correction.division == division, Correction.agreed),
            )
        )
    )


def nested(column: Any, division: str) -> ColumnElement[bool]:
    """Condition: the column's division is this one, lies in it, or contains it."""
    around = [division[:length] for length in range(1, len(division) + 1)]
    return or_(column.in_(around), column.startswith(division, autoescape=True))


# --- one condition a reason; a row of booking is `b`, of the ledger `e` ------------------------------------------


def not_admitted(_policy: Policy) -> str:
    """The lab was not admitted as an open lab on the local day of booking."""
    return "a.lab_id IS NULL"


def suspended(_policy: Policy) -> str:
    """A confirmed flag, an open dispute or contest, or an officer's suspension holds the booking."""
    return "h.booking_id IS NOT NULL"


def own_firm(_policy: Policy) -> str:
    """Client and lab belong to one firm. Applies always."""
    return "b.client_firm_id = b.lab_firm_id"


def related(policy: Policy) -> str | None:
    """Related on the local day of booking."""
    return "r.host_id IS NOT NULL" if policy.clients.exclude_related else None


def client_size(policy: Policy) -> str | None:
    """The client's size class, as copied to the booking, is none of the policy's; no class is none of them."""
    if policy.clients.sizes is None:
        return None
    sizes = ", ".join(f"'{size}'" for size in sorted(policy.clients.sizes)) or "''"
    return f"(b.client_size IS NULL OR b.client_size NOT IN ({sizes}))"


def client_division(policy: Policy) -> str | None:
    """The client's division, as copied to the booking, begins with none of the policy's."""
    if policy.clients.divisions is None:
        return None
    one_of = " OR ".join(f"substr(b.client_division, 1, {len(code)}) = '{code}'" for code in policy.clients.divisions)
    return f"NOT ({one_of})" if one_of else "1 = 1"


def instrument_value(policy: Policy) -> str | None:
    """The instrument's original value, as copied to the booking, is below the policy's; unknown counts as 0."""
    least = policy.min_original_value_fen
    return f"coalesce(b.instrument_value_fen, 0) < {least}" if least > 0 else None


def statutory(policy: Policy) -> str | None:
    """A test that law prescribes."""
    return "b.statutory" if policy.exclude_statutory else None


CONDITIONS: dict[Reason, Callable[[Policy], str | None]] = {
    Reason.NOT_ADMITTED: not_admitted,
    Reason.SUSPENDED: suspended,
    Reason.OWN_FIRM: own_firm,
    Reason.RELATED: related,
    Reason.CLIENT_SIZE: client_size,
    Reason.CLIENT_DIVISION: client_division,
    Reason.INSTRUMENT_VALUE: instrument_value,
    Reason.STATUTORY: statutory,
}


def verdict(policy: Policy, *, numbers: bool = False) -> str:
    """The SQL of the verdict: the first reason that applies, else NULL. As `numbers`: its place in `Reason`, else -1
    (a million numbers are grouped faster than a million words)."""
    cases = [
        (CONDITIONS[reason](policy), str(place) if numbers else f"'{reason}'") for place, reason in enumerate(Reason)
    ]
    whens = " ".join(f"WHEN {condition} THEN {name}" for condition, name in cases if condition)
    return f"CASE {whens} {'ELSE -1 ' if numbers else ''}END"


# --- the spans of days ----------------------------------------------------------------------------------------------


def related_pairs(host_ids: Iterable[int], known_at: datetime | None = None) -> list[RelatedPair]:
    """The related pairs as they were known at `known_at` (None: as all that is recorded says now); no day twice.

    What was recorded, agreed, seen, confirmed, ended or voided later is not known.
    """
    ties = [tie_of(link) for link in links(known_at)]
    return [(*pair, *span) for pair, spans in related_spans(ties, host_ids).items() for span in spans]


def tie_of(link: Link) -> Tie:
    """A link as the rule of related firms reads it."""
    return Tie(
        firm=link.firm,
        other=link.other,
        kind=link.kind,
        first=link.valid_from,
        last=link.last,
        chains=link.chains,
        forward=frozenset(firm for firm in (link.firm, link.other) if not link.reaches_back(firm)),
        entry=(local_day(link.recorded_at), link.recorded_at),
    )


# --- statements ------------------------------------------------------------------------------------------------------


def common_tables(scope: Scope) -> str:
    """`WITH …`: admissions, related firms, held bookings.

    The columns of the spans are cast: without a type SQLite scans a list of values where it should look one up.
    """
    admitted: list[tuple[int | date, ...]] = [*scope.admitted]
    pairs: list[RelatedPair] = []
    if scope.policy.clients.exclude_related:
        pairs = related_pairs({lab.firm_id for lab in scope.labs}, scope.known_at)
    return (
        f"WITH admitted AS MATERIALIZED ({_spans(('lab_id',), admitted)}), "
        f"related AS MATERIALIZED ({pairs_given(pairs)}), "
        f"held AS ({_held(scope.known_at)})"
    )


def _held(known_at: datetime | None) -> str:
    """The bookings of the holds that last, or lasted at that moment as far as was known then."""
    lasts = BookingHold.lasts if known_at is None else BookingHold.lasted_at(known_at)
    held = select(BookingHold.booking_id).where(lasts).distinct()
    return str(held.compile(db.engine, compile_kwargs={"literal_binds": True}))


def _spans(ids: tuple[str, ...], rows: list[tuple[int | date, ...]]) -> str:
    """Spans of days by ids, from a list of values; a row that matches nothing where there are none."""
    values = ", ".join(
        f"({', '.join(map(literal, row))})" for row in (rows or [(*(NOBODY for _ in ids), ENDLESS, ENDLESS)])
    )
    day = "text" if db.engine.dialect.name == "sqlite" else "date"
    columns = [f"CAST(column{place} AS integer) AS {name}" for place, name in enumerate(ids, start=1)]
    columns.append(f"CAST(column{len(ids) + 1} AS {day}) AS first_day")
    columns.append(f"CAST(column{len(ids) + 2} AS {day}) AS last_day")
    return f"SELECT {', '.join(columns)} FROM (VALUES {values}) AS given"


def pairs_given(pairs: list[RelatedPair]) -> str:
    """The related pairs as `_spans` gives days, with the moment from which bookings of the first day count."""
    rows = pairs or [(NOBODY, NOBODY, ENDLESS, ENDLESS, None)]
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    day, moment = ("text", "text") if db.engine.dialect.name == "sqlite" else ("date", "timestamptz")
    columns = {"host_id": "integer", "client_id": "integer", "first_day": day, "last_day": day, "since": moment}
    cast = ", ".join(
        f"CAST(column{place} AS {kind}) AS {name}" for place, (name, kind) in enumerate(columns.items(), 1)
    )
    return f"SELECT {cast} FROM (VALUES {values}) AS given"


def execute(statement: str) -> Any:
    """Run a statement as it stands: a colon in it is no parameter."""
    return db.session.execute(text(statement.replace(":", "\\:")))


def entries_with_verdict(
    scope: Scope,
    columns: str,
    *,
    numbers: bool = False,
    joins: str = "",
    after: Month | None = None,
    related_to: str = Reason.RELATED,
    only: str = "",
) -> str:
    """`SELECT columns, reason FROM …` over the window's entries of the scope's labs; `after`: only later months.

    `related_to` another list of related pairs; `only` the few entries of this condition.
    """
    policy = scope.policy
    tables = [
        "JOIN booking b ON b.id = e.booking_id",
        "LEFT JOIN admitted a ON a.lab_id = e.lab_id AND b.booked_on BETWEEN a.first_day AND a.last_day",
        "LEFT JOIN held h ON h.booking_id = e.booking_id",
    ]
    if policy.clients.exclude_related:
        tables.append(
            f"LEFT JOIN {related_to} r ON r.host_id = b.lab_firm_id AND r.client_id = b.client_firm_id "
            "AND b.booked_on BETWEEN r.first_day AND r.last_day "
            "AND (r.since IS NULL OR b.booked_on > r.first_day OR b.booked_at >= r.since)"
        )
    first = scope.first_month if after is None else max(after.next, scope.first_month)
    # most of a window's rows are read: in the table's own order, in which their bookings lie too
    scan = "NOT INDEXED" if after is None and not only and db.engine.dialect.name == "sqlite" else ""
    known = f" AND e.recorded_at <= {literal(scope.known_at)}" if scope.known_at else ""
    return (
        f"SELECT {columns}, {verdict(policy, numbers=numbers)} AS reason FROM revenue_entry e {scan} "
        f"{' '.join(tables)} {joins} "
        f"WHERE e.month BETWEEN '{first}' AND '{scope.month}' AND {_of_labs(scope)}{known}"
        f"{f' AND {only}' if only else ''}"
    )


@dataclass(frozen=True)
class ApprovedRuns:
    """The approved runs of a window whose verdicts are kept, in order of month."""

    runs: tuple[tuple[int, Month], ...]
    check: str = ""
    """The check value over the verdicts of the last one."""

    @property
    def last_month(self) -> Month | None:
        return self.runs[-1][1] if self.runs else None

    @property
    def ids(self) -> str:
        return ", ".join(str(run) for run, _month in self.runs)

    def rank(self, run: str) -> str:
        """SQL that puts the runs in order."""
        return f"CASE {run} {' '.join(f'WHEN {one} THEN {place}' for place, (one, _) in enumerate(self.runs))} END"

    @property
    def tables(self) -> str:
        """`, changed AS …`: the latest verdict of the few entries whose verdict an approved run changed."""
        later = f"{self.rank('l.run_id')} > {self.rank('i.run_id')}"
        return (
            f", changed AS (SELECT i.entry_id, i.reason FROM reward_item i WHERE i.changes "
            f"AND i.run_id IN ({self.ids}) AND NOT EXISTS (SELECT 1 FROM reward_item l "
            f"WHERE l.entry_id = i.entry_id AND l.run_id IN ({self.ids}) AND {later}))"
        )

    @property
    def joins(self) -> str:
        """The verdict kept of an entry `e`: `f`, or `c` where it was changed since."""
        return (
            f"LEFT JOIN reward_item f ON f.entry_id = e.id AND f.run_id IN ({self.ids}) AND NOT f.changes "
            "LEFT JOIN changed c ON c.entry_id = e.id"
        )


STORED_REASON = "CASE WHEN c.entry_id IS NULL THEN f.reason ELSE c.reason END"


def amount(policy: Policy) -> str:
    """What of an entry counts: its amount, less its tax where the policy says so."""
    return "e.amount_fen - e.tax_fen" if policy.tax == Tax.EXCLUDED else "e.amount_fen"


def _of_labs(scope: Scope) -> str:
    if not scope.labs:
        return "1 = 0"
    if scope.all_labs:
        return "1 = 1"
    return f"e.lab_id IN ({', '.join(str(lab.id) for lab in scope.labs)})"


def literal(value: int | date | datetime | None) -> str:
    """An integer, a date or a moment (UTC) as SQL of the engine in use; nothing as NULL."""
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        moment = f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
        return f"'{moment}'" if db.engine.dialect.name == "sqlite" else f"TIMESTAMPTZ '{moment}+00'"
    if isinstance(value, date):
        return f"'{value}'" if db.engine.dialect.name == "sqlite" else f"DATE '{value}'"
    return str(int(value))


MODULI = (2_147_483_647, 2_147_483_629)
FACTORS = (
    (
        1_640_531_513,
        805_459_861,
        374_761_393,
        668_265_263,
        1_274_126_177,
        198_491_317,
        1_500_450_271,
        982_451_653,
        17_624_813,
    ),
    (
        433_494_437,
        1_073_807_359,
        715_827_883,
        1_610_612_741,
        201_326_611,
        402_653_189,
        1_299_709_321,
        50_331_653,
        25_165_843,
    ),
)
"""Of a check value over verdicts: each entry's id times its verdict's factor, modulo a prime, added up, twice. Two
entries that exchange their verdicts change it; any other two sets of verdicts agree once in 2^62."""
_VERDICTS = range(-1, len(Reason))
"""No reason, and each by its place: as many as there are factors."""


class EntrySum(NamedTuple):
    """Entries with one verdict: eligible ones of one instrument, the others of one lab and reason."""

    lab_id: int
    instrument_id: int | None
    reason: str | None
    of_month: bool
    """They are of the month itself."""
    entries: int
    fen: Fen


@dataclass(frozen=True)
class Sums:
    """Sums over a window's entries, with a check value over every single verdict."""

    rows: list[EntrySum]
    check: str = ""
    """Over all entries of the window."""
    check_before: str = ""
    """Over those up to the month `until`."""


def sums(scope: Scope, until: Month | None = None) -> Sums:
    """One statement over the whole window. `until`: the last month whose verdicts are kept by an approved run."""
    of_month = f"CASE WHEN e.month = '{scope.month}' THEN 1 ELSE 0 END AS of_month"
    late = f"CASE WHEN e.month <= '{until}' THEN 0 ELSE 1 END AS late" if until else "1 AS late"
    columns = f"e.id, e.lab_id, e.instrument_id, {of_month}, {late}, {amount(scope.policy)} AS fen"
    checks = ", ".join(
        f"sum((CAST(id AS bigint) * CASE reason {whens} END) % {modulus}) AS {name}"
        for name, modulus, factors in zip(("first_check", "second_check"), MODULI, FACTORS, strict=True)
        for whens in [" ".join(f"WHEN {n} THEN {factor}" for n, factor in zip(_VERDICTS, factors, strict=True))]
    )
    # the limit is none: it keeps SQLite from working out each verdict anew wherever it is named
    once = " LIMIT -1" if db.engine.dialect.name == "sqlite" else ""
    statement = (
        f"{common_tables(scope)}, verdicts AS ({entries_with_verdict(scope, columns, numbers=True)}{once}) "
        "SELECT min(lab_id) AS lab_id, CASE WHEN reason = -1 THEN instrument_id ELSE -lab_id END AS summed_by, reason, "
        f"of_month, late, count(*) AS entries, sum(fen) AS fen, {checks} FROM verdicts GROUP BY 2, 3, 4, 5"
    )
    found = execute(statement).all()
    totals: dict[tuple[int, int | None, str | None, bool], list[int]] = {}
    reasons = tuple(Reason)
    for lab_id, summed_by, reason, in_month, _late, entries, fen, *_checks in found:
        verdict_of = (summed_by, None) if reason == -1 else (None, reasons[reason])
        total = totals.setdefault((lab_id, *verdict_of, bool(in_month)), [0, 0])
        total[0] += int(entries)
        total[1] += int(fen)
    return Sums(
        [EntrySum(*key, *total) for key, total in totals.items()],
        _check_value(found),
        _check_value(row for row in found if not row.late),
    )


def _check_value(rows: Iterable[Any]) -> str:
    """`count-first-second` over groups of `sums`."""
    count = first = second = 0
    for _lab, _by, _reason, _of_month, _late, entries, _fen, first_check, second_check in rows:
        count += int(entries)
        first += int(first_check)
        second += int(second_check)
    return f"{count}-{first}-{second}"


def negative_bookings(scope: Scope, lab_ids: set[int]) -> list[tuple[int, int, str, int]]:
    """(lab id, instrument id, booking's reference, fen): bookings of these labs whose eligible sum is negative."""
    columns = f"e.lab_id, e.instrument_id, b.ref, {amount(scope.policy)} AS fen"
    statement = (
        f"{common_tables(scope)}, verdicts AS ({entries_with_verdict(scope, columns)}) "
        f"SELECT lab_id, instrument_id, ref, sum(fen) FROM verdicts WHERE reason IS NULL "
        f"AND lab_id IN ({', '.join(map(str, sorted(lab_ids)))}) "
        "GROUP BY lab_id, instrument_id, ref HAVING sum(fen) < 0 ORDER BY ref"
    )
    return [(lab, instrument, ref, int(fen)) for lab, instrument, ref, fen in execute(statement)]
