"""Gates in conversations: what a player may not know now reaches no prompt, by lore, memory or summary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from npcops.characters import MemoryPolicy
from npcops.lore import OPEN, Gate, Viewer
from npcops.memory import Fact, Memory, Summary
from npcops.model_calls import Prompt
from tests.conversation import DIALOGUE, MIRA, OTTO, Conversation, conversation
from tests.fakes import ScriptedChat, prompt_text
from tests.resources import Resources

KING = Gate(requires=frozenset({"met-king"}))


# A prompt that shows all that is remembered.
EVERYTHING = msgspec.structs.replace(
    DIALOGUE,
    context=DIALOGUE.context
    + "{% for fact in facts %}<fact>{{ fact.text }}</fact>{% endfor %}"
    + "{% for turn in heard %}<heard>{{ turn.reply }}</heard>{% endfor %}",
    variables=(*DIALOGUE.variables, "facts", "heard"),
)


@pytest.fixture
def talk(moto_resources: Resources, tmp_path: Path) -> Iterator[Conversation]:
    with conversation(moto_resources, tmp_path) as made:
        yield made


def test_memories_are_part_of_the_prompt_where_their_gate_is_open(talk: Conversation) -> None:
    talk.publish("prompts", "dialogue", EVERYTHING)
    talk.ask("ann", "Hello?", mode="base")
    (turn,) = talk.told("ann")
    summaries = (Summary("Ann is tall."), Summary("The king is a baker.", KING))
    facts = (Fact("Ann has a brother.", 5, turn.turn_id), Fact("The king owns a cat.", 5, turn.turn_id, KING))
    lineage, memory = talk.players.save(talk.title, "ann", "main").lineage, Memory(summaries, turn.turn_id, facts)
    assert talk.players.keep_memory(talk.title, "ann", "mira", lineage, memory, ttl_days=1)
    talk.ask("ann", "Who am I?", mode="base")
    assert "Ann is tall." in talk.chat.prompts[-1].context
    assert "Ann has a brother." in talk.chat.prompts[-1].context
    assert not {"baker", "cat"} & set(re.findall(r"\w+", prompt_text(talk.chat.prompts[-1])))
    assert talk.told("ann")[-1].gate == OPEN
    talk.flags("ann", "met-king")
    talk.ask("ann", "Who rules?", mode="base")
    assert "The king is a baker." in talk.chat.prompts[-1].context
    assert "The king owns a cat." in talk.chat.prompts[-1].context
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


def test_what_was_said_aloud_is_known_to_those_who_were_there(talk: Conversation) -> None:
    """Otto was never told of the door but for what Mira says; Ann may know of it only while she knows the king."""
    talk.publish("prompts", "dialogue", EVERYTHING)
    talk.lore("secret.md", "The mill hides a door.", Gate(KING.requires, known_by=frozenset({"mira"})))
    talk.chat.answers = [{"say": "There is a door."}, {"say": "Is there?"}]
    talk.flags("ann", "met-king")
    talk.ask("ann", "What does the mill hide?", present=("otto",))
    talk.ask("ann", "What did she say of the mill?", npc="otto", mode="base")
    assert "<heard>There is a door.</heard>" in talk.chat.prompts[-1].context
    talk.flags("ann")
    talk.ask("ann", "What did she say of the mill?", npc="otto", mode="base")
    assert "door" not in prompt_text(talk.chat.prompts[-1])


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
        made.publish("prompts", "dialogue", EVERYTHING)
        made.publish("npcs", "mira", msgspec.structs.replace(MIRA, memory=MemoryPolicy(recent_tokens=20)))
        made.publish("npcs", "otto", msgspec.structs.replace(OTTO, memory=MemoryPolicy(recent_tokens=9)))
        yield made


spoken = st.tuples(
    flags, st.sampled_from(["mira", "mira", "otto"]), st.booleans(), st.sampled_from([False, False, True])
)


@settings(max_examples=25, deadline=None)
@given(st.lists(gates, min_size=1, max_size=3), st.lists(spoken, min_size=1, max_size=6))
@example([REQUIRES_A], [(A, "mira", True, False), (A, "mira", False, False), (NONE, "mira", False, False)])
@example(
    [REQUIRES_A],
    [(A, "otto", True, False)] * 3 + [(A, "otto", False, False)] * 3 + [(NONE, "otto", False, False)],
)
@example(
    [Gate(requires=A, known_by=frozenset({"mira"}))],
    [(A, "mira", True, True), (A, "otto", False, False), (NONE, "otto", False, False)],
)
def test_no_path_leads_gated_lore_to_whom_it_is_closed(
    gossip: Conversation, secrets: list[Gate], turns: list[tuple[frozenset[str], str, bool, bool]]
) -> None:
    """Neither as a passage, nor quoted by an earlier turn, a fact or a summary, nor overheard."""
    words = [f"secret{number}" for number in range(len(secrets))]

    def parrot(prompt: Prompt) -> dict[str, Any] | str:
        quoted = " ".join(word for word in words if word in prompt_text(prompt)) or "Nothing."
        note = {"text": f"I said {quoted}.", "importance": 3}
        return {"say": quoted, "memory": [note]} if prompt.tool else quoted

    gossip.chat = ScriptedChat(parrot)
    gossip.store.drop_title(gossip.title)
    for number, gate in enumerate(secrets):
        gossip.lore(f"{number}.md", f"The mill {words[number]}.", gate)
    player = token_hex(4)
    aloud: set[tuple[str, str]] = set()
    for held, npc, rag, together in turns:
        gossip.flags(player, *held)
        others = tuple({"mira", "otto"} - {npc}) if together else ()
        gossip.ask(player, "What of the mill?", npc, mode="rag" if rag else "base", present=others)
        given = prompt_text(gossip.chat.prompts[-1])
        for word, gate in zip(words, secrets, strict=True):
            known = gate.heard() if (word, npc) in aloud else gate
            assert word not in given or known.admits(Viewer(npc, held))
            assert word in given or not gate.admits(Viewer(npc, held)) or not rag
            aloud |= {(word, listener) for listener in (npc, *others) if word in given}
        for listener in (npc, *others):
            gossip.remember(player, listener)
