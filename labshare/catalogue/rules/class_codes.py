"""The national classification of instruments: six digits in three levels of two."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

OTHER = "990000"
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
"""Of the first levels whose second level is published: 01, 02, 03, 11."""


def is_class_code(code: str) -> bool:
    """Six digits whose first two, and where they are listed first four, name a known class; `990000` is other."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()) or code[:2] not in CLASSES:
        return False
    if code[:2] == "99":
        return code == OTHER
    listed = any(second.startswith(code[:2]) for second in SECOND_CLASSES)
    return not listed or code[:4] in SECOND_CLASSES or code[2:] == "0000" or code[2:4] == "99"


def class_name(code: str) -> LazyString | str:
    """The most exact name we know of a class."""
    return SECOND_CLASSES.get(code[:4]) or CLASSES.get(code[:2]) or code
