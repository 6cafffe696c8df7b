"""What a turn needs from the outside world besides models and lore: players, listeners, speech.

As in `ports`, every method may raise the errors named in its docstring and `StoreUnavailable`; nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from npcops.answers import Answer
from npcops.characters import SpeakingVoice
from npcops.dialogue import Clip, SpokenTurn, TurnRecord, VoiceRequest
from npcops.memory import Branch, Memory, RememberedTurn, Save, Snapshot, Standing, WorldState


class PlayerStore(Protocol):
    """Everything kept about a player: world state, saves, turns, facts, summaries. Partitioned by title and player."""

    def standing(self, title: str, player: str, save: str) -> Standing:
        """World state and save in one consistent read. A save that was never changed is one branch of its own name."""

    def world(self, title: str, player: str) -> WorldState:
        """The player's world state; an empty one if none was set."""

    def set_world(self, title: str, player: str, state: WorldState) -> None:
        """Replace the player's world state."""

    def append_turn(
        self,
        title: str,
        player: str,
        branch: str,
        turns: Mapping[str, RememberedTurn],
        ttl_days: int,
        spoken: SpokenTurn | None = None,
        spoken_days: int = 0,
    ) -> None:
        """Remember one turn as each NPC (the keys) does, and keep it as it was `spoken` (see SpokenTurns), all or none.

        The same turn id twice is stored once; a turn begun before an erasure is not stored.
        """

    def recent(
        self, title: str, player: str, npc: str, lineage: Sequence[Branch], limit: int
    ) -> tuple[Memory, list[RememberedTurn]]:
        """What this NPC remembers of this line of branches: the newest Memory that lies in it (an empty one if there is
        none), and the last `limit` turns after its `until`, oldest first.
        """

    def unfolded(
        self, title: str, player: str, npc: str, lineage: Sequence[Branch], limit: int
    ) -> tuple[Memory, list[RememberedTurn]]:
        """As `recent`, but with the first `limit` turns after the Memory."""

    def keep_memory(
        self, title: str, player: str, npc: str, lineage: Sequence[Branch], memory: Memory, ttl_days: int
    ) -> bool:
        """Add a Memory at the turn `memory.until`, beside the earlier ones, which older saves go back to.

        It is part of every line of branches that holds this turn. Returns False and changes nothing when there is one
        at this turn, or when the turn is not in `lineage` or gone (the player was erased meanwhile: nothing of theirs
        may come back).
        """

    def newest(self, title: str, player: str, branch: str) -> str:
        """The id of a branch's newest turn with whatever NPC, read consistently; empty if the branch has none."""

    def save(self, title: str, player: str, name: str) -> Save:
        """One save, read consistently."""

    def put_save(self, title: str, player: str, save: Save, world: WorldState | None = None) -> bool:
        """Replace the save whose revision is `save.revision - 1`, and the world state if one is given, or neither.

        Returns False when another writer was first, or the player was erased after the live branch had got its id.
        """

    def saves(self, title: str, player: str) -> list[Save]:
        """Every save that was changed or spoken in, by name."""

    def put_snapshot(self, title: str, player: str, snapshot: Snapshot) -> None:
        """Keep a snapshot, in the place of one of the same name; not if the player was erased after `taken_at`."""

    def snapshot(self, title: str, player: str, name: str) -> Snapshot:
        """One snapshot. Raises NotFound."""

    def snapshots(self, title: str, player: str) -> list[Snapshot]:
        """All snapshots, by name."""

    def erase(self, title: str, player: str) -> dict[str, int]:
        """Delete everything of the player; returns how many items of each kind were removed."""


class AnswerStore(Protocol):
    """Answers kept for reuse, on shelves. A shelf is a hash of everything that must be equal for an answer to serve."""

    def newest(self, shelf: str, limit: int) -> list[Answer]:
        """The newest `limit` answers of a shelf that have not expired, newest first."""

    def add(self, shelf: str, answer: Answer, seconds: int) -> None:
        """Keep an answer for so long."""


class Listener(Protocol):
    """Who hears a turn while it is spoken. Every method may raise Disconnected, which ends the turn unremembered."""

    def started(self, turn_id: str) -> None:
        """The turn has an id; before anything else."""

    def said(self, text: str) -> None:
        """More of what the NPC says; all pieces since the start, or the last `unsaid`, make up `Turn.say`."""

    def unsaid(self) -> None:
        """What was said so far does not count: the answer begins anew."""


class TurnRecords(Protocol):
    """The turns of streams, each kept for an hour and gone with its player."""

    def begin(self, title: str, player: str, record: TurnRecord) -> None:
        """Keep a new record, unless the player was erased after the turn had begun."""

    def find(self, title: str, player: str, turn_id: str) -> TurnRecord | None:
        """One record, read consistently."""

    def replace(self, title: str, player: str, before: TurnRecord, after: TurnRecord) -> bool:
        """Put `after` in the place of `before`; False if that is gone, or has another speaker or state by now."""


class Connections(Protocol):
    """The open connections of streams."""

    def post(self, connection: str, frame: bytes) -> None:
        """Send one frame, waiting while the client is slow to take it. Raises Disconnected."""


class SpeechSynthesizer(Protocol):
    """A service that reads aloud."""

    def synthesize(self, text: str, voice: SpeakingVoice, wanted: VoiceRequest) -> Clip:
        """`text` as audio with the shapes of the mouth. Raises VoiceUnavailable."""
