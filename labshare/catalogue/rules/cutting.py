"""Chinese cut into words, by rjieba's dictionary with our own words in it."""

from collections.abc import Iterable, Sequence
from threading import Lock

FREQUENT = 20_000
"""How often our words are said to occur: more than nearly all of the dictionary's, so that they are kept whole."""
_one_at_a_time = Lock()
"""rjieba refuses a word that is added while another thread cuts."""


def load_dictionary() -> None:
    """Load rjieba's dictionary, which takes 36 MB and a tenth of a second: a server does so before its workers, which
    share it; any other process when it first cuts."""
    import rjieba  # noqa: F401


class Cutter:
    """Words that we no longer have stay in rjieba's one dictionary, which does no harm."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._added = False

    def cut(self, run: str) -> Sequence[str]:
        """`客户要求硬度` → 客户, 要求, 硬度."""
        if len(run) < 2:
            return [run] if run else []
        import rjieba

        with _one_at_a_time:
            self._load()
            found: Sequence[str] = rjieba.cut(run)
        return found

    def is_word(self, word: str) -> bool:
        """Whether it is a word, in our trade or in any."""
        if word in self._words:
            return True
        import rjieba

        with _one_at_a_time:
            self._load()
            return bool(rjieba.has_word(word))

    def _load(self) -> None:
        if not self._added:
            import rjieba

            for word in self._words:
                rjieba.add_word(word, FREQUENT, None)
            self._added = True
