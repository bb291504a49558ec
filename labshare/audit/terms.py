"""The fixed words of the trail."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.terms import Term


class Fault(Term):
    """What a check of the trail finds first."""

    CHAIN = "chain", _l("A seal does not follow the one before")
    SIGNATURE = "signature", _l("The signature of a seal does not fit")
    COUNT = "count", _l("A seal covers another number of events than it says")
    EVENT_MISSING = "event_missing", _l("A sealed event is gone or cannot be read")
    EVENT_CHANGED = "event_changed", _l("A sealed event was changed, moved or exchanged")
    FORGED = "forged", _l("An event was not written by LabShare")
    UNSEALED = "unsealed", _l("An event is older than an hour and in no seal")
    SEAL_GONE = "seal_gone", _l("A seal is gone, while its events are there")
    HEAD_SIGNATURE = "head_signature", _l("The signature of a published head does not fit")
    HEAD_GONE = "head_gone", _l("A published head is gone, or another stands in its place")
    HEAD_MISSING = "head_missing", _l("The trail is shorter than a published head says: its tail was cut")
    HEAD_DIFFERS = "head_differs", _l("The seals are not those that a head was signed over")
