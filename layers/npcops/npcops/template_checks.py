"""Refuses prompt templates that cannot be filled, and tells their writer why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import msgspec

from npcops.characters import Example, GameTitle, NpcCard, PromptTemplate
from npcops.errors import InvalidTemplate
from npcops.golden import Rubric, RubricExample
from npcops.lore import OPEN, Passage
from npcops.memory import RememberedTurn
from npcops.model_prices import ChatFamily
from npcops.templates import DatedFact, Moment, render, render_judge, variables_in

JUDGE = "judge"


class Purpose(msgspec.Struct, frozen=True):
    """The variables of a prompt: those that are the same in every turn, and those that only `context` may use."""

    constant: frozenset[str]
    changing: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """Both."""
        return self.constant | self.changing


_ALWAYS = frozenset({"character", "title"})
_TURN = frozenset({"avoid", "facts", "heard", "language", "lore", "memory", "player_name"})
_DIALOGUE = Purpose(_ALWAYS, _TURN)
PURPOSES: dict[str, Purpose] = {
    "dialogue": _DIALOGUE,
    "summary": Purpose(_ALWAYS, frozenset({"previous"})),
    JUDGE: Purpose(_ALWAYS | {"rubric"}, frozenset({"lore", "question", "reply", "reference"})),
}
"""The prompts that there are: a prompt's name says what it is for, and with it what it is filled with."""


def check(template: PromptTemplate) -> None:
    """Refuses, with InvalidTemplate, a prompt that is broken in itself or in what it is for a family of models.

    It must declare the variables that it uses, and those alone. A name that is no purpose is taken for a dialogue's.
    """
    purpose = PURPOSES.get(template.name, _DIALOGUE)
    kinds = [template, *_for_families(template)]
    declared = set(template.variables)
    used = set().union(*(_check_use(kind, purpose, declared) for kind in kinds))
    _refuse(template, declared - used, "declares {} without using it")
    for kind in kinds:
        _try_out(kind, judge=template.name == JUDGE)


def _for_families(template: PromptTemplate) -> list[PromptTemplate]:
    """The prompt as each family that has a variant is given it, by a name that tells which."""
    _refuse(
        template,
        template.variants.keys() - set(get_args(ChatFamily)),
        f"has a variant for {{}}; the families of models are {', '.join(sorted(get_args(ChatFamily)))}",
    )
    return [
        msgspec.structs.replace(template.for_family(family), name=f"{template.name} (variant {family})")
        for family in sorted(template.variants)
    ]


def _check_use(template: PromptTemplate, purpose: Purpose, declared: set[str]) -> set[str]:
    """The variables that are used."""
    in_system = variables_in(template, "system")
    used = in_system | variables_in(template, "context")
    _refuse(template, (used | declared) - purpose.all, f"uses {{}}; there is only {', '.join(sorted(purpose.all))}")
    _refuse(template, used - declared, "uses {} without declaring it in `variables`")
    _refuse(template, in_system & purpose.changing, "uses {} in `system`, which must be the same in every turn")
    return used


def _try_out(template: PromptTemplate, judge: bool) -> None:
    """It has to work with a card that has everything and with one that has next to nothing."""
    for card, moment, rubric in ((_RICH_CARD, _RICH_MOMENT, _RICH_RUBRIC), (_BARE_CARD, Moment(), _BARE_RUBRIC)):
        if judge:
            system, _ = render_judge(template, card, _GAME, moment.passages, "Who?", "I.", rubric, moment.previous)
        else:
            system, _ = render(template, card, _GAME, moment)
        if not system.strip():
            raise InvalidTemplate(f"Prompt {template.name}: `system` is empty.")


def _refuse(template: PromptTemplate, names: Iterable[str], fault: str) -> None:
    if found := sorted(names):
        raise InvalidTemplate(f"Prompt {template.name} {fault.format(', '.join(found))}.")


_GAME = GameTitle("game", "Game", "A game.")
_PASSAGE = Passage("0" * 24, "a.md", "Title", "Title > Heading", "Text.", 1.0, OPEN, True, ("0" * 24,))
_BARE_CARD = NpcCard("npc", "Name", "Persona.")
_RICH_CARD = NpcCard(
    id="npc",
    name="Name",
    persona="Persona.",
    role="Role",
    voice="Voice.",
    knowledge=("Fact.",),
    boundaries=("Boundary.",),
    emotions=("neutral", "warm"),
    examples=(Example("Question?", "Answer.", "Note."),),
    fallbacks={"default": ("Again?",)},
    actions=("wave",),
)
_RICH_MOMENT = Moment(
    passages=(_PASSAGE,),
    summaries=("A summary.",),
    facts=(DatedFact("A fact.", "today"),),
    heard=(RememberedTurn("0", "Question?", "Answer.", speaker="other"),),
    avoid=("A line.",),
    player_name="Player",
    previous="A summary.",
    language="de",
)
_BARE_RUBRIC = Rubric("rubric", "Is it good?")
_RICH_RUBRIC = Rubric("rubric", "Is it good?", "Guidance.", (RubricExample("Question?", "Answer.", True, "Why."),))
