"""Whatever is said, kept, loaded, forked and folded, in whatever order: each save remembers its own history."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from npcops.memory import RememberedTurn
from npcops.model_calls import Prompt
from npcops.saves import Fork, Rewind, TakeSnapshot
from tests.fakes import prompt_text
from tests.remembering import Remembering
from tests.resources import Resources

SAVES, SNAPSHOTS, NPCS = ("main", "slot"), ("s1", "s2"), ("mira", "otto")
WORD = re.compile(r"w\d+")
# Three turns of this length outgrow the budget.
LONG = "and so on " * 8
saves, snapshots = st.sampled_from(SAVES), st.sampled_from(SNAPSHOTS)
present = st.sampled_from([("mira",), ("otto",), NPCS])
# (what was said, who was there)
History = tuple[tuple[str, tuple[str, ...]], ...]


def retold(prompt: Prompt) -> str:
    """A summary that leaves nothing out and puts nothing in."""
    return " ".join(dict.fromkeys(WORD.findall(prompt_text(prompt))))


class Late:
    """A `PlayerStore` whose Memories are on their way until they are delivered."""

    def __init__(self, players: Any, under_way: list[Callable[[], object]]) -> None:
        self._players, self._under_way = players, under_way

    def __getattr__(self, name: str) -> Any:
        return getattr(self._players, name)

    def keep_memory(self, *arguments: Any) -> bool:
        self._under_way.append(lambda: self._players.keep_memory(*arguments))
        return True


class Histories(RuleBasedStateMachine):
    """The store beside a model of it: a history is a tuple, so whoever has one keeps it whatever happens later."""

    ours: Remembering

    def __init__(self) -> None:
        super().__init__()
        self.ours.player = f"player-{self.ours.next_id()}"
        self.said: dict[str, History] = {}
        self.kept: dict[str, History] = {}
        self.words = 0
        self.under_way: list[Callable[[], object]] = []
        # One turn at a time is being answered in a save.
        self.waiting: dict[str, Callable[[], None]] = {}

    def _turn(self, save: str, npcs: tuple[str, ...]) -> Callable[[], None]:
        """Begin a turn; what is returned ends it."""
        self.words += 1
        word, turn_id = f"w{self.words}", self.ours.next_id()
        branch = self.ours.save(save).live

        def end() -> None:
            turns = dict.fromkeys(npcs, RememberedTurn(turn_id, f"{word} {LONG}", "Yes."))
            self.ours.players.append_turn(self.ours.title, self.ours.player, branch, turns, ttl_days=1)
            if self.ours.save(save).live == branch:
                self.said[save] = (*self.said.get(save, ()), (word, npcs))

        return end

    @rule(save=saves, npcs=present)
    def speak(self, save: str, npcs: tuple[str, ...]) -> None:
        if save not in self.waiting:
            self._turn(save, npcs)()

    @rule(save=saves, late=st.booleans())
    def speak_until_it_is_folded(self, save: str, late: bool) -> None:
        if save not in self.waiting:
            for _ in range(3):
                self._turn(save, NPCS)()
            self.fold(save, "mira", late)

    @rule(save=saves, npcs=present)
    def begin(self, save: str, npcs: tuple[str, ...]) -> None:
        if save not in self.waiting:
            self.waiting[save] = self._turn(save, npcs)

    @precondition(lambda self: self.waiting)
    @rule(save=saves, twice=st.booleans())
    def end(self, save: str, twice: bool) -> None:
        if end := self.waiting.pop(save, None):
            before = self.said.get(save, ())
            end()
            if twice:
                after = self.said.get(save, before)
                end()
                self.said[save] = after

    @rule(save=saves, name=snapshots)
    def keep(self, save: str, name: str) -> None:
        self.ours.change(TakeSnapshot(save, name))
        self.kept[name] = self.said.get(save, ())

    @rule(save=saves, name=snapshots)
    def load(self, save: str, name: str) -> None:
        if name in self.kept:
            self.ours.change(Rewind(save, name))
            self.said[save] = self.kept[name]

    @rule(source=saves, number=st.integers(0, 2), name=snapshots | st.none())
    def fork(self, source: str, number: int, name: str | None) -> None:
        """Into a save of a new name, in which then goes on what was in one of the others."""
        self.words += 1
        fresh = f"fork-{self.words}"
        if name is None:
            self.ours.change(Fork(fresh, source=source))
            self.said[fresh] = self.said.get(source, ())
        elif name in self.kept:
            self.ours.change(Fork(fresh, snapshot=name))
            self.said[fresh] = self.kept[name]
        else:
            return
        self.speak(fresh, NPCS)
        self.ours.change(TakeSnapshot(fresh, SNAPSHOTS[number % 2]))
        self.kept[SNAPSHOTS[number % 2]] = self.said[fresh]

    @rule(save=saves, npc=st.sampled_from(NPCS), late=st.booleans())
    def fold(self, save: str, npc: str, late: bool) -> None:
        players: Any = Late(self.ours.players, self.under_way) if late else self.ours.players
        self.ours.remember(npc=npc, save=save, players=players)

    @precondition(lambda self: self.under_way)
    @rule()
    def deliver(self) -> None:
        while self.under_way:
            self.under_way.pop()()

    @rule()
    def each_save_remembers_its_history_and_nothing_else(self) -> None:
        for save in {*SAVES, *self.said}:
            for npc in NPCS:
                expected = [word for word, npcs in self.said.get(save, ()) if npc in npcs]
                lineage = self.ours.save(save).lineage
                memory, turns = self.ours.players.recent(self.ours.title, self.ours.player, npc, lineage, 1000)
                told = [*(one.text for one in memory.summaries), *(one.player for one in turns)]
                assert WORD.findall(" ".join(told)) == expected, (save, npc)

    def teardown(self) -> None:
        """At the end of every example, too. A small table makes fast transactions."""
        self.each_save_remembers_its_history_and_nothing_else()
        self.ours.players.erase(self.ours.title, self.ours.player)


def test_each_save_remembers_its_own_history(moto_resources: Resources) -> None:
    class Here(Histories):
        ours = Remembering(moto_resources, retold)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=30,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
