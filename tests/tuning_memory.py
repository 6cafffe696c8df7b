"""What the work of callback steps is done on besides Bedrock and SageMaker: runs, evaluations, cards, cases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from npcops.characters import NpcCard
from npcops.errors import Conflict, NotFound
from npcops.evaluations import Comparison, Evaluation, Outcome, Verdict
from npcops.golden import GoldenCase, GoldenSuite
from npcops.tunings import DataReport, Tuning

SUITE = GoldenSuite("basics", (GoldenCase("toll", "mira", "must-say", ("What does it cost?",)),))
HELD_OUT = (
    GoldenCase("h1", "mira", "persona", ("Who are you?",), reference="Mira, of the ferry."),
    GoldenCase("h2", "ghost", "persona", ("Who are you?",), reference="Nobody who has a card."),
)


class MemoryTunings:
    """A `TuningStore` of runs."""

    def __init__(self, *tunings: Tuning) -> None:
        self.kept = {(one.title, one.id): one for one in tunings}

    def begin(self, tuning: Tuning) -> None:
        """See TuningStore."""
        self.kept[tuning.title, tuning.id] = tuning

    def find(self, title: str, tuning: str) -> Tuning:
        """See TuningStore."""
        if (title, tuning) not in self.kept:
            raise NotFound("There is no tuning of this id.")
        return self.kept[title, tuning]

    def change(self, title: str, tuning: str, **fields: Any) -> Tuning:
        """See TuningStore."""
        known = self.find(title, tuning)
        self.kept[title, tuning] = msgspec.structs.replace(known, **fields, revision=known.revision + 1)
        return self.kept[title, tuning]

    def newest(self, title: str, limit: int, before: str = "") -> list[Tuning]:
        """See TuningStore."""
        return list(self.kept.values())

    def everywhere(self) -> Iterable[Tuning]:
        """See TuningStore."""
        return [one for one in self.kept.values() if one.deployment]


class MemoryEvaluations:
    """Evaluations, and the state machine that plays them: the store, files and starter that use cases need."""

    def __init__(self) -> None:
        self.kept: dict[str, Evaluation] = {}
        self.cases: dict[str, tuple[GoldenCase, ...]] = {}
        self.runs: dict[str, bool] = {}

    def begin(self, evaluation: Evaluation) -> None:
        """See EvaluationStore."""
        if evaluation.id in self.kept:
            raise Conflict("There is one.")
        self.kept[evaluation.id] = evaluation

    def find(self, title: str, evaluation: str) -> Evaluation:
        """See EvaluationStore."""
        if evaluation not in self.kept:
            raise NotFound("There is no evaluation of this id.")
        return self.kept[evaluation]

    def put_cases(self, title: str, evaluation: str, cases: tuple[GoldenCase, ...]) -> None:
        """See EvaluationFiles."""
        self.cases[evaluation] = cases

    def report_uri(self, title: str, evaluation: str, name: str) -> str:
        """See EvaluationFiles."""
        return f"s3://evaluations/{title}/{evaluation}/{name}"

    def start(self, title: str, evaluation: str, attempt: int) -> None:
        """See EvaluationStarter."""
        self.runs.setdefault(evaluation, True)

    def running(self, evaluation: str, attempt: int) -> bool:
        """See EvaluationStarter."""
        return self.runs.get(evaluation, False)

    def conclude(self, outcome: Outcome, comparisons: tuple[Comparison, ...] = ()) -> None:
        """What is evaluated now ends so."""
        for name, known in self.kept.items():
            self.runs[name] = False
            verdict = Verdict(outcome, ())
            self.kept[name] = msgspec.structs.replace(
                known, state="concluded", verdict=verdict, comparisons=comparisons
            )

    def fail(self, failure: str) -> None:
        """What is evaluated now fails."""
        for name, known in self.kept.items():
            self.runs[name] = False
            self.kept[name] = msgspec.structs.replace(known, state="failed", failure=failure)


class Cards:
    """What of a catalogue is asked for: NPCs, and one suite."""

    def __init__(self, suites: tuple[str, ...] = ("basics",)) -> None:
        self.cards = {
            "mira": NpcCard("mira", "Mira", "Rows.", suites=suites),
            "otto": NpcCard("otto", "Otto", "Mills.", suites=suites),
        }

    def names(self, title: str, kind: str) -> list[dict[str, Any]]:
        """See Catalog."""
        return [{"name": name} for name in self.cards]

    def npc(self, title: str, name: str, label: str) -> tuple[NpcCard, str]:
        """See Catalog."""
        if name not in self.cards:
            raise NotFound("There is no such NPC.")
        return self.cards[name], "1"

    def get(self, title: str, kind: str, name: str, version_or_label: str) -> tuple[dict[str, Any], str]:
        """See Catalog."""
        return dict(msgspec.to_builtins(SUITE)), "1"


class HeldOut:
    """The files of a run: the cases that were not learned, and the data report (None: there is none)."""

    def __init__(self) -> None:
        self.cases: tuple[GoldenCase, ...] = HELD_OUT
        self.report: DataReport | None = None

    def get(self, title: str, tuning: str, name: str) -> bytes:
        """See TrainingFiles."""
        if name == "data/report.json" and self.report:
            return msgspec.json.encode(self.report)
        if name != "data/heldout.jsonl" or not self.cases:
            raise NotFound("There is no such file.")
        return b"".join(msgspec.json.encode(case) + b"\n" for case in self.cases)
