"""Which language and which theme a reader gets, and the two small forms that change them.

Language: the person's own choice, else the cookie, else the browser's wish. A browser that sends
`zh-CN,zh;q=0.9,en;q=0.8` gets English from Babel's `negotiate_locale`, so we read the wishes ourselves.
"""

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlsplit

from babel.support import NullTranslations
from flask import Blueprint, Flask, Response, abort, g, has_request_context, redirect, request, url_for
from flask_babel import Babel, Domain, get_locale
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from labshare.accounts.terms import Locale
from labshare.http.actor import current_person
from labshare.http.rights import public

LOCALES = {"zh": Locale.CHINESE, "en": Locale.ENGLISH}
"""Language → the locale of its catalogues."""

HTML_LANG = {"zh": "zh-CN", "en": "en"}
THEMES = ("light", "dark", "auto")
YEAR = 365 * 24 * 3600

blueprint = Blueprint("preferences", __name__)

_keep_with_person: Callable[[str], None] | None = None


def keep_choice_with_person(write: Callable[[str], None]) -> None:
    """Have the signed-in person's choice (`zh` or `en`) written to the account, too."""
    global _keep_with_person
    _keep_with_person = write


def select_locale() -> str:
    """The locale of this request, for Babel. Outside a request: Chinese."""
    if not has_request_context():
        return LOCALES["zh"]
    return LOCALES[chosen_language()]


def chosen_language() -> str:
    """`zh` or `en`, decided once a request."""
    if "language" not in g:
        g.language = _decide()
    language: str = g.language
    return language


def _decide() -> str:
    person = current_person()
    if person is not None and person.locale and person.locale[:2] in LOCALES:
        return person.locale[:2]
    cookie = request.cookies.get("language", "")
    if cookie in LOCALES:
        return cookie
    for tag in request.accept_languages.values():  # the most wished first
        wished = tag.lower().split("-")[0]
        if wished in LOCALES:
            return wished
    return "zh"


def theme() -> str:
    """`light`, `dark`, or `auto` where the reader chose none and the system's holds."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else "auto"


def safe_next(target: str | None) -> str:
    """A path of ours to go on to: never another site's address, whatever the form says."""
    if not target or "\\" in target or any(ord(character) < 0x21 for character in target):
        return _home()
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return _home()
    return target


def _home() -> str:
    return url_for("public.home")


def _keep(response: Any, name: str, value: str) -> Response:
    response.set_cookie(name, value, max_age=YEAR, path="/", httponly=True, samesite="Lax", secure=request.is_secure)
    cookie_set: Response = response
    return cookie_set


@blueprint.post("/language")
@public
def choose_language() -> Response:
    """Set the language and come back to the same page."""
    chosen = request.form.get("language", "")
    if chosen not in LOCALES:
        abort(400)
    if _keep_with_person is not None and current_person() is not None:
        _keep_with_person(chosen)
    g.language = chosen
    return _keep(redirect(safe_next(request.form.get("next")), 303), "language", chosen)


@blueprint.post("/theme")
@public
def choose_theme() -> Response:
    """Set light, dark or the system's theme and come back to the same page."""
    chosen = request.form.get("theme", "")
    if chosen not in THEMES:
        abort(400)
    return _keep(redirect(safe_next(request.form.get("next")), 303), "theme", chosen)


def vary_by_language(response: Response) -> Response:
    response.vary.update(("Accept-Language", "Cookie"))
    if "Content-Language" not in response.headers and response.mimetype == "text/html" and has_request_context():
        response.headers["Content-Language"] = HTML_LANG[chosen_language()]
    return response


class _Catalogues(Domain):
    """Flask-Babel's own finds the catalogue by the locale's whole name, spelt anew for each word: half of a word's
    cost."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._found: dict[tuple[str | None, ...], Any] = {}

    def get_translations(self) -> Any:
        locale = get_locale()
        if locale is None:
            return super().get_translations()
        key = (locale.language, locale.script, locale.territory)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = super().get_translations()
        return found


class _Babel(Babel):
    @cached_property
    def domain_instance(self) -> Domain:
        return _Catalogues(domain=self.domain)


@lru_cache(8_192)
def _pattern(catalogue: NullTranslations, text: str) -> Markup:
    return Markup(catalogue.ugettext(text))  # noqa: S704 - our own words


@lru_cache(8_192)
def _constant(catalogue: NullTranslations, text: str) -> Markup:
    return _pattern(catalogue, text) % {}


def _wording(catalogue_now: Callable[[], NullTranslations]) -> Callable[..., str]:
    """`_` of templates. Jinja's own goes through its context three times for each word, and copies it in a loop that
    sets a variable; Flask-Babel's way to the catalogue looks twice into `g` for each, ours once."""

    @pass_eval_context
    def worded(evaluated: EvalContext, text: str, /, **variables: Any) -> str:
        catalogue = catalogue_now()
        if not evaluated.autoescape:
            return str(catalogue.ugettext(text)) % variables
        return _pattern(catalogue, text) % variables if variables else _constant(catalogue, text)

    return worded


def init(app: Flask) -> None:
    babel = _Babel(app, locale_selector=select_locale)
    with app.app_context():  # where it looks for the domain's name
        worded = _wording(babel.domain_instance.get_translations)
    app.jinja_env.globals.update(_=worded, gettext=worded)
    app.register_blueprint(blueprint)
    app.after_request(vary_by_language)
