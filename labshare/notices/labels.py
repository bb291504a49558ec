"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.labels import name_codes, name_fields
from labshare.notices.terms import Topic

name_fields({"mails_off": _l("Mails switched off")})
name_codes("mails_off", *Topic)
