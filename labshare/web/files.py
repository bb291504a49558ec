"""Stored files, served as attachments; and the label of a report."""

from flask import Blueprint
from werkzeug.wrappers import Response

from labshare.http.bench_labels import report_label
from labshare.http.file_routes import FILE_ROUTES
from labshare.http.rights import THE_REPORT, requires
from labshare.settlement.queries.reports import get_report

blueprint = Blueprint("files", __name__, url_prefix="/files")

for each in FILE_ROUTES:
    blueprint.get(each.rule)(each.view())


@blueprint.get("/report/<int:report_id>/label")
@requires("document.see", of=THE_REPORT)
def label_of_report(report_id: int) -> Response:
    """A label with the QR code that proves the report, 60 × 40 mm or on A4 (`?paper=a4`)."""
    return report_label(get_report(report_id))
