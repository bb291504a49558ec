"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l

from labshare.catalogue.rules.sheets.instruments import INSTRUMENTS
from labshare.catalogue.terms import (
    Category,
    ClaimKind,
    ClaimVerdict,
    FeeBasis,
    LifeState,
)
from labshare.kernel.labels import FIELDS, name_codes, name_fields, name_subjects

name_subjects(
    accreditation=_l("Accreditation"),
    calibration=_l("Calibration"),
    fee=_l("Fee"),
    instrument=_l("Instrument"),
    lab=_l("Lab"),
    search_concept=_l("Search word"),
    standard=_l("Standard"),
    standard_proposal=_l("Proposed standard"),
    test_item=_l("Test item"),
)
name_fields(
    {
        "accreditation_id": _l("Accreditation"),
        "address_en": _l("Address in English"),
        "admitted_from": _l("Admitted from"),
        "amount_fen": _l("Amount"),
        "attended": _l("Somebody attends"),
        "automatic_confirmation": _l("Confirms automatically"),
        "basis": _l("Fee for"),
        "calibration_id": _l("Calibration"),
        "category": _l("Category"),
        "certificate": _l("Certificate number"),
        "class_code": _l("Class"),
        "cleanup_minutes": _l("Clean-up"),
        "code": _l("Code"),
        "contact": _l("Contact person"),
        "description": _l("Description"),
        "description_en": _l("Description in English"),
        "directions": _l("How to get there"),
        "directions_en": _l("How to get there, in English"),
        "email": _l("E-mail"),
        "en": _l("Words in English"),
        "fee_id": _l("Fee"),
        "finds": _l("Tests of these too"),
        "free_cancel_minutes": _l("Free cancellation until, before the start"),
        "horizon_minutes": _l("Bookable ahead"),
        "hours_max": _l("Test hours, longest"),
        "hours_min": _l("Test hours, shortest"),
        "hours_step": _l("Test hours, step"),
        "instrument_id": _l("Instrument"),
        "instruments": _l("Instruments that can do it"),
        "issuer": _l("Issued by"),
        "lab": _l("Lab"),
        "lab_id": _l("Lab"),
        "late_cancel_percent": _l("Late cancellation, % of the price"),
        "latitude": _l("Latitude"),
        "lead_time_minutes": _l("Lead time"),
        "paper": _l("What it rests on"),
        "payment_days": _l("Terms of payment, days"),
        "longest_minutes": _l("Longest booking"),
        "longitude": _l("Longitude"),
        "max_quantity": _l("Most samples in one booking"),
        "minimum_fen": _l("Minimum charge"),
        "no_show_percent": _l("No-show, % of the price"),
        "original_value_fen": _l("Original value"),
        "proved": _l("Shown that day"),
        "claim": _l("Fact"),
        "claim_id": _l("Number of the fact"),
        "value_fen": _l("Value"),
        "refused": _l("Refused"),
        "remark": _l("Remark"),
        "proposed_number": _l("As proposed"),
        "run_minutes": _l("Per run, minutes"),
        "runs_start_in_hours": _l("Runs start within opening hours"),
        "sample_minutes": _l("Per sample, minutes"),
        "sample_requirement": _l("Sample requirement"),
        "sample_requirement_en": _l("Sample requirement in English"),
        "samples_per_run": _l("Samples in one run"),
        "sample_form": _l("Sample form"),
        "setup_minutes": _l("Set-up, minutes"),
        "short": _l("Abbreviations"),
        "shortest_minutes": _l("Shortest booking"),
        "start_grid": _l("Starts every so many minutes"),
        "standards": _l("Standards"),
        "statutory": _l("Statutory test"),
        "superseded_by_id": _l("Replaced by"),
        "superseded_from": _l("Replaced from"),
        "suspended_from": _l("Suspended from"),
        "test_item_id": _l("Test item"),
        "turnaround_days": _l("Days until the report"),
        "units": _l("Units"),
        "zh": _l("Words in Chinese"),
    },
    counts={
        "hours_max",
        "hours_min",
        "hours_step",
        "late_cancel_percent",
        "max_quantity",
        "no_show_percent",
        "samples_per_run",
        "turnaround_days",
    },
)
name_codes("basis", *FeeBasis, label="per")
name_codes("category", *Category)
name_codes("instrument.state", *LifeState)
name_codes("lab.state", *LifeState)
name_codes("test_item.state", *LifeState)
name_codes("claim", *ClaimKind)
name_codes("verdict", *ClaimVerdict)
for column in INSTRUMENTS:  # what is not named by now is called in the trail as in the sheet
    if column.name not in FIELDS:
        name_fields({column.name: column.head})
    if column.choices is not None:
        name_codes(f"instrument.{column.name}" if column.name == "source" else column.name, *column.choices)
