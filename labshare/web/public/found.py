"""For those that find and pass on our public pages: search engines (robots.txt, the map of the site, schema.org data)
and whoever shares a link. Nothing but what the pages show."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from flask import Response, request, url_for
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from labshare.booking.queries.ratings import Average
from labshare.booking.rules.time import Weekly
from labshare.catalogue.formatting import fee_text, place
from labshare.catalogue.models import Fee, Lab, TestItem
from labshare.catalogue.queries.sitemap import pages_to_find
from labshare.catalogue.terms import FeeBasis
from labshare.http.limits import limited
from labshare.http.rights import public
from labshare.kernel.formatting import twin
from labshare.kernel.money import FEN_PER_YUAN
from labshare.kernel.time import DAY_MINUTES
from labshare.notices.services import absolute
from labshare.organisations.divisions import town_of
from labshare.settlement.models import LabPhoto
from labshare.web.public import blueprint
from labshare.web.public.photos import photo_address

HOUR = 3600
DISALLOWED = (
    "/account/",
    "/admin/",
    "/api/",
    "/bookings",
    "/calendar/",
    "/client/",
    "/files/",
    "/inquiries",
    "/lab/",
    "/quotes",
    "/regulator/",
)
"""Nobody finds anything there without signing in. More are questions without end."""
QUESTIONS = ("/search?", "/search/", "/*?")
ALWAYS = ("home", "search", "labs", "instruments", "standards", "statistics", "how_it_works")
ADDRESS = {
    "lab": ("public.lab", "code"),
    "standard": ("public.standard", "number"),
    "item": ("public.test_item", "item_id"),
    "instrument": ("public.instrument", "instrument_id"),
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@blueprint.get("/robots.txt")
@public
@limited("offers")
def robots() -> Response:
    """No statement."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in (*DISALLOWED, *QUESTIONS))]
    return _cached("\n".join([*lines, f"Sitemap: {absolute('/sitemap.xml')}", ""]), "text/plain")


@blueprint.get("/sitemap.xml")
@public
@limited("sitemap")
def sitemap() -> Response:
    """What is published, once an address: both languages stand under it. One statement."""
    paths = [url_for(f"public.{name}") for name in ALWAYS]
    for kind, key in pages_to_find():
        endpoint, name = ADDRESS[kind]
        paths.append(url_for(endpoint, **{name: int(key) if kind in ("item", "instrument") else key}))
    return _cached(
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "".join(f"<url><loc>{escape(absolute(path) or path)}</loc></url>\n" for path in paths)
        + "</urlset>\n",
        "application/xml",
    )


def _cached(text: str, kind: str) -> Response:
    """For an hour, then asked whether it changed."""
    answer = Response(text, mimetype=kind)
    answer.cache_control.public, answer.cache_control.max_age = True, HOUR
    answer.add_etag()
    return answer.make_conditional(request)  # type: ignore[return-value]


# -- schema.org


def lab_data(lab: Lab, week: Weekly, average: Average | None, photos: Sequence[LabPhoto]) -> Markup:
    """A lab as schema.org's `LocalBusiness`, in the language of the page."""
    town = town_of(lab.town)
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "LocalBusiness",
        "@id": absolute(url_for("public.lab", code=lab.code)),
        "url": absolute(url_for("public.lab", code=lab.code)),
        "name": twin(lab),
        "identifier": lab.code,
        "parentOrganization": {"@type": "Organization", "name": twin(lab.firm)},
        "address": {
            "@type": "PostalAddress",
            "streetAddress": place(lab),
            "addressLocality": twin(town) if town else None,
            "addressCountry": "CN",
        },
        "telephone": lab.phone or None,
        "description": twin(lab, "description") if lab.description or lab.description_en else None,
        "image": [absolute(photo_address(one)) for one in photos],
        "openingHoursSpecification": _opening(week),
    }
    if lab.latitude is not None and lab.longitude is not None:
        data["geo"] = {"@type": "GeoCoordinates", "latitude": lab.latitude, "longitude": lab.longitude}
    if average is not None:
        data["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": f"{Decimal(average.tenths) / 10:.1f}",
            "bestRating": 5,
            "worstRating": 1,
            "ratingCount": average.count,
        }
    return _json(data)


def item_data(item: TestItem, lab: Lab, fee: Fee | None, category: Any) -> Markup:
    """A test item as schema.org's `Service`, with the fee of today as its offer."""
    address = absolute(url_for("public.test_item", item_id=item.id))
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Service",
        "@id": address,
        "url": address,
        "name": twin(item),
        "category": str(category),
        "description": twin(item, "description") if item.description or item.description_en else None,
        "provider": {
            "@type": "LocalBusiness",
            "@id": absolute(url_for("public.lab", code=lab.code)),
            "name": twin(lab),
            "url": absolute(url_for("public.lab", code=lab.code)),
        },
    }
    if fee is not None:
        price = f"{Decimal(fee.amount_fen) / FEN_PER_YUAN:.2f}"
        data["offers"] = {
            "@type": "Offer",
            "url": address,
            "price": price,
            "priceCurrency": "CNY",
            "priceSpecification": {
                "@type": "UnitPriceSpecification",
                "price": price,
                "priceCurrency": "CNY",
                "unitText": str(FeeBasis(fee.basis).per),
                "valueAddedTaxIncluded": True,
            },
        }
    return _json(data)


def item_description(lab: Lab, fee: Fee | None) -> str:
    """A line about a test item, for whoever is sent its link."""
    town = town_of(lab.town)
    return " · ".join(part for part in (fee_text(fee) if fee else "", twin(lab), twin(town) if town else "") if part)


def _opening(weekly: Sequence[Iterable[tuple[int, int]]]) -> list[dict[str, Any]]:
    return [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": name,
            "opens": f"{opens // 60:02d}:{opens % 60:02d}",
            "closes": f"{closes % DAY_MINUTES // 60:02d}:{closes % 60:02d}",
        }
        for name, day in zip(DAYS, weekly, strict=True)
        for opens, closes in day
    ]


def _json(data: dict[str, Any]) -> Markup:
    """For a script element, out of which nothing leads; without what is not known. In ASCII: a name that has Chinese
    only marks its language nowhere."""
    return htmlsafe_json_dumps({name: value for name, value in data.items() if value not in (None, [], "")})
