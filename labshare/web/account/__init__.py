"""Sign-up, sign-in, the person's own settings, firm and members."""

from flask import Blueprint

from labshare.web.blueprints import load_views

blueprint = Blueprint("account", __name__, url_prefix="/account")

load_views(__name__, __path__)
