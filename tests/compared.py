"""An evaluation whose sides have said different things, for blind comparisons."""

from __future__ import annotations

from typing import Any

import msgspec

from npcops.adapters.dynamo_evaluations import DynamoEvaluations
from npcops.adapters.s3_evaluations import S3EvaluationFiles
from npcops.comparing import Comparing
from npcops.dialogue import Usage
from npcops.evaluations import Evaluation
from npcops.golden import GoldenCase
from npcops.people import Preference
from npcops.plans import EvaluationRequest, PlannedCase
from npcops.playings import CaseResult, PlayedTurn, Playing
from tests.opinions import AT, Opinions
from tests.resources import Resources

OURS, THEIRS = "candidate", "baseline"


def playing(*says: str) -> Playing:
    turns = tuple(
        PlayedTurn("Who?", say, "neutral", (), (), None, (), "stage-model", Usage(), 900, 300) for say in says
    )
    return Playing(turns, (), ())


class Compared:
    """A concluded evaluation of cases in which the sides differ, but for the one called `same`."""

    def __init__(self, resources: Resources, title: str, cases: int = 12) -> None:
        self.title = title
        self.evaluations = DynamoEvaluations(resources.dynamodb, resources.name("evaluations"))
        self.files = S3EvaluationFiles(resources.s3, resources.name("evaluations"))
        self.reviews = Opinions(resources, title).store
        self.comparing = Comparing(self.evaluations, self.files, self.reviews)
        self.keys = [f"kings/mira-{number}" for number in range(cases)]
        self.begin("e1")
        for key in self.keys:
            self.put(key, playing(f"{OURS} {key}"), playing(f"{THEIRS} {key}"))
        self.put("kings/same", playing("The king."), playing("The king."))

    def begin(self, name: str, **changes: Any) -> None:
        made = Evaluation(self.title, name, "ada", AT, EvaluationRequest(), "concluded")
        self.evaluations.begin(msgspec.structs.replace(made, **changes))

    def put(self, key: str, *sides: Playing) -> None:
        case = GoldenCase("mira-1", "mira", "must-say", ("Who rules?",))
        candidate, baseline = (sides[:1], sides[1:])
        self.files.put_result(self.title, "e1", CaseResult(PlannedCase(key, "kings", case), candidate, baseline))

    def all_pairs(self, rater: str, liked: str = OURS) -> list[tuple[str, bool]]:
        """Judges every pair; the cases in the order in which they came, with whether the candidate stood first."""
        seen = []
        pair = self.comparing.next_pair(self.title, "e1", rater).pair
        while pair:
            first = pair.first.startswith(OURS)
            seen.append((pair.case, first))
            choice: Any = "neither" if not liked else "first" if first == (liked == OURS) else "second"
            pair = self.comparing.prefer(self.title, "e1", rater, Preference(pair.case, choice)).pair
        return seen
