"""What the canon gate asks of each NPC: was it evaluated exactly as it would speak, and has it passed?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Literal

import msgspec

from npcops.characters import NpcCard
from npcops.configured import ConfiguredCatalog, subject_of
from npcops.errors import InvalidRequest, NotFound
from npcops.evaluations import Evaluation, SuiteVerdict
from npcops.golden import GoldenSuite
from npcops.plans import Configuration, Subject
from npcops.ports import Catalog
from npcops.promotions import Served
from npcops.studio_ports import EvaluationStore

# A problem document is for reading; the evaluation's report has all of them.
MOST_CASES = 50
MOST_TOLD = 3


class Unmet(msgspec.Struct, frozen=True):
    """What a move lacks for the sake of one NPC, `told` in words; `cases` are the keys of failing ones."""

    npc: str
    why: Literal["not-evaluated", "not-comparable", "failed", "incomplete", "no-suite", "no-cases", "cannot-speak"]
    told: str
    suite: str = ""
    evaluation: str = ""
    cases: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class GateCheck:
    """One look at everything that a move would change.

    `before` is the tuned model by which players are answered now, `tuned` the one by which they would be then; `after`
    holds what else would be other than it is.
    """

    def __init__(
        self,
        catalog: Catalog,
        evaluations: EvaluationStore,
        stage_model: str,
        title: str,
        after: Configuration,
        before: Served | None,
        tuned: Served | None,
    ) -> None:
        self._catalog, self._evaluations, self._stage_model = catalog, evaluations, stage_model
        self._after, self._before, self._tuned = after, before, tuned
        self.title, self.label = title, after.label
        self._suites: dict[str, tuple[GoldenSuite, str] | None] = {}
        self._known, self._now = dict[str, Evaluation | None](), dict[str, Subject | None]()

    def speaking_by(self, entry: str) -> Iterator[str]:
        """The NPCs that would speak by another version of an entry, and those whose card, of an older release, cannot
        tell.
        """
        kind, _, name = entry.partition("/")
        if kind == "npcs":
            yield name
            return
        if kind == "actions" and name not in self._catalog.game(self.title, self.label)[0].action_sets:
            return
        for npc in self._everybody():
            if kind != "examples" or self._uses(npc, name):
                yield npc

    def changing_models(self) -> Iterator[str]:
        """The NPCs that would speak by another model than they do."""
        for npc in self._everybody():
            if _model(self._before, npc) != _model(self._tuned, npc):
                yield npc

    def _everybody(self) -> Iterator[str]:
        for found in self._catalog.names(self.title, "npcs"):
            if self.label in found["labels"]:
                yield str(found["name"])

    def verdicts(self, npc: str) -> Iterator[SuiteVerdict | Unmet]:
        """What each suite says that guards an NPC now or after the move; nothing for one that none guards."""
        try:
            guards = self._guards(npc)
            if not guards:
                return
            subject, _ = subject_of(self._catalog, self._after, self.title, npc, self._stage_model, self._tuned)
        except (NotFound, InvalidRequest) as error:
            yield Unmet(npc, "cannot-speak", f"{npc} could not speak then ({str(error).rstrip('.')})")
            return
        for suite in guards:
            yield self._verdict(npc, suite, subject)

    def _guards(self, npc: str) -> tuple[str, ...]:
        """A card that names fewer suites than before has to pass those that it drops."""
        after, _ = ConfiguredCatalog(self._catalog, self._after).npc(self.title, npc, self.label)
        before: tuple[str, ...] = ()
        with suppress(NotFound):
            before = self._card(npc).suites
        return tuple(dict.fromkeys((*after.suites, *before)))

    def _uses(self, npc: str, examples: str) -> bool:
        try:
            return examples in self._card(npc).example_sets
        except InvalidRequest:
            return True

    def _card(self, npc: str) -> NpcCard:
        return self._catalog.npc(self.title, npc, self.label)[0]

    def _verdict(self, npc: str, name: str, subject: Subject) -> SuiteVerdict | Unmet:
        found = self._suite(name)
        if found is None:
            return Unmet(npc, "no-suite", f"the card of {npc} names suite {name}, which is not in {self.label}", name)
        suite, version = found
        cases = [case for case in suite.cases if case.npc == npc]
        if not cases:
            return Unmet(npc, "no-cases", f"suite {name} has no case of {npc}", name)
        verdict = self._evaluations.verdict(self.title, npc, name, version, subject.digest)
        if verdict is None:
            return Unmet(npc, "not-evaluated", f"{npc} was not evaluated as it would then be by suite {name}", name)
        if verdict.verdict.outcome != "passed":
            return _not_passed(npc, name, verdict)
        fault = self._not_comparable(npc, verdict, judged=any(case.expected.rubrics for case in cases))
        if fault:
            told = f"evaluation {verdict.evaluation} of {npc} by suite {name} {fault}"
            return Unmet(npc, "not-comparable", told, name, verdict.evaluation)
        return verdict

    def _suite(self, name: str) -> tuple[GoldenSuite, str] | None:
        if name not in self._suites:
            self._suites[name] = None
            with suppress(NotFound):
                content, version = self._catalog.get(self.title, "suites", name, self.label)
                self._suites[name] = msgspec.convert(content, GoldenSuite, strict=False), version
        return self._suites[name]

    def _not_comparable(self, npc: str, verdict: SuiteVerdict, judged: bool) -> str:
        """An evaluation counts that asked for all there is to ask, and compared with what players have."""
        evaluation = self._evaluation(verdict.evaluation)
        if evaluation is None:
            return "is not known any more"
        now = self._live(npc)
        if evaluation.request.baseline not in self._players_have(now):
            return f"did not compare with {self.label}"
        if verdict.baseline != (now.digest if now else ""):
            return f"compared with what was in {self.label} then, which has changed since"
        if judged and not evaluation.request.judge:
            return "did not ask the judge, as cases of the suite want it"
        return ""

    def _players_have(self, now: Subject | None) -> tuple[Configuration, ...]:
        """What an evaluation may have asked for to compare with that."""
        plain = Configuration(self.label)
        return (plain, msgspec.structs.replace(plain, model=now.model)) if now else (plain,)

    def _live(self, npc: str) -> Subject | None:
        """What an NPC speaks by now; None if there is no such NPC yet."""
        if npc not in self._now:
            self._now[npc] = None
            with suppress(NotFound, InvalidRequest):
                now = Configuration(self.label)
                self._now[npc], _ = subject_of(self._catalog, now, self.title, npc, self._stage_model, self._before)
        return self._now[npc]

    def _evaluation(self, evaluation: str) -> Evaluation | None:
        if evaluation not in self._known:
            self._known[evaluation] = None
            with suppress(NotFound):
                self._known[evaluation] = self._evaluations.find(self.title, evaluation)
        return self._known[evaluation]


def _model(served: Served | None, npc: str) -> str:
    """The tuned model of an NPC; empty if it speaks by none."""
    own = served.of(npc) if served else None
    return own.model if own else ""


def _not_passed(npc: str, suite: str, found: SuiteVerdict) -> Unmet:
    verdict, cases = found.verdict, found.verdict.failing[:MOST_CASES]
    reasons = tuple(reason.told for reason in verdict.reasons[:MOST_CASES])
    if verdict.outcome == "incomplete":
        told = f"evaluation {found.evaluation} of {npc} by suite {suite} lacks results"
        return Unmet(npc, "incomplete", told, suite, found.evaluation, cases, reasons)
    told = f"{npc} did not pass suite {suite} in evaluation {found.evaluation}{_listed(cases)}"
    return Unmet(npc, "failed", told, suite, found.evaluation, cases, reasons)


def _listed(cases: Sequence[str]) -> str:
    if not cases:
        return ""
    more = f" and {len(cases) - MOST_TOLD} more" if len(cases) > MOST_TOLD else ""
    return f" ({', '.join(cases[:MOST_TOLD])}{more})"
