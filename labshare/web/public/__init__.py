"""Pages for anyone: home, search and offers, labs, instruments, standards, test items, public figures."""

from flask import Blueprint

from labshare.web.blueprints import load_views

blueprint = Blueprint("public", __name__)

load_views(__name__, __path__)
