"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.labels import name_fields, name_subjects

name_subjects(
    attempt=_l("Attempt"),
    export=_l("Export"),
    trail=_l("Audit trail"),
)
name_fields(
    {
        "count": _l("Number"),
        "events": _l("Events"),
        "field": _l("Field"),
        "filters": _l("Filters"),
        "head": _l("Published head"),
        "problem": _l("Reason of the refusal"),
        "rows": _l("Rows"),
        "root": _l("Merkle root"),
        "seal_id": _l("Seal"),
        "seals": _l("Seals"),
        "sha256": _l("Digest of the file"),
    },
    counts={"count", "events", "rows", "seals"},
)
