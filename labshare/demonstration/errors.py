"""Why demonstration data are not loaded."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.errors import Conflict


class NotInProduction(Conflict):
    message = _l("Demonstration data are never loaded in production.")


class DatabaseNotEmpty(Conflict):
    message = _l("The database is not empty: demonstration data go into an empty one only.")
