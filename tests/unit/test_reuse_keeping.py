"""Reuse: which answers are kept, and what is kept of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from npcops.dialogue import Action, Degraded, Speech
from npcops.errors import StoreUnavailable
from npcops.lore import Viewer
from npcops.memory import Note
from npcops.reuse import NEWEST, Reuse
from tests.reusing import LONG, MIRA, THREE_CHIPS, USAGE, asked, changed_script, found, keep
from tests.shelves import Shelves


@pytest.fixture
def store() -> Shelves:
    return Shelves()


@pytest.fixture
def reuse(store: Shelves) -> Reuse:
    return Reuse(store, 60)


@pytest.mark.parametrize(
    ("turn", "speech"),
    [
        ({"remembered": True}, THREE_CHIPS),
        ({"remembered": True, "message": LONG}, THREE_CHIPS),
        ({"request": {"player_name": "Ann"}}, THREE_CHIPS),
        ({"request": {"present": ("otto",)}}, THREE_CHIPS),
        (changed_script(card=msgspec.structs.replace(MIRA, unique=True)), THREE_CHIPS),
        ({}, msgspec.structs.replace(THREE_CHIPS, citations=())),
        ({}, msgspec.structs.replace(THREE_CHIPS, actions=(Action("wave"),))),
        ({}, msgspec.structs.replace(THREE_CHIPS, memory=(Note("The player has no money."),))),
        ({}, msgspec.structs.replace(THREE_CHIPS, dropped=("action-not-now",))),
        ({}, msgspec.structs.replace(THREE_CHIPS, dropped=("emotion", "memory"))),
        ({"message": "I am Oda Brenn. What does a crossing cost?"}, Speech("Three chips, Oda.", citations=("p1",))),
    ],
    ids=lambda part: repr(part)[:50],
)
def test_an_answer_to_one_player_in_one_moment_is_not_kept(
    reuse: Reuse, store: Shelves, turn: dict[str, Any], speech: Speech
) -> None:
    assert reuse.file(asked(**turn), speech, USAGE, "model-1") is False
    assert store.answers == []


def test_a_degraded_answer_is_not_kept(reuse: Reuse, store: Shelves) -> None:
    degraded = Degraded("smaller-model", ("model-slow",))
    assert reuse.file(asked(), THREE_CHIPS, USAGE, "model-2", degraded) is False
    assert store.answers == []


def test_without_lore_to_cite_an_answer_is_kept_where_none_is_searched(reuse: Reuse) -> None:
    turn = asked(request={"mode": "base"}, passages=(), vector=())
    keep(reuse, turn, Speech("Three chips."))
    assert found(reuse, turn) == "exact"
    assert found(reuse, asked("How much does a crossing cost?", {"mode": "base"}, passages=(), vector=())) is None


def test_a_unique_character_neither_keeps_nor_repeats(reuse: Reuse) -> None:
    unique = changed_script(card=msgspec.structs.replace(MIRA, unique=True))
    assert not reuse.applies(asked(**unique))
    assert found(reuse, asked(**unique)) is None


def test_no_seconds_means_no_reuse(store: Shelves) -> None:
    keep(Reuse(store, 60), asked())
    off = Reuse(store, 0)
    assert not off.applies(asked())
    assert off.find(asked()) is None
    assert off.file(asked(), THREE_CHIPS, USAGE, "model-1") is False
    assert len(store.answers) == 1


def test_answers_expire(store: Shelves) -> None:
    brief = Reuse(store, -1)
    assert brief.file(asked(), THREE_CHIPS, USAGE, "model-1")
    assert Reuse(store, 60).find(asked()) is None


def test_of_many_answers_the_newest_are_looked_at(reuse: Reuse) -> None:
    keep(reuse, asked())
    for number in range(NEWEST):
        keep(reuse, asked(f"{LONG} {number}"))
    assert found(reuse, asked()) is None
    keep(reuse, asked())
    assert found(reuse, asked()) == "exact"


def test_what_is_kept_has_nothing_of_the_player(reuse: Reuse, store: Shelves) -> None:
    message = "I am Oda of Brenn, born 1987. Whatever may a crossing cost me?"
    speech = msgspec.structs.replace(THREE_CHIPS, dropped=("emotion",))
    assert reuse.file(asked(message, viewer=Viewer("mira", frozenset({"flag-of-oda"}))), speech, USAGE, "model-1")
    written = repr(store.kept).casefold()
    for word in ("oda", "brenn", "1987", "whatever", "flag-of-oda", "emotion'"):
        assert word not in written
    assert "three chips" in written


class Silent(Shelves):
    """A store that does not answer."""

    def newest(self, shelf: str, limit: int) -> list[Any]:
        raise StoreUnavailable("The table of answers did not answer.")

    def add(self, shelf: str, answer: Any, seconds: int) -> None:
        raise StoreUnavailable("The table of answers did not answer.")


def test_a_store_that_does_not_answer_has_no_answers() -> None:
    reuse = Reuse(Silent(), 60)
    assert reuse.find(asked()) is None
    assert reuse.file(asked(), THREE_CHIPS, USAGE, "model-1") is False
