"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.labels import name_codes, name_fields, name_subjects
from labshare.kernel.terms import OfficialRole, TokenScope
from labshare.organisations.terms import (
    AffiliationAct,
    AffiliationKind,
    AffiliationSource,
    FirmKind,
    FirmRole,
    FirmState,
    SectorName,
    SizeClass,
)

name_subjects(
    affiliation=_l("Affiliation"),
    bank_account=_l("Bank account"),
    firm=_l("Firm"),
    invitation=_l("Invitation"),
    membership=_l("Membership"),
    role=_l("Regulator's role"),
    token=_l("API token"),
)
name_fields(
    {
        "account_ends": _l("Account ends in"),
        "accounts": _l("Bank accounts"),
        "act": _l("Act"),
        "address": _l("Address"),
        "agreed": _l("Agreed to"),
        "assets_fen": _l("Total assets"),
        "by_hand": _l("Set by hand"),
        "change": _l("Change of an affiliation"),
        "by_invitation": _l("Invitation"),
        "confirmed": _l("Confirmed"),
        "counts_from": _l("Counts from"),
        "corrects_id": _l("Stands in for"),
        "declared_by_firm_id": _l("Declared by"),
        "division": _l("Administrative division"),
        "employees": _l("Staff"),
        "end_reason": _l("Reason of the ending"),
        "fen": _l("Amount"),
        "fields": _l("Fields filled in"),
        "licence": _l("File of the licence"),
        "approval_above_fen": _l("Amount for approval"),
        "firm_id": _l("Firm"),
        "industry": _l("Industry code"),
        "invitation_id": _l("Invitation"),
        "kind": _l("Kind"),
        "months": _l("Published months touched"),
        "name_en": _l("Name in English"),
        "note": _l("Note"),
        "other_firm_id": _l("Other firm"),
        "phone": _l("Telephone"),
        "proof": _l("File of the proof"),
        "proposed": _l("Role proposed"),
        "proposed_by": _l("Proposed by"),
        "revenue_fen": _l("Annual revenue"),
        "revoked": _l("Revoked"),
        "role": _l("Role"),
        "role_id": _l("Regulator's role"),
        "scope": _l("Scope"),
        "sector": _l("Sector"),
        "size_class": _l("Size class"),
        "source": _l("Source"),
        "state": _l("State"),
        "tokens_ended": _l("API tokens ended"),
        "town": _l("Town"),
        "uscc": _l("Unified social credit code"),
        "valid_from": _l("Valid from, included"),
        "valid_to": _l("Valid to, included"),
        "withdrawn": _l("Withdrawn"),
        "year": _l("Year"),
    },
    counts={"employees", "tokens_ended"},
)
name_codes("affiliation.act", *AffiliationAct)
name_codes("affiliation.kind", *AffiliationKind)
name_codes("affiliation.source", *AffiliationSource)
name_codes("firm.kind", *FirmKind)
name_codes("firm.state", *FirmState)
name_codes("proposed", *FirmRole, *OfficialRole)
name_codes("role", *FirmRole, *OfficialRole)
name_codes("sector", *SectorName)
name_codes("size_class", *SizeClass)
name_codes("token.scope", *TokenScope)
