"""Pages of a firm that orders tests: booking, my bookings (/bookings/...)."""

from flask import Blueprint

from labshare.web.blueprints import load_views

blueprint = Blueprint("client", __name__)

load_views(__name__, __path__)
