"""The words of the room's notices."""

from flask_babel import lazy_gettext as _l

from labshare.notices.kinds import kind
from labshare.notices.terms import Topic

kind(
    "reward.published",
    topic=Topic.REWARD,
    title=_l("Public notice of the reward run of %(month)s"),
    text=_l("The statement of your lab can be read. An objection can be raised until %(until)s."),
)
kind(
    "reward.objection",
    topic=Topic.REWARD,
    title=_l("Objection of %(lab)s"),
    text=_l("%(lab)s objects to the reward run of %(month)s. It can be approved once the objection is answered."),
)
kind(
    "reward.objection_passed_on",
    topic=Topic.REWARD,
    title=_l("Objection of %(lab)s is now yours to answer"),
    text=_l(
        "The county's officers have not answered in time the objection of %(lab)s to the reward run of %(month)s. It "
        "is answered by an approver, or by an officer of a division around the county."
    ),
)
kind(
    "reward.answered",
    topic=Topic.REWARD,
    title=_l("Objection answered"),
    text=_l("The objection to the reward run of %(month)s is answered: %(verdict)s."),
)
kind(
    "reward.approved",
    topic=Topic.REWARD,
    title=_l("Reward run of %(month)s approved"),
    text=_l("%(total_fen)s can be paid out."),
)
kind(
    "reward.paid",
    topic=Topic.REWARD,
    title=_l("Reward of %(month)s paid out"),
    text=_l("%(payable_fen)s, payment reference %(reference)s."),
)
kind(
    "policy.to_publish",
    topic=Topic.REWARD,
    title=_l("Reward policy to publish"),
    text=_l('"%(name)s" is drafted and waits for an approver.'),
)
kind(
    "correction.to_agree",
    topic=Topic.REWARD,
    title=_l("Correction to decide"),
    text=_l("A correction of %(amount_fen)s for %(lab)s waits for a second officer."),
)
kind(
    "correction.to_take",
    topic=Topic.REWARD,
    title=_l("Correction proposed by the system"),
    text=_l("A finished window comes to another amount for %(lab)s by what is known now: %(amount_fen)s to correct."),
)
kind(
    "correction.to_confirm",
    topic=Topic.REWARD,
    title=_l("Correction to confirm"),
    text=_l("A correction of %(amount_fen)s for %(lab)s is not the system's amount and waits for the approver."),
)
kind(
    "grades.to_confirm",
    topic=Topic.REWARD,
    title=_l("Grades of %(year)s to confirm"),
    text=_l(
        "A list of grades of %(year)s is handed over; labs on it: %(labs)s. It counts once an approver confirms it."
    ),
)
kind(
    "grades.sent_back",
    topic=Topic.REWARD,
    title=_l("List of grades of %(year)s sent back"),
    text=_l("It was not confirmed: %(reason)s"),
)
kind(
    "grades.confirmed",
    topic=Topic.REWARD,
    title=_l("%(lab)s: grade %(grade)s for %(year)s"),
    text=_l(
        "%(lab)s is graded %(grade)s, in force from %(month)s (%(reason)s). The grade in force in the month of a "
        "reward run applies to everything that the run works out, not only to revenue from that month on."
    ),
)
