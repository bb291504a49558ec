"""Proving anew who it is, before a page whose form holds a password."""

from typing import Any

from flask import redirect, request, url_for

from labshare.http.rights import proof_of, signed_in
from labshare.kernel.errors import NotFound, Problem
from labshare.web import proof
from labshare.web.account import blueprint
from labshare.web.account.settings import signed_in_person
from labshare.web.language import safe_next


@blueprint.post("/prove")
@signed_in
def prove() -> Any:
    """Take the proof, then show the page that asked for it."""
    person, target = signed_in_person(), request.form.get("next", "")
    asked = proof_of(request.form.get("of"))
    if asked is None:
        raise NotFound
    try:
        proof.take_proof(person)
    except Problem as problem:
        fields = [("next", target), ("of", request.form["of"])]
        page = proof.proof_page(person, asked, action=url_for("account.prove"), fields=fields, problem=problem)
        return page, problem.status
    return redirect(safe_next(target), 303)
