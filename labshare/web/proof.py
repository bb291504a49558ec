"""Before a weighty act its person proves anew who it is, unless that was done in the last minutes (R-FACTOR-7).

Routes say so beside their right (`labshare.http.rights.proves`). The page that asks is sent to the act's own address
with all that was typed, so the act goes on in the same request once the proof is right: without a script, and without
anything being kept anywhere. It is asked once the form's token is known to be ours, so no other site leads anybody
to it.
"""

from datetime import timedelta
from typing import Any

from flask import render_template, request, url_for

from labshare.accounts import factors, passwords
from labshare.accounts.errors import ProofNeeded, WrongFactorCode, WrongPresentPassword
from labshare.accounts.passkeys import PROVING, Answer, to_use
from labshare.accounts.queries import get_person
from labshare.http.actor import current_actor, current_person
from labshare.http.bodies import CHANGING
from labshare.http.retry import Application
from labshare.http.rights import Proof, proof_of
from labshare.kernel.database import transaction
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.organisations.queries import Account
from labshare.web.account.throttle import CodeGuesses, Guesses
from labshare.web.actor import session_key

FRESH = timedelta(minutes=10)
CODE, PASSWORD, PASSKEY = "proof_code", "proof_password", "proof_passkey"


def is_fresh(person: Account) -> bool:
    """Whether the person of this browser has just proved who it is."""
    return person.proved_at is not None and utc_now() < person.proved_at + FRESH


def _ask() -> None:
    """Before the view of a route that asks for proof. Raises `ProofNeeded`."""
    proof = proof_of(request.endpoint)
    person = current_person() if proof is not None else None  # elsewhere nobody is read for it
    if proof is None or person is None or is_fresh(person):
        return
    if proof.of_factor_alone:
        if not person.has_factor:
            return
    elif request.method not in CHANGING or not proof.when():
        return
    if not {CODE, PASSWORD, PASSKEY} & set(request.form):
        raise ProofNeeded
    try:
        take_proof(person)
    except Problem as problem:
        raise ProofNeeded(problem) from problem


def take_proof(person: Account) -> None:
    """Look at what was given: each way with its own throttle, the password outside every transaction. Raises
    `WrongFactorCode`, `WrongPasskey`, `WrongPresentPassword`, `TooManyAttempts`, `TooManyRequests`."""
    key = session_key() or ""
    code: str | Answer | None = request.form.get(CODE, "") if person.has_factor else None
    if code is not None and request.form.get(PASSKEY):
        code = Answer(request.form[PASSKEY], PROVING, key)
    if code is None:
        guesses = Guesses.of_person(person.id)
        guesses.admit()
        if not passwords.fits(get_person(person.id).password_hash, request.form.get(PASSWORD, "")):
            guesses.failed()
            raise WrongPresentPassword
        guesses.right()
    else:
        CodeGuesses.of_person(person.id).admit(code)
    try:
        with transaction():
            factors.prove(actor=current_actor(), now=utc_now(), key=key, code=code)
    except WrongFactorCode:
        CodeGuesses.of_person(person.id).failed(code or "")
        raise


def show_proof(problem: ProofNeeded) -> Any:
    """The page that asks, with what was typed. What was typed with a password is not repeated: there the page stands
    before the form."""
    proof, person = proof_of(request.endpoint), current_person()
    if proof is None or person is None:
        raise problem
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in ("csrf_token", CODE, PASSWORD, PASSKEY)
    ]
    here = request.full_path.rstrip("?")
    repeated = request.method in CHANGING and not any("password" in name for name, _value in fields)
    page = proof_page(
        person,
        proof,
        action=here if repeated else url_for("account.prove"),
        fields=fields if repeated else [("next", here), ("of", str(request.endpoint))],
        problem=problem.cause,
    )
    return page, problem.cause.status if problem.cause is not None else problem.status


def proof_page(
    person: Account, proof: Proof, *, action: str, fields: list[tuple[str, str]], problem: Problem | None = None
) -> str:
    bound = session_key() or ""
    asked = to_use(person.id, PROVING, bound=bound, now=utc_now()) if person.has_factor else None
    return render_template(
        "account/prove.html",
        act=proof.act,
        action=action,
        fields=fields,
        name=CODE if person.has_factor else PASSWORD,
        passkey=PASSKEY,
        asked=asked,
        by_code=person.has_factor,
        problem=problem.text if problem is not None else None,
        minutes=int(FRESH.total_seconds()) // 60,
    )


def init(app: Application) -> None:
    """After the check of forms' tokens."""
    app.after_body.append(_ask)
