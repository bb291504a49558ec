"""An enterprise's size class: declared by its owner with its proof, confirmed by an administrator, and only then
counted (R-FIRM-4, R-FIRM-5)."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, ReasonRequired, raise_all
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.notifications import notify
from labshare.kernel.seen import check_seen_fields
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.kernel.verbs import name_action, verb
from labshare.organisations import permissions
from labshare.organisations.errors import (
    FigureNeeded,
    FiguresDecided,
    NegativeFigure,
    NoSizeClass,
    OwnFirmDecided,
    ProofNeeded,
    UnknownChoice,
    YearNotPast,
)
from labshare.organisations.models import Firm, FirmSize
from labshare.organisations.queries import belongs_to, sees_firm, waiting_size
from labshare.organisations.rules import Figures, needed, size_class
from labshare.organisations.separation import lock_firm
from labshare.organisations.terms import FirmKind, FirmRole, SectorName, SizeClass

SIZE_DERIVED = name_action("firm.size_class", _l("Size class derived"))
SIZE_COUNTS = name_action("firm.size_counts", _l("Size class confirmed"))
GREATEST_FIGURE = 10**15
"""Fen: ten trillion yuan."""


@dataclass(frozen=True)
class Declared:
    """Figures of one year, from which the size class is derived."""

    year: int
    figures: Figures = field(default_factory=Figures)


def figure_problems(sector: str, declared: Declared, today: date) -> list[Problem]:
    """What is wrong with declared figures, each at its field."""
    problems: list[Problem] = []
    if not today.year - 2 <= declared.year <= today.year:
        problems.append(YearNotPast(first=today.year - 2, last=today.year))
    given = asdict(declared.figures)
    for name, value in given.items():
        if value is not None and not 0 <= value <= GREATEST_FIGURE:
            problems.append(NegativeFigure(name))
    if SectorName.known(sector):
        problems.extend(FigureNeeded(name) for name in needed(sector, today) if given[name] is None)
    return problems


@verb("firm.declare_figures", title=_l("Figures declared"))
def declare_figures(
    *, actor: Actor, now: datetime, firm_id: int, declared: Declared, proof_id: int | None = None
) -> FirmSize:
    """Declare a year's figures. The class that follows from them counts once an administrator has confirmed it: of a
    firm that waits for verification with that, of a verified one by the stored file of its proof. What waits already is
    replaced. Raises `NotFound`, `NotAllowed`, `NoSizeClass` for what is no enterprise, `FigureNeeded`,
    `NegativeFigure`, `YearNotPast`, `ProofNeeded`.
    """
    firm = seen_firm(actor, firm_id)
    permissions.check(actor, "firm.change", firm=firm.id)
    if firm.kind != FirmKind.ENTERPRISE:
        raise NoSizeClass
    lock_firm(firm_id)
    problems = figure_problems(firm.sector, declared, local_day(now))
    if firm.verified and proof_id is None:
        problems.append(ProofNeeded())
    raise_all(problems)
    row = write_size(actor, now, firm, declared, proof_id)
    if firm.verified:
        notify(
            kind="firm.size_declared",
            regulators=[OfficialRole.ADMIN],
            url=f"/admin/firms/{firm.id}",
            now=now,
            params={**_about(firm, row), "year": row.year},
        )
    return row


@verb("firm.confirm_size", title=_l("Declared figures confirmed"))
def confirm_size(*, actor: Actor, now: datetime, size_id: int, seen: str) -> FirmSize:
    """Confirm what a verified firm declared, exactly as it was seen (`seen`: the digest of `FirmSize.seen_values`). Its
    class counts for bookings from now on; earlier ones keep theirs. The owners are told. Raises `NotFound`,
    `NotAllowed`, `FiguresDecided`, `OwnFirmDecided`, `ChangedMeanwhile`."""
    row = _to_decide(actor, size_id)
    check_seen_fields(seen, row.seen_values)
    _count(actor, now, row)
    _notify_owners("firm.size_confirmed", now, row, valid_from=row.valid_from)
    return row


@verb("firm.refuse_size", title=_l("Declared figures refused"))
def refuse_size(*, actor: Actor, now: datetime, size_id: int, reason: str) -> FirmSize:
    """Refuse what a verified firm declared, with a reason: the class confirmed before stays. The owners are told.
    Raises `NotFound`, `NotAllowed`, `FiguresDecided`, `OwnFirmDecided`, `ReasonRequired`."""
    row = _to_decide(actor, size_id)
    if not reason.strip():
        raise ReasonRequired
    row.refused_at, row.refused_by, row.refusal = now, actor.person_id, reason.strip()[:300]
    db.session.flush()
    record(actor, now, "firm.refuse_size", ("firm", row.firm_id), _values(row), {"refused": True})
    _notify_owners("firm.size_refused", now, row, reason=row.refusal)
    return row


@verb("firm.set_size_class", title=_l("Size class set by hand"))
def set_size_class(*, actor: Actor, now: datetime, firm_id: int, size_class: str, reason: str) -> FirmSize:
    """Set an enterprise's class by hand, with a reason, from today on: for sectors that the standard leaves out.

    Raises `NotFound`, `NotAllowed`, `NoSizeClass`, `UnknownChoice`, `ReasonRequired`, `OwnFirmDecided`.
    """
    firm = seen_firm(actor, firm_id)
    permissions.check(actor, "firm.verify")
    problems: list[Problem] = []
    if firm.kind != FirmKind.ENTERPRISE:
        problems.append(NoSizeClass())
    elif SizeClass.known(size_class) is None:
        problems.append(UnknownChoice("size_class"))
    if not reason.strip():
        problems.append(ReasonRequired())
    raise_all(problems)
    lock_firm(firm_id)
    check_another_decides(actor, firm_id)
    today = local_day(now)
    row = FirmSize(
        firm_id=firm.id,
        year=today.year,
        sector=firm.sector,
        size_class=size_class,
        declared_at=now,
        reason=reason.strip()[:200],
        valid_from=today,
        confirmed_at=now,
        confirmed_by=actor.person_id,
    )
    before = {"size_class": firm.size_class} if firm.size_class else None
    db.session.add(row)
    firm.size_class = size_class
    db.session.flush()
    record(actor, now, SIZE_DERIVED, ("firm", firm.id), before, _values(row))
    return row


def write_size(actor: Actor, now: datetime, firm: Firm, declared: Declared, proof_id: int | None = None) -> FirmSize:
    """The row that waits, with the class that the figures give; what waited before is replaced."""
    row = waiting_size(firm.id)
    before = _values(row) if row is not None else None
    if row is None:
        row = FirmSize(firm_id=firm.id)
        db.session.add(row)
    row.year, row.sector, row.declared_at, row.declared_by = declared.year, firm.sector, now, actor.person_id
    row.size_class = size_class(firm.sector, declared.figures, local_day(now))
    row.employees, row.revenue_fen, row.assets_fen = (
        declared.figures.employees,
        declared.figures.revenue_fen,
        declared.figures.assets_fen,
    )
    row.proof_id = proof_id
    db.session.flush()
    record(actor, now, SIZE_DERIVED, ("firm", firm.id), before, _values(row))
    return row


def rederive(actor: Actor, now: datetime, firm: Firm) -> None:
    """The class under another sector, from the figures declared last, to be confirmed with the firm's verification.
    Raises `FigureNeeded` where some are missing."""
    last = db.session.scalar(
        select(FirmSize).where(FirmSize.firm_id == firm.id).order_by(FirmSize.declared_at.desc(), FirmSize.id.desc())
    )
    figures = (
        Figures(employees=last.employees, revenue_fen=last.revenue_fen, assets_fen=last.assets_fen)
        if last
        else Figures()
    )
    if last is None or any(getattr(figures, name) is None for name in needed(firm.sector, local_day(now))):
        raise FigureNeeded("sector")
    write_size(actor, now, firm, Declared(last.year, figures), last.proof_id)


def confirm_waiting(actor: Actor, now: datetime, firm: Firm) -> None:
    """What verifying the firm confirms: the class that waits, or that it has none."""
    row = waiting_size(firm.id)
    if row is not None and firm.kind == FirmKind.ENTERPRISE:
        _count(actor, now, row)


def drop_waiting(firm: Firm) -> None:
    """What waits of a firm that is no enterprise any more."""
    row = waiting_size(firm.id)
    if row is not None:
        db.session.delete(row)
        db.session.flush()


def check_another_decides(actor: Actor, firm_id: int) -> None:
    """Nobody decides what counts for a firm of their own. Raises `OwnFirmDecided`."""
    if belongs_to(firm_id, person_id=actor.person_id):
        raise OwnFirmDecided


def seen_firm(actor: Actor, firm_id: int) -> Firm:
    """The firm, if the actor may see it. Raises `NotFound`."""
    firm = db.session.get(Firm, firm_id)
    if firm is None or not sees_firm(actor, firm_id):
        raise NotFound
    return firm


def _to_decide(actor: Actor, size_id: int) -> FirmSize:
    """What waits, with its firm held."""
    firm_id = db.session.scalar(select(FirmSize.firm_id).where(FirmSize.id == size_id))
    if firm_id is None:
        raise NotFound
    firm = seen_firm(actor, firm_id)
    permissions.check(actor, "firm.verify")
    lock_firm(firm_id)
    check_another_decides(actor, firm_id)
    row = db.session.get_one(FirmSize, size_id, populate_existing=True)
    if not row.undecided or not firm.verified:
        raise FiguresDecided
    return row


def _count(actor: Actor, now: datetime, row: FirmSize) -> None:
    firm = row.firm
    before = {"size_class": firm.size_class} if firm.size_class else None
    row.valid_from, row.confirmed_at, row.confirmed_by = local_day(now), now, actor.person_id
    firm.size_class = row.size_class
    db.session.flush()
    record(actor, now, SIZE_COUNTS, ("firm", firm.id), before, _values(row))


def _values(row: FirmSize) -> dict[str, Any]:
    return {
        "size_class": row.size_class,
        "year": row.year,
        "sector": row.sector,
        "by_hand": row.reason is not None,
        "employees": row.employees,
        "revenue_fen": row.revenue_fen,
        "assets_fen": row.assets_fen,
        "proof": row.proof_id,
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
    }


def _about(firm: Firm, row: FirmSize) -> dict[str, Any]:
    return {"firm": in_both_languages(firm), "size_class": SizeClass(row.size_class).label}


def _notify_owners(kind: str, now: datetime, row: FirmSize, **more: Any) -> None:
    notify(
        kind=kind,
        firm_id=row.firm_id,
        roles=[FirmRole.OWNER],
        url="/account/firm",
        now=now,
        params={**_about(row.firm, row), "year": row.year, **more},
    )
