"""Words for what the catalogue names by code: classes of instruments, categories, choices of the national platform."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

CLASSES: dict[str, LazyString] = {
    "01": _l("Analytical instruments"),
    "02": _l("Physical properties"),
    "03": _l("Metrology"),
    "04": _l("Astronomy"),
    "05": _l("Oceanography"),
    "06": _l("Earth sciences"),
    "07": _l("Atmosphere"),
    "08": _l("Electronic measurement"),
    "09": _l("Medical instruments"),
    "10": _l("Nuclear instruments"),
    "11": _l("Special inspection"),
    "12": _l("Other instruments"),
    "99": _l("Unclassified"),
}

SECOND_CLASSES: dict[str, LazyString] = {
    "0101": _l("Electron optics"),
    "0102": _l("Mass spectrometry"),
    "0103": _l("X-ray instruments"),
    "0104": _l("Spectrometry"),
    "0105": _l("Chromatography"),
    "0106": _l("Wave spectrometry"),
    "0107": _l("Electrochemistry"),
    "0108": _l("Microscopy and imaging"),
    "0109": _l("Thermal analysis"),
    "0110": _l("Biochemical separation"),
    "0111": _l("Environment and agriculture"),
    "0112": _l("Sample preparation"),
    "0201": _l("Mechanical testing"),
    "0202": _l("Geodesy"),
    "0203": _l("Photoelectric measurement"),
    "0204": _l("Acoustics and vibration"),
    "0205": _l("Particle size"),
    "0206": _l("Flaw detection"),
    "0301": _l("Length metrology"),
    "0302": _l("Heat metrology"),
    "0303": _l("Mechanical metrology"),
    "0304": _l("Electromagnetic metrology"),
    "0305": _l("Time and frequency"),
    "0306": _l("Acoustic metrology"),
    "0307": _l("Optical metrology"),
    "1101": _l("Ray inspection"),
    "1102": _l("Ultrasonic inspection"),
    "1103": _l("Electromagnetic inspection"),
    "1104": _l("Acoustic emission"),
    "1105": _l("Photoelectric inspection"),
}


def class_name(code: str) -> LazyString | str:
    """The most exact name we know of a class."""
    return SECOND_CLASSES.get(code[:4]) or CLASSES.get(code[:2]) or code


CATEGORIES: dict[str, LazyString] = {
    "mechanics": _l("Mechanical properties"),
    "metallography": _l("Metallography"),
    "composition": _l("Composition"),
    "bearings": _l("Bearings"),
    "dimensions": _l("Dimensions and geometry"),
    "wheels": _l("Wheels"),
    "environment": _l("Environment and corrosion"),
    "refrigeration": _l("Refrigeration parts"),
    "electrical": _l("Electrical loads"),
    "cleanliness": _l("Cleanliness"),
    "textile_machinery": _l("Textile machinery"),
    "pharma": _l("Pharmaceuticals and feed"),
}

USAGES: dict[str, LazyString] = {"general": _l("General"), "special": _l("Special")}

SHARING: dict[str, LazyString] = {
    "outside": _l("Open to others"),
    "inside": _l("Inside only"),
    "not_shared": _l("Not shared"),
}

SOURCES: dict[str, LazyString] = {
    "bought": _l("Bought"),
    "self_made": _l("Self-made"),
    "donated": _l("Donated"),
    "other": _l("Other source"),
}

FUNDS: dict[str, LazyString] = {
    "own": _l("Own funds"),
    "central": _l("Central budget"),
    "local": _l("Local budget"),
    "other": _l("Other funds"),
}

CONDITIONS: dict[str, LazyString] = {
    "normal": _l("Normal"),
    "occasional": _l("Occasional faults"),
    "frequent": _l("Frequent faults"),
    "awaiting_repair": _l("Awaiting repair"),
    "to_be_scrapped": _l("To be scrapped"),
}

BASES: dict[str, LazyString] = {
    "sample": _l("a sample"),
    "run": _l("a run"),
    "test": _l("a test"),
    "hour": _l("an hour"),
}

PUBLISHING: dict[str, LazyString] = {
    "firm_verified": _l("the firm is verified"),
    "address": _l("an address"),
    "phone": _l("a telephone number"),
    "lab_published": _l("the lab is published"),
    "model": _l("model and maker"),
    "calibrated": _l("a calibration valid today, or a note that none is needed"),
    "open_to_others": _l("sharing set to “open to others”"),
    "instrument_published": _l("a published instrument that can do it"),
    "fee_today": _l("a fee valid today"),
    "sample_requirement": _l("what samples must be like"),
}
"""What must be there before publishing; see `rules.publishing`."""

PUBLICATION_STATES: dict[str, LazyString] = {
    "draft": _l("Draft"),
    "published": _l("Published"),
    "withdrawn": _l("Withdrawn"),
}
