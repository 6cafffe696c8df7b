"""A title whose NPCs are guarded by suites, on doubles of the catalogue and of the table of evaluations."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from npcops.canon_gate import Admitted, CanonGate
from npcops.catalogue import Move
from npcops.characters import ActionSet, ExampleSet, GameTitle, NpcCard, PromptTemplate
from npcops.configured import exists, subject_of
from npcops.errors import Conflict, NotFound
from npcops.evaluations import Evaluation, Outcome, Reason, SuiteVerdict, Verdict
from npcops.golden import Expected, GoldenCase, GoldenSuite
from npcops.plans import Configuration, EvaluationRequest, Subject, SuiteRun
from npcops.promotions import Promoted

T = TypeVar("T")
TITLE, LABEL, STAGE_MODEL, AT = "game", "production", "stage-model", "2026-11-20T10:00:00+00:00"


class MemoryCatalog:
    """A `Catalog` in memory: what the gate reads of it, and moves."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.labels: dict[tuple[str, str], dict[str, str]] = {}
        self.history: list[tuple[str, str, Move]] = []

    def put(self, title: str, kind: str, name: str, content: dict[str, Any], author: str = "", note: str = "") -> str:
        version = hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=8).hexdigest()
        self._stored[kind, name, version] = content
        self.labels.setdefault((kind, name), {})
        return version

    def label(self, title: str, kind: str, name: str, move: Move, fence: str | None = None) -> None:
        self.get(title, kind, name, move.version)
        labels = self.labels[kind, name]
        if labels.get(move.label, "") != move.before or fence not in (None, self.fence(title, move.label)):
            raise Conflict("Moved by somebody else.")
        labels[move.label] = move.version
        self.history.append((kind, name, move))

    def fence(self, title: str, label: str) -> str:
        return str(sum(move.label == label for _, _, move in self.history))

    def get(self, title: str, kind: str, name: str, version_or_label: str) -> tuple[dict[str, Any], str]:
        version = self.labels.get((kind, name), {}).get(version_or_label, version_or_label)
        try:
            return self._stored[kind, name, version], version
        except KeyError:
            raise NotFound(f"{name} has no version or label {version}.") from None

    def names(self, title: str, kind: str) -> list[dict[str, Any]]:
        return [{"name": name, "labels": dict(labels)} for (of, name), labels in self.labels.items() if of == kind]

    def _labelled(self, kind: str, name: str, label: str, shape: type[T]) -> tuple[T, str]:
        version = self.labels.get((kind, name), {}).get(label)
        if not version:
            raise NotFound(f"{name} has no version labelled {label} among the {kind} of this title.")
        return msgspec.convert(self._stored[kind, name, version], shape), version

    def npc(self, title: str, name: str, label: str) -> tuple[NpcCard, str]:
        return self._labelled("npcs", name, label, NpcCard)

    def prompt(self, title: str, name: str, label: str) -> tuple[PromptTemplate, str]:
        return self._labelled("prompts", name, label, PromptTemplate)

    def game(self, title: str, label: str) -> tuple[GameTitle, str]:
        try:
            return self._labelled("titles", title, label, GameTitle)
        except NotFound:
            return GameTitle(title, title), ""

    def examples(self, title: str, name: str, label: str) -> tuple[ExampleSet, str]:
        return self._labelled("examples", name, label, ExampleSet)

    def actions(self, title: str, name: str, label: str) -> tuple[ActionSet, str]:
        return self._labelled("actions", name, label, ActionSet)


class MemoryEvaluations:
    """What the gate reads of an `EvaluationStore`."""

    def __init__(self) -> None:
        self.evaluations: dict[str, Evaluation] = {}
        self.verdicts: dict[tuple[str, str, str, str], SuiteVerdict] = {}
        self.asked: list[tuple[str, str, str, str]] = []

    def find(self, title: str, evaluation: str) -> Evaluation:
        try:
            return self.evaluations[evaluation]
        except KeyError:
            raise NotFound("no such evaluation") from None

    def verdict(self, title: str, npc: str, suite: str, suite_version: str, subject_digest: str) -> SuiteVerdict | None:
        self.asked.append((npc, suite, suite_version, subject_digest))
        return self.verdicts.get(self.asked[-1])


class Studio:
    """Writers, evaluations and the gate of one title.

    `catalog` may be any adapter; without one it is in memory, as evaluations are.
    """

    def __init__(self, catalog: Any = None, title: str = TITLE) -> None:
        self.catalog: Any = catalog or MemoryCatalog()
        self.evaluations = MemoryEvaluations()
        self.title = title
        self.promoted = Promoted()
        self.gate = self.made_gate(lambda _: self.promoted)
        self._numbers = itertools.count(1)

    def made_gate(self, promoted: Callable[[str], Promoted]) -> CanonGate:
        """A gate that is told so by which model players are answered."""
        evaluations: Any = self.evaluations
        self._promoted = promoted
        return CanonGate(lambda: self.catalog, evaluations, STAGE_MODEL, LABEL, promoted)

    def store(self, kind: str, content: Any) -> str:
        """A version that no label points at."""
        return str(self.catalog.put(self.title, kind, name_of(content), msgspec.to_builtins(content), "writer", ""))

    def live(self, kind: str, name: str) -> str:
        """Where production points; empty if nowhere."""
        found = {found["name"]: found["labels"] for found in self.catalog.names(self.title, kind)}
        return str(found.get(name, {}).get(LABEL, ""))

    def force(self, kind: str, content: Any) -> str:
        """A version in production, whatever the gate says."""
        version = self.store(kind, content)
        self.move(kind, name_of(content), version, Admitted("overridden"))
        return version

    def move(self, kind: str, name: str, version: str, admitted: Admitted) -> None:
        """The move that was admitted."""
        before = self.live(kind, name)
        moved = Move(LABEL, version, before, "writer", AT, "", admitted.gate, admitted.evaluations)
        self.catalog.label(self.title, kind, name, moved, admitted.fence)

    def admit(self, kind: str, name: str, version: str) -> Admitted:
        return self.gate.admit(self.title, kind, name, version)

    def release(self, kind: str, content: Any) -> Admitted:
        """What a writer does: store, ask the gate, move."""
        version = self.store(kind, content)
        admitted = self.admit(kind, name_of(content), version)
        self.move(kind, name_of(content), version, admitted)
        return admitted

    def subject(self, npc: str, versions: dict[str, str] | None = None, model: str = "") -> Subject:
        """By what an NPC would speak with some versions (by `kind/name`) or a model in the place of production's."""
        configuration = Configuration(versions=versions or {}, model=model)
        tuned = self._promoted(self.title).current
        return subject_of(self.catalog, configuration, self.title, npc, STAGE_MODEL, tuned)[0]

    def evaluate(
        self,
        npc: str,
        suite: str,
        versions: dict[str, str] | None = None,
        outcome: Outcome = "passed",
        failing: tuple[str, ...] = (),
        request: EvaluationRequest | None = None,
        model: str = "",
    ) -> str:
        """An evaluation of an NPC by a suite, as it would be with these versions, concluded; returns its id."""
        evaluation = f"evaluation-{next(self._numbers)}"
        _, suite_version = self.catalog.get(self.title, "suites", suite, LABEL)
        reasons = (Reason("failing", "Cases fail.", failing),) if outcome == "failed" else ()
        run, subject = SuiteRun(npc, suite, suite_version, ()), self.subject(npc, versions, model)
        before = self.subject(npc).digest if exists(self.catalog, Configuration(), self.title, npc) else ""
        verdict = SuiteVerdict(run, subject, Verdict(outcome, reasons, failing), evaluation, AT, before)
        self.evaluations.evaluations[evaluation] = Evaluation(
            self.title, evaluation, "writer", AT, request or EvaluationRequest(), "concluded", npcs=(npc,)
        )
        self.evaluations.verdicts[npc, suite, suite_version, subject.digest] = verdict
        return evaluation


def name_of(content: Any) -> str:
    """Under what an entry stands in the catalogue."""
    return str(getattr(content, "id", "") or content.name)


def suite(name: str, *npcs: str, rubrics: tuple[str, ...] = (), note: str = "") -> GoldenSuite:
    """A suite with a case for each of some NPCs."""
    expected = Expected(rubrics=rubrics)
    cases = tuple(GoldenCase(f"hello-{npc}", npc, "must-say", ("Hello?",), expected) for npc in npcs)
    return GoldenSuite(name, cases, note)
