"""A report proved by whoever holds it, without showing it (R-RESULT-4)."""

from contextlib import suppress

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from labshare.http.limits import count
from labshare.http.rights import public
from labshare.kernel.errors import NotFound
from labshare.kernel.time import local_day, utc_now
from labshare.settlement.queries.proofs import prove
from labshare.web.public import blueprint


@blueprint.get("/verify")
@public
def verify() -> Response:
    """The form, and the answer to `?number=&code=`; wrong numbers and wrong codes are answered alike."""
    number, code = (request.args.get(name, "")[:60].strip() for name in ("number", "code"))
    proof, asked = None, bool(number and code)
    if asked:
        count("verify")
        with suppress(NotFound):
            proof = prove(number=number, code=code, day=local_day(utc_now()))
    page = render_template("public/verify.html", number=number, code=code, asked=asked, proof=proof)
    answer = make_response(page)
    answer.headers["X-Robots-Tag"] = "noindex"
    if number or code:
        answer.headers["Cache-Control"] = "private, no-store"
    return answer
