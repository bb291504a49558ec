"""The scheduler's jobs: whether each comes in time, and what its last run said."""

from typing import Any

from flask import current_app, render_template

from labshare.http.rights import requires
from labshare.kernel.time import utc_now
from labshare.web.admin import blueprint


@blueprint.get("/jobs")
@requires("jobs.see")
def jobs() -> Any:
    """Every scheduled job with its last start and success, its next time, its error."""
    return render_template("admin/jobs.html", states=current_app.extensions["labshare.jobs"](utc_now()))
