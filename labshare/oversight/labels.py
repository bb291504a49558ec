"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.labels import name_fields, name_subjects

name_subjects(
    head_address=_l("Address for heads of the trail"),
    upgrade=_l("Upgrade"),
)
name_fields(
    {
        "digest": _l("Digest of the result"),
        "marked": _l("Marked"),
    },
)
