"""Why something of the overseers is refused."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.errors import Conflict


class AddressKept(Conflict):
    message = _l("This address gets the heads already.")
    default_field = "email"


class TooManyAddresses(Conflict):
    message = _l("Fifty addresses are the most. Remove one first.")
