"""What search engines and shared links find: the map of the site, robots.txt, schema.org data, one address a page."""

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from labshare.catalogue.models import Lab, TestItem
from labshare.kernel.database import db
from tests import factories as make
from tests.signing import sign_in
from tests.web.test_public_pages import EN, ZH, Market, market

assert market


def linked(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def addresses(client: FlaskClient) -> list[str]:
    root = ET.fromstring(client.get("/sitemap.xml").text)  # noqa: S314 - our own
    return [str(one.text) for one in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]


def test_the_map_of_the_site_names_what_is_published(app: Flask, client: FlaskClient, market: Market) -> None:
    base = app.config["BASE_URL"].rstrip("/")
    found = addresses(client)
    assert f"{base}/labs/{market.near.code}" in found
    assert f"{base}/test-items/{market.salt.id}" in found
    assert f"{base}/instruments/{market.chamber.id}" in found
    assert f"{base}/standards/GB/T%2010125-2021" in found
    assert f"{base}/test-items/{market.draft.id}" not in found
    assert len(set(found)) == len(found)
    for address in found:
        assert client.get(address.removeprefix(base)).status_code == 200, address
    db.session.execute(update(Lab).where(Lab.id == market.near.id).values(state="withdrawn"))
    db.session.commit()
    assert not [one for one in addresses(client) if one.endswith((market.near.code, f"/{market.salt.id}"))]


def test_it_is_asked_for_again_only_when_it_changed(client: FlaskClient, market: Market) -> None:
    first = client.get("/sitemap.xml")
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    assert client.get("/sitemap.xml", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_robots_are_led_to_it_and_kept_out_of_the_rest(app: Flask, client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert f"Sitemap: {app.config['BASE_URL'].rstrip('/')}/sitemap.xml" in lines
    closed = [line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow: ")]
    assert {"/lab/", "/client/", "/regulator/", "/account/"} <= set(closed)
    assert not [path for path in ("/labs/XC-001", "/test-items/1", "/standards/GB") if path.startswith(tuple(closed))]


def test_a_test_item_is_an_offer(app: Flask, client: FlaskClient, market: Market) -> None:
    page = client.get(f"/test-items/{market.salt.id}?hours=48&quantity=2", headers=EN).text
    data = linked(page)
    assert (data["@type"], data["name"], data["provider"]["name"]) == (
        "Service",
        "Neutral salt spray",
        "Tianmu Wheel Lab",
    )
    assert (data["offers"]["price"], data["offers"]["priceCurrency"]) == ("6.00", "CNY")
    own = f"{app.config['BASE_URL'].rstrip('/')}/test-items/{market.salt.id}"
    assert f'<link rel="canonical" href="{own}">' in page, "without what was asked"
    assert data["url"] == own
    assert '<meta property="og:title" content="Neutral salt spray">' in page
    assert re.search(rf'<a class="btn btn-quiet"\s+href="{own}"\s+data-share', page), "a plain link without scripts"


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", 'A"><img src=x>', "<!--<script>"])
def test_a_name_does_not_leave_its_data(client: FlaskClient, market: Market, name: str) -> None:
    db.session.execute(update(Lab).where(Lab.id == market.near.id).values(name=name, name_en=name))
    db.session.execute(update(TestItem).where(TestItem.id == market.salt.id).values(name=name, name_en=name))
    db.session.commit()
    for path in (f"/labs/{market.near.code}", f"/test-items/{market.salt.id}"):
        page = client.get(path, headers=ZH).text
        assert linked(page)["name"] == name
        assert "<script>alert" not in page
        assert "<img src=x>" not in page


def test_a_lab_is_a_place_with_hours(client: FlaskClient, market: Market) -> None:
    data = linked(client.get(f"/labs/{market.near.code}", headers=EN).text)
    assert data["@type"] == "LocalBusiness"
    assert data["geo"]["latitude"] == "29.500"
    assert data["openingHoursSpecification"][0]["dayOfWeek"] == "Monday"
    assert "aggregateRating" not in data, "too few ratings"


def test_a_draft_is_for_its_firm_alone(app: Flask, market: Market) -> None:
    owner = make.member(db.session.get_one(make.Firm, market.near.firm_id), "owner")
    db.session.commit()
    client = sign_in(app.test_client(), owner, db.session.get_one(make.Firm, market.near.firm_id))
    page = client.get(f"/test-items/{market.draft.id}", headers=EN).text
    assert '<meta name="robots" content="noindex">' in page
    assert "ld+json" not in page
