"""Played cases to be scored: a ferrywoman, her lore, and answers that are right or wrong in one respect."""

from __future__ import annotations

from typing import Any

from npcops.characters import Example, GameTitle, NpcCard, PromptTemplate, Script, Timing
from npcops.dialogue import Citation, Usage
from npcops.golden import Expected, GoldenCase
from npcops.lore import OPEN, Passage
from npcops.plans import PlannedCase
from npcops.playings import Check, PlayedTurn, Playing
from npcops.scoring import Scorer
from tests.fakes import WordEmbeddings

CARD = NpcCard(
    id="wenna",
    name="Wenna",
    role="Ferrywoman of the Yeld",
    persona="Wenna has worked the winch of the ferry since 180. Her brother Davy did not come home.",
    knowledge=("Her cat is called Ballast.",),
    examples=(Example("Who lives there?", "Couldn't tell you. I know the river."),),
    fallbacks={
        "unsure": ("That's past my bank.",),
        "refuse": ("Strange water you are fishing in.",),
        "default": ("Ask me at slack water.",),
    },
    timing=Timing(deadline=4),
)
SCRIPT = Script(CARD, "v1", PromptTemplate("dialogue", "{{ character.name }}"), "p1", GameTitle("salt", "Salt"))
FERRY = (
    "A foot passenger pays three chips. A cart pays half a pan. Soldiers pay double. The crossing takes twelve minutes."
)
LIGHT = "The present keeper is Dorrity Penn, a former schoolmistress. She took the post in 201 for the quiet."


def passage(name: str, text: str) -> Passage:
    """A passage of document `name`.md."""
    return Passage(name * 6, f"{name}.md", name.title(), name.title(), text, 1.0, OPEN, True, (name * 6,))


PASSAGES = (passage("ferry", FERRY), passage("light", LIGHT))


def turn(
    say: str, message: str = "What does a crossing cost?", cites: tuple[str, ...] = (), **changed: Any
) -> PlayedTurn:
    """An answer that cites the documents of these names."""
    given = {each.title.lower(): each for each in PASSAGES}
    citations = tuple(Citation(given[name].id, given[name].document, given[name].title) for name in cites)
    fields: dict[str, Any] = {
        "message": message,
        "say": say,
        "emotion": "warm",
        "actions": (),
        "citations": citations,
        "degraded": None,
        "dropped": (),
        "model": "m",
        "usage": Usage(100, 20, 0, 0.001, 800),
        "ms": 900,
        "first_ms": 300,
        **changed,
    }
    return PlayedTurn(**fields)


def planned(kind: Any = "must-say", expected: Expected | None = None, **changed: Any) -> PlannedCase:
    """A case with key `k`."""
    message = changed.pop("message", "What does a crossing cost?")
    case = GoldenCase("c", "wenna", kind, (message,), expected or Expected(), **changed)
    return PlannedCase("k", "canon", case)


def scored(say: str, kind: Any = "must-say", cites: tuple[str, ...] = (), **expected: Any) -> Playing:
    """An answer scored by what it is expected to be like, without judge and toxicity."""
    case = {name: expected.pop(name) for name in ("reference", "language") if name in expected and name != "language"}
    of_turn = {
        name: expected.pop(name) for name in ("actions", "emotion", "degraded", "dropped", "ms") if name in expected
    }
    said = turn(say, cites=cites, **of_turn)
    wanted = planned(kind, Expected(**{name.removeprefix("wants_"): value for name, value in expected.items()}), **case)
    return Scorer(WordEmbeddings(), None, None).score(SCRIPT, wanted, [said], PASSAGES, judge=False)


def check(playing: Playing, name: str) -> Check:
    """The check of this name, of which there must be one."""
    (found,) = [each for each in playing.checks if each.name == name]
    return found
