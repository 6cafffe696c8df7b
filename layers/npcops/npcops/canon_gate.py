"""Use case: the canon gate, which lets into production only what golden suites have passed.

It guards the NPCs whose cards name suites. What such an NPC would speak by after a move, of a label or of players to
another model, must have been evaluated, and have passed, exactly as it would then be.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from npcops.catalogue import GateOutcome, Move
from npcops.errors import GateClosed
from npcops.evaluations import SuiteVerdict
from npcops.gate_check import MOST_CASES, MOST_TOLD, GateCheck, Unmet
from npcops.plans import Configuration
from npcops.ports import Catalog
from npcops.promotions import ModelMove, Promoted, Served
from npcops.scripts import DIALOGUE
from npcops.studio_ports import EvaluationStore

__all__ = ["MOST_CASES", "OVERRIDDEN", "Admitted", "CanonGate", "Unmet", "overridden", "overridden_model"]

OVERRIDDEN = "CanonGateOverridden.v1"
MODELS = "models"


class Admitted(msgspec.Struct, frozen=True):
    """By what a move may be made, and the evaluations that this rests on.

    With `fence` (see Catalog.fence) it may only be made if nothing else was moved since.
    """

    gate: GateOutcome = "ungated"
    evaluations: tuple[str, ...] = ()
    fence: str | None = None


class CanonGate:
    """Guards one label.

    `catalog` makes a catalogue that has read nothing yet: what another one keeps could be older than the fence.
    `stage_model` speaks where a title names no model and `promoted` tells of no tuned one.
    """

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        evaluations: EvaluationStore,
        stage_model: str,
        label: str = "production",
        promoted: Callable[[str], Promoted] = lambda _: Promoted(),
    ) -> None:
        self._catalog, self._evaluations, self._stage_model = catalog, evaluations, stage_model
        self._promoted, self.label = promoted, label

    def admit(self, title: str, kind: str, name: str, version: str) -> Admitted:
        """By what the label may be moved to this version. Raises GateClosed, NotFound and InvalidRequest.

        Reads the cards of the NPCs that it may change and what they speak by, once each, and for each of their suites
        the suite and one verdict.
        """
        if not _speaks(title, kind, name):
            return Admitted()
        catalog = self._catalog()
        fence = catalog.fence(title, self.label)
        _, version = catalog.get(title, kind, name, version)
        entry, now = f"{kind}/{name}", self._promoted(title).current
        after = Configuration(label=self.label, versions={entry: version})
        check = GateCheck(catalog, self._evaluations, self._stage_model, title, after, now, now)
        told = _Told(
            f"Version {version} of {entry} is stored, but {self.label} was not moved to it",
            f"--candidate {entry}={version}",
            "move the label again; or move it with an override and its reason",
            self.label,
        )
        return _admitted(check, check.speaking_by(entry), told, fence)

    def admit_model(self, title: str, served: Served) -> Admitted:
        """By what players may be answered by a tuned model: for each NPC that would speak by another model then than
        now, as for labels. Raises GateClosed.
        """
        catalog, now = self._catalog(), self._promoted(title).current
        after = Configuration(label=self.label)
        check = GateCheck(catalog, self._evaluations, self._stage_model, title, after, now, served.over(now))
        told = _Told(
            f"Version {served.version} of the model is approved, but was not promoted",
            f"--model {shlex.quote(served.model)}",
            "promote it again; or promote it with an override and its reason",
            self.label,
        )
        return _admitted(check, check.changing_models(), told)


class _Told(msgspec.Struct, frozen=True):
    """A refusal in words: what was not done, what evaluates it, and how it goes on."""

    refused: str
    candidate: str
    then: str
    label: str


def _admitted(check: GateCheck, npcs: Iterable[str], told: _Told, fence: str | None = None) -> Admitted:
    found = [verdict for npc in npcs for verdict in check.verdicts(npc)]
    if unmet := [one for one in found if isinstance(one, Unmet)]:
        raise GateClosed(_sentence(told, unmet), [msgspec.to_builtins(one) for one in unmet])
    rests_on = [one.evaluation for one in found if isinstance(one, SuiteVerdict)]
    return Admitted("passed" if found else "ungated", tuple(dict.fromkeys(rests_on)), fence)


def overridden(title: str, kind: str, name: str, move: Move, closed: GateClosed) -> dict[str, Any]:
    """The detail of the event that tells of a move which the gate had refused."""
    detail = {"title": title, "kind": kind, "name": name, "npcs": list(closed.npcs)}
    return detail | {field: getattr(move, field) for field in ("label", "version", "before", "by", "at", "why")}


def overridden_model(title: str, label: str, move: ModelMove, closed: GateClosed) -> dict[str, Any]:
    """The same of a model, whose name is its title's and whose versions are numbers."""
    detail = {"title": title, "kind": MODELS, "name": title, "label": label, "npcs": list(closed.npcs)}
    before = str(move.before) if move.before else ""
    return detail | {"version": str(move.version), "before": before, "by": move.by, "at": move.at, "why": move.why}


def _speaks(title: str, kind: str, name: str) -> bool:
    """Whether words of NPCs can rest on such an entry."""
    only = {"prompts": DIALOGUE, "titles": title}
    return kind in ("npcs", "examples", "actions") or name == only.get(kind)


def _sentence(told: _Told, unmet: Sequence[Unmet]) -> str:
    missing = "; ".join(one.told for one in unmet[:MOST_TOLD])
    more = f"; and {len(unmet) - MOST_TOLD} more" if len(unmet) > MOST_TOLD else ""
    return (
        f"{told.refused}: {missing}{more}. "
        f"Mend what is named, then evaluate exactly this with `{_command(told, unmet)}` and {told.then}."
    )


def _command(told: _Told, unmet: Sequence[Unmet]) -> str:
    """What evaluates all that is missing; of many NPCs all are played, as they are where none is named."""
    npcs = list(dict.fromkeys(one.npc for one in unmet))
    named = "".join(f" --npc {npc}" for npc in npcs) if len(npcs) <= MOST_TOLD else ""
    labelled = "" if told.label == "production" else f" --label {told.label} --baseline {told.label}"
    return f"npc eval run {told.candidate}{named}{labelled}"
