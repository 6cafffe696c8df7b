"""Plays a case through `Converse`, in a title with the sample world's characters, prompt and actions."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from npcops.characters import ActionSet, ExampleSet, GameTitle, NpcCard, PromptTemplate
from npcops.dialogue import Told, TurnRequest
from npcops.lore import Gate, Viewer
from npcops.memory import Fact, Memory, RememberedTurn, Summary
from npcops.turn_ids import new_turn_id
from tests.attacks.cases import Case
from tests.conversation import Conversation

WORLD = Path(__file__).parents[2] / "world"
T = TypeVar("T")


def load(path: Path, kind: type[T]) -> T:
    """A file of the sample world."""
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), kind, strict=False)


def _game() -> GameTitle:
    """The title, with the actions of its sets as its own."""
    bare = load(WORLD / "title.yaml", GameTitle)
    sets = [load(WORLD / "actions" / f"{name}.yaml", ActionSet) for name in bare.action_sets]
    actions = (*bare.actions, *(action for found in sets for action in found.actions))
    return msgspec.structs.replace(bare, actions=actions, action_sets=())


GAME = _game()
CARDS = {path.stem: load(path, NpcCard) for path in sorted((WORLD / "npcs").glob("*.yaml"))}


class Heard:
    """A listener that keeps everything, also what was taken back."""

    def __init__(self) -> None:
        self.all, self.counting = "", ""

    def started(self, turn_id: str) -> None:
        """See Listener."""

    def said(self, text: str) -> None:
        """See Listener."""
        self.all += text
        self.counting += text

    def unsaid(self) -> None:
        """See Listener."""
        self.all += "\n"
        self.counting = ""


class Played(msgspec.Struct, frozen=True):
    """What came of a case: its last turn, what was heard, and all that is kept or announced."""

    case: Case
    told: Told
    heard: Heard
    kept: tuple[RememberedTurn, ...]
    events: str
    viewer: Viewer

    @property
    def texts(self) -> list[str]:
        """Everything that leaves the product because of the turn, each part by itself."""
        turn = msgspec.structs.replace(self.told.turn, usage=type(self.told.turn.usage)())
        remembered = [text for kept in self.kept for text in (kept.npc, *(note.text for note in kept.notes))]
        return [turn.say, self.heard.all, *remembered, *_strings(msgspec.to_builtins(turn)), self.events]


class Announced:
    """An event bus that keeps what is put on it."""

    def __init__(self) -> None:
        self.details: list[dict[str, Any]] = []

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        """See EventPublisher."""
        self.details.append(detail)


class Stage:
    """A conversation in which every case, each time it is played, has a player of its own."""

    def __init__(self, talk: Conversation, max_tokens: int | None = None) -> None:
        self._talk = talk
        template = load(WORLD / "prompts" / "dialogue.yaml", PromptTemplate)
        template = msgspec.structs.replace(template, max_tokens=max_tokens or template.max_tokens)
        talk.publish("titles", talk.title, msgspec.structs.replace(GAME, id=talk.title))
        talk.publish("prompts", "dialogue", template)
        for path in sorted((WORLD / "examples").glob("*.yaml")):
            talk.publish("examples", path.stem, load(path, ExampleSet))
        for card in CARDS.values():
            talk.publish("npcs", card.id, card)

    def play(self, case: Case, chat: Any) -> Played:
        """All turns of a case, the last of which is returned. Lore is known to those alone who play its case."""
        talk, player = self._talk, f"{case.id}-{secrets.token_hex(4)}"
        talk.chat = chat
        talk.flags(player, case.id, *case.flags)
        if case.lore:
            talk.lore(f"{case.id}.md", case.lore, Gate(requires=frozenset({case.id})))
        self._remember(case, player)
        heard, announced = Heard(), Announced()
        converse = talk.converse(events=announced)
        for message in (*case.earlier, case.message):
            heard = Heard()
            request = TurnRequest(message, mode="auto" if case.lore else "base", player_name=case.name)
            told = converse(talk.title, player, case.npc, request, listener=heard)
        viewer = Viewer(case.npc, frozenset({case.id, *case.flags}))
        return Played(case, told, heard, tuple(talk.told(player, case.npc)), str(announced.details), viewer)

    def _remember(self, case: Case, player: str) -> None:
        """What lies long ago: summaries and facts first, then exchanges, the character's own and those it heard."""
        players, title = self._talk.players, self._talk.title
        save = players.save(title, player, "main")

        def tell(player_words: str, npc_words: str, speaker: str = "") -> str:
            turn = RememberedTurn(new_turn_id(), player_words, npc_words, speaker=speaker)
            players.append_turn(title, player, save.live, {case.npc: turn}, ttl_days=1)
            return turn.turn_id

        if case.facts or case.summaries:
            until = tell("Good day.", "Good day to you.")
            facts = tuple(Fact(text, 5, until) for text in case.facts)
            memory = Memory(tuple(Summary(text) for text in case.summaries), until, facts)
            assert players.keep_memory(title, player, case.npc, save.lineage, memory, 1)
        for said in (*case.past, *case.heard):
            tell(said.player, said.npc, said.speaker)


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _strings(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in _strings(part)]
    return [value] if isinstance(value, str) else []
