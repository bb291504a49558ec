"""To whom each day's head of the audit trail goes by mail (R-AUDIT-14)."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.accounts.terms import Locale
from labshare.http.actor import current_actor
from labshare.http.rights import requires
from labshare.kernel.time import utc_now
from labshare.oversight import heads
from labshare.web.account.forms import email_field
from labshare.web.admin import blueprint
from labshare.web.forms import Form, SelectField, required
from labshare.web.steps import carry_out, posted


class HeadAddressForm(Form):
    email = email_field(description=_l("A link goes there; nothing else is sent before its holder says yes."))
    locale = SelectField(
        _l("Language"), [required()], choices=[(one.value, one.own_name) for one in Locale], default=Locale.CHINESE
    )


@blueprint.route("/head-mails", methods=["GET", "POST"])
@requires("head.mail", verb="head.add_address")
def head_mails() -> Any:
    """The list, and a new address."""
    form = HeadAddressForm()
    answer = posted(
        form,
        lambda: heads.add_address(actor=current_actor(), now=utc_now(), email=form.email.data, locale=form.locale.data),
        lambda made: (_("A link is on its way to %(email)s.", email=made.email), url_for("admin.head_mails")),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("admin/head_mails.html", form=form, addresses=heads.listed_addresses()), answer


@blueprint.post("/head-mails/<int:address_id>/remove")
@requires("head.mail", verb="head.remove_address")
def remove_head_address(address_id: int) -> Any:
    """Take an address off; who read heads there is told."""
    return carry_out(
        lambda: heads.remove_address(actor=current_actor(), now=utc_now(), address_id=address_id),
        lambda _done: (_("The address is removed."), url_for("admin.head_mails")),
    )
