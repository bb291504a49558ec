"""The search page: one question, every lab's earliest slot and full price; and how the question was understood."""

from collections.abc import Sequence
from datetime import date

from flask import render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response

from labshare.booking.queries.offers import misfits, offers
from labshare.catalogue.models import Standard
from labshare.catalogue.queries import Filters, Near, StandardMatch, find, list_labs, nearest, suggested
from labshare.catalogue.queries.matching import PART
from labshare.catalogue.queries.searches import recent_searches
from labshare.catalogue.queries.suggesting import completions
from labshare.catalogue.queries.words import meaning as meaning_of
from labshare.catalogue.rules.meaning import Meaning
from labshare.catalogue.rules.question import read_question
from labshare.catalogue.services.searches import MOST
from labshare.catalogue.services.words import note_miss
from labshare.catalogue.terms import Category
from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import public
from labshare.kernel.actor import Actor
from labshare.kernel.places import Coordinates
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.divisions import DIVISIONS, PLACES, town_of, towns_of
from labshare.organisations.permissions import may
from labshare.oversight.public import public_figures
from labshare.web.asked import asked_choice
from labshare.web.public import blueprint
from labshare.web.public.answers import (
    Answer,
    answers_of,
    best_of,
    facets_of,
    fits,
    grouped,
    order_key,
    samples_of,
    tests_of,
    to_show,
)
from labshare.web.public.asking import RADII, Asked, read_asked, read_wishes, without_each
from labshare.web.public.views import categories
from labshare.web.steps import carry_out

SHOWN = 12
MOST_COMPARED = 5
LABS_NAMED = 6
ORDERS = {"earliest": _l("Earliest"), "cheapest": _l("Cheapest"), "nearest": _l("Nearest"), "rated": _l("Best rated")}


@blueprint.get("/search")
@public
@limited("search")
def search() -> str:
    """At most twelve statements."""
    now = utc_now()
    today = local_day(now)
    asked = read_asked(today)
    wishes = read_wishes(asked)
    if not asked.anything:
        figures = public_figures(today)
        return render_template(
            "public/search_start.html",
            figures=figures,
            categories=categories(figures.by_category),
            searches=recent_searches(current_actor(), limit=MOST),
        )
    found = find(asked.question, category=asked.category, lab=asked.lab, day=today)
    place = town_of(asked.near)
    near: Coordinates | None = (place.latitude, place.longitude) if place else None
    ids = list(found.items)
    offered = offers(
        ids,
        asked.quantity,
        asked.hours,
        now,
        near=near,
        late_too=True,
        own_hours=True,
        free_to_cancel=True,
        deadlines=asked.deadlines,
        client_id=current_actor().firm_id,
        averages=True,
    )
    everything = answers_of(offered, found.items, asked, now)
    left = set(ids) - {one.offer.item_id for one in everything}
    unfit = misfits([one for one in ids if one in left], asked.quantity, asked.hours)
    orders = _orders(near=near is not None, rated=any(one.average for one in offered))
    order = asked_choice("order", orders, "nearest" if asked.question.near and near is not None else "earliest")
    fitting = sorted((one for one in everything if fits(wishes, one)), key=order_key(order))
    lines = grouped(fitting)
    wanted = request.args.getlist("compare")
    shown, compared = to_show(
        lines if request.args.get("show") == "all" else lines[:SHOWN],
        [one for one in fitting if one.key in wanted][:MOST_COMPARED],
    )
    nothing = not everything and not unfit and bool(asked.text)
    return render_template(
        "public/compare.html" if request.args.get("view") == "compare" else "public/search.html",
        asked=asked,
        meaning=found.meaning,
        left_out=found.left_out,
        own_hours=any(one.offer.hours is not None for one in everything) and asked.hours is None,
        match=found.standard,
        standard=_meant(found.standard),
        everything=everything,
        misfits=unfit,
        shown=shown,
        total=len(lines),
        labs=len({one.offer.lab_id for one in lines}),
        labs_offering=len({one.offer.lab_id for one in everything}),
        timely=len({one.offer.lab_id for one in lines if not one.misses}),
        parts=_first_part(lines),
        facets=facets_of(everything, wishes),
        wishes=wishes,
        tests=tests_of(everything),
        samples=samples_of(everything),
        without=without_each(asked, wishes),
        place_named=PLACES.get(asked.question.place or "") or DIVISIONS.get(asked.question.place or ""),
        best=best_of(lines),
        compared=compared,
        compared_best=best_of(compared),
        most_compared=MOST_COMPARED,
        order=order,
        orders=orders,
        place=place,
        towns=towns_of(""),
        radii=RADII if near is not None else (),
        category=Category(asked.category).label if asked.category else None,
        now=now,
        may_ask=_may_ask(current_actor()),
        near_items=_near(asked, found.meaning, today, nothing=nothing),
        labs_named=list_labs(Filters(q=asked.text), day=today, limit=LABS_NAMED).items if nothing else (),
    )


def _may_ask(actor: Actor) -> bool:
    """Whether the labs can be asked: by who may in the firm acted for; a visitor is led to the sign-in."""
    return actor.person_id is None or may(actor, "inquiry.ask", client=actor.firm_id)


def _orders(*, near: bool, rated: bool) -> dict[str, LazyString]:
    """Those that can be asked for: by distance from a known place, by rating where a lab has an average."""
    known = {"nearest": near, "rated": rated}
    return {name: label for name, label in ORDERS.items() if known.get(name, True)}


def _near(asked: Asked, meaning: Meaning, day: date, *, nothing: bool) -> tuple[Near, ...]:
    """What stands below the line: what a worry suggests, and, where nothing was found, what is near."""
    if meaning.symptoms:
        return suggested(meaning, day=day)
    return nearest(asked.question.words, day=day) if nothing else ()


def _meant(match: StandardMatch | None) -> Standard | None:
    """The one standard a number means, to be named on the page: what is in force instead of what was asked for, else
    what was asked for."""
    if match is None or not match.current:
        return None
    return match.current[0]


def _first_part(shown: Sequence[Answer]) -> str | None:
    """Where the lines begin that have what was typed outside their names, below others that have it in them."""
    parts = [one for one in shown if one.relevance == PART]
    return parts[0].key if parts and len(parts) < len(shown) else None


@blueprint.post("/search/missed")
@public
@limited("search")
def missed() -> Response:
    """What the page of a search in vain posts by itself: counted for the administrators; what is found is not."""
    today = local_day(utc_now())
    typed = request.form.get("q", "")[:200]
    question = read_question(typed, today)
    found = find(question, category=None, lab=None, day=today).items
    step = (lambda: None) if found else (lambda: note_miss(question.rest, today))
    return carry_out(step, lambda _done: (None, url_for("public.search", q=typed)))


@blueprint.get("/search/suggested")
@public
@limited("search")
def suggest() -> str:
    """Names of tests that a question may go on as, and before the first letter the last searches of the firm: a piece
    of page, shown while it is typed. Two statements."""
    typed = request.args.get("q", "")[:200]
    if not typed.strip():
        return render_template("public/_suggested_recent.html", searches=recent_searches(current_actor()))
    return render_template("public/_suggested.html", completions=completions(typed))


@blueprint.get("/search/understood")
@public
@limited("search")
def understood() -> str:
    """How a question would be understood: a piece of page, shown while it is typed. One statement."""
    today = local_day(utc_now())
    question = read_question(request.args.get("q", "")[:200], today)
    return render_template("public/_understood.html", question=question, meaning=meaning_of(question.rest))
