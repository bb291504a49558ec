"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l

from labshare.catalogue.terms import (
    Category,
    FeeBasis,
    Funds,
    InstrumentCondition,
    InstrumentSource,
    InstrumentUsage,
    LifeState,
    Sharing,
)
from labshare.kernel.labels import name_codes, name_fields, name_subjects

name_subjects(
    accreditation=_l("Accreditation"),
    calibration=_l("Calibration"),
    fee=_l("Fee"),
    instrument=_l("Instrument"),
    lab=_l("Lab"),
    search_concept=_l("Search word"),
    standard=_l("Standard"),
    test_item=_l("Test item"),
)
name_fields(
    {
        "accreditation_id": _l("Accreditation"),
        "admitted_from": _l("Admitted from"),
        "amount_fen": _l("Amount"),
        "attended": _l("Somebody attends"),
        "automatic_confirmation": _l("Confirms automatically"),
        "basis": _l("Fee for"),
        "begin_date": _l("In use since"),
        "calibration_id": _l("Calibration"),
        "category": _l("Category"),
        "certificate": _l("Certificate number"),
        "class_code": _l("Class"),
        "cleanup_minutes": _l("Clean-up"),
        "code": _l("Code"),
        "condition": _l("Condition"),
        "contact": _l("Contact person"),
        "customs_supervised": _l("Under customs supervision"),
        "description": _l("Description"),
        "description_en": _l("Description in English"),
        "en": _l("Words in English"),
        "fee_id": _l("Fee"),
        "finds": _l("Tests of these too"),
        "free_cancel_minutes": _l("Free cancellation until, before the start"),
        "function": _l("Functions"),
        "funds": _l("Funds"),
        "horizon_minutes": _l("Bookable ahead"),
        "hours_max": _l("Test hours, longest"),
        "hours_min": _l("Test hours, shortest"),
        "hours_step": _l("Test hours, step"),
        "inner_id": _l("Own number"),
        "instrument_id": _l("Instrument"),
        "instruments": _l("Instruments that can do it"),
        "issuer": _l("Issued by"),
        "lab": _l("Lab"),
        "lab_id": _l("Lab"),
        "late_cancel_percent": _l("Late cancellation, % of the price"),
        "latitude": _l("Latitude"),
        "lead_time_minutes": _l("Lead time"),
        "payment_days": _l("Terms of payment, days"),
        "longest_minutes": _l("Longest booking"),
        "longitude": _l("Longitude"),
        "manufacturer": _l("Maker"),
        "max_quantity": _l("Most samples in one booking"),
        "minimum_fen": _l("Minimum charge"),
        "model": _l("Model"),
        "nation": _l("Country of origin"),
        "needs_calibration": _l("Needs calibration"),
        "no_show_percent": _l("No-show, % of the price"),
        "original_value_fen": _l("Original value"),
        "refused": _l("Refused"),
        "requirement": _l("What users must observe"),
        "run_minutes": _l("Per run, minutes"),
        "runs_start_in_hours": _l("Runs start within opening hours"),
        "sample_minutes": _l("Per sample, minutes"),
        "sample_requirement": _l("Sample requirement"),
        "sample_requirement_en": _l("Sample requirement in English"),
        "samples_per_run": _l("Samples in one run"),
        "service_content": _l("Services"),
        "setup_minutes": _l("Set-up, minutes"),
        "sharing": _l("Sharing"),
        "short": _l("Abbreviations"),
        "shortest_minutes": _l("Shortest booking"),
        "start_grid": _l("Starts every so many minutes"),
        "standards": _l("Standards"),
        "statutory": _l("Statutory test"),
        "subjects": _l("Subject areas"),
        "superseded_by_id": _l("Replaced by"),
        "superseded_from": _l("Replaced from"),
        "suspended_from": _l("Suspended from"),
        "technical": _l("Main specifications"),
        "test_item_id": _l("Test item"),
        "turnaround_days": _l("Days until the report"),
        "units": _l("Units"),
        "usage": _l("Use"),
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
name_codes("condition", *InstrumentCondition)
name_codes("funds", *Funds)
name_codes("instrument.source", *InstrumentSource)
name_codes("instrument.state", *LifeState)
name_codes("lab.state", *LifeState)
name_codes("sharing", *Sharing)
name_codes("test_item.state", *LifeState)
name_codes("usage", *InstrumentUsage)
