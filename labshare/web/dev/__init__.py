"""Pages for those who build LabShare; a production application has none of them."""

from flask import Blueprint

from labshare.web.blueprints import load_views

blueprint = Blueprint("dev", __name__, url_prefix="/dev")

load_views(__name__, __path__)
