"""The seeded changes on the local model: evaluated with real words and put to the canon gate.

A model of half a billion parameters is shown a part of the prompt (see local.bedrock.prompt). For each change
tests/regressions/changes_local.yaml says how it reaches this model, and of two that they cannot show on it. The words
are the model's own. Its time is reckoned from the tokens that it really read and wrote, because a busy machine must not
decide what passes, and its price is that of a small model of Bedrock. A sample of four is tried;
NPCOPS_REGRESSIONS=all tries every one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from npcops.adapters.bedrock import BedrockChat, BedrockEmbeddings
from npcops.converse import StagePace
from npcops.errors import GateClosed
from npcops.model_calls import Delta, Prompt, Reply
from npcops.scoring import Scorer
from tests.fake_time import FakeTime
from tests.local.real_models import CHAT, EMBEDDINGS, real_models
from tests.regressions.changes import FOLDER, Change, load
from tests.regressions.staging import Staging
from tests.resources import Resources

pytestmark = pytest.mark.models

SAMPLE = ("prompt-leaks-a-secret", "a-dropped-gate", "model-of-the-wrong-family", "a-rule-in-other-words")
# The local model for the price of one that uses tools and has no cache, so that equal prompts cost the same.
MODEL = f"mistral.ministral-3-8b-instruct@{CHAT}"
# Tokens a second of a machine that is neither fast nor slow.
READS, WRITES = 400.0, 30.0
CONTEXT_TOKENS = 500
ALL = load("changes_local.yaml")
PLAYED = [
    change
    for change in ALL
    if not change.cannot and (os.environ.get("NPCOPS_REGRESSIONS") == "all" or change.id in SAMPLE)
]


class Timed:
    """The real model, whose calls take as long as their tokens do."""

    def __init__(self, chat: BedrockChat, time: FakeTime) -> None:
        self._chat, self._time = chat, time

    def stream(self, prompt: Prompt, model: str | None = None) -> Iterator[Delta | Reply]:
        """All of it is waited for, and then told in its time."""
        *deltas, reply = self._chat.stream(prompt, model)
        assert isinstance(reply, Reply)
        self._time.spend(reply.usage.input_tokens / READS)
        for delta in deltas:
            self._time.spend(reply.usage.output_tokens / WRITES / len(deltas))
            yield delta
        yield reply

    def reply(self, prompt: Prompt, model: str | None = None) -> Reply:
        raise AssertionError("turns always stream")


@pytest.fixture(scope="module")
def staging(moto_resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    with real_models() as client:
        time, embeddings = FakeTime(), BedrockEmbeddings(client, EMBEDDINGS)
        made = Staging(
            moto_resources,
            tmp_path_factory.mktemp("lore"),
            Timed(BedrockChat(client, MODEL), time),
            embeddings,
            embeddings.dimensions,
            time,
            Scorer(embeddings, None, None),
            MODEL,
            StagePace(),
            FOLDER / "suite_local.yaml",
            CONTEXT_TOKENS,
        )
        yield made
        made.close()


def test_every_seeded_change_is_there_or_says_why_it_cannot_show() -> None:
    assert [change.id for change in ALL] == [change.id for change in load("changes.yaml")]
    assert [change.id for change in ALL if change.cannot] == [
        "unregistered-action",
        "citation-to-a-passage-that-does-not-say-it",
    ]
    assert {change.id for change in PLAYED} >= set(SAMPLE)


@pytest.mark.parametrize("change", PLAYED, ids=lambda change: change.id)
def test_the_gate_stops_what_breaks_something_and_nothing_else(staging: Staging, change: Change) -> None:
    evaluated = staging.evaluated(change)
    if change.harmless:
        assert evaluated.verdict.outcome == "passed", evaluated.told()
        released = staging.release(change, evaluated.version)
        assert released.move is not None
        assert released.move.gate == "passed"
        staging.back(change)
        return
    assert evaluated.verdict.outcome == "failed", evaluated.told()
    kinds = {reason.kind for reason in evaluated.verdict.reasons}
    assert evaluated.failing & set(change.fails) or change.reason in kinds, evaluated.told()
    with pytest.raises(GateClosed) as closed:
        staging.release(change, evaluated.version)
    assert [unmet["why"] for unmet in closed.value.failing] == ["failed"]
