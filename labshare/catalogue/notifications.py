"""The notices the catalogue sends."""

from flask_babel import lazy_gettext as _l

from labshare.notices.kinds import kind
from labshare.notices.terms import Topic

ADMITTED = kind(
    "lab.admitted",
    topic=Topic.ADMISSION,
    title=_l("%(lab)s is an open lab"),
    text=_l(
        "%(lab)s is admitted as an open lab from %(day)s. Outside revenue booked from that day on can earn rewards."
    ),
)
APPLIED = kind(
    "lab.applied",
    topic=Topic.ADMISSION,
    title=_l("%(lab)s applies to be an open lab"),
    text=_l("%(firm)s asks that %(lab)s be admitted as an open lab. Look at what it shows, and admit or decline."),
)
DECLINED = kind(
    "lab.application_declined",
    topic=Topic.ADMISSION,
    title=_l("%(lab)s is not admitted as an open lab"),
    text=_l("The application of %(lab)s is declined. Reason: %(reason)s. You may apply again once this is settled."),
)
CLAIMS_CONFIRMED = kind(
    "claim.confirmed",
    topic=Topic.ADMISSION,
    title=_l("%(lab)s: %(n)s facts confirmed"),
    text=_l("An officer confirmed %(n)s facts of %(lab)s. They count for bookings from now on."),
    mail=False,
)
CLAIM_REFUSED = kind(
    "claim.refused",
    topic=Topic.ADMISSION,
    title=_l("%(lab)s: %(n)s facts not confirmed"),
    text=_l(
        "An officer did not confirm %(n)s facts of %(lab)s. Reason: %(reason)s They do not count. Correct them, or "
        "attach what proves them."
    ),
)
STANDARD_PUBLISHED = kind(
    "standard.published",
    topic=Topic.ADMISSION,
    title=_l("%(number)s is in the list of standards now"),
    text=_l("The standard that you proposed is published as %(number)s. Add it to the test items that test by it."),
)
STANDARD_DECLINED = kind(
    "standard.declined",
    topic=Topic.ADMISSION,
    title=_l("%(number)s is not listed"),
    text=_l("The standard %(number)s that you proposed is declined. Reason: %(reason)s"),
)
ADMISSION_WAITS = kind(
    "lab.admission_waits",
    topic=Topic.ADMISSION,
    title=_l("An admission waits for a second person"),
    text=_l("%(lab)s is to be admitted as an open lab from %(day)s, more than 30 days back. Confirm or refuse it."),
)
AUTHORISATION_ENDS = kind(
    "operator.ending",
    topic=Topic.FIRM_NEWS,
    title=_l("%(person)s's authorisation for %(instrument)s ends on %(day)s"),
    text=_l(
        "%(person)s is authorised by %(paper)s to work %(instrument)s of %(lab)s until %(day)s, included. From the "
        "next day on others who are authorised start tests there. Record a new authorisation, or withdraw this one."
    ),
)
SUSPENDED = kind(
    "lab.suspended",
    topic=Topic.ADMISSION,
    title=_l("%(lab)s is no longer an open lab"),
    text=_l("%(lab)s is suspended as an open lab from %(day)s. Reason: %(reason)s"),
)
