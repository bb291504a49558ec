"""Templates: nothing the content security policy would block, nothing let through unescaped without a reason, no line
that a review cannot show, no call whose arguments have to be counted, no file too long to be read at once."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from jinja2 import nodes

from tests.conventions.reading import inside, parsed_template, template_files

RULES = {
    "inline style": re.compile(r"<[^>]*\sstyle\s*=|<style\b", re.IGNORECASE),
    "inline script": re.compile(
        r"<script\b(?![^>]*\bsrc\s*=)(?![^>]*\btype=\"application/(?:ld\+)?json\")", re.IGNORECASE
    ),
    "event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "script attribute of htmx": re.compile(r"hx-on|hx-vals=['\"]js:"),
    "unescaped without a reason in a comment on its line": re.compile(r"\|\s*safe\b(?!.*\{#.+#\})"),
    "escaping turned off": re.compile(r"\{%-?\s*autoescape\s+false"),
}
MOST_COLUMNS = 120
MOST_LINES = 250
COMPONENTS = "templates/_macros/"


def broken_rules(source: str, *, html: bool = True) -> list[tuple[int, str]]:
    """(line, rule) for every rule a template breaks. Text templates (mail) need no escaping."""
    return sorted(
        (source[: match.start()].count("\n") + 1, name)
        for name, pattern in RULES.items()
        if html or "escap" not in name
        for match in pattern.finditer(source)
    )


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ('<p\n style="color: red">', "inline style"),
        ("<style>p {}</style>", "inline style"),
        ("<script>go()</script>", "inline script"),
        ('<a onclick="go()">', "event attribute"),
        ('<a href="javascript:go()">', "javascript address"),
        ("<div hx-vals='js:{}'>", "script attribute of htmx"),
        ("{{ text|safe }}", "unescaped without a reason in a comment on its line"),
        ("{% autoescape false %}", "escaping turned off"),
    ],
)
def test_each_rule_finds_what_breaks_it(bad, rule):
    assert rule in [name for _line, name in broken_rules(bad)]


@pytest.mark.parametrize(
    "good",
    [
        '<script src="{{ asset("main.js") }}" type="module"></script>',
        '<script type="application/json" id="figures">{{ figures|tojson }}</script>',
        "{{ outline|safe }} {# our own file, checked when built #}",
    ],
)
def test_what_keeps_the_rules_passes(good):
    assert broken_rules(good) == []


def test_every_template_keeps_the_rules():
    templates = template_files()
    assert templates
    found = [
        f"{inside(path)}:{line}: {rule}"
        for path in templates
        for line, rule in broken_rules(path.read_text(), html=path.suffix in (".html", ".svg", ".xml"))
    ]
    assert not found, "\n".join(found)


def test_every_line_can_be_read_beside_another():
    """`djlint --check` holds the layout, and breaks no line by itself."""
    long = [
        f"{inside(path)}:{number}: {len(line)} columns"
        for path in template_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > MOST_COLUMNS
    ]
    assert not long, "\n".join(long)


def test_every_file_can_be_read_at_once():
    """A longer page is cut into partials, each named after what it shows."""
    long = [f"{inside(path)}: {n} lines" for path in template_files() if (n := _lines(path)) > MOST_LINES]
    assert not long, "\n".join(long)


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def unnamed_most(sources: Iterable[tuple[str, nodes.Template]]) -> dict[str, int]:
    """Macro → how many arguments may go unnamed: the one it is about, of those outside `_macros` another. Those with
    none declared (`crumbs`) take a list."""
    most: dict[str, int] = {}
    for name, tree in sources:
        for macro in tree.find_all(nodes.Macro):
            if macro.args:
                most[macro.name] = min(most.get(macro.name, 2), 1 if name.startswith(COMPONENTS) else 2)
    return most


def counted_calls(tree: nodes.Template, most: dict[str, int]) -> Iterator[tuple[int, str]]:
    """(line, macro) of each call whose reader has to count arguments."""
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name | nodes.Getattr):
            name = call.node.name if isinstance(call.node, nodes.Name) else call.node.attr
            if len(call.args) > most.get(name, len(call.args)):
                yield call.lineno, name


MACROS = """
{% macro badge(value, kind="booking") %}{% endmacro %}
{% macro crumbs() %}{{ varargs }}{% endmacro %}
"""
OWN = "{% macro line(symbol, words, href) %}{% endmacro %}"


@pytest.mark.parametrize(
    "bad",
    [
        '{{ badge(run.state, "run") }}',
        '{% import "_macros/badges.html" as badges %}{{ badges.badge(run.state, "run") }}',
        '<b title="{{ badge(run.state, kind) }}"></b>',
        '{% do rows.append(badge(run.state, "run")) %}',
        '{% call line("check", _("Done"), "/") %}{% endcall %}',
    ],
)
def test_a_call_to_be_counted_is_found(bad):
    most = unnamed_most([(COMPONENTS + "badges.html", parsed_template(MACROS)), ("own.html", parsed_template(OWN))])
    assert list(counted_calls(parsed_template(bad), most))


@pytest.mark.parametrize(
    "good",
    [
        '{{ badge(run.state, kind="run") }}',
        '{{ line("check", _("Done"), href="/") }}',
        '{{ crumbs(("a", "/"), b, c) }}',
    ],
)
def test_a_call_with_names_passes(good):
    most = unnamed_most([(COMPONENTS + "badges.html", parsed_template(MACROS)), ("own.html", parsed_template(OWN))])
    assert not list(counted_calls(parsed_template(good), most))


def test_macros_are_called_with_names():
    trees = {path: parsed_template(path.read_text()) for path in template_files()}
    most = unnamed_most((inside(path), tree) for path, tree in trees.items())
    assert len(most) > 50
    found = [
        f"{inside(path)}:{line}: {name}" for path, tree in trees.items() for line, name in counted_calls(tree, most)
    ]
    assert not found, "\n".join(found)
