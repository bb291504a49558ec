"""The lab's catalogue: labs and accreditations, instruments and calibration, test items, fees, opening hours."""

from labshare.web.blueprints import load_views

load_views(__name__, __path__)
