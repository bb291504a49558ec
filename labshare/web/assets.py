"""The built front end: file names with their hashes, from vite's manifest; icons of the sprite among it."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, url_for
from markupsafe import Markup

SOURCES = {"main.js": "src/main.js", "calendar.js": "src/calendar.js", "icons.svg": "icons.svg"}


def _manifest() -> dict[str, Any] | None:
    """The manifest, looked at once a request; None without a build."""
    if "manifest" not in g:
        g.manifest = _read_manifest()
    manifest: dict[str, Any] | None = g.manifest
    return manifest


def _read_manifest() -> dict[str, Any] | None:
    """Read again when it was written anew."""
    path = Path(current_app.static_folder or "") / "dist" / "manifest.json"
    try:
        stamp = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    cached = current_app.extensions.get("labshare.manifest")
    if cached is None or cached[0] != stamp:
        cached = (stamp, json.loads(path.read_text()))
        current_app.extensions["labshare.manifest"] = cached
    manifest: dict[str, Any] = cached[1]
    return manifest


def is_built() -> bool:
    return _manifest() is not None


def _address(file: str) -> str:
    return url_for("static", filename=f"dist/{file}")


def asset(name: str) -> str:
    """The address of a built file (`main.js`, `calendar.js`, `icons.svg`); without a build one that is missing. Looked
    up once a request: a page may have a hundred icons."""
    if "assets" not in g:
        g.assets = {}
    found: str | None = g.assets.get(name)
    if found is None:
        entry = (_manifest() or {}).get(SOURCES[name])
        found = g.assets[name] = _address(entry["file"] if entry else f"not-built/{name}")
    return found


def icon(name: str, css: str = "") -> Markup:
    """An icon of the sprite (Tabler outline), which never stands alone without an accessible name. No macro: a page may
    have hundreds."""
    return _drawn(asset("icons.svg"), name, css)


@lru_cache(1_024)
def _drawn(sprite: str, name: str, css: str) -> Markup:
    drawn = Markup('<svg class="ico{}" aria-hidden="true">\n    <use href="{}#{}" />\n  </svg>')
    return drawn.format(f" {css}" if css else "", sprite, name)


def asset_styles(name: str) -> list[str]:
    """The addresses of the style sheets that an entry brings."""
    entry = (_manifest() or {}).get(SOURCES[name])
    return [_address(file) for file in (entry or {}).get("css", [])]


def init(app: Flask) -> None:
    app.jinja_env.globals.update(asset=asset, asset_styles=asset_styles, icon=icon, is_built=is_built)
