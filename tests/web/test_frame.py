"""The frame of every page: language, theme, security headers, forged forms, error pages."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.web.navigation import CLIENT_TABS, RAIL, TOP


@pytest.mark.parametrize(
    ("wished", "lang"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh-Hans-CN,en;q=0.5", "zh-CN"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.4,zh;q=0.9", "zh-CN"),
        ("fr,de;q=0.8", "zh-CN"),
        ("fr,en;q=0.8", "en"),
        ("", "zh-CN"),
    ],
)
def test_the_browser_chooses_the_language(client: FlaskClient, wished: str, lang: str) -> None:
    page = client.get("/how-it-works", headers={"Accept-Language": wished})
    assert f'<html lang="{lang}"' in page.text
    assert page.headers["Content-Language"] == lang


def test_a_choice_by_hand_stays_and_keeps_the_page(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "en", "next": "/how-it-works?a=1"})
    assert (answer.status_code, answer.location) == (303, "/how-it-works?a=1")
    assert '<html lang="en"' in client.get("/how-it-works", headers={"Accept-Language": "zh-CN"}).text


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "", "x", "/\t/evil"]
)
def test_the_way_back_never_leaves_the_site(client: FlaskClient, target: str) -> None:
    assert client.post("/language", data={"language": "en", "next": target}).location == "/"


def test_the_theme_is_set_by_the_server(client: FlaskClient) -> None:
    assert 'data-theme="auto"' in client.get("/how-it-works").text
    assert client.post("/theme", data={"theme": "dark", "next": "/"}).status_code == 303
    assert 'data-theme="dark" data-bs-theme="dark"' in client.get("/how-it-works").text
    assert client.post("/theme", data={"theme": "pink"}).status_code == 400


@pytest.mark.parametrize("path", ["/language", "/theme"])
def test_no_get_changes_them(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 405


def test_security_headers_are_on_every_answer(client: FlaskClient) -> None:
    for path in ("/how-it-works", "/nothing-here", "/api/nothing", "/static/favicon.svg"):
        with client.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Strict-Transport-Security" not in headers


def test_production_asks_for_https(app: Flask) -> None:
    app.config["PRODUCTION"] = True
    assert "max-age=" in app.test_client().get("/how-it-works").headers["Strict-Transport-Security"]


def test_a_page_holds_no_inline_script_or_style(client: FlaskClient) -> None:
    page = client.get("/how-it-works").text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", page)


def test_a_forged_form_is_refused_and_says_so(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    for language, words in (("zh-CN", "表单已过期，请重新提交。"), ("en", "The form had expired; send it again.")):
        answer = client.post("/theme", data={"theme": "dark"}, headers={"Accept-Language": language})
        assert answer.status_code == 400
        assert words in answer.text
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/how-it-works").text)
    assert token is not None
    assert client.post("/theme", data={"theme": "dark", "csrf_token": token[1]}).status_code == 303


@pytest.mark.parametrize(
    ("method", "path", "status", "chinese", "english"),
    [
        ("GET", "/nothing-here", 404, "未找到", "Not found"),
        ("POST", "/how-it-works", 405, "不支持这种访问方式", "Not possible this way"),
    ],
)
def test_error_pages_in_both_languages(
    client: FlaskClient, method: str, path: str, status: int, chinese: str, english: str
) -> None:
    for language, words in (("zh-CN", chinese), ("en", english)):
        answer = client.open(path, method=method, headers={"Accept-Language": language})
        assert answer.status_code == status
        assert words in answer.text
        assert re.search(r'<span class="ref">[0-9A-F]{8}</span>', answer.text)
    if status == 405:
        assert set(answer.headers["Allow"].split(", ")) >= {"GET", "HEAD"}


def test_the_api_answers_for_itself(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing-here")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == 404


def test_too_large_a_body_says_the_limit(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = app.test_client().post("/language", data={"language": "x" * 5000}, headers={"Accept-Language": "en"})
    assert answer.status_code == 413
    assert "Larger than 1 MB. Nothing was saved." in answer.text


def test_a_failure_nobody_foresaw_tells_its_number(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from labshare.web import errors

    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        body, status = errors.show_failure(RuntimeError("secret inside"))
    assert status == 500
    assert re.search(r"\(no\. [0-9A-F]{8}\)\. Nothing was saved\.", body)
    assert "secret inside" not in body


def test_navigation_leaves_out_what_does_not_exist(app: Flask) -> None:
    page = app.test_client().get("/how-it-works", headers={"Accept-Language": "en"}).text
    shown = re.findall(r'<nav class="nav-top".*?</nav>', page, re.S)[0]
    existing = [item for item in TOP["visitor"] if item.endpoint in app.view_functions]
    assert len(re.findall("<a ", shown)) == len(existing)
    assert 'aria-current="page"' in shown


def test_every_icon_that_is_used_is_in_the_sprite(app: Flask) -> None:

    from labshare.catalogue.terms import Category
    from labshare.web.labels import VOCABULARIES

    listed = set(Path("frontend/icons.txt").read_text().split())
    used = {term.look.icon for vocabulary in (*VOCABULARIES.values(), Category) for term in vocabulary} - {""}
    used |= {item.icon for items in (*TOP.values(), *RAIL.values(), CLIENT_TABS) for item in items if item.icon}
    for template in Path("templates").rglob("*.html"):
        used |= set(re.findall(r"""(?:symbol=|icon\()['"]([a-z0-9-]+)['"]""", template.read_text()))
    assert used <= listed


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("language", "title"), [("zh", "组件"), ("en", "Components")])
def test_developers_see_every_component(client: FlaskClient, language: str, title: str, theme: str) -> None:
    client.post("/language", data={"language": language, "next": "/"})
    client.post("/theme", data={"theme": theme, "next": "/"})
    page = client.get("/dev/components")
    assert page.status_code == 200
    assert f"<h1>{title}</h1>" in page.text
    assert f'data-theme="{theme}"' in page.text
    assert '<a href="#name">' in page.text, "a field with an error is shown too"
    shown = set(re.findall(r"<code>(\w+)</code>", page.text))
    files = Path("templates/_macros").glob("*.html")
    components = {name for file in files for name in re.findall(r"^\{% macro (\w+)", file.read_text(), re.MULTILINE)}
    assert components - shown == set(), "whoever adds a component shows it in templates/dev/components.html"
