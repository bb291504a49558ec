"""Narrowing the workbench's lists by lab and state."""

from flask import request

from labshare.catalogue.models import Lab
from labshare.catalogue.queries.own import lab_choices
from labshare.catalogue.terms import LifeState


def narrowed(firm_id: int) -> tuple[list[Lab], int | None, str | None]:
    """The firm's labs, and which lab and state the address asks for; what is not known counts as not given."""
    labs = lab_choices(firm_id)
    wanted = request.args.get("lab", "")
    lab_id = next((lab.id for lab in labs if str(lab.id) == wanted), None)
    state = request.args.get("state")
    return labs, lab_id, LifeState.known(state)
