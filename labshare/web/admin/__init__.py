"""Pages of the platform's administrators."""

from flask import Blueprint

from labshare.web.blueprints import load_views

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

load_views(__name__, __path__)
