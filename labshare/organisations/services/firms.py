"""Registering, changing and verifying firms."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from stdnum.cn import uscc as credit_code

from labshare.audit.services import record
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, ReasonRequired, SignInFirst, raise_all
from labshare.kernel.formatting import in_both_languages
from labshare.kernel.money import Fen
from labshare.kernel.notifications import notify
from labshare.kernel.seen import check_seen_fields
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day
from labshare.kernel.verbs import verb
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
    NotAnIndustryCode,
    NotReturned,
    NotSubmitted,
    UnknownChoice,
)
from labshare.organisations.models import Firm, FirmDraft, Membership
from labshare.organisations.queries import waiting_size
from labshare.organisations.rules import (
    is_industry_code,
    sector_of_industry,
)
from labshare.organisations.separation import lock_firm, lock_person
from labshare.organisations.services.sizes import (
    GREATEST_FIGURE,
    Declared,
    check_another_decides,
    confirm_waiting,
    drop_waiting,
    figure_problems,
    rederive,
    seen_firm,
    write_size,
)
from labshare.organisations.terms import FirmKind, FirmRole, FirmState, SectorName

LONGEST_DRAFT_TEXT, MOST_DRAFT_FIELDS = 300, 40


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
    registered_on: date | None = None


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
            problems.extend(figure_problems(details.sector, declared, today))
    raise_all(problems)
    lock_person(actor.person_id)
    firm = Firm(uscc=code, division=home_division, licence_id=licence_id, created_at=now)
    _fill(firm, details)
    db.session.add(firm)
    db.session.flush()
    db.session.add(Membership(person_id=actor.person_id, firm_id=firm.id, role=FirmRole.OWNER, started_at=now))
    record(actor, now, "firm.register", ("firm", firm.id), after=_recorded(firm))
    record(actor, now, "member.join", ("firm", firm.id), after={"person_id": actor.person_id, "role": FirmRole.OWNER})
    db.session.execute(delete(FirmDraft).where(FirmDraft.person_id == actor.person_id))
    if details.kind == FirmKind.ENTERPRISE and declared is not None:
        write_size(actor, now, firm, declared)
    _notify_administrators(firm, now)
    return firm


@verb("firm.save_draft", title=_l("Draft of a firm saved"))
def save_draft(*, actor: Actor, now: datetime, fields: Mapping[str, str]) -> FirmDraft:
    """Keep what is typed so far, for this person alone (R-FIRM-7); an earlier draft is replaced. Raises
    `SignInFirst`."""
    if actor.person_id is None:
        raise SignInFirst
    draft_fields = {name: str(text)[:LONGEST_DRAFT_TEXT] for name, text in list(fields.items())[:MOST_DRAFT_FIELDS]}
    draft = db.session.get(FirmDraft, actor.person_id)
    if draft is None:
        draft = FirmDraft(person_id=actor.person_id)
        db.session.add(draft)
    draft.fields, draft.saved_at = draft_fields, now
    db.session.flush()
    record(actor, now, "firm.save_draft", ("person", actor.person_id), after={"fields": len(draft_fields)})
    return draft


@verb("firm.set_licence", title=_l("Business licence uploaded"))
def set_licence(*, actor: Actor, now: datetime, firm_id: int, file_id: int) -> Firm:
    """Put a stored file in the place of the firm's business licence. Raises `NotFound`, `NotAllowed`."""
    firm = seen_firm(actor, firm_id)
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

    Where something verified changes (`PROVEN`), the firm waits for verification again. Raises `NotFound`, `NotAllowed`,
    and at its field what is wrong.
    """
    firm = seen_firm(actor, firm_id)
    permissions.check(actor, "firm.change", firm=firm.id)
    lock_firm(firm_id)
    raise_all(_problems(details, local_day(now)))
    before, was_verified = _recorded(firm), firm.verified
    proven = tuple(getattr(firm, name) for name in PROVEN)
    figures_sector, kind = firm.sector, firm.kind
    _fill(firm, details)
    if kind == FirmKind.ENTERPRISE and firm.kind != FirmKind.ENTERPRISE:
        firm.size_class = None
        drop_waiting(firm)
    if firm.kind == FirmKind.ENTERPRISE and (figures_sector != firm.sector or kind != firm.kind):
        rederive(actor, now, firm)
    asks_again = was_verified and proven != tuple(getattr(firm, name) for name in PROVEN)
    if asks_again:
        firm.verified_at = firm.verified_by = None
        _notify_administrators(firm, now)
    record(actor, now, "firm.change", ("firm", firm.id), before, _recorded(firm))
    return firm


@verb("firm.set_approval", title=_l("Amount for approval set"), money=True)
def set_approval_above(*, actor: Actor, now: datetime, firm_id: int, amount_fen: Fen | None) -> Firm:
    """Bookings above this amount wait for the firm's owner or approver; None: none does (R-APPROVAL-1). Raises
    `NotFound`, `NotAllowed`, `NegativeFigure`."""
    firm = seen_firm(actor, firm_id)
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
    firm = seen_firm(actor, firm_id)
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
def verify_firm(*, actor: Actor, now: datetime, firm_id: int, seen: str) -> Firm:
    """Verify a firm that waits for it, exactly as it was seen: `seen` is the digest of `what_is_verified`. That
    confirms the size class that its figures give. Its owners are told. Raises `NotFound`, `NotAllowed`,
    `AlreadyVerified`, `NotSubmitted`, `OwnFirmDecided`, `ChangedMeanwhile`."""
    firm = _waiting(actor, firm_id)
    check_another_decides(actor, firm.id)
    check_seen_fields(seen, what_is_verified(firm))
    before = {"state": state_of(firm)}
    firm.verified_at, firm.verified_by = now, actor.person_id
    confirm_waiting(actor, now, firm)
    record(actor, now, "firm.verify", ("firm", firm.id), before, {"state": state_of(firm)})
    notify(
        kind="firm.verified",
        params={"firm": in_both_languages(firm)},
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
        params={"firm": in_both_languages(firm), "reason": firm.return_reason},
        firm_id=firm.id,
        roles=[FirmRole.OWNER],
        url="/account/firm",
        now=now,
    )
    return firm


def _waiting(actor: Actor, firm_id: int) -> Firm:
    firm = seen_firm(actor, firm_id)
    permissions.check(actor, "firm.verify")
    lock_firm(firm_id)
    if firm.verified:
        raise AlreadyVerified
    if firm.returned:
        raise NotSubmitted
    return firm


def what_is_verified(firm: Firm) -> tuple[object, ...]:
    """The fields that an administrator verifies, the size class among them."""
    waiting = waiting_size(firm.id)
    size = waiting.seen_values if waiting is not None else (firm.size_class,)
    return (firm.uscc, firm.licence_id, *(getattr(firm, name) for name in PROVEN), *size)


def state_of(firm: Firm) -> FirmState:
    """`verified`, `returned` or `waiting`."""
    if firm.verified:
        return FirmState.VERIFIED
    return FirmState.RETURNED if firm.returned else FirmState.WAITING


def _recorded(firm: Firm) -> dict[str, object]:
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


def _notify_administrators(firm: Firm, now: datetime) -> None:
    notify(
        kind="firm.submitted",
        params={"firm": in_both_languages(firm), "uscc": firm.uscc},
        regulators=[OfficialRole.ADMIN],
        url=f"/admin/firms/{firm.id}",
        now=now,
    )
