"""The regulator's workbench."""

from flask import Blueprint

from labshare.web.blueprints import load_views

blueprint = Blueprint("regulator", __name__, url_prefix="/regulator")

load_views(__name__, __path__)
