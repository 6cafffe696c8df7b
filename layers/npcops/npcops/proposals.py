"""Tuning runs that were proposed, and what becomes of them when somebody starts one."""

from __future__ import annotations

from collections.abc import Collection

from npcops.tuning_ports import TuningStore

# A title has an open proposal for each NPC at most; those that are not among its newest runs are past.
NEWEST = 100


def take_up(tunings: TuningStore, title: str, npcs: Collection[str], tuning: str, at: str) -> list[str]:
    """Close the proposals that a run takes up, which is for `npcs` (none: all of the title); returns their ids."""
    open_ones = [
        one.id
        for one in tunings.newest(title, NEWEST)
        if one.state == "proposed" and (not npcs or set(one.request.npcs) <= set(npcs))
    ]
    for proposal in open_ones:
        tunings.change(title, proposal, state="stopped", failure=f"Taken up by {tuning}.", ended_at=at)
    return open_ones
