"""The lab's workbench."""

from flask import Blueprint

from labshare.web.blueprints import load_views

blueprint = Blueprint("lab", __name__, url_prefix="/lab")

load_views(__name__, __path__)
