"""Passkeys of the own account: adding one, removing one (R-FACTOR-10)."""

from typing import Any

from flask import current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.accounts import passkeys
from labshare.http.actor import current_actor, factor_required
from labshare.http.rights import proves, signed_in
from labshare.kernel.time import utc_now
from labshare.web.account import blueprint
from labshare.web.account.forms import AddPasskeyForm
from labshare.web.account.second_factor import codes_page, fitting
from labshare.web.account.settings import signed_in_person
from labshare.web.actor import session_key
from labshare.web.language import chosen_language, safe_next
from labshare.web.steps import Around, carry_out, posted


@blueprint.route("/second-factor/passkeys/add", methods=["GET", "POST"])
@signed_in
@proves(_l("Add a passkey"), of_factor_alone=True)
def add_passkey() -> Any:
    """Name the device, have it make a key, and with the first factor keep the recovery codes."""
    person, now, key = signed_in_person(), utc_now(), session_key() or ""
    target = request.values.get("next", "")
    onward = safe_next(target) if target else url_for("account.second_factor")
    form = AddPasskeyForm()
    if person.has_factor:
        del form.present_password
    answer = posted(
        form,
        lambda: passkeys.add_passkey(
            actor=current_actor(),
            now=now,
            name=form.name.data,
            answer=passkeys.Answer(form.passkey.data or "", passkeys.ADDING, key),
            key=key,
        ),
        lambda codes: (lambda: codes_page(codes, onward)) if codes else (_("The passkey is added."), onward),
        fitting(form),
    )
    if isinstance(answer, Response):
        return answer
    form.passkey.data = ""
    asked = passkeys.to_add(
        person_id=person.id,
        email=person.email,
        name=person.name,
        service=current_app.config["SERVICE_NAME_EN" if chosen_language() == "en" else "SERVICE_NAME"],
        bound=key,
        now=now,
    )
    return render_template("account/add_passkey.html", form=form, asked=asked, next=target), answer


@blueprint.post("/second-factor/passkeys/<int:passkey_id>/remove")
@signed_in
@proves(_l("Remove a passkey"))
def remove_passkey(passkey_id: int) -> Any:
    """Remove it; the last factor of who must have one stays."""
    person = signed_in_person()
    required = factor_required() and person.needs_factor
    return carry_out(
        lambda: passkeys.remove_passkey(actor=current_actor(), now=utc_now(), passkey_id=passkey_id, required=required),
        lambda _done: (_("The passkey is removed."), url_for("account.second_factor")),
        Around(before=lambda: passkeys.own_passkey(person_id=person.id, passkey_id=passkey_id)),
    )
