"""Labs, instruments, standards: lists and pages."""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.booking.formatting import lines_of_week
from labshare.booking.queries import live_states, use_of
from labshare.booking.queries.loading import hours_of_labs
from labshare.booking.queries.ratings import reviews_of_lab
from labshare.catalogue.queries import (
    Filters,
    instrument_page,
    lab_page,
    list_instruments,
    list_labs,
    list_standards,
    standard_page,
)
from labshare.catalogue.queries.lists import labs_by_town
from labshare.catalogue.rules.class_codes import CLASSES, class_name
from labshare.catalogue.terms import AccreditationKind, Category
from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import public
from labshare.kernel.time import local_day, utc_now
from labshare.notices.services import absolute
from labshare.organisations.divisions import towns_of
from labshare.oversight.public import standing_of, usage_by_month
from labshare.settlement.queries.photos import photos_of
from labshare.web.asked import asked_choice, asked_page
from labshare.web.public import blueprint
from labshare.web.public.found import lab_data
from labshare.web.public.maps import lab_map, outline_map, place_address
from labshare.web.public.photos import photo_address
from labshare.web.public.views import month_chart

PER_PAGE = 20
MARKS = tuple(reversed(AccreditationKind))
ORDERS = {"relevance": _l("Best match"), "name": _l("Name"), "newest": _l("Newest")}


def asked_filters() -> Filters:
    return Filters(
        q=request.args.get("q", "")[:200].strip(),
        town=request.args.get("town") or None,
        class_code=request.args.get("class", "")[:6] or None,
        accreditation=asked_choice("mark", MARKS),
    )


REVIEWS = 10
"""Words of clients on the page of a lab, the latest."""


@blueprint.get("/labs")
@public
@limited("offers")
def labs() -> str:
    """Five statements."""
    now, filters, asked = utc_now(), asked_filters(), asked_page(size=PER_PAGE)
    page = list_labs(
        filters,
        day=local_day(now),
        order=asked_choice("order", ORDERS, "relevance"),
        limit=asked.size,
        offset=asked.offset,
    )
    by_town = labs_by_town()
    return render_template(
        "public/labs.html",
        page=page,
        paging=page,
        filters=filters,
        order=asked_choice("order", ORDERS, "relevance"),
        orders=ORDERS,
        by_town=by_town,
        towns=towns_of(""),
        marks=MARKS,
        map=outline_map(by_town),
    )


@blueprint.get("/labs/<code>")
@public
@limited("offers")
def lab(code: str) -> str:
    now = utc_now()
    view = lab_page(current_actor(), code, local_day(now))
    standing = standing_of(view.lab.id, local_day(now))
    hours = hours_of_labs([view.lab.id], now)[view.lab.id]
    photos = photos_of(view.lab.id)
    return render_template(
        "public/lab.html",
        view=view,
        lab=view.lab,
        live=live_states([row.instrument for row in view.instruments], now),
        hours=hours,
        week=hours.on(local_day(now)),
        day=local_day(now),
        lines_of_week=lines_of_week,
        data=lab_data(view.lab, hours.on(local_day(now)), standing.average, photos),
        photos=photos,
        image=absolute(photo_address(photos[0])) if photos else "",
        categories=dict(Category.choices()),
        average=standing.average,
        promise=standing.promise,
        map=lab_map(view.lab),
        place_address=place_address,
        reviews=reviews_of_lab(view.lab.id, local_day(now), limit=REVIEWS),
    )


@blueprint.get("/instruments")
@public
@limited("offers")
def instruments() -> str:
    """Five statements."""
    now, filters, asked = utc_now(), asked_filters(), asked_page(size=PER_PAGE)
    page = list_instruments(
        filters,
        day=local_day(now),
        order=asked_choice("order", ORDERS, "relevance"),
        limit=asked.size,
        offset=asked.offset,
    )
    return render_template(
        "public/instruments.html",
        page=page,
        paging=page,
        live=live_states([row.instrument for row in page.items], now),
        filters=filters,
        order=asked_choice("order", ORDERS, "relevance"),
        orders=ORDERS,
        towns=towns_of(""),
        classes={code: name for code, name in CLASSES.items() if code in ("01", "02", "03", "08", "11", "99")},
        class_name=class_name,
    )


@blueprint.get("/instruments/<int:instrument_id>")
@public
@limited("offers")
def instrument(instrument_id: int) -> str:
    now = utc_now()
    today = local_day(now)
    view = instrument_page(current_actor(), instrument_id, today)
    months = usage_by_month(view.instrument.id, today)
    return render_template(
        "public/instrument.html",
        view=view,
        instrument=view.instrument,
        lab=view.instrument.lab,
        use=use_of(view.instrument, view.calibrations, now),
        months=months,
        class_name=class_name(view.instrument.class_code),
        usage_chart=month_chart(
            gettext("Usage by month"),
            gettext("hours, finished work"),
            [(one.month, one.minutes // 60) for one in months],
        ),
        now=now,
    )


@blueprint.get("/standards")
@public
@limited("offers")
def standards() -> str:
    """Seven statements."""
    asked = asked_page(size=PER_PAGE)
    q = request.args.get("q", "")[:100].strip()
    page = list_standards(q, day=local_day(utc_now()), limit=asked.size, offset=asked.offset)
    return render_template("public/standards.html", page=page, paging=page, q=q)


@blueprint.get("/standards/<path:number>")
@public
@limited("offers")
def standard(number: str) -> str | Response:
    """One standard; an old one says what replaces it and shows who tests by that."""
    view = standard_page(number, local_day(utc_now()))
    if view.standard.number != number:
        return redirect(url_for("public.standard", number=view.standard.number), 301)
    return render_template("public/standard.html", view=view, standard=view.standard, current=view.current)
