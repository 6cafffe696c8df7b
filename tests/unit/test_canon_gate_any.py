"""Whatever happens in whatever order, production holds only what passed, unless a person decided so."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.canon_gate import Admitted
from npcops.characters import Example, ExampleSet, GameTitle, NpcCard, PromptTemplate
from npcops.errors import Conflict, GateClosed, NotFound
from npcops.evaluations import Outcome
from npcops.plans import Configuration, EvaluationRequest
from tests.gating import LABEL, TITLE, Studio, suite

NPCS = ("mira", "otto")
SUITES = ("canon", "manners")
CARDS = [
    NpcCard(npc, npc, persona, suites=suites, example_sets=sets)
    for npc in NPCS
    for persona in ("Dry.", "Merry.")
    for suites, sets in (((), ()), (("canon",), ("greetings",)), (SUITES, ()), (("missing",), ()))
]
PROMPTS = [PromptTemplate("dialogue", f"You are {word}.") for word in ("dry", "merry")]
GAMES = [GameTitle(TITLE, "Game", model=model) for model in ("", "another")]
EXAMPLES = [ExampleSet("greetings", (Example("Hello?", reply),)) for reply in ("Aye.", "Hm.")]
GOLDEN = [suite(name, *NPCS[:count]) for name in SUITES for count in (1, 2)]
ENTRIES = [
    *(("npcs", card) for card in CARDS),
    *(("prompts", prompt) for prompt in PROMPTS),
    *(("titles", game) for game in GAMES),
    *(("examples", examples) for examples in EXAMPLES),
    *(("suites", golden) for golden in GOLDEN),
]
HOW: dict[str, tuple[Outcome, EvaluationRequest]] = {
    "passed": ("passed", EvaluationRequest()),
    "failed": ("failed", EvaluationRequest()),
    "incomplete": ("incomplete", EvaluationRequest()),
    "passed beside nothing": ("passed", EvaluationRequest(baseline=None)),
    "passed beside another label": ("passed", EvaluationRequest(baseline=Configuration("staging"))),
}

Step = tuple[str, Any, str]
entry = st.integers(0, len(ENTRIES) - 1)
some = st.integers(0, 5)
evaluated = st.tuples(st.just("evaluate"), st.sets(entry, max_size=2), st.just("passed"))
asked = st.tuples(st.just("ask"), entry, st.just(""))
moved = st.tuples(st.just("move"), some, st.just(""))
steps = st.one_of(
    evaluated,
    asked,
    moved,
    st.tuples(st.just("release"), entry, st.just("passed")),
    st.tuples(st.just("release"), entry, st.sampled_from(sorted(HOW))),
    st.tuples(st.just("evaluate"), st.sets(entry, max_size=2), st.sampled_from(sorted(HOW))),
    st.tuples(st.just("override"), entry, st.just("")),
    st.tuples(st.just("rollback"), some, st.just("")),
)


class Story:
    """A studio to which things happen; what it is allowed to hold is kept apart from the gate's own doing."""

    def __init__(self) -> None:
        self.studio = Studio()
        self.versions = [(kind, *_stored(self.studio, kind, content)) for kind, content in ENTRIES]
        self.asked: list[tuple[str, str, str, Admitted]] = []
        self.passed: set[tuple[str, str, str]] = set()
        self.excused: dict[str, str] = {}
        self.taken = 0

        for content in (*GOLDEN[1::2], PROMPTS[0], EXAMPLES[0], *CARDS[1::4]):
            self.happen("override", next(place for place, (_, one) in enumerate(ENTRIES) if one is content), "")

    def happen(self, what: str, where: Any, how: str) -> None:
        if what == "release":
            for step in (("evaluate", {where}, how), ("ask", where, ""), ("move", 0, "")):
                self.happen(*step)
        elif what == "evaluate":
            self._evaluate(where, how)
        elif what == "ask":
            self._ask(where)
        elif what == "move":
            self._move(where)
        else:
            self._decide(where, what)

    def _evaluate(self, where: set[int], how: str) -> None:
        """Both NPCs by both suites, as they would be with some versions."""
        chosen = {f"{kind}/{name}": version for kind, name, version in (self.versions[place] for place in where)}
        outcome, request = HOW[how]
        for npc in NPCS:
            for name in SUITES:
                try:
                    subject = self.studio.subject(npc, chosen)
                    self.studio.evaluate(npc, name, chosen, outcome, request=request)
                except NotFound:
                    continue
                if how == "passed":
                    self.passed.add((npc, name, subject.digest))

    def _ask(self, where: int) -> None:
        kind, name, version = self.versions[where]
        try:
            self.asked.append((kind, name, version, self.studio.admit(kind, name, version)))
        except GateClosed:
            return

    def _move(self, where: int) -> None:
        """Of those who were admitted at some time, one moves now."""
        if where < len(self.asked):
            self._apply(*self.asked[-1 - where])

    def _decide(self, where: int, what: str) -> None:
        """A person overrides, or goes back to what was before."""
        history = self.studio.catalog.history
        if what == "override":
            kind, name, version = self.versions[where]
        elif where < len(history) and history[-1 - where][2].before:
            kind, name, moved = history[-1 - where]
            version = moved.before
        else:
            return
        before = self._digests()
        self._apply(kind, name, version, Admitted("overridden" if what == "override" else "rollback"))
        self.excused |= {npc: digest for npc, digest in self._digests().items() if before.get(npc) != digest}

    def _apply(self, kind: str, name: str, version: str, admitted: Admitted) -> None:
        try:
            self.studio.move(kind, name, version, admitted)
        except Conflict:
            return
        self.taken += admitted.gate == "passed"

    def _digests(self) -> dict[str, str]:
        found = {}
        for npc in NPCS:
            try:
                found[npc] = self.studio.subject(npc).digest
            except NotFound:
                continue
        return found

    def closed(self, where: int) -> tuple[dict[str, Any], ...]:
        """What the gate lacks for an entry; nothing if it is open."""
        try:
            self.studio.admit(*self.versions[where])
        except GateClosed as closed:
            return closed.failing
        return ()

    def faults(self) -> list[str]:
        """NPCs who speak by what no evaluation passed, though their cards name suites."""
        wrong = []
        for npc, digest in self._digests().items():
            card, _ = self.studio.catalog.npc(TITLE, npc, LABEL)
            unmet = [name for name in card.suites if (npc, name, digest) not in self.passed]
            if unmet and self.excused.get(npc) != digest:
                wrong.append(f"{npc} by {unmet}")
        return wrong


def _stored(studio: Studio, kind: str, content: msgspec.Struct) -> tuple[str, str]:
    return str(getattr(content, "id", None) or getattr(content, "name", "")), studio.store(kind, content)


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=40))
def test_production_holds_only_what_passed_unless_a_person_decided_so(story: list[Step]) -> None:
    told = Story()
    for step in story:
        told.happen(*step)
        assert told.faults() == []


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=25), entry)
def test_whoever_evaluates_exactly_what_the_gate_asks_for_gets_in(story: list[Step], where: int) -> None:
    """No history makes the gate refuse for ever: it is closed for want of evaluations, or of what the card names."""
    told = Story()
    for step in story:
        told.happen(*step)
    kind, name, version = told.versions[where]
    for unmet in told.closed(where):
        if unmet["why"] not in ("no-suite", "no-cases", "cannot-speak"):
            told.studio.evaluate(unmet["npc"], unmet["suite"], {f"{kind}/{name}": version})
    assert {unmet["why"] for unmet in told.closed(where)} <= {"no-suite", "no-cases", "cannot-speak"}


def test_the_story_has_moves_that_passed() -> None:
    """The property would hold of a gate that is never open."""
    told = Story()
    told.happen("release", 2, "passed")
    assert (told.taken, told.faults()) == (1, [])
