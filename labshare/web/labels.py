"""What codes are called in templates: `{{ member.role|named("role") }}`, `{{ term(booking.state).look.icon }}`."""

from datetime import datetime
from typing import Any

from flask import Flask
from jinja2 import pass_context

from labshare.booking.terms import (
    ApprovalState,
    BookingState,
    ChargeKind,
    DayKind,
    ExtraCause,
    ExtraKind,
    FeedOf,
    FirstStep,
    ForClientState,
    PauseReason,
    QuoteState,
)
from labshare.catalogue.rules.sheets.instruments import INSTRUMENTS
from labshare.catalogue.terms import (
    Admission,
    ApplicationEnd,
    ClaimKind,
    FeeBasis,
    FieldKind,
    LifeState,
    LiveState,
    ProposalEnd,
    SurchargeKind,
)
from labshare.kernel.formatting import NOTHING, twin
from labshare.kernel.terms import OfficialRole, Term, TokenScope
from labshare.kernel.time import utc_now
from labshare.organisations.divisions import AREAS, DIVISIONS, TOWNS
from labshare.organisations.terms import (
    AffiliationAct,
    AffiliationKind,
    AffiliationSource,
    AffiliationState,
    FirmKind,
    FirmRole,
    FirmState,
    SectorName,
    SizeClass,
    ToDecide,
    role_label,
)
from labshare.oversight.terms import UsageBy
from labshare.rewards.rules.parts import shown_state
from labshare.rewards.terms import (
    BandKind,
    Cap,
    ChangedInput,
    Grade,
    ListState,
    ObjectionVerdict,
    PolicyState,
    Reason,
    RewardUnit,
    RunState,
    Tax,
    TraceStep,
    WhyZero,
)
from labshare.settlement.terms import (
    BankLines,
    ContestVerdict,
    DisputeOutcome,
    DisputeState,
    DisputeStep,
    DocumentKind,
    DoubleVerdict,
    EntryCause,
    HoldCause,
    InquiryState,
    MatchReason,
    MessageSide,
    Movement,
    PayerVerdict,
    ReportState,
    SpendingBy,
    TaxLines,
)

VOCABULARIES: dict[str, type[Term]] = {
    **{column.name: column.choices for column in INSTRUMENTS if column.choices},
    "affiliation": AffiliationState,
    "approval": ApprovalState,
    "affiliation_act": AffiliationAct,
    "affiliation_kind": AffiliationKind,
    "band_kind": BandKind,
    "booking": BookingState,
    "changed_input": ChangedInput,
    "claim": ClaimKind,
    "contest_verdict": ContestVerdict,
    "double_verdict": DoubleVerdict,
    "dispute": DisputeState,
    "dispute_outcome": DisputeOutcome,
    "dispute_step": DisputeStep,
    "document": DocumentKind,
    "feed": FeedOf,
    "for_client": ForClientState,
    "field": FieldKind,
    "firm_kind": FirmKind,
    "grade": Grade,
    "hold": HoldCause,
    "inquiry": InquiryState,
    "life": LifeState,
    "list": ListState,
    "live": LiveState,
    "message_side": MessageSide,
    "objection_verdict": ObjectionVerdict,
    "pause": PauseReason,
    "extra": ExtraKind,
    "extra_cause": ExtraCause,
    "proposal_end": ProposalEnd,
    "reason": Reason,
    "reward_unit": RewardUnit,
    "run": RunState,
    "quote": QuoteState,
    "scope": TokenScope,
    "sector": SectorName,
    "size_class": SizeClass,
    "source": AffiliationSource,
    "tax": Tax,
    "why_zero": WhyZero,
}
"""As templates name them when they ask for a word's name."""
COMPARED: tuple[type[Term], ...] = (
    *VOCABULARIES.values(),
    Admission,
    ApplicationEnd,
    BankLines,
    Cap,
    ChargeKind,
    ExtraKind,
    FirstStep,
    MatchReason,
    Movement,
    SpendingBy,
    TaxLines,
    DayKind,
    EntryCause,
    FeeBasis,
    FieldKind,
    SurchargeKind,
    FirmRole,
    FirmState,
    OfficialRole,
    PayerVerdict,
    ReportState,
    PolicyState,
    ToDecide,
    TraceStep,
    UsageBy,
)
"""What templates compare with, by the name of the class: `run.state in RunState.open()`."""


def term(code: str, vocabulary: str = "booking") -> Term:
    """The word of a code, with label and look."""
    return VOCABULARIES[vocabulary](code)


def shown_run_state(state: str, publicity_ends_at: datetime | None) -> RunState:
    """A run's state as pages show it at this moment (`rewards.rules.parts.shown_state`)."""
    return shown_state(state, publicity_ends_at, now=utc_now())


@pass_context
def named(_context: Any, code: str | None, vocabulary: str) -> str:
    """What a code is called; an em dash for none. (With the context, so that Jinja does not work out a constant's
    name once and for all, in the language of whoever came first.)"""
    if not code:
        return NOTHING
    if vocabulary in ("town", "division"):
        place = (TOWNS if vocabulary == "town" else AREAS | DIVISIONS).get(code)
        if place is None:
            return code
        return twin(place)
    if vocabulary == "role":
        return str(role_label(code))
    known = VOCABULARIES[vocabulary].known(code)
    return str(known.label) if known else code


def init(app: Flask) -> None:
    app.jinja_env.filters["named"] = named
    app.jinja_env.globals.update({vocabulary.__name__: vocabulary for vocabulary in COMPARED})
    app.jinja_env.globals.update(term=term, shown_run_state=shown_run_state, main_line=BookingState.main_line())
