"""Templates: nothing the content security policy would block, nothing let through unescaped without a reason, no line
that a review cannot show."""

import re

import pytest

from tests.conventions.reading import ROOT, inside

RULES = {
    "inline style": re.compile(r"<[^>]*\sstyle\s*=|<style\b", re.IGNORECASE),
    "inline script": re.compile(r"<script\b(?![^>]*\bsrc\s*=)(?![^>]*\btype=\"application/json\")", re.IGNORECASE),
    "event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "script attribute of htmx": re.compile(r"hx-on|hx-vals=['\"]js:"),
    "unescaped without a reason in a comment on its line": re.compile(r"\|\s*safe\b(?!.*\{#.+#\})"),
    "escaping turned off": re.compile(r"\{%-?\s*autoescape\s+false"),
}
MOST_COLUMNS = 120


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
    templates = [path for path in sorted((ROOT / "templates").rglob("*")) if path.is_file()]
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
        for path in sorted((ROOT / "templates").rglob("*"))
        if path.is_file()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > MOST_COLUMNS
    ]
    assert not long, "\n".join(long)
