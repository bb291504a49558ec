"""The own firm: registering, changing, figures, submitting."""

from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.rights import MEMBERS_FIRM, SIGNED_IN, Of, proves, requires, signed_in
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import day
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import permissions, queries
from labshare.organisations import services as organisations
from labshare.organisations.errors import FillIn
from labshare.organisations.industries import find_industries
from labshare.organisations.models import Firm, FirmSize
from labshare.organisations.queries.bank_accounts import account_of, accounts_waiting, entries_of, own_entry
from labshare.organisations.rules import Figures, needed, size_class
from labshare.organisations.services.firms import FirmDetails, state_of
from labshare.organisations.services.sizes import Declared
from labshare.organisations.terms import FirmKind, SectorName
from labshare.settlement.files import TakenFile, store, take_in
from labshare.web.account import blueprint
from labshare.web.account.forms import (
    ApprovalForm,
    BankAccountForm,
    FiguresForm,
    FirmForm,
    LicenceForm,
    RegisterFirmForm,
    SizeQuery,
)
from labshare.web.actor import act_for, reload_account
from labshare.web.steps import Around, carry_out, posted


def own_firm() -> Firm:
    """The firm acted for. Raises `NotFound` for who acts for none."""
    actor = current_actor()
    if actor.firm_id is None:
        raise NotFound
    return queries.get_firm(actor.firm_id)


def details_from(form: FirmForm) -> FirmDetails:
    return FirmDetails(
        **{
            name: form[name].data if name in ("registered_on", "town", "division") else (form[name].data or "")
            for name in FirmDetails.__dataclass_fields__
        }
    )


def _declared_from(form: Any) -> Declared:
    return Declared(
        form.year.data or 0,
        Figures(employees=form.employees.data, revenue_fen=form.revenue_fen.data, assets_fen=form.assets_fen.data),
    )


@blueprint.route("/firm/register", methods=["GET", "POST"])
@requires(SIGNED_IN, file=True)
def register_firm() -> Any:
    """Register a firm and become its owner; what is typed can be kept as a draft."""
    actor = current_actor()
    draft = queries.draft_of(actor.person_id)
    prefilled = {"formdata": MultiDict(draft.fields)} if draft and request.method == "GET" else {}
    form = RegisterFirmForm(**prefilled)
    if not form.is_submitted() and not draft:
        form.division.data = current_app.config["DIVISION"]
        form.year.data = local_day(utc_now()).year - 1
    if "keep" in request.form:
        return carry_out(
            lambda: organisations.save_draft(actor=actor, now=utc_now(), fields=_typed(form)),
            lambda _kept: (_("Draft saved. It waits here until you submit it."), url_for("account.register_firm")),
        )
    taken = taken_document(form.licence) if form.is_submitted() else None

    def register() -> int:
        if taken is not None and taken.problem is not None:
            raise taken.problem
        file = store(taken, actor=actor, now=utc_now()) if taken is not None else None
        firm = organisations.register_firm(
            actor=actor,
            now=utc_now(),
            uscc=form.uscc.data,
            details=details_from(form),
            declared=_declared_from(form) if form.kind.data == FirmKind.ENTERPRISE else None,
            licence_id=file.id if file is not None else None,
            home_division=current_app.config["DIVISION"],
        )
        return firm.id

    def begin_acting(firm_id: int) -> None:
        reload_account()
        act_for(firm_id)

    answer = posted(
        form,
        register,
        lambda _made: (_("The firm is registered and waits for verification."), url_for("account.firm")),
        Around(after=begin_acting),
        file="licence",
    )
    if isinstance(answer, Response):
        return answer
    return (
        render_template(
            "account/firm_register.html",
            form=form,
            saved_at=draft.saved_at if draft else None,
            upload_limit=current_app.config["UPLOAD_LIMIT"],
            days=queries.usual_verification(),
            **_size_of_figures(form),
        ),
        answer,
    )


def taken_document(field: Any) -> TakenFile | None:
    """The uploaded licence or proof, examined and kept, before the transaction begins."""
    upload = field.data
    if not upload or not upload.filename:
        return None
    return take_in(upload.stream, upload.filename, "document", now=utc_now())


def _typed(form: Any) -> dict[str, str]:
    """What was typed, as typed: a draft need not be right."""
    return {
        one.name: str(request.form.get(one.name, ""))
        for one in form
        if one.name not in ("csrf_token", "submission", "licence") and request.form.get(one.name)
    }


@blueprint.get("/firm/size")
@signed_in
def size_preview() -> Any:
    """Which size class the figures typed so far would give, for the form that asks while they are typed."""
    return render_template("account/_size_preview.html", **_size_of_figures(SizeQuery()))


@blueprint.get("/firm/industries")
@signed_in
def industries() -> Any:
    """Divisions of industry for what somebody types: a piece of page."""
    return render_template("account/_industries.html", industries=find_industries(request.args.get("q", "")[:60]))


def _size_of_figures(form: Any) -> dict[str, Any]:
    """The class that the form's figures give, or which of them are missing."""
    today, sector = local_day(utc_now()), SectorName.known(form.sector.data)
    if FirmKind.known(form.kind.data) != FirmKind.ENTERPRISE or sector is None:
        return {"size": None, "missing": (), "wanted": ()}
    figures = {name: form[name].data for name in ("employees", "revenue_fen", "assets_fen")}
    wanted = needed(sector, today)
    missing = tuple(name for name in wanted if figures[name] is None)
    size = None if missing else size_class(sector, Figures(**figures), today)
    return {"size": size, "missing": missing, "wanted": wanted}


@blueprint.get("/firm")
@signed_in
def firm() -> Any:
    """The firm with its state, figures and members' number."""
    actor = current_actor()
    if actor.firm_id is None:
        return redirect(url_for("account.register_firm"), 303)
    found = own_firm()
    return render_template(
        "account/firm.html",
        firm=found,
        state=state_of(found),
        sizes=queries.sizes_of(found.id),
        account=account_of(found.id, local_day(utc_now())),
        may_change=permissions.may(actor, "firm.change", firm=found.id),
        days=queries.usual_verification(),
    )


@blueprint.route("/firm/change", methods=["GET", "POST"])
@requires("firm.change", of=MEMBERS_FIRM)
def change_firm() -> Any:
    """Change what the firm says about itself."""
    found = own_firm()
    form = FirmForm(obj=found)
    answer = posted(
        form,
        lambda: organisations.change_firm(
            actor=current_actor(), now=utc_now(), firm_id=found.id, details=details_from(form)
        ),
        lambda changed: (
            _("Saved.") if changed.verified else _("Saved. The firm waits for verification."),
            url_for("account.firm"),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/firm_change.html", form=form, firm=found), answer


@blueprint.route("/firm/figures", methods=["GET", "POST"])
@requires("firm.change", of=MEMBERS_FIRM, file=True)
def declare_figures() -> Any:
    """Declare a year's figures with their proof; the size class that follows counts once it is confirmed."""
    found, actor = own_firm(), current_actor()
    form, today = FiguresForm(), local_day(utc_now())
    if not form.is_submitted():
        form.year.data = today.year - 1
    taken = taken_document(form.proof) if form.is_submitted() else None

    def declare() -> FirmSize:
        if taken is not None and taken.problem is not None:
            raise taken.problem
        file = store(taken, actor=actor, now=utc_now()) if taken is not None else None
        return organisations.declare_figures(
            actor=actor,
            now=utc_now(),
            firm_id=found.id,
            declared=_declared_from(form),
            proof_id=file.id if file is not None else None,
        )

    answer = posted(
        form,
        declare,
        lambda _size: (
            _("The figures are declared. The size class counts once an administrator has confirmed them."),
            url_for("account.firm"),
        ),
        file="proof",
    )
    if isinstance(answer, Response):
        return answer
    return render_template(
        "account/figures.html",
        form=form,
        firm=found,
        needed=needed(found.sector, today),
        upload_limit=current_app.config["UPLOAD_LIMIT"],
    ), answer


@blueprint.post("/firm/submit")
@requires("firm.change", of=MEMBERS_FIRM)
def submit_firm() -> Any:
    """Submit a returned firm again."""
    found = own_firm()
    return carry_out(
        lambda: organisations.submit_firm(actor=current_actor(), now=utc_now(), firm_id=found.id),
        lambda _done: (_("Submitted for verification."), url_for("account.firm")),
    )


@blueprint.route("/firm/approval", methods=["GET", "POST"])
@requires("firm.change", of=MEMBERS_FIRM, verb="firm.set_approval")
def approval_amount() -> Any:
    """Set the amount above which bookings wait for the firm's approver."""
    found = own_firm()
    form = ApprovalForm(amount_fen=found.approval_above_fen)
    answer = posted(
        form,
        lambda: organisations.set_approval_above(
            actor=current_actor(), now=utc_now(), firm_id=found.id, amount_fen=form.amount_fen.data
        ),
        lambda _done: (_("Saved."), url_for("account.firm")),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/approval.html", form=form, firm=found), answer


@blueprint.route("/firm/bank-account", methods=["GET", "POST"])
@requires("firm.change", of=MEMBERS_FIRM, verb="firm.bank_account")
@proves(_l("Change the bank account"))
def bank_account() -> Any:
    """The account into which the firm is paid, whole, and all that was entered; enter another."""
    found, today = own_firm(), local_day(utc_now())
    form = BankAccountForm()
    answer = posted(
        form,
        lambda: organisations.change_account(
            actor=current_actor(), now=utc_now(), firm_id=found.id, account=form.account.data or ""
        ),
        lambda entered: (
            _("The account is entered. It counts from %(day)s.", day=day(entered.counts_from)),
            url_for("account.bank_account"),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template(
        "account/bank_account.html",
        form=form,
        firm=found,
        account=account_of(found.id, today),
        waiting=accounts_waiting([found.id], today).get(found.id),
        entries=entries_of(found.id),
        today=today,
    ), answer


OWN_ENTRY = Of("bank account of the own firm", asks=own_entry)


@blueprint.post("/firm/bank-account/<int:account_id>/stop")
@requires("firm.change", of=OWN_ENTRY, verb="firm.stop_bank_account")
def stop_bank_account(account_id: int) -> Any:
    """Stop an account before the day from which it counts."""
    return carry_out(
        lambda: organisations.stop_account(actor=current_actor(), now=utc_now(), account_id=account_id),
        lambda _stopped: (_("The account is stopped. What counted before goes on."), url_for("account.bank_account")),
    )


@blueprint.route("/firm/licence", methods=["GET", "POST"])
@requires("firm.change", of=MEMBERS_FIRM, verb="firm.set_licence", file=True)
def upload_licence() -> Any:
    """Upload the business licence, or another one in its place."""
    found, actor = own_firm(), current_actor()
    form = LicenceForm()
    taken = taken_document(form.file) if form.is_submitted() else None

    def keep() -> Firm:
        if taken is None:
            raise FillIn("file")
        if taken.problem is not None:
            raise taken.problem
        file = store(taken, actor=actor, now=utc_now())
        return organisations.set_licence(actor=actor, now=utc_now(), firm_id=found.id, file_id=file.id)

    answer = posted(form, keep, lambda _done: (_("The licence is uploaded."), url_for("account.firm")))
    if isinstance(answer, Response):
        return answer
    limit = current_app.config["UPLOAD_LIMIT"]
    return render_template("account/licence.html", form=form, firm=found, upload_limit=limit), answer
