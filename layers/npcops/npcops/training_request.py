"""Typed values that a preprocessing job is given: which run it prepares, and by which text each NPC is prompted."""

from __future__ import annotations

import msgspec

from npcops.tunings import TuningRequest


class TrainedNpc(msgspec.Struct, frozen=True):
    """An NPC that will speak by the model. `system` is the text by which it is prompted in production (without lore
    and memory); `language` is the tag of the one it speaks.
    """

    id: str
    name: str
    system: str
    language: str = "en"


class TrainingRequest(msgspec.Struct, frozen=True):
    """The content of a run's `request.json`: its request with base and NPCs filled in, and these NPCs."""

    title: str
    tuning: str
    request: TuningRequest
    npcs: tuple[TrainedNpc, ...]
