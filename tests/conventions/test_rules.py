"""docs/rules.md names the rules of the business. Sources and tests cite them by name, every rule has a test that cites
it, and nobody cites a paper that the repository lacks."""

import re
from pathlib import Path

import pytest

from tests.conventions.reading import ROOT, inside

RULES = ROOT / "docs" / "rules.md"
PLACES = ("labshare", "tests", "templates", "frontend/src", "migrations", "docs", "config.py", "README.md")
KINDS = (".py", ".html", ".txt", ".xml", ".svg", ".js", ".css", ".scss", ".md", ".yaml", ".csv")
INVENTED = ("tests/conventions/test_rules.py", "tests/mutants/mutants.py")
"""They name rules and papers that do not exist, to see them found."""

RULE = re.compile(r"^(.*)\*\*(R-[A-Z]+-\d+) [^*\n]+\.\*\* \S", re.MULTILINE)
CITED = re.compile(r"\bR-[A-Z]{2,}(?:-\d+)?\b")
PAPER = re.compile(r"\b(?:[Cc]ontracts?|[Gg]lossary|[Mm]ocks?|DESIGN|[Ss]ections? \d)\b")


def rules_of(text: str) -> list[str]:
    """The rules' names in their order. Asserts that each stands once, under an address to link to."""
    names = []
    for before, name in RULE.findall(text):
        assert before == f'<a id="{name.lower()}"></a>', f"{name} has another address: {before}"
        assert name not in names, f"{name} is there twice"
        names.append(name)
    return names


def citations(text: str) -> list[tuple[int, str]]:
    """(line, name) of every rule or area that a text cites."""
    return _found(CITED, text)


def papers(text: str) -> list[tuple[int, str]]:
    """(line, words) where a text refers to a paper that the repository lacks."""
    return _found(PAPER, text)


def _found(pattern: re.Pattern[str], text: str) -> list[tuple[int, str]]:
    return [(text[: match.start()].count("\n") + 1, match[0]) for match in pattern.finditer(text)]


def texts() -> dict[Path, str]:
    """Whatever people write in the project, but for the rules themselves and what is invented."""
    files: list[Path] = []
    for place in PLACES:
        path = ROOT / place
        files += [path] if path.is_file() else [one for one in sorted(path.rglob("*")) if one.suffix in KINDS]
    return {file: file.read_text() for file in files if file != RULES and inside(file) not in INVENTED}


def of_a_test(file: Path) -> bool:
    """Tests, and the cases that they read."""
    return inside(file).startswith("tests/") and (file.name.startswith("test_") or file.suffix == ".yaml")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('<a id="r-time-2"></a>**R-TIME-1 Hours.** Words.', "another address"),
        ("**R-TIME-1 Hours.** Words.", "another address"),
        ('<a id="r-time-1"></a>**R-TIME-1 Hours.** Words.\n' * 2, "twice"),
    ],
)
def test_a_rule_with_a_wrong_name_is_found(text: str, wrong: str) -> None:
    with pytest.raises(AssertionError, match=wrong):
        rules_of(text)


def test_every_rule_has_one_name_and_its_address() -> None:
    text = RULES.read_text()
    names = rules_of(text)
    assert names
    assert {name for _line, name in citations(text)} <= {*names, *areas(names)}
    assert text.count("**R-") == len(names), "a rule is not written like the others"
    assert text.count('<a id="') == len(names) + len(areas(names)), "an address without a rule"


def areas(names: list[str]) -> set[str]:
    return {name.rpartition("-")[0] for name in names}


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("def f():  # R-TIME-1, R-RUN-12", ["R-TIME-1", "R-RUN-12"]),
        ('"""Why (docs/rules.md, R-PAPER)."""', ["R-PAPER"]),
        ("{# (R-PRICE-3) #}", ["R-PRICE-3"]),
        ("OR-1, R-1, XR-TIME-1, invoice R-A, r-time-1", []),
    ],
)
def test_a_citation_is_found(text: str, cited: list[str]) -> None:
    assert [name for _line, name in citations(text)] == cited


def test_whatever_is_cited_is_a_rule() -> None:
    names = rules_of(RULES.read_text())
    known = {*names, *areas(names)}
    wrong = [
        f"{inside(file)}:{line} {name}"
        for file, text in texts().items()
        for line, name in citations(text)
        if name not in known
    ]
    assert not wrong, "no such rule: " + ", ".join(wrong)


def test_every_rule_is_cited_by_a_test() -> None:
    cited = {name for file, text in texts().items() if of_a_test(file) for _line, name in citations(text)}
    lacking = [name for name in rules_of(RULES.read_text()) if name not in cited]
    assert not lacking, "no test cites " + ", ".join(lacking)


@pytest.mark.parametrize(
    "text",
    [
        "# the contract says so",
        "Contract sections 6",
        "(section 6, step 1)",
        "the glossary's words",
        "as mock 04",
        "DESIGN",
    ],
)
def test_a_paper_that_is_not_there_is_found(text: str) -> None:
    assert papers(text)


@pytest.mark.parametrize("text", ["<section>", "contracted", "monkeypatch", "Industrial Design", "RFC 9162, 2.1.1"])
def test_other_words_are_no_papers(text: str) -> None:
    assert papers(text) == []


def test_nobody_cites_a_paper_that_is_not_there() -> None:
    found = [f"{inside(file)}:{line} {words}" for file, text in texts().items() for line, words in papers(text)]
    assert not found, "cite a rule of docs/rules.md instead: " + ", ".join(found)
