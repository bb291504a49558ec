"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l

from labshare.accounts.terms import CodePurpose, FactorKind, Locale
from labshare.kernel.labels import name_codes, name_fields, name_subjects

name_subjects(
    person=_l("Person"),
)
name_fields(
    {
        "account_digest": _l("Keyed digest of the account"),
        "disabled": _l("Disabled"),
        "ends_with": _l("Last digits"),
        "codes_left": _l("Recovery codes left"),
        "factor": _l("Second factor"),
        "failures": _l("Failed within the hour"),
        "locale": _l("Language"),
        "name": _l("Name"),
        "name_changed": _l("Name changed"),
        "passkeys": _l("Passkeys"),
        "person_id": _l("Person"),
        "purpose": _l("Purpose"),
        "reason": _l("Reason"),
        "sessions_ended": _l("Sessions ended"),
    },
    counts={"codes_left", "failures", "passkeys", "sessions_ended"},
)
name_codes("factor", *FactorKind)
name_codes("locale", *Locale)
name_codes("purpose", *CodePurpose)
