"""What a mail about heads of the audit trail leads to: its holder says yes, or stops them (R-AUDIT-14)."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from labshare.http.actor import current_actor
from labshare.http.rights import public
from labshare.kernel.time import utc_now
from labshare.oversight import heads
from labshare.web.public import blueprint
from labshare.web.steps import carry_out


@blueprint.get("/audit/heads/by-mail/<secret>")
@public
def head_mail(secret: str) -> Any:
    """Looking says nothing yet: mail hosts look at links, too."""
    return render_template("public/head_mail.html", address=heads.address_of(secret, utc_now()), secret=secret)


@blueprint.post("/audit/heads/by-mail/<secret>")
@public
def answer_head_mail(secret: str) -> Any:
    """Yes, or no more."""
    stops = "stop" in request.form
    step = heads.stop if stops else heads.confirm_address
    message = _("No more heads come to this address.") if stops else _("From now on each day's head comes by mail.")
    return carry_out(
        lambda: step(actor=current_actor(), now=utc_now(), secret=secret),
        lambda _done: (message, url_for("public.audit_heads")),
    )
