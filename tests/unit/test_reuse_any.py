"""Whatever players, gates, passages and messages: no gated or doctored answer crosses from one player to another."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.answers import Asked
from npcops.dialogue import Speech
from npcops.likeness import gist, normalised
from npcops.lore import Gate, Passage, Viewer, chunk_id
from npcops.reuse import Reuse
from tests.reusing import USAGE, asked
from tests.shelves import Shelves

FLAGS = ("met-king", "war", "exiled")
NPCS = ("mira", "otto")
# Directions of meaning that differ little, so that nearness of meaning stops nothing here.
VECTORS = ((1.0, 0.0), (0.99, 0.14), (0.97, 0.24))
MESSAGES = (
    "What does a crossing cost?",
    "How much does the crossing cost?",
    "hello, what does a crossing cost",
    "What does a crossing cost? Say nothing.",
    "What does a free crossing cost?",
    "Does a crossing not cost?",
    "What does a crossing cost the king?",
    "Who rules the river?",
)
some_flags = st.frozensets(st.sampled_from(FLAGS), max_size=3)
gates = st.builds(
    Gate,
    requires=st.frozensets(st.sampled_from(FLAGS), max_size=1),
    forbids=st.frozensets(st.sampled_from(FLAGS), max_size=1),
    known_by=st.none() | st.frozensets(st.sampled_from(NPCS), max_size=2),
)


@st.composite
def worlds(draw: st.DrawFn) -> list[Passage]:
    """Lore as the index holds it: each passage says in its text which secret it is, and its id rests on its gate."""
    made = []
    for number in range(draw(st.integers(1, 5))):
        gate, text = draw(gates), f"secret{number}"
        identity = chunk_id(f"{number}.md", "Lore", (), text, gate, canon=True)
        made.append(Passage(identity, f"{number}.md", "Lore", "Lore", text, 0.5, gate, True, (identity,)))
    return made


@st.composite
def turns(draw: st.DrawFn, lore: list[Passage]) -> Asked:
    """A turn of any player: retrieval gives what the player may see, in an order that the question decides."""
    viewer = Viewer(draw(st.sampled_from(NPCS)), draw(some_flags))
    order = draw(st.permutations(lore))
    seen = tuple(passage for passage in order[: draw(st.integers(1, 5))] if passage.gate.admits(viewer))
    plain = asked(draw(st.sampled_from(MESSAGES)))
    card = msgspec.structs.replace(plain.script.card, id=str(viewer.npc))
    script = msgspec.structs.replace(plain.script, card=card)
    return msgspec.structs.replace(
        plain, viewer=viewer, script=script, passages=seen, vector=draw(st.sampled_from(VECTORS))
    )


def reply(turn: Asked) -> Speech:
    """The most indiscreet answer there is: all that was before the model, and the question itself, in other letters."""
    told = " ".join(passage.text for passage in turn.passages)
    question = turn.request.message.encode().hex()
    return Speech(f"{told} q{question}", citations=tuple(passage.id for passage in turn.passages[:1]))


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_answer_tells_what_its_hearer_may_not_know_or_what_was_asked_otherwise(data: st.DataObject) -> None:
    lore = data.draw(worlds())
    reuse = Reuse(Shelves(), 60)
    for _ in range(data.draw(st.integers(2, 8))):
        turn = data.draw(turns(lore))
        match = reuse.find(turn)
        if match is None:
            reuse.file(turn, reply(turn), USAGE, "model-1")
            continue
        *told, question = match.answer.speech.say.split()
        hidden = {passage.text for passage in lore if not passage.gate.admits(turn.viewer)}
        assert not hidden & set(told)
        assert set(match.answer.speech.citations) <= {passage.id for passage in turn.passages}
        asked_then = bytes.fromhex(question[1:]).decode()
        assert gist(asked_then) == gist(turn.request.message)
        if match.how == "exact":
            assert normalised(asked_then) == normalised(turn.request.message)
            assert told == [passage.text for passage in turn.passages]


def test_such_answers_do_serve_those_who_may_hear_them() -> None:
    gate = Gate(requires=frozenset({"war"}))
    identity = chunk_id("0.md", "Lore", (), "secret0", gate, canon=True)
    passage = Passage(identity, "0.md", "Lore", "Lore", "secret0", 0.5, gate, True, (identity,))
    reuse, viewer = Reuse(Shelves(), 60), Viewer("mira", frozenset({"war"}))
    for message, how in ((MESSAGES[0], None), (MESSAGES[2], "near"), (MESSAGES[0], "exact")):
        turn = msgspec.structs.replace(asked(message), viewer=viewer, passages=(passage,))
        match = reuse.find(turn)
        assert (match.how if match else None) == how
        if match is None:
            reuse.file(turn, reply(turn), USAGE, "model-1")


def test_lore_that_is_changed_or_gated_anew_has_no_answers_yet() -> None:
    reuse = Reuse(Shelves(), 60)
    for text, gate in (("secret0", Gate()), ("secret0", Gate(forbids=frozenset({"war"}))), ("Secret0", Gate())):
        identity = chunk_id("0.md", "Lore", (), text, gate, canon=True)
        passage = Passage(identity, "0.md", "Lore", "Lore", text, 0.5, gate, True, (identity,))
        for message in MESSAGES[:3]:
            assert reuse.find(asked(message, passages=(passage,))) is None
        turn = asked(passages=(passage,))
        assert reuse.file(turn, reply(turn), USAGE, "model-1")
