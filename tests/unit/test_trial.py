"""Trials: golden cases played by the real use case for a player who is gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from npcops.characters import Timing
from npcops.configured import subject_of
from npcops.converse import StagePace
from npcops.errors import ModelFailed, ModelUnavailable, NotFound, StoreUnavailable
from npcops.golden import GoldenCase
from npcops.lore import Gate
from npcops.plans import Configuration, Subject
from npcops.retrieval import Retriever
from npcops.trial import Trial
from tests.conversation import DIALOGUE, MIRA, Conversation, conversation
from tests.evaluation_samples import case
from tests.fake_time import FakeTime
from tests.fakes import STAGE_MODEL, ScriptedChat
from tests.resources import Resources

PLAYER = "trial.e1.basics.case-0.candidate.0"


@pytest.fixture
def game(moto_resources: Resources, tmp_path: Path) -> Iterator[Conversation]:
    with conversation(moto_resources, tmp_path / "lore") as made:
        yield made


def subject(game: Conversation, model: str = "", **versions: str) -> Subject:
    named = {name.replace("__", "/"): version for name, version in versions.items()}
    return subject_of(game.catalog, Configuration(versions=named, model=model), game.title, "mira", STAGE_MODEL)[0]


def trial(game: Conversation, chat: Any = None, beside: Any = None, **given: Any) -> Trial:
    players = given.pop("players", None) or game.players
    retriever: Callable[[], Retriever] = given.pop("retriever", None) or (
        lambda: Retriever(game.embeddings, game.store)
    )
    pace = given.pop("pace", None) or StagePace()
    return Trial(game.catalog, players, retriever, chat or game.chat, beside or FakeTime(), pace, 1200)


def left(game: Conversation, player: str = PLAYER) -> list[str]:
    """What is still kept of a player, besides that they were erased."""
    items = game.resources.items("players", pk=f"{game.title}#{player}")
    return [item["sk"]["S"] for item in items if item["sk"]["S"] != "erased"]


def test_a_case_is_answered_with_lore_that_its_flags_open(game: Conversation) -> None:
    secret = game.lore("secret.md", "A crossing costs two chips.", Gate(requires=frozenset({"quest:done"})))
    chat = ScriptedChat({"say": "Two chips.", "emotion": "warm", "citations": [secret]})
    opened = trial(game, chat)(game.title, PLAYER, subject(game), case("a", flags=("quest:done",)))
    (turn,) = opened.turns
    assert (turn.message, turn.say, turn.emotion) == ("What does a crossing cost?", "Two chips.", "warm")
    assert [citation.document for citation in turn.citations] == ["secret.md"]
    assert (turn.degraded, turn.model, turn.usage.input_tokens) == (None, STAGE_MODEL, 100)
    assert [passage.id for passage in opened.passages] == [secret]
    closed = trial(game, chat)(game.title, PLAYER, subject(game), case("a"))
    assert closed.passages == ()
    assert closed.turns[0].dropped == ("citation",)


def test_later_messages_are_answered_with_what_was_said_before(game: Conversation) -> None:
    chat = ScriptedChat({"say": "Two chips."}, {"say": "For children one."})
    tried = trial(game, chat)(game.title, PLAYER, subject(game), case("a", "mira", "What is it?", "And for children?"))
    assert [turn.say for turn in tried.turns] == ["Two chips.", "For children one."]
    assert [message.text for message in chat.prompts[1].messages][:2] == ["What is it?", "Two chips."]


def test_nothing_is_left_announced_or_reused(game: Conversation) -> None:
    game.resources.published()
    for player in (PLAYER, f"{PLAYER}.again"):
        trial(game)(game.title, player, subject(game), case("a", flags=("quest:done",)))
    assert len(game.chat.prompts) == 2
    assert left(game) == left(game, f"{PLAYER}.again") == []
    assert game.resources.published() == []


@pytest.mark.parametrize("failure", [ModelUnavailable("busy"), ModelFailed("refused")])
def test_a_trial_that_fails_leaves_nothing_either(game: Conversation, failure: Exception) -> None:
    chat = ScriptedChat({"say": "Two chips."}, failure)
    asked = case("a", "mira", "One?", "Two?", flags=("quest:done",))
    if isinstance(failure, ModelUnavailable):
        with pytest.raises(ModelUnavailable):
            trial(game, chat)(game.title, PLAYER, subject(game), asked)
    else:
        trial(game, chat)(game.title, PLAYER, subject(game), asked)
    assert left(game) == []


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (ModelFailed("not this model"), "model-failed"),
        ({"nothing": "to say"}, "model-malformed"),
        (ValueError("nobody foresaw this"), "model-failed"),
    ],
)
def test_defect_03_a_model_that_cannot_speak_here_is_a_result(game: Conversation, answer: Any, cause: str) -> None:
    (turn,) = trial(game, ScriptedChat(answer))(game.title, PLAYER, subject(game), case("a")).turns
    assert turn.degraded is not None
    assert (turn.degraded.answer, turn.degraded.why) == ("authored-line", (cause,))


def test_a_prompt_that_cannot_be_rendered_is_a_result(game: Conversation) -> None:
    broken = msgspec.structs.replace(DIALOGUE, context="{{ lore[0].text.nothing.there }}")
    version = game.catalog.put(game.title, "prompts", "dialogue", msgspec.to_builtins(broken), "writer", "")
    told = subject(game, prompts__dialogue=version)
    tried = trial(game)(game.title, PLAYER, told, case("a", "mira", "One?", "Two?"))
    (turn,) = tried.turns
    assert (turn.say, turn.degraded and turn.degraded.why) == ("", ("invalid-template",))
    assert game.chat.prompts == []


def test_throttling_and_stores_that_do_not_answer_are_no_results(game: Conversation) -> None:
    with pytest.raises(ModelUnavailable):
        trial(game, ScriptedChat(ModelUnavailable("throttled")))(game.title, PLAYER, subject(game), case("a"))

    def broken() -> Retriever:
        raise StoreUnavailable("The index is away.")

    with pytest.raises(StoreUnavailable):
        trial(game, retriever=broken)(game.title, PLAYER, subject(game), case("a"))


def test_exactly_the_subject_speaks_whatever_labels_say(game: Conversation) -> None:
    before = subject(game)
    game.publish("npcs", "mira", msgspec.structs.replace(MIRA, name="Another"))
    game.promote("tuned-model")
    for mode in ("base", "rag", "auto", "tuned"):
        tried = trial(game)(game.title, PLAYER, before, case("a", mode=mode))
        assert tried.script.card.name == "Mira"
    assert game.chat.models == [STAGE_MODEL] * 4
    assert all("You are Mira" in prompt.system for prompt in game.chat.prompts)


def test_a_model_that_is_tried_is_asked_and_no_other(game: Conversation) -> None:
    told = subject(game, model="another-model")
    trial(game, chat := ScriptedChat(ModelFailed("no")))(game.title, PLAYER, told, case("a"))
    assert chat.models == ["another-model"]


def test_a_tuned_or_base_case_is_given_no_lore(game: Conversation) -> None:
    game.lore("toll.md", "A crossing costs two chips.")
    given = [
        len(trial(game)(game.title, PLAYER, subject(game), case("a", mode=mode)).passages)
        for mode in ("base", "tuned", "rag", "auto")
    ]
    assert given == [0, 0, 1, 1]


def test_greedily_no_prompt_leaves_a_choice(game: Conversation) -> None:
    for greedy in (True, False):
        trial(game)(game.title, PLAYER, subject(game), case("a"), greedy)
    assert [prompt.temperature for prompt in game.chat.prompts] == [0.0, DIALOGUE.temperature]


def test_a_model_that_is_slow_is_a_result(game: Conversation) -> None:
    time = FakeTime()

    class Slow(ScriptedChat):
        def stream(self, prompt: Any, model: Any = None) -> Any:
            time.spend(60)
            yield from super().stream(prompt, model)

    (turn,) = trial(game, Slow(), time)(game.title, PLAYER, subject(game), case("a")).turns
    assert turn.degraded is not None
    assert "model-slow" in turn.degraded.why
    assert turn.ms >= StagePace().deadline * 900


def test_what_a_process_loads_once_is_nobody_s_time(game: Conversation) -> None:
    time, made = FakeTime(), list[Retriever]()

    def retriever() -> Retriever:
        if not made:
            time.spend(3)
            made.append(Retriever(game.embeddings, game.store))
        return made[0]

    (turn,) = trial(game, None, time, retriever=retriever)(game.title, PLAYER, subject(game), case("a")).turns
    assert turn.degraded is None
    assert turn.ms < 3000


def test_a_conversation_ends_when_its_time_is_up(game: Conversation) -> None:
    time = FakeTime()

    def slowly(prompt: Any) -> dict[str, Any]:
        time.spend(3)
        return {"say": "Well met."}

    patient = msgspec.structs.replace(MIRA, timing=Timing(deadline=25, first_token=25))
    version = game.catalog.put(game.title, "npcs", "mira", msgspec.to_builtins(patient), "writer", "")
    told = subject(game, npcs__mira=version)
    asked = GoldenCase("a", "mira", "conversation", ("One?", "Two?", "Three?", "Four?"))
    tried = trial(game, ScriptedChat(slowly), time)(game.title, PLAYER, told, asked, seconds=8)
    assert [turn.degraded is None for turn in tried.turns] == [True, True, False]
    assert sum(turn.ms for turn in tried.turns) <= 8500


def test_who_is_not_there_is_not_found(game: Conversation) -> None:
    nobody = Subject("nobody", {}, STAGE_MODEL)
    with pytest.raises(NotFound):
        trial(game)(game.title, PLAYER, nobody, case("a", "nobody"))
