"""Gates: the definition that memory, caches and both vector stores are held to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from npcops.lore import OPEN, Gate, Viewer, chunk_id
from npcops.memory import WorldState

# Some are what a key that merely joins them with punctuation would mistake for others.
FLAGS = ("a", "b", "a,b", "a-b", "b-", "-", "faction:reeds", "place:old mill")
NPCS = ("ferryman", "miller", "*", "")

flag_sets = st.frozensets(st.sampled_from(FLAGS), max_size=3)
gates = st.builds(
    Gate, requires=flag_sets, forbids=flag_sets, known_by=st.none() | st.frozensets(st.sampled_from(NPCS), max_size=2)
)
viewers = st.builds(Viewer, npc=st.none() | st.sampled_from((*NPCS, "stranger")), flags=flag_sets)


@given(gate=gates, viewer=viewers)
def test_a_gate_admits_who_has_all_required_flags_and_no_forbidden_one_and_hears_it_from_one_who_knows(
    gate: Gate, viewer: Viewer
) -> None:
    has_all = all(flag in viewer.flags for flag in gate.requires)
    has_none = not any(flag in viewer.flags for flag in gate.forbids)
    knows = viewer.npc is None or gate.known_by is None or viewer.npc in gate.known_by
    assert gate.admits(viewer) == (has_all and has_none and knows)


@given(several=st.lists(gates, max_size=4), viewer=viewers)
def test_the_gate_of_a_quotation_admits_whom_all_its_sources_admit(several: list[Gate], viewer: Viewer) -> None:
    assert Gate.all_of(several).admits(viewer) == all(gate.admits(viewer) for gate in several)


@given(several=st.lists(gates, max_size=4), viewer=viewers)
def test_joining_gates_depends_on_neither_order_nor_repetition(several: list[Gate], viewer: Viewer) -> None:
    joined = Gate.all_of(several)
    assert Gate.all_of(reversed(several)) == joined
    assert Gate.all_of([*several, *several, OPEN]) == joined


@given(one=gates, other=gates)
def test_keys_are_equal_exactly_for_equal_gates(one: Gate, other: Gate) -> None:
    assert (one.key == other.key) == (one == other)


@given(one=gates, other=gates)
def test_a_chunk_with_another_gate_is_another_chunk(one: Gate, other: Gate) -> None:
    ids = [chunk_id("a.md", "A", (), "Text.", gate, True) for gate in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)


def test_known_by_nobody_is_known_to_no_character_but_to_the_studio() -> None:
    secret = Gate(known_by=frozenset())
    assert not secret.admits(Viewer("ferryman"))
    assert secret.admits(Viewer(None))


def test_faction_and_place_of_a_world_state_open_gates_like_flags() -> None:
    world = WorldState(flags=("war",), faction="reeds", place="old mill")
    viewer = Viewer("miller", world.as_flags())
    assert Gate(requires=frozenset({"war", "faction:reeds"})).admits(viewer)
    assert not Gate(forbids=frozenset({"place:old mill"})).admits(viewer)
    assert not Gate(requires=frozenset({"faction:tide"})).admits(viewer)
