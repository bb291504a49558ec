"""Loading the view modules of an audience's folder."""

import pkgutil
from collections.abc import Iterable
from importlib import import_module


def load_views(package: str, path: Iterable[str]) -> None:
    """Import every module of the folder, so that its routes are on the blueprint: a new view file needs no entry."""
    for module in sorted(pkgutil.iter_modules(path), key=lambda found: found.name):
        import_module(f"{package}.{module.name}")
