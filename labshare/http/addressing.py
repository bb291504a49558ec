"""How addresses are written."""

from collections.abc import Callable
from functools import cache
from typing import Any

from werkzeug.routing import Rule


class Address(Rule):
    """Compiles how it is written when it is first written, not at the start: there are 500 addresses, Werkzeug compiles
    each in two ways, and the second is hardly ever needed."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_builder = super()._compile_builder

        @cache
        def compiled() -> Callable[..., tuple[str, str]]:
            return compile_builder(append_unknown)

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build
