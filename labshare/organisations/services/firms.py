"""Registering, changing and verifying firms, and their size class as a dated fact."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from stdnum.cn import uscc as credit_code

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound, Problem, ReasonRequired, SignInFirst, raise_all
from labshare.kernel.money import Fen
from labshare.kernel.notifications import notify
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.kernel.verbs import name_action, verb
from labshare.organisations import permissions
from labshare.organisations.divisions import DIVISIONS, TOWNS
from labshare.organisations.errors import (
    AlreadyVerified,
    DayInFuture,
    FigureNeeded,
    FillIn,
    FirmExists,
    IndustryOfOtherSector,
    InvalidUscc,
    NegativeFigure,
    NoSizeClass,
    NotAnIndustryCode,
    NotReturned,
    NotSubmitted,
    UnknownChoice,
    YearNotPast,
)
from labshare.organisations.models import Firm, FirmDraft, FirmSize, Membership
from labshare.organisations.queries import sees_firm
from labshare.organisations.rules import (
    Figures,
    is_industry_code,
    needed,
    sector_of_industry,
    size_class,
)
from labshare.organisations.separation import lock_firm, lock_person
from labshare.organisations.services.bank_accounts import note_account
from labshare.organisations.terms import FirmKind, FirmRole, FirmState, SectorName, SizeClass

SIZE_DERIVED = name_action("firm.size_class", _l("Size class derived"))
LONGEST_DRAFT_TEXT, MOST_DRAFT_FIELDS = 300, 40
GREATEST_FIGURE = 10**15
"""Fen: ten trillion yuan."""


@dataclass(frozen=True, kw_only=True)
class FirmDetails:
    """What a firm says about itself. `town` is a statistical code of nine digits and brings its division."""

    name: str
    kind: str
    sector: str
    name_en: str | None = None
    division: str | None = None
    town: str | None = None
    industry: str | None = None
    address: str = ""
    phone: str = ""
    legal_person: str = ""
    bank_account: str = ""
    registered_on: date | None = None


@dataclass(frozen=True)
class Declared:
    """Figures of one year, from which the size class is derived."""

    year: int
    figures: Figures = field(default_factory=Figures)


PROVEN = ("name", "kind", "sector", "industry", "legal_person", "registered_on", "division")
"""What an administrator verifies: changing one of these asks for verification anew."""


def _problems(details: FirmDetails, today: date) -> list[Problem]:
    problems: list[Problem] = []
    if not details.name.strip():
        problems.append(FillIn("name"))
    if FirmKind.known(details.kind) is None:
        problems.append(UnknownChoice("kind"))
    if SectorName.known(details.sector) is None:
        problems.append(UnknownChoice("sector"))
    if details.town and details.town not in TOWNS:
        problems.append(UnknownChoice("town"))
    if details.division and details.division not in DIVISIONS:
        problems.append(UnknownChoice("division"))
    if details.registered_on and details.registered_on > today:
        problems.append(DayInFuture("registered_on"))
    if details.industry:
        if not is_industry_code(details.industry):
            problems.append(NotAnIndustryCode())
        else:
            sector = sector_of_industry(details.industry)
            if sector is not None and sector != details.sector:
                problems.append(IndustryOfOtherSector(sector=SectorName(sector).label))
    return problems


def _figure_problems(sector: str, declared: Declared, today: date) -> list[Problem]:
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


def _fill(firm: Firm, details: FirmDetails) -> None:
    for name, value in asdict(details).items():
        if name not in ("division", "town"):
            setattr(firm, name, value.strip() if isinstance(value, str) else value)
    firm.name_en = firm.name_en or None
    firm.industry = firm.industry or None
    firm.town = details.town or None
    firm.division = firm.town[:6] if firm.town else (details.division or firm.division)


@verb("firm.register", title=_l("Firm registered"))
def register_firm(
    *,
    actor: Actor,
    now: datetime,
    uscc: str,
    details: FirmDetails,
    declared: Declared | None = None,
    licence_id: int | None = None,
    home_division: str = "330624",
) -> Firm:
    """Register a firm and become its owner; it waits for verification from then on.

    An enterprise declares its figures, from which the size class follows; `licence_id` is the stored file of its
    business licence. The person's draft is done with. Anyone signed in may register one. Raises
    `SignInFirst`, `InvalidUscc`, `FirmExists`, and at its field whatever else is wrong, all at once.
    """
    if actor.person_id is None:
        raise SignInFirst
    today = local_day(now)
    problems = _problems(details, today)
    code = credit_code.compact(uscc).upper()
    if not credit_code.is_valid(code):
        problems.append(InvalidUscc())
    elif db.session.scalar(select(Firm.id).where(Firm.uscc == code)) is not None:
        problems.append(FirmExists())
    if details.kind == FirmKind.ENTERPRISE:
        if declared is None:
            problems.append(FigureNeeded("employees"))
        else:
            problems.extend(_figure_problems(details.sector, declared, today))
    raise_all(problems)
    lock_person(actor.person_id)
    firm = Firm(uscc=code, division=home_division, licence_id=licence_id, created_at=now)
    _fill(firm, details)
    db.session.add(firm)
    db.session.flush()
    db.session.add(Membership(person_id=actor.person_id, firm_id=firm.id, role=FirmRole.OWNER, started_at=now))
    record(actor, now, "firm.register", ("firm", firm.id), after=_kept(firm))
    record(actor, now, "member.join", ("firm", firm.id), after={"person_id": actor.person_id, "role": FirmRole.OWNER})
    note_account(actor, now, firm)
    db.session.execute(delete(FirmDraft).where(FirmDraft.person_id == actor.person_id))
    if details.kind == FirmKind.ENTERPRISE and declared is not None:
        _write_size(actor, now, firm, declared, today)
    _notify_administrators(firm, now)
    return firm


@verb("firm.save_draft", title=_l("Draft of a firm saved"))
def save_draft(*, actor: Actor, now: datetime, fields: Mapping[str, str]) -> FirmDraft:
    """Keep what is typed so far, for this person alone (R-FIRM-7); an earlier draft is replaced. Raises
    `SignInFirst`."""
    if actor.person_id is None:
        raise SignInFirst
    kept = {name: str(text)[:LONGEST_DRAFT_TEXT] for name, text in list(fields.items())[:MOST_DRAFT_FIELDS]}
    draft = db.session.get(FirmDraft, actor.person_id)
    if draft is None:
        draft = FirmDraft(person_id=actor.person_id)
        db.session.add(draft)
    draft.fields, draft.saved_at = kept, now
    db.session.flush()
    record(actor, now, "firm.save_draft", ("person", actor.person_id), after={"fields": len(kept)})
    return draft


@verb("firm.set_licence", title=_l("Business licence uploaded"))
def set_licence(*, actor: Actor, now: datetime, firm_id: int, file_id: int) -> Firm:
    """Put a stored file in the place of the firm's business licence. Raises `NotFound`, `NotAllowed`."""
    firm = _seen(actor, firm_id)
    permissions.check(actor, "firm.change", firm=firm.id)
    lock_firm(firm_id)
    before = firm.licence_id
    firm.licence_id = file_id
    db.session.flush()
    record(actor, now, "firm.set_licence", ("firm", firm.id), {"licence": before}, {"licence": file_id})
    return firm


@verb("firm.change", title=_l("Firm changed"))
def change_firm(*, actor: Actor, now: datetime, firm_id: int, details: FirmDetails) -> Firm:
    """Change what the firm says about itself. The credit code stays.

    Where something verified changes (`PROVEN`), the firm waits for verification again. Another bank account is told to
    every owner. Raises `NotFound`, `NotAllowed`,
    and at its field what is wrong.
    """
    firm = _seen(actor, firm_id)
    permissions.check(actor, "firm.change", firm=firm.id)
    lock_firm(firm_id)
    raise_all(_problems(details, local_day(now)))
    before, was_verified = _kept(firm), firm.verified
    proven = tuple(getattr(firm, name) for name in PROVEN)
    account = firm.bank_account
    figures_sector, kind = firm.sector, firm.kind
    _fill(firm, details)
    if kind == FirmKind.ENTERPRISE and firm.kind != FirmKind.ENTERPRISE:
        firm.size_class = None
    if firm.kind == FirmKind.ENTERPRISE and (figures_sector != firm.sector or kind != firm.kind):
        _derive_again(actor, now, firm)
    asks_again = was_verified and proven != tuple(getattr(firm, name) for name in PROVEN)
    if asks_again:
        firm.verified_at = firm.verified_by = None
        _notify_administrators(firm, now)
    record(actor, now, "firm.change", ("firm", firm.id), before, _kept(firm))
    note_account(actor, now, firm, account)
    return firm


def _derive_again(actor: Actor, now: datetime, firm: Firm) -> None:
    """The class under another sector, from the figures already declared; None until the missing ones are."""
    today = local_day(now)
    last = db.session.scalar(
        select(FirmSize).where(FirmSize.firm_id == firm.id).order_by(FirmSize.valid_from.desc()).limit(1)
    )
    figures = (
        Figures(employees=last.employees, revenue_fen=last.revenue_fen, assets_fen=last.assets_fen)
        if last
        else Figures()
    )
    if last is None or any(getattr(figures, name) is None for name in needed(firm.sector, today)):
        raise FigureNeeded("sector")
    _write_size(actor, now, firm, Declared(last.year, figures), today)


@verb("firm.declare_figures", title=_l("Figures declared"))
def declare_figures(*, actor: Actor, now: datetime, firm_id: int, declared: Declared) -> FirmSize:
    """Declare a year's figures; the size class derived from them holds from today on. Bookings made before keep theirs.

    Raises `NotFound`, `NotAllowed`, `NoSizeClass` for what is no enterprise, `FigureNeeded`, `NegativeFigure`,
    `YearNotPast`.
    """
    firm = _seen(actor, firm_id)
    permissions.check(actor, "firm.change", firm=firm.id)
    if firm.kind != FirmKind.ENTERPRISE:
        raise NoSizeClass
    lock_firm(firm_id)
    today = local_day(now)
    raise_all(_figure_problems(firm.sector, declared, today))
    before = firm.size_class
    row = _write_size(actor, now, firm, declared, today)
    if before != firm.size_class and firm.verified:
        notify(
            kind="firm.size_changed",
            regulators=[OfficialRole.ADMIN, OfficialRole.OFFICER],
            division=firm.division,
            url=f"/regulator/firms/{firm.id}",
            now=now,
            params={
                "firm": _said(firm),
                "size_class": SizeClass(row.size_class).label,
                "year": declared.year,
                "valid_from": today,
            },
        )
    return row


@verb("firm.set_size_class", title=_l("Size class set by hand"))
def set_size_class(*, actor: Actor, now: datetime, firm_id: int, size_class: str, reason: str) -> FirmSize:
    """Set an enterprise's class by hand, with a reason, from today on: for sectors that the standard leaves out.

    Raises `NotFound`, `NotAllowed`, `NoSizeClass`, `UnknownChoice`, `ReasonRequired`.
    """
    firm = _seen(actor, firm_id)
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
    today = local_day(now)
    return _put_size(actor, now, firm, today, today.year, Figures(), size_class, reason.strip()[:200])


def _write_size(actor: Actor, now: datetime, firm: Firm, declared: Declared, today: date) -> FirmSize:
    derived = size_class(firm.sector, declared.figures, today)
    return _put_size(actor, now, firm, today, declared.year, declared.figures, derived, None)


def _put_size(
    actor: Actor, now: datetime, firm: Firm, today: date, year: int, figures: Figures, derived: str, reason: str | None
) -> FirmSize:
    """The row that holds from today on; a second one on the same day replaces the first."""
    row = db.session.scalar(select(FirmSize).where(FirmSize.firm_id == firm.id, FirmSize.valid_from == today))
    before = None
    if row is None:
        row = FirmSize(firm_id=firm.id, valid_from=today)
        db.session.add(row)
    else:
        before = {"size_class": row.size_class, "year": row.year}
    row.year, row.sector, row.size_class, row.reason = year, firm.sector, derived, reason
    row.employees, row.revenue_fen, row.assets_fen = figures.employees, figures.revenue_fen, figures.assets_fen
    firm.size_class = derived
    db.session.flush()
    record(
        actor,
        now,
        SIZE_DERIVED,
        ("firm", firm.id),
        before,
        {
            "size_class": derived,
            "year": year,
            "sector": firm.sector,
            "valid_from": today.isoformat(),
            "by_hand": reason is not None,
            **asdict(figures),
        },
    )
    return row


@verb("firm.set_approval", title=_l("Amount for approval set"), money=True)
def set_approval_above(*, actor: Actor, now: datetime, firm_id: int, amount_fen: Fen | None) -> Firm:
    """Bookings above this amount wait for the firm's owner or approver; None: none does (R-APPROVAL-1). Raises
    `NotFound`, `NotAllowed`, `NegativeFigure`."""
    firm = _seen(actor, firm_id)
    permissions.check(actor, "firm.change", firm=firm.id)
    lock_firm(firm_id)
    if amount_fen is not None and not 0 <= amount_fen <= GREATEST_FIGURE:
        raise NegativeFigure("amount_fen")
    before = firm.approval_above_fen
    if before != amount_fen:
        firm.approval_above_fen = amount_fen
        record(
            actor,
            now,
            "firm.set_approval",
            ("firm", firm.id),
            {"approval_above_fen": before},
            {"approval_above_fen": amount_fen},
        )
    return firm


@verb("firm.submit", title=_l("Submitted for verification"))
def submit_firm(*, actor: Actor, now: datetime, firm_id: int) -> Firm:
    """Submit a returned firm for verification again. Raises `NotFound`, `NotAllowed`, `AlreadyVerified`,
    `NotReturned`."""
    firm = _seen(actor, firm_id)
    permissions.check(actor, "firm.change", firm=firm.id)
    lock_firm(firm_id)
    if firm.verified:
        raise AlreadyVerified
    if not firm.returned:
        raise NotReturned
    before = {"state": state_of(firm)}
    firm.returned_at, firm.return_reason = None, None
    record(actor, now, "firm.submit", ("firm", firm.id), before, {"state": state_of(firm)})
    _notify_administrators(firm, now)
    return firm


@verb("firm.verify", title=_l("Firm verified"))
def verify_firm(*, actor: Actor, now: datetime, firm_id: int) -> Firm:
    """Verify a firm that waits for it; its owners are told. Raises `NotFound`, `NotAllowed`, `AlreadyVerified`,
    `NotSubmitted`."""
    firm = _waiting(actor, firm_id)
    before = {"state": state_of(firm)}
    firm.verified_at, firm.verified_by = now, actor.person_id
    record(actor, now, "firm.verify", ("firm", firm.id), before, {"state": state_of(firm)})
    notify(
        kind="firm.verified",
        params={"firm": _said(firm)},
        firm_id=firm.id,
        roles=[FirmRole.OWNER, FirmRole.LAB_MANAGER],
        url="/account/firm",
        now=now,
    )
    return firm


@verb("firm.return", title=_l("Firm returned"))
def return_firm(*, actor: Actor, now: datetime, firm_id: int, reason: str) -> Firm:
    """Return a firm to its owners with a reason; they are told. Raises as `verify_firm`, and `ReasonRequired`."""
    firm = _waiting(actor, firm_id)
    if not reason.strip():
        raise ReasonRequired
    before = {"state": state_of(firm)}
    firm.returned_at, firm.return_reason = now, reason.strip()[:500]
    record(actor, now, "firm.return", ("firm", firm.id), before, {"state": state_of(firm)})
    notify(
        kind="firm.returned",
        params={"firm": _said(firm), "reason": firm.return_reason},
        firm_id=firm.id,
        roles=[FirmRole.OWNER],
        url="/account/firm",
        now=now,
    )
    return firm


def _waiting(actor: Actor, firm_id: int) -> Firm:
    firm = _seen(actor, firm_id)
    permissions.check(actor, "firm.verify")
    lock_firm(firm_id)
    if firm.verified:
        raise AlreadyVerified
    if firm.returned:
        raise NotSubmitted
    return firm


def state_of(firm: Firm) -> FirmState:
    """`verified`, `returned` or `waiting`."""
    if firm.verified:
        return FirmState.VERIFIED
    return FirmState.RETURNED if firm.returned else FirmState.WAITING


def _seen(actor: Actor, firm_id: int) -> Firm:
    """The firm, if the actor may see it. Raises `NotFound`."""
    firm = db.session.get(Firm, firm_id)
    if firm is None or not sees_firm(actor, firm_id):
        raise NotFound
    return firm


def _kept(firm: Firm) -> dict[str, object]:
    """What the trail keeps: values, and of personal data nothing (the legal representative is a person)."""
    return {
        "uscc": firm.uscc,
        "name": firm.name,
        "kind": firm.kind,
        "division": firm.division,
        "town": firm.town,
        "sector": firm.sector,
        "industry": firm.industry,
        "state": state_of(firm),
    }


def _said(firm: Firm) -> dict[str, str]:
    return {"zh": firm.name, "en": firm.name_en or firm.name}


def _notify_administrators(firm: Firm, now: datetime) -> None:
    notify(
        kind="firm.submitted",
        params={"firm": _said(firm), "uscc": firm.uscc},
        regulators=[OfficialRole.ADMIN],
        url=f"/admin/firms/{firm.id}",
        now=now,
    )
