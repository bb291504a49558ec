"""Why a ledger entry does not count; the first that applies is given, in this order (R-REWARD-3)."""

REASONS = (
    "not_admitted",
    "suspended",
    "own_firm",
    "related",
    "client_size",
    "client_division",
    "instrument_value",
    "statutory",
)
