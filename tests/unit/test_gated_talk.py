"""Gates in conversations: what a player may not know now reaches no prompt, by lore, memory or summary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from npcops.dialogue import Memory, MemoryPolicy, Summary
from npcops.lore import OPEN, Gate, Viewer
from npcops.model_calls import Prompt
from tests.conversation import MIRA, OTTO, Conversation, conversation
from tests.fakes import ScriptedChat, prompt_text
from tests.resources import Resources

KING = Gate(requires=frozenset({"met-king"}))


@pytest.fixture
def talk(moto_resources: Resources, tmp_path: Path) -> Iterator[Conversation]:
    with conversation(moto_resources, tmp_path) as made:
        yield made


def test_summaries_are_part_of_the_prompt_where_their_gate_is_open(talk: Conversation) -> None:
    talk.ask("ann", "Hello?", mode="base")
    (turn,) = talk.told("ann")
    memory = Memory((Summary("Ann is tall."), Summary("The king is a baker.", KING)), turn.turn_id, 1)
    assert talk.players.save_memory(talk.title, "ann", "mira", "main", memory, ttl_days=1)
    talk.ask("ann", "Who am I?", mode="base")
    assert "Ann is tall." in talk.chat.prompts[-1].context
    assert "baker" not in prompt_text(talk.chat.prompts[-1])
    assert talk.told("ann")[-1].gate == OPEN
    talk.flags("ann", "met-king")
    talk.ask("ann", "Who rules?", mode="base")
    assert "The king is a baker." in talk.chat.prompts[-1].context
    assert talk.told("ann")[-1].gate == KING


def test_a_turn_is_remembered_with_the_gates_of_all_it_may_quote(talk: Conversation) -> None:
    flood = Gate(forbids=frozenset({"flooded"}), known_by=frozenset({"mira", "otto"}))
    talk.lore("king.md", "The king eats bread at the mill.", KING)
    talk.lore("mill.md", "The mill stands dry.", flood)
    talk.flags("ann", "met-king")
    talk.ask("ann", "What of the king and the mill?")
    assert talk.told("ann")[-1].gate == Gate.all_of([KING, flood])
    talk.ask("ann", "Say that again.", mode="base")
    assert talk.told("ann")[-1].gate == Gate.all_of([KING, flood])


def test_a_rewound_world_takes_back_what_was_said(talk: Conversation) -> None:
    talk.lore("king.md", "The king is a baker.", KING)
    talk.chat.answers = [{"say": "The king is a baker!"}, {"say": "I do not know."}]
    talk.flags("ann", "met-king")
    talk.ask("ann", "Who is the king?")
    talk.flags("ann")
    talk.ask("ann", "Who is the king?")
    assert "baker" not in prompt_text(talk.chat.prompts[-1])
    talk.flags("ann", "met-king")
    talk.ask("ann", "Who is the king?")
    assert "The king is a baker!" in prompt_text(talk.chat.prompts[-1])


def test_what_a_character_does_not_know_is_not_given_to_it(talk: Conversation) -> None:
    talk.lore("secret.md", "The mill hides a door.", Gate(known_by=frozenset({"otto"})))
    talk.ask("ann", "What of the mill?", npc="mira")
    talk.ask("ann", "What of the mill?", npc="otto")
    assert ["door" in prompt_text(prompt) for prompt in talk.chat.prompts] == [False, True]


A, NONE = frozenset({"a"}), frozenset[str]()
REQUIRES_A = Gate(requires=A)
flags = st.frozensets(st.sampled_from(["a", "b"]))
gates = (
    st.builds(Gate, requires=st.just(frozenset({"a"})))
    | st.builds(Gate, forbids=st.just(frozenset({"a"})))
    | st.builds(Gate, flags, flags, st.none() | st.frozensets(st.sampled_from(["mira", "otto"]), min_size=1))
)


@pytest.fixture(scope="module")
def gossip(moto_resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversation]:
    """A title whose characters soon fold what they hear."""
    with conversation(moto_resources, tmp_path_factory.mktemp("lore")) as made:
        made.publish("npcs", "mira", msgspec.structs.replace(MIRA, memory=MemoryPolicy(recent_tokens=20)))
        made.publish("npcs", "otto", msgspec.structs.replace(OTTO, memory=MemoryPolicy(recent_tokens=9)))
        yield made


@settings(max_examples=25, deadline=None)
@given(
    st.lists(gates, min_size=1, max_size=3),
    st.lists(st.tuples(flags, st.sampled_from(["mira", "mira", "otto"]), st.booleans()), min_size=1, max_size=6),
)
@example([REQUIRES_A], [(A, "mira", True), (A, "mira", False), (NONE, "mira", False)])
@example([REQUIRES_A], [(A, "otto", True)] * 3 + [(A, "otto", False)] * 3 + [(NONE, "otto", False)])
def test_no_path_leads_gated_lore_to_whom_it_is_closed(
    gossip: Conversation, secrets: list[Gate], turns: list[tuple[frozenset[str], str, bool]]
) -> None:
    """Neither as a passage, nor quoted by an earlier turn, nor by a summary of turns."""
    words = [f"secret{number}" for number in range(len(secrets))]

    def parrot(prompt: Prompt) -> dict[str, Any] | str:
        quoted = " ".join(word for word in words if word in prompt_text(prompt)) or "Nothing."
        return {"say": quoted} if prompt.tool else quoted

    gossip.chat = ScriptedChat(parrot)
    gossip.store.drop_title(gossip.title)
    for number, gate in enumerate(secrets):
        gossip.lore(f"{number}.md", f"The mill {words[number]}.", gate)
    player = token_hex(4)
    for held, npc, rag in turns:
        gossip.flags(player, *held)
        gossip.ask(player, "What of the mill?", npc, mode="rag" if rag else "base")
        given = prompt_text(gossip.chat.prompts[-1])
        for word, gate in zip(words, secrets, strict=True):
            assert word not in given or gate.admits(Viewer(npc, held))
            assert word in given or not gate.admits(Viewer(npc, held)) or not rag
        gossip.remember(player, npc)
