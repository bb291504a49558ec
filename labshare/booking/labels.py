"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from labshare.booking.terms import (
    ApprovalState,
    BookingState,
    DayKind,
    EndReason,
    ExtraKind,
    FeedOf,
    ForClientState,
    HoldingKind,
    Party,
    PauseReason,
)
from labshare.kernel.labels import name_codes, name_fields, name_subjects

name_subjects(
    approval=_l("Approval"),
    block=_l("Block"),
    booking=_l("Booking"),
    closure=_l("Closure"),
    feed=_l("Calendar address"),
    for_client=_l("Booking for a client"),
    feed_id=_l("Calendar address"),
    hold=_l("Held slot"),
    holding=_l("Held slot"),
    handover=_l("Handover note"),
    item=_l("Test item"),
    quote=_l("Quote"),
    ref=_l("Booking"),
    sheet_import=_l("Import"),
    working_day=_l("Working day"),
    working_year=_l("Working year"),
)
name_fields(
    {
        "answer_by": _l("Answer due"),
        "booking": _l("Booking"),
        "charge": _l("Charge"),
        "charged_fen": _l("Charged in all"),
        "client_firm_id": _l("Client"),
        "closure": _l("Closure"),
        "confidential": _l("Confidential"),
        "cost_centre": _l("Cost centre"),
        "ends_at": _l("End"),
        "extra": _l("Extra work"),
        "result_points": _l("Points for the result"),
        "service_points": _l("Points for the service"),
        "test": lazy_pgettext("booking from before", "Test"),
        "time_points": _l("Points for the time"),
        "finished_at": _l("Test finished"),
        "holding_ends_at": _l("Held until"),
        "holdings": _l("Held slots"),
        "handover_id": _l("Handover note"),
        "hours": _l("Length or opening hours"),
        "in_the_way": _l("Bookings in the way"),
        "machine_minutes": _l("Machine time"),
        "at": _l("Pressed at"),
        "paused_for": _l("Why it stands still"),
        "price_fen": _l("Price"),
        "of": _l("Shows"),
        "proposal": _l("Proposal"),
        "published_fen": _l("By the published fee"),
        "purchase_order": _l("Purchase order"),
        "quantity": _l("Samples"),
        "rows_added": _l("Rows added"),
        "rows_changed": _l("Rows changed"),
        "samples_received": _l("Samples received"),
        "side": _l("By the side of"),
        "started_at": _l("Test started"),
        "starts_at": _l("Start"),
        "storage_place": _l("Storage place"),
        "unit": _l("Unit"),
        "valid_until": _l("Valid until"),
        "waive_reason": _l("Reason of the exception"),
    },
    counts={"hours", "quantity", "rows_added", "rows_changed", "samples_received"},
)
name_codes("approval.state", *ApprovalState)
name_codes("block.kind", *HoldingKind.blocks())
name_codes("booking.state", *BookingState)
name_codes("day", *DayKind)
name_codes("for_client.state", *ForClientState)
name_codes("extra", *ExtraKind)
name_codes("feed.of", *FeedOf)
name_codes("end_reason", *EndReason)
name_codes("paused_for", *PauseReason)
name_codes("side", *Party)
