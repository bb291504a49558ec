"""`labshare messages`: the catalogues, one for each area; a message stands in exactly one of them.

What a room of the API is for stands where its blueprint is made, what an address does in the first line of its
docstring: both are messages, too.

An area is a room, or one kind of reader among the entrances (`web` is what every page shares). The application reads
all catalogues together, so a message that several areas use is translated once, in the first that has it.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parents[2]
API = ROOT / "labshare" / "api" / "v1"
TRANSLATIONS = ROOT / "labshare" / "translations"
LOCALE = "zh_Hans_CN"
READERS = ("public", "account", "client", "lab", "regulator", "admin")
AREAS = (
    "kernel",
    "audit",
    "accounts",
    "organisations",
    "notices",
    "catalogue",
    "booking",
    "settlement",
    "rewards",
    "oversight",
    "web",
    *READERS,
    "api",
    "jobs",
    "commands",
)
KEYWORDS = {
    "_": None,
    "_l": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "RoomBlueprint": (2,),
    "FileRoute": (1,),
}
PLACES = re.compile(r"%(?:\((\w+)\))?[#0\- +]*\d*(?:\.\d+)?([sdifg%])")
PATTERN = "pattern of "
"""How the context of a message begins that is a pattern for Babel rather than words."""
CHINESE = "[\u4e00-\u9fff]"
HOUSE_STYLE = (
    (re.compile("[您你]"), "addresses the reader"),
    (re.compile("[!！]"), "exclamation mark"),
    (re.compile(f"{CHINESE}[A-Za-z]|[A-Za-z]{CHINESE}"), "no space between Chinese and Latin"),
    (re.compile(f"{CHINESE} ?[,;:?]|[,;:?] ?{CHINESE}"), "half-width punctuation"),
)

Key = tuple[str | None, str]
"""Context and msgid; two messages are the same when both are equal."""


@dataclass
class Source:
    """One message as the sources have it."""

    id: str | tuple[str, ...]
    context: str | None
    files: set[str] = field(default_factory=set)

    @property
    def key(self) -> Key:
        return self.context, self.id if isinstance(self.id, str) else self.id[0]


def area_of(file: Path) -> str:
    """The area of a source file, by its path inside the project."""
    top, *rest = file.parts
    folder = rest[0] if len(rest) > 1 else ""
    if top == "templates":
        return folder if folder in READERS else "web"
    if folder == "web":
        return rest[1] if rest[1] in READERS and len(rest) > 2 else "web"
    if folder == "http":
        return "web"
    return folder if folder in AREAS else "commands"


def sources() -> dict[str, dict[Key, Source]]:
    """What each area says, by message."""
    found: dict[str, dict[Key, Source]] = {area: {} for area in AREAS}
    files = [*(ROOT / "labshare").rglob("*.py"), *(ROOT / "templates").rglob("*")]
    for file in sorted(path for path in files if path.is_file()):
        inside = file.relative_to(ROOT)
        for id, context in _messages_of(file):
            source = Source(id, context)
            found[area_of(inside)].setdefault(source.key, source).files.add(inside.as_posix())
    return found


def _messages_of(file: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    if file.parent == API:
        yield from ((summary, None) for summary in _summaries_in(file))
    method = "python" if file.suffix == ".py" else babel_extract
    options = {"encoding": "utf-8", "silent": "false", "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols"}
    for _line, id, _comments, context in extract_from_file(method, file, KEYWORDS, options=options):  # type: ignore[arg-type]
        if id and (isinstance(id, str) or id[0]):
            yield id, context


def _summaries_in(file: Path) -> Iterator[str]:
    """First docstring lines of the functions that answer an address."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef) and any(_is_address(each) for each in node.decorator_list):
            yield (ast.get_docstring(node) or "").partition("\n")[0]


def _is_address(decorator: ast.expr) -> bool:
    methods = ("get", "post", "put", "patch", "delete")
    return ast.unparse(decorator).startswith(tuple(f"blueprint.{method}(" for method in methods))


def catalogue_file(area: str) -> Path:
    return TRANSLATIONS / area / LOCALE / "LC_MESSAGES" / "messages.po"


def catalogues() -> dict[str, Catalog]:
    """Every catalogue there is, by area, in the order of areas."""
    found = {}
    for area in AREAS:
        if catalogue_file(area).exists():
            with catalogue_file(area).open("rb") as file:
                found[area] = read_po(file, locale=LOCALE)
    return found


def owners(extracted: dict[str, dict[Key, Source]], held: dict[str, set[Key]]) -> dict[Key, str]:
    """Which area keeps each message: the first that says it and has it already, else the first that says it."""
    saying: dict[Key, list[str]] = defaultdict(list)
    for area in AREAS:
        for key in extracted[area]:
            saying[key].append(area)
    return {key: next((a for a in areas if key in held.get(a, ())), areas[0]) for key, areas in saying.items()}


def messages_in(catalogue: Catalog) -> dict[Key, Message]:
    return {_key(message): message for message in catalogue if message.id}


def _key(message: Message) -> Key:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def _translated(message: Message) -> bool:
    texts = _forms(message.string)
    return bool(texts) and all(texts) and not message.fuzzy


def _forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """The forms of a message or a translation: one, or one for each plural."""
    return [text] if isinstance(text, str) else list(text or ())


def problems() -> list[str]:
    """Everything wrong with the catalogues, in words."""
    extracted, stored = sources(), catalogues()
    unknown = {path.name for path in TRANSLATIONS.glob("*") if path.is_dir()} - set(AREAS)
    found = [f"{name}: no such area" for name in sorted(unknown)]
    where: dict[Key, list[str]] = defaultdict(list)
    for area, catalogue in stored.items():
        for key, message in messages_in(catalogue).items():
            where[key].append(area)
            found += [f"{area}: {key[1]!r}: {problem}" for problem in _problems_of(message)]
    needed = {key: source for area in AREAS for key, source in extracted[area].items()}
    for key, source in needed.items():
        if key not in where:
            found.append(f"{sorted(source.files)[0]}: {key[1]!r}: in no catalogue")
    for key, areas in where.items():
        if len(areas) > 1:
            found.append(f"{', '.join(areas)}: {key[1]!r}: in more than one catalogue")
        if key not in needed:
            found.append(f"{areas[0]}: {key[1]!r}: said nowhere any more")
    return found


def _problems_of(message: Message) -> Iterator[str]:
    if message.fuzzy:
        yield "fuzzy"
    elif not _translated(message):
        yield "lacks Chinese"
    else:
        wanted = {place for id in _forms(message.id) for place in _places(id)}
        for text in _forms(message.string):
            if set(_places(text)) != wanted:
                yield f"places differ: {text!r}"
            if (message.context or "").startswith(PATTERN):
                continue
            bare = PLACES.sub("", text)
            yield from (f"{name}: {text!r}" for pattern, name in HOUSE_STYLE if pattern.search(bare))


def _places(text: str) -> list[tuple[str, str]]:
    return [(match[1] or "", match[2]) for match in PLACES.finditer(text)]


@click.group()
def messages() -> None:
    """The catalogues of Chinese words."""


@messages.command()
@click.argument("areas", nargs=-1, type=click.Choice(AREAS))
def update(areas: tuple[str, ...]) -> None:
    """Bring catalogues (all, or those of AREAS) in line with the sources; print what lacks Chinese there.

    Exit code 1 if anything does.
    """
    areas = areas or AREAS
    extracted, stored = sources(), catalogues()
    held = {area: set(messages_in(catalogue)) for area, catalogue in stored.items()}
    known: dict[Key, Message] = {}
    for catalogue in stored.values():
        for key, message in messages_in(catalogue).items():
            if key not in known or (_translated(message) and not _translated(known[key])):
                known[key] = message
    owner = owners(extracted, held)
    for area in areas:
        own = [source for key, source in extracted[area].items() if owner[key] == area]
        _write(area, own, known, stored.get(area))
    lacking = [
        f"{area}: {key[1]!r}"
        for area, catalogue in catalogues().items()
        if area in areas
        for key, message in messages_in(catalogue).items()
        if not _translated(message)
    ]
    total = sum(area in areas for area in owner.values())
    click.echo("\n".join([*lacking, f"{total} messages, {len(lacking)} lack Chinese"]))
    sys.exit(1 if lacking else 0)


def _write(area: str, own: list[Source], known: dict[Key, Message], before: Catalog | None) -> None:
    file = catalogue_file(area)
    if not own:
        file.unlink(missing_ok=True)
        return
    # Dates stay as they were: two people who add messages meet only where they add the same.
    new = Catalog(locale=LOCALE, project="LabShare", fuzzy=False, header_comment=f"# LabShare: {area}")
    if before:
        new.creation_date, new.revision_date = before.creation_date, before.revision_date
    for source in own:
        old = known.get(source.key)
        string = old.string if old is not None and isinstance(old.id, str) == isinstance(source.id, str) else None
        flags = ["fuzzy"] if old is not None and old.fuzzy else []
        new.add(source.id, string, flags=flags, context=source.context)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        write_po(out, new, width=120, sort_output=True, no_location=True)


@messages.command()
def check() -> None:
    """Print everything wrong with the catalogues. Exit code 1 if anything is."""
    found = problems()
    click.echo("\n".join(found) or "catalogues: nothing wrong")
    sys.exit(1 if found else 0)


@messages.command("compile")
def compile_() -> None:
    """Write each catalogue's .mo where it is missing or older than its .po."""
    compile_catalogues()


def compile_catalogues() -> None:
    for po in sorted(TRANSLATIONS.glob("*/*/LC_MESSAGES/messages.po")):
        mo = po.with_suffix(".mo")
        if not mo.exists() or mo.stat().st_mtime_ns < po.stat().st_mtime_ns:
            with po.open("rb") as source, mo.open("wb") as target:
                write_mo(target, read_po(source, locale=LOCALE))
    for mo in TRANSLATIONS.glob("*/*/LC_MESSAGES/messages.mo"):
        if not mo.with_suffix(".po").exists():
            mo.unlink()
