"""Pages, by who looks at them. `register` joins the frame and the blueprints to the application."""

from labshare.http import limits
from labshare.http.retry import Application
from labshare.web import (
    actor,
    addresses,
    errors,
    filters,
    forms,
    headers,
    language,
    layout,
    monitoring,
    proof,
    templates,
)
from labshare.web.account import blueprint as account
from labshare.web.admin import blueprint as admin
from labshare.web.calendars import blueprint as calendars
from labshare.web.client import blueprint as client
from labshare.web.dev import blueprint as dev
from labshare.web.files import blueprint as files
from labshare.web.lab import blueprint as lab
from labshare.web.public import blueprint as public
from labshare.web.regulator import blueprint as regulator


def register(app: Application) -> None:
    """Headers, language, filters, layout, error pages, and the pages of everybody."""
    templates.init(app)
    monitoring.init(app)
    headers.init(app)
    addresses.init(app)
    language.init(app)
    actor.init(app)
    filters.init(app)
    layout.init(app)
    forms.init(app)
    proof.init(app)
    errors.init(app)
    limits.init(app)
    for blueprint in (public, account, client, lab, regulator, admin, files, calendars):
        app.register_blueprint(blueprint)
    if not app.config["PRODUCTION"]:
        app.register_blueprint(dev)
