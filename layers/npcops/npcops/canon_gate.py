"""Use case: the canon gate, which lets into production only what golden suites have passed.

It guards the NPCs whose cards name suites. What such an NPC would speak by after a move must have been evaluated, and
have passed, exactly as it would then be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

import msgspec

from npcops.catalogue import GateOutcome, Move
from npcops.characters import NpcCard
from npcops.configured import ConfiguredCatalog, subject_of
from npcops.errors import GateClosed, InvalidRequest, NotFound
from npcops.evaluations import Evaluation, SuiteVerdict
from npcops.golden import GoldenSuite
from npcops.plans import Configuration, Subject
from npcops.ports import Catalog
from npcops.scripts import DIALOGUE
from npcops.studio_ports import EvaluationStore

OVERRIDDEN = "CanonGateOverridden.v1"
# A problem document is for reading; the evaluation's report has all of them.
MOST_CASES = 50
MOST_TOLD = 3


class Admitted(msgspec.Struct, frozen=True):
    """By what a move may be made, and the evaluations that this rests on.

    With `fence` (see Catalog.fence) it may only be made if nothing else was moved since.
    """

    gate: GateOutcome = "ungated"
    evaluations: tuple[str, ...] = ()
    fence: str | None = None


class Unmet(msgspec.Struct, frozen=True):
    """What a move lacks for the sake of one NPC, `told` in words; `cases` are the keys of failing ones."""

    npc: str
    why: Literal["not-evaluated", "not-comparable", "failed", "incomplete", "no-suite", "no-cases", "cannot-speak"]
    told: str
    suite: str = ""
    evaluation: str = ""
    cases: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class CanonGate:
    """Guards one label.

    `catalog` makes a catalogue that has read nothing yet: what another one keeps could be older than the fence.
    `stage_model` speaks where a title names no model.
    """

    def __init__(
        self, catalog: Callable[[], Catalog], evaluations: EvaluationStore, stage_model: str, label: str = "production"
    ) -> None:
        self._catalog, self._evaluations, self._stage_model = catalog, evaluations, stage_model
        self.label = label

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
        check = _Check(catalog, self._evaluations, self._stage_model, self.label, title, f"{kind}/{name}", version)
        found = [verdict for npc in check.changed() for verdict in check.verdicts(npc)]
        if unmet := [one for one in found if isinstance(one, Unmet)]:
            raise GateClosed(_sentence(check, unmet), [msgspec.to_builtins(one) for one in unmet])
        rests_on = [one.evaluation for one in found if isinstance(one, SuiteVerdict)]
        return Admitted("passed" if found else "ungated", tuple(dict.fromkeys(rests_on)), fence)


class _Check:
    """One look at everything that a move would change."""

    def __init__(
        self,
        catalog: Catalog,
        evaluations: EvaluationStore,
        stage_model: str,
        label: str,
        title: str,
        entry: str,
        version: str,
    ) -> None:
        self._catalog, self._evaluations, self._stage_model = catalog, evaluations, stage_model
        self.label, self.title, self.entry, self.version = label, title, entry, version
        self._after = Configuration(label=label, versions={entry: version})
        self._suites: dict[str, tuple[GoldenSuite, str] | None] = {}
        self._known, self._now = dict[str, Evaluation | None](), dict[str, str]()

    def changed(self) -> Iterator[str]:
        """The NPCs that would speak by the version, and those whose card, of an older release, cannot tell."""
        kind, _, name = self.entry.partition("/")
        if kind == "npcs":
            yield name
            return
        if kind == "actions" and name not in self._catalog.game(self.title, self.label)[0].action_sets:
            return
        for found in self._catalog.names(self.title, "npcs"):
            npc = found["name"]
            if self.label in found["labels"] and (kind != "examples" or self._uses(npc, name)):
                yield npc

    def verdicts(self, npc: str) -> Iterator[SuiteVerdict | Unmet]:
        """What each suite says that guards an NPC now or after the move; nothing for one that none guards."""
        try:
            guards = self._guards(npc)
            if not guards:
                return
            subject, _ = subject_of(self._catalog, self._after, self.title, npc, self._stage_model)
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
        if evaluation.request.baseline != Configuration(label=self.label):
            return f"did not compare with {self.label}"
        if verdict.baseline != self._live(npc):
            return f"compared with what was in {self.label} then, which has changed since"
        if judged and not evaluation.request.judge:
            return "did not ask the judge, as cases of the suite want it"
        return ""

    def _live(self, npc: str) -> str:
        """The digest of what an NPC speaks by now; empty if there is no such NPC yet."""
        if npc not in self._now:
            self._now[npc] = ""
            with suppress(NotFound, InvalidRequest):
                now, _ = subject_of(self._catalog, Configuration(self.label), self.title, npc, self._stage_model)
                self._now[npc] = now.digest
        return self._now[npc]

    def _evaluation(self, evaluation: str) -> Evaluation | None:
        if evaluation not in self._known:
            self._known[evaluation] = None
            with suppress(NotFound):
                self._known[evaluation] = self._evaluations.find(self.title, evaluation)
        return self._known[evaluation]


def overridden(title: str, kind: str, name: str, move: Move, closed: GateClosed) -> dict[str, Any]:
    """The detail of the event that tells of a move which the gate had refused."""
    detail = {"title": title, "kind": kind, "name": name, "npcs": list(closed.npcs)}
    return detail | {field: getattr(move, field) for field in ("label", "version", "before", "by", "at", "why")}


def _speaks(title: str, kind: str, name: str) -> bool:
    """Whether words of NPCs can rest on such an entry."""
    only = {"prompts": DIALOGUE, "titles": title}
    return kind in ("npcs", "examples", "actions") or name == only.get(kind)


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


def _sentence(check: _Check, unmet: Sequence[Unmet]) -> str:
    told = "; ".join(one.told for one in unmet[:MOST_TOLD])
    more = f"; and {len(unmet) - MOST_TOLD} more" if len(unmet) > MOST_TOLD else ""
    return (
        f"Version {check.version} of {check.entry} is stored, but {check.label} was not moved to it: {told}{more}. "
        f"Mend what is named, then evaluate exactly this with `{_command(check, unmet)}` "
        "and move the label again; or move it with an override and its reason."
    )


def _command(check: _Check, unmet: Sequence[Unmet]) -> str:
    """What evaluates all that is missing; of many NPCs all are played, as they are where none is named."""
    npcs = list(dict.fromkeys(one.npc for one in unmet))
    named = "".join(f" --npc {npc}" for npc in npcs) if len(npcs) <= MOST_TOLD else ""
    labelled = "" if check.label == "production" else f" --label {check.label} --baseline {check.label}"
    return f"npc eval run --candidate {check.entry}={check.version}{named}{labelled}"
