"""What a page or a mail says, and in which language: unmarked Chinese in English, unlisted Latin in Chinese."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

SAME_EVERYWHERE = {"中文"}
"""A language's own name in a choice, where no element can mark it."""

VOID = set("area base br col embed hr img input link meta source track wbr".split())
SILENT = {"script", "style", "svg", "template", "noscript", "code", "pre", "kbd", "textarea"}
SAID_ATTRIBUTES = ("title", "aria-label", "alt", "placeholder", "aria-description")
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
LATIN = re.compile(r"[A-Za-z0-9\u00b5\u03bc][A-Za-z0-9\u00b5\u03bc\u00b7@#/._+:-]*")
ALLOWED = re.compile(
    "|".join(
        f"(?:{line})"
        for line in (Path(__file__).parent / "latin_allowed.txt").read_text().splitlines()
        if line and not line.startswith("#")
    )
)


WHOLE_TAG = re.compile(r"""<[a-z][^<>"']*(?:="[^<>"]*"[^<>"']*)*>""")
"""A start tag as our templates write most: what it says does not depend on where it stands."""
END_TAG = re.compile(r"</([a-z][a-z0-9]*)>")
_READ: dict[str, tuple[str, list[tuple[str, str | None]]]] = {}
"""Such a tag → its name and attributes, as the library read them."""


@dataclass
class Asking:
    """A form that asks for a page: a search, a filter."""

    action: str
    values: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{self.action.split('?')[0]}?{urlencode(self.values)}"


SEARCHED = "硬度"
"""What is typed into empty text fields of a form that asks."""


class Reading(HTMLParser):
    """A page's links and asking forms, and what it says, each piece with its language: what its element is marked
    with, `page` where it is not, `data` for references."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Asking] = []
        self._asking: Asking | None = None
        self._select: str | None = None
        self.pieces: list[tuple[str, str]] = []
        """(language or "data", text)"""
        self.elements: set[tuple[str, ...]] = set()
        """Which kinds of elements it has: tag, classes, role, type; without those of the frame around `main`."""
        self.frame: set[tuple[str, ...]] = set()
        """Those of the frame; of a page without `main` nothing is."""
        self._inside = False
        self._last: tuple[str, list[tuple[str, str | None]]] = "", []
        self._open: list[tuple[str, str]] = [("", "page")]
        self.feed(text)
        self.close()
        if not self.elements:
            self.elements, self.frame = self.frame, set()

    def parse_starttag(self, i: int) -> int:
        """As the library does; a tag that was read before is not taken apart again, which is a third of its time."""
        whole = WHOLE_TAG.match(self.rawdata, i)
        known = _READ.get(whole[0]) if whole else None
        if whole and known and known[0] not in self.CDATA_CONTENT_ELEMENTS:
            self.handle_starttag(*known)
            return whole.end()
        end = super().parse_starttag(i)
        if whole and whole.end() == end and not whole[0].endswith("/>"):
            _READ[whole[0]] = self._last
        return end

    def parse_endtag(self, i: int) -> int:
        plain = None if self.cdata_elem else END_TAG.match(self.rawdata, i)
        if plain is None:
            return super().parse_endtag(i)
        self.handle_endtag(plain[1])
        return plain.end()

    def updatepos(self, i: int, j: int) -> int:
        """Lines and columns are not counted: nobody asks for them."""
        return j

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._last = tag, attrs
        given = {name: value or "" for name, value in attrs}
        self._inside = self._inside or tag == "main"
        kinds = self.elements if self._inside else self.frame
        kinds.add((tag, *(given.get(name, "") for name in ("class", "role", "type"))))
        language = self._open[-1][1]
        if tag != "html" and "lang" in given and language != "silent":
            language = given["lang"].split("-")[0]
        if tag == "html":
            language = "page"
        if "ref" in given.get("class", "").split() and language == "page":
            language = "data"
        if tag in SILENT:
            language = "silent"
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if language != "silent":
            self.pieces += [(language, given[name]) for name in SAID_ATTRIBUTES if given.get(name)]
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.pieces.append((language, given.get("value", "")))
        self._fill(tag, given)
        if tag not in VOID:
            self._open.append((tag, language))

    def _fill(self, tag: str, given: dict[str, str]) -> None:
        """Note a form that asks, and choose the last of each choice in it."""
        if tag == "form":
            self._asking = Asking(given.get("action", "")) if given.get("method", "get").lower() == "get" else None
            if self._asking is not None:
                self.forms.append(self._asking)
        if self._asking is None:
            return
        values, name = self._asking.values, given.get("name", "")
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind in ("checkbox", "radio"):
                values[name] = given.get("value", "on")
            elif kind in ("text", "search"):
                values[name] = given.get("value") or SEARCHED
            elif kind != "submit":
                values[name] = given.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            values[self._select] = given.get("value", "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth][0] == tag:
                del self._open[depth:]
                break
        if tag == "main":
            self._inside = False
        if tag == "select":
            self._select = None
        if tag == "form":
            self._asking = None

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.pieces.append((self._open[-1][1], " ".join(data.split())))


FREE_TEXT = frozenset({"name", "inviter", "proposer", "reason", "note", "condition", "reference"})
"""Places of notices that people fill: names of persons, reasons. They stay in the language they were typed in, and a
mail, being plain text, cannot mark them."""


def chinese_words(page: Reading) -> list[str]:
    """What an English page says in Chinese without marking it."""
    return [
        text
        for language, text in page.pieces
        if language in ("page", "data", "en") and CHINESE.search(text) and text not in SAME_EVERYWHERE
    ]


def latin_words(page: Reading) -> list[str]:
    """What a Chinese page says in Latin letters that is neither allowed nor marked."""
    return [
        f"{word} ({text[:60]})"
        for language, text in page.pieces
        if language in ("page", "zh")
        for word in (found.group().rstrip(".:/-+#·_") for found in LATIN.finditer(text))
        if not word.isdigit() and not ALLOWED.fullmatch(word)
    ]
