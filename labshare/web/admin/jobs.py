"""The scheduler's jobs: whether each comes in time, and what its last run said."""

from typing import Any

from flask import render_template

from labshare.jobs.state import job_states
from labshare.kernel.time import utc_now
from labshare.organisations import permissions
from labshare.web.actor import current_actor
from labshare.web.admin import blueprint


@blueprint.get("/jobs")
def jobs() -> Any:
    """Every scheduled job with its last start and success, its next time, its error."""
    permissions.check(current_actor(), "jobs.see")
    return render_template("admin/jobs.html", states=job_states(utc_now()))
