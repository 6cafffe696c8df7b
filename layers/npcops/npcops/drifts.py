"""Typed values of drift: the scheduled evaluations by which it is watched, and what was found and told of an NPC."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from npcops.turn_ids import began, first_id_at

Metric = Literal["pass_rate", "groundedness", "citation_support", "live_groundedness", "live_rating"]
DETECTED = "DriftDetected.v1"
MEASURED = "LiveMeasured.v1"
# Who asked for the evaluations, and for the tuning that is proposed.
DRIFT = "drift"


class Drift(msgspec.Struct, frozen=True):
    """The detail of `DriftDetected.v1`: that an NPC's figure fell from `before` to `after`, and how that is known.

    `at` is the evaluation, or the period of live turns, with which it was seen; of `points`, the first being `since`,
    the `newest` are as low as `after` in the mean. `chance` is how likely points that only scatter would look so.
    `tuning` is the proposed run.
    """

    id: str
    title: str
    npc: str
    metric: Metric
    shape: Literal["lasting", "sudden"]
    before: float
    after: float
    newest: int
    points: int
    since: str
    at: str
    chance: float
    tuning: str = ""


class NpcDrift(msgspec.Struct, frozen=True):
    """What was told of an NPC: by metric, the evaluation or period with which a fall was seen; and the proposed run.

    Only what came after is looked at again. `revision` counts changes, for conditional writes.
    """

    told: dict[str, str] = {}
    proposal: str = ""
    revision: int = 0


def drift_evaluation(title: str, day: str) -> str:
    """The id of the evaluation by which a title is watched on a day (`2026-11-16`): one a day at most.

    It sorts among the others by time, as all ids do.
    """
    told = hashlib.blake2b(f"{DRIFT} {title} {day}".encode(), digest_size=5).hexdigest()
    return f"{first_id_at(f'{day}T00:00:00.000+00:00')}{told}"


def is_drift(title: str, evaluation: str) -> bool:
    """Whether an evaluation is such a one; nobody else can choose an id."""
    return evaluation == drift_evaluation(title, began(evaluation)[:10])


def drift_id(title: str, npc: str, metric: str, at: str) -> str:
    """What identifies a drift to those who must act once."""
    return hashlib.blake2b(f"{title} {npc} {metric} {at}".encode(), digest_size=16).hexdigest()
