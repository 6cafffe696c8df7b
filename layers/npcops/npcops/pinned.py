"""What is authored for turns, read for one subject: its versions and no others, whatever labels say meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from npcops.characters import ActionSet, ExampleSet, GameTitle, NpcCard, PromptTemplate
from npcops.converse import StagePace
from npcops.plans import Configuration, Subject
from npcops.ports import ScriptSource


def pinned(subject: Subject) -> Configuration:
    """The configuration by which exactly this subject speaks."""
    return Configuration(versions=subject.versions, model=subject.model, lore=subject.lore)


class PinnedScripts:
    """A `ScriptSource` that reads each entry once, as turns of players do that follow each other.

    With `seconds`, no card lets a turn take longer.
    """

    def __init__(self, source: ScriptSource, pace: StagePace) -> None:
        self._source, self._pace = source, pace
        self._read: dict[tuple[str, str], Any] = {}
        self.seconds: float | None = None

    def npc(self, title: str, name: str, label: str) -> tuple[NpcCard, str]:
        """See ScriptSource."""
        card, version = self._once("npcs", title, name, lambda: self._source.npc(title, name, label))
        if self.seconds is None:
            return card, version
        deadline = min(self._pace.of(card).deadline, self.seconds)
        return msgspec.structs.replace(card, timing=msgspec.structs.replace(card.timing, deadline=deadline)), version

    def prompt(self, title: str, name: str, label: str) -> tuple[PromptTemplate, str]:
        """See ScriptSource."""
        return self._once("prompts", title, name, lambda: self._source.prompt(title, name, label))

    def game(self, title: str, label: str) -> tuple[GameTitle, str]:
        """See ScriptSource."""
        return self._once("titles", title, title, lambda: self._source.game(title, label))

    def examples(self, title: str, name: str, label: str) -> tuple[ExampleSet, str]:
        """See ScriptSource."""
        return self._once("examples", title, name, lambda: self._source.examples(title, name, label))

    def actions(self, title: str, name: str, label: str) -> tuple[ActionSet, str]:
        """See ScriptSource."""
        return self._once("actions", title, name, lambda: self._source.actions(title, name, label))

    def _once(self, kind: str, title: str, name: str, read: Callable[[], tuple[Any, str]]) -> tuple[Any, str]:
        found: tuple[Any, str] = self._read.get((kind, f"{title}/{name}")) or read()
        self._read[kind, f"{title}/{name}"] = found
        return found
