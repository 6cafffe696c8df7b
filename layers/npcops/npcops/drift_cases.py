"""What a scheduled evaluation keeps of each case, so that only what is equal is compared over months."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from npcops.comparisons import Played
from npcops.plans import Plan, PlannedCase

KEPT = ("pass_rate", "groundedness", "citation_support")
DIGITS = 4


def by_case(plan: Plan, cases: Sequence[PlannedCase], played: Mapping[str, Played]) -> dict[str, dict[str, float]]:
    """The candidate's figures by the digest of each case that was played."""
    return {
        digest(plan, planned): {
            name: round(value, DIGITS) for name in KEPT if (value := case.candidate.get(name)) is not None
        }
        for planned in cases
        if (case := played.get(planned.key))
    }


def digest(plan: Plan, planned: PlannedCase) -> str:
    """Equal where the same is asked and expected, and judged by the same; the suite and its other cases may change."""
    request = plan.request
    asked = msgspec.structs.replace(planned.case, note="")
    told = (asked, planned.judged_by, request.greedy, request.repeats, request.judge)
    return hashlib.blake2b(msgspec.json.encode(told, order="deterministic"), digest_size=6).hexdigest()
