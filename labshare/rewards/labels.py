"""What this room's subjects, values and codes are called in the trail."""

from flask_babel import lazy_gettext as _l

from labshare.catalogue.terms import LifeState
from labshare.kernel.labels import name_codes, name_fields, name_subjects
from labshare.rewards.terms import Grade, ListState, ObjectionVerdict, RunState

name_subjects(
    assessment_list=_l("List of grades"),
    correction=_l("Correction"),
    objection=_l("Objection"),
    policy=_l("Policy"),
    reward_run=_l("Reward run"),
)
name_fields(
    {
        "calculation": _l("Calculation no."),
        "document": _l("Terms"),
        "effective_month": _l("Holds from"),
        "effective_to": _l("Last month"),
        "from": _l("Effective from"),
        "grade": _l("Grade"),
        "grades": _l("Grades, by lab number"),
        "labs": _l("Labs graded"),
        "list_id": _l("List of grades"),
        "publicity": _l("Public notice no."),
        "run": _l("Reward run"),
        "total_payable_fen": _l("Payable in all"),
        "version": _l("Version"),
        "window": _l("Window from"),
    },
    counts={"calculation", "labs", "publicity"},
)
name_codes("assessment_list.state", *ListState)
name_codes("grade", *Grade)
name_codes("policy.state", *LifeState)
name_codes("reward_run.state", *RunState)
name_codes("verdict", *ObjectionVerdict)
