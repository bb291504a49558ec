"""What typed words mean: the concepts of the field among them, and what says nothing about the test.

A vocabulary names concepts in both languages, with abbreviations. Of the words typed, each known concept becomes one
need that any of its words meets; fillers (测试, 多少钱, test, cost …) cost nothing: they need not occur, and spoil
nothing. A symptom (生锈) is no need: it only suggests what is usually tested then. What the vocabulary does not know is
cut into words by rjieba and looked for as it stands.

`rules.reading` reads a question by it, `rules.mending` puts right what was mistyped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from labshare.catalogue.rules import sounds
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.cutting import Cutter
from labshare.catalogue.rules.text import Token, Word
from labshare.catalogue.terms import ConceptKind

WEIGHTS: Mapping[str, int] = {
    ConceptKind.TRADE: 6,
    ConceptKind.TEST: 4,
    ConceptKind.INSTRUMENT: 4,
    ConceptKind.MAKER: 3,
    ConceptKind.MATERIAL: 2,
}
"""A trade (混凝土, 食品) is one that few labs of materials know: it outweighs the test, since 混凝土抗压 is no 抗压."""
UNKNOWN = 1
"""The weight of a word that the vocabulary does not know; many of them are talk, and weigh no more than a few."""
MOST_UNKNOWN = 3
MOST_NEEDS = 8
SHORTEST_PINYIN = 4
INITIALS = range(3, 9)


@dataclass(frozen=True, kw_only=True)
class Concept:
    """`zh` are found inside other words, `en` and `short` as whole words; `heard` are understood and not looked for:
    粒度 stands in 晶粒度. `finds` are other concepts whose tests do it too, of a symptom those whose tests are
    suggested."""

    key: str
    kind: ConceptKind
    zh: tuple[str, ...]
    en: tuple[str, ...]
    short: tuple[str, ...]
    finds: tuple[str, ...]
    source: str
    heard: tuple[str, ...] = ()

    @property
    def phrases(self) -> tuple[str, ...]:
        return (*self.zh, *self.en, *self.short, *self.heard)


@dataclass(frozen=True)
class Need:
    """What must occur, in any of its words. `typed` are as typed, `others` say the same."""

    typed: tuple[Word, ...]
    others: tuple[Word, ...] = ()
    weight: int = UNKNOWN
    must: bool = False
    """Never left out, even where nothing has it: a standard's number."""

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """All of them, without those that another one finds anyway."""
        every = tuple(dict.fromkeys((*self.typed, *self.others)))
        return tuple(word for word in every if not any(other is not word and other.finds(word) for other in every))

    @property
    def shown(self) -> str:
        return self.typed[0].shown

    @property
    def known(self) -> bool:
        return self.must or self.weight > UNKNOWN

    @property
    def tells(self) -> bool:
        """Whether it says which test is meant; a material alone does not."""
        return self.must or self.weight > WEIGHTS[ConceptKind.MATERIAL]


@dataclass(frozen=True)
class Symptom:
    """A worry as typed, and what is usually tested then, each as a need."""

    shown: str
    suggests: tuple[Need, ...]


@dataclass(frozen=True)
class Mended:
    """What was typed, and what it was taken for."""

    typed: str
    read: str


@dataclass(frozen=True)
class Meaning:
    needs: tuple[Need, ...] = ()
    mark: str | None = None
    """CNAS or CMA, where it was typed: what accreditation the test must have."""
    symptoms: tuple[Symptom, ...] = ()
    mended: tuple[Mended, ...] = ()

    @property
    def only_suggests(self) -> bool:
        """Whether a worry was typed and no test: what it suggests is no match."""
        return bool(self.symptoms) and not any(need.tells for need in self.needs)

    @property
    def shown(self) -> str:
        """The words that count, as typed."""
        shown = ""
        for word in (*(need.shown for need in self.needs), *(symptom.shown for symptom in self.symptoms)):
            blank = shown and not (spelling.is_chinese(shown[-1]) and spelling.is_chinese(word[0]))
            shown += f"{' ' if blank else ''}{word}"
        return shown


class Vocabulary:
    """Concepts by their phrases. Raises `ValueError` for a phrase of two concepts, or one that finds what is not
    there: data that contradicts itself."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts = {concept.key: concept for concept in concepts}
        self._phrases: dict[tuple[str, ...], tuple[Concept, str]] = {}
        for concept in self.concepts.values():
            if missing := [key for key in concept.finds if key not in self.concepts]:
                raise ValueError(f"{concept.key} finds what is not there: {missing}")
            for phrase in concept.phrases:
                known, _phrase = self._phrases.setdefault(_key(phrase), (concept, phrase))
                if known is not concept:
                    raise ValueError(f"“{phrase}” belongs to {known.key} and to {concept.key}")
        for concept in self.concepts.values():
            for phrase in concept.en:
                for word in whole_word(phrase, concept.kind)[1:]:
                    self._phrases.setdefault(_key(word.shown), (concept, phrase))
        self._longest = max(map(len, self._phrases), default=0)
        self._needs: dict[tuple[str, str | None], Need] = {}

    @cached_property
    def cutter(self) -> Cutter:
        return Cutter(
            phrase for concept in self.concepts.values() for phrase in _in_chinese(concept) if len(phrase) > 1
        )

    @property
    def phrases(self) -> Iterable[tuple[str, ...]]:
        """All of them, as tokens."""
        return self._phrases

    def concept_of(self, phrase: Sequence[str]) -> tuple[Concept, str] | None:
        """The concept that a phrase, as tokens, belongs to, and how it is written there."""
        return self._phrases.get(tuple(phrase))

    def longest_at(self, tokens: Sequence[Token], at: int) -> tuple[Concept, str, int] | None:
        """The concept whose phrase is the longest of those that begin here, the phrase, and how many tokens it
        takes."""
        for length in range(min(self._longest, len(tokens) - at), 0, -1):
            piece = tokens[at : at + length]
            if any(_apart(before, after) for before, after in pairwise(piece)):
                continue
            if known := self.concept_of([token for token, _touches in piece]):
                return *known, length
        return None

    @cached_property
    def pinyin(self) -> Mapping[str, str]:
        """Words by their pinyin; two characters or more."""
        found: dict[str, str] = {}
        for word in self._chinese():
            for written in sounds.pinyin(word):
                if len(written) >= SHORTEST_PINYIN:
                    found.setdefault(written, word)
        return found

    @cached_property
    def initials(self) -> Mapping[str, tuple[str, ...]]:
        """Names of tests and instruments by the first letters of their pinyin."""
        found: dict[str, tuple[str, ...]] = {}
        for word in self._chinese(ConceptKind.TEST, ConceptKind.INSTRUMENT):
            for written in sounds.initials(word):
                if len(written) in INITIALS and word not in found.get(written, ()):
                    found[written] = (*found.get(written, ()), word)
        return found

    def _chinese(self, *kinds: ConceptKind) -> Iterable[str]:
        for concept in self.concepts.values():
            if not kinds or concept.kind in kinds:
                yield from (word for word in _in_chinese(concept) if len(word) > 1)

    def words_of(self, concept: Concept) -> list[Word]:
        """Its own words and those of what it finds too."""
        every = [concept, *(self.concepts[key] for key in concept.finds)]
        return [
            *(spelling.anywhere(word) for one in every for word in one.zh),
            *(found for one in every for word in one.en for found in whole_word(word, one.kind)),
            *(spelling.whole(word) for one in every for word in one.short),
        ]

    def need(self, concept: Concept, typed: str | None = None) -> Need:
        """The need of a concept, by the phrase of it that was typed; as it is called where it was not typed itself.
        Kept: its words take longer to bring together than the others of a question to read."""
        found = self._needs.get((concept.key, typed))
        if found is None:
            words = self.words_of(concept)
            found = Need(_as_typed(concept, typed) or (words[0],), tuple(words), WEIGHTS[concept.kind])
            self._needs[concept.key, typed] = found
        return found


def _as_typed(concept: Concept, typed: str | None) -> tuple[Word, ...]:
    """Of a phrase that is heard only, and of none, there is nothing to look for."""
    if typed is None or typed in concept.heard:
        return ()
    if typed in concept.short:
        return (spelling.whole(typed),)
    return (spelling.anywhere(typed),) if typed in concept.zh else tuple(whole_word(typed, concept.kind))


def _in_chinese(concept: Concept) -> Iterable[str]:
    return (word for word in (*concept.zh, *concept.heard) if all(map(spelling.is_chinese, word)))


def _key(phrase: str) -> tuple[str, ...]:
    return tuple(token for token, _touches in spelling.tokens(phrase))


def _apart(before: Token, after: Token) -> bool:
    """Two Chinese characters with a blank between them are no word."""
    return not after[1] and spelling.is_chinese(before[0]) and spelling.is_chinese(after[0])


def whole_word(word: str, kind: ConceptKind = ConceptKind.TEST) -> list[Word]:
    """A Latin word in singular and plural; names of makers (Waters) have none."""
    last = word.split()[-1].lower()
    if (
        kind in (ConceptKind.MAKER, ConceptKind.TRADE)
        or not last.isalpha()
        or len(last) < 3
        or last.endswith(("ss", "is"))
    ):
        return [spelling.whole(word)]
    return [spelling.whole(word), spelling.whole(word[:-1] if last.endswith("s") else f"{word}s")]


def inside_words(tokens: Sequence[Token], vocabulary: Vocabulary) -> set[int]:
    """Where a single character stands inside a word of any trade: 求 in 要求 asks for nothing."""
    found: set[int] = set()
    at = 0
    while at < len(tokens):
        end = at + 1
        while end < len(tokens) and tokens[end][1] and spelling.is_chinese(tokens[end][0]):
            end += 1
        if spelling.is_chinese(tokens[at][0]) and end - at > 1:
            place = at
            for word in vocabulary.cutter.cut("".join(token for token, _touches in tokens[at:end])):
                if len(word) > 1 and vocabulary.cutter.is_word(word):
                    found.update(range(place, place + len(word)))
                place += len(word)
        at = end
    return found


def best_together(needs: tuple[Need, ...], occurring: Iterable[int]) -> tuple[tuple[Need, ...], ...]:
    """Which needs to ask for, where not all are met together: those that weigh most among `occurring` (sums of
    2 ** place, each met by something); several where they weigh the same. Empty: what is met is too little, showing it
    would be noise. Enough is half of the whole weight, with something that says which test is meant; of words that
    the vocabulary does not know, two thirds."""
    every = tuple(range(len(needs)))
    whole = _weight(needs, every)
    musts = {place for place in every if needs[place].must}
    weights: dict[int, int] = {}
    for bits in occurring:
        met = [place for place in every if bits >> place & 1]
        if musts <= set(met):
            weights[bits] = _weight(needs, met)
    most = max(weights.values(), default=0)
    enough = 2 * most >= whole if any(need.known for need in needs) else 3 * most >= 2 * whole
    if not most or not enough:
        return ()
    best = (bits for bits, weight in sorted(weights.items()) if weight == most)
    groups = [tuple(need for place, need in enumerate(needs) if bits >> place & 1) for bits in best]
    return tuple(group for group in groups if _says_enough(group, needs))


def _says_enough(group: Sequence[Need], needs: Sequence[Need]) -> bool:
    """螺栓扭矩 is not about everything that is done with 螺栓."""
    if any(need.tells for need in group) or len(group) == len(needs):
        return True
    return not any(need.known for need in needs)


def _weight(needs: Sequence[Need], places: Sequence[int]) -> int:
    known = sum(needs[place].weight for place in places if needs[place].known)
    return known + min(MOST_UNKNOWN, sum(needs[place].weight for place in places if not needs[place].known))
