"""One English word that is two Chinese ones is said with a context, so that no page shows the other one."""

from collections import defaultdict
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from labshare.commands.messages import catalogues, messages_in, sources
from labshare.kernel.database import transaction
from tests import factories
from tests.signing import sign_in

pytestmark = pytest.mark.slow

PLAIN: dict[str, set[str]] = {
    "Correct": set(),
    "Hour of working time": set(),
    "Next day": {"templates/lab/catalogue/hours.html"},
    "Run": set(),
    "Runs": {"labshare/web/navigation.py"},
    "Sample": {"templates/public/_item_method.html"},
    "Test": {"labshare/booking/formatting.py", "templates/booking/_order.html"},
}
"""Words that were read as the other one: the files that may say them without a context, in their plain meaning."""


def words_by_context() -> dict[str, dict[str | None, set[str]]]:
    """English word → context (None: without) → the files that say it so."""
    found: dict[str, dict[str | None, set[str]]] = defaultdict(lambda: defaultdict(set))
    for said in sources().values():
        for (context, word), source in said.items():
            found[word][context] |= source.files
    return found


def test_a_word_of_two_meanings_is_plain_only_where_it_means_the_plain_thing() -> None:
    said = words_by_context()
    wrong = {word: sorted(said[word].get(None, set()) - files) for word, files in PLAIN.items()}
    assert {word: files for word, files in wrong.items() if files} == {}


def test_each_context_has_a_word_of_its_own() -> None:
    """A context that says the same as the plain word would be noise."""
    chinese = {key: message.string for each in catalogues().values() for key, message in messages_in(each).items()}
    for word, by_context in words_by_context().items():
        said = [chinese[context, word] for context in by_context]
        assert len(set(said)) == len(said), word


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-CN", ["按样", "按批", "按项", "按小时"]),
        ("en", ["Sample", "Run", "Test", "Hour of working time"]),
    ],
)
def test_the_bases_of_a_fee_are_said_as_such(
    app: Flask, clock: Any, client: FlaskClient, language: str, words: list[str]
) -> None:
    with transaction():
        lab = factories.lab()
        item = factories.test_item(factories.instrument(lab))
        hand = factories.member(lab.firm, "lab_manager")
    sign_in(client, hand, lab.firm)
    page = client.get(f"/lab/test-items/{item.id}/fees/new", headers={"Accept-Language": language}).text
    choices = page.split('name="basis"')[1].split("</select>")[0]
    assert [part.split("</option>")[0].rpartition(">")[2] for part in choices.split("<option")[1:]] == words
