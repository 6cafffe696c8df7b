"""Prompts for families of models, and the prompts that have a purpose of their own."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from npcops.characters import PromptTemplate, PromptVariant
from npcops.errors import InvalidTemplate
from npcops.golden import Rubric, RubricExample
from npcops.prompting import for_model
from npcops.template_checks import check
from npcops.templates import render_judge
from tests.conversation import DIALOGUE, conversation
from tests.resources import Resources
from tests.unit.test_templates import CARD, GAME, TEXTS, load, passage

WORLD = Path(__file__).parents[2] / "world"
BASE = PromptTemplate(
    "dialogue", "You are {{ character.name }}.", "{{ player_name }}", variables=("character", "player_name")
)
HAIKU, NOVA = "anthropic.claude-3-haiku-20240307-v1:0", "eu.amazon.nova-lite-v1:0"
JUDGE = PromptTemplate(
    "judge",
    "Judge lines of {{ title.name }}: {{ rubric.question }} {{ rubric.guidance }}",
    "{% for e in rubric.examples %}<e>{{ e.player }}|{{ e.reply }}|{{ e.verdict }}|{{ e.why }}</e>{% endfor %}"
    '{% for p in lore %}<p title="{{ p.title }}">{{ p.text }}</p>{% endfor %}'
    "<question>{{ question }}</question><reply>{{ reply }}</reply>"
    "{% if reference %}<reference>{{ reference }}</reference>{% endif %}{{ character.name }}",
    variables=("character", "lore", "question", "reference", "reply", "rubric", "title"),
)
RUBRIC = Rubric("kind", "Is it kind?", "Warmth counts.")


def with_variants(**variants: PromptVariant) -> PromptTemplate:
    return msgspec.structs.replace(BASE, variants=variants)


def test_a_model_gets_the_prompt_of_its_family() -> None:
    template = with_variants(claude=PromptVariant(system="I am {{ character.name }}.", temperature=0.1))
    assert for_model(template, HAIKU).system == "I am {{ character.name }}."
    assert for_model(template, HAIKU).temperature == 0.1
    assert for_model(template, HAIKU).context == BASE.context
    assert for_model(template, f"{HAIKU}@arn:aws:bedrock:eu-central-1:1:custom-model/x").temperature == 0.1
    for other in (NOVA, "stage-model", ""):
        assert for_model(template, other) == template
    assert for_model(BASE, "no such model") is BASE


@pytest.mark.parametrize(
    ("variants", "fault"),
    [
        ({"gpt": PromptVariant()}, "has a variant for gpt; the families of models are claude, llama, local, mistral"),
        ({"nova": PromptVariant(system="{{ character.nam }}")}, "dialogue (variant nova), `system`, line 1: undefined"),
        ({"nova": PromptVariant(system="{{ title.name }}")}, "dialogue (variant nova) uses title without declaring it"),
        ({"nova": PromptVariant(system="{{ weather }}")}, "dialogue (variant nova) uses weather; there is only"),
        ({"nova": PromptVariant(system="{{ player_name }}")}, "uses player_name in `system`"),
        ({"nova": PromptVariant(context="{% if")}, "dialogue (variant nova), `context`, line 1: syntax error"),
        ({"claude": PromptVariant(), "nova": PromptVariant(system=" ")}, "(variant nova): `system` is empty"),
    ],
)
def test_a_variant_is_checked_like_the_prompt(variants: dict[str, PromptVariant], fault: str) -> None:
    with pytest.raises(InvalidTemplate, match=re.escape(fault)):
        check(with_variants(**variants))


def test_what_only_a_variant_uses_is_used() -> None:
    template = with_variants(nova=PromptVariant(context="{% for p in lore %}{{ p.text }}{% endfor %}"))
    check(msgspec.structs.replace(template, variables=(*BASE.variables, "lore")))
    with pytest.raises(InvalidTemplate, match="declares memory without using it"):
        check(msgspec.structs.replace(template, variables=(*BASE.variables, "lore", "memory")))


@pytest.mark.parametrize(
    ("name", "variable", "fine"),
    [
        ("dialogue", "lore", True),
        ("dialogue", "previous", False),
        ("dialogue", "rubric", False),
        ("summary", "previous", True),
        ("summary", "lore", False),
        ("judge", "reply", True),
        ("judge", "memory", False),
    ],
)
def test_a_prompt_uses_what_its_purpose_has(name: str, variable: str, fine: bool) -> None:
    template = PromptTemplate(name, "Speak.", f"{{{{ {variable} }}}}", variables=(variable,))
    if fine:
        check(template)
        return
    with pytest.raises(InvalidTemplate, match=f"uses {variable}; there is only"):
        check(template)


def test_the_judge_is_given_all_it_needs() -> None:
    check(JUDGE)
    rubric = msgspec.structs.replace(RUBRIC, examples=(RubricExample("Hello?", "Go away.", False, "Rude."),))
    system, context = render_judge(JUDGE, CARD, GAME, [passage(1, "The gate is shut.")], "Who?", "Me.", rubric, "Mira.")
    assert system == "Judge lines of Saltmarsh: Is it kind? Warmth counts."
    assert context == (
        '<e>Hello?|Go away.|False|Rude.</e><p title="Title">The gate is shut.</p>'
        "<question>Who?</question><reply>Me.</reply><reference>Mira.</reference>Mira"
    )
    assert "<reference>" not in render_judge(JUDGE, CARD, GAME, (), "Who?", "Me.", RUBRIC)[1]


@given(TEXTS, TEXTS, TEXTS)
def test_nothing_that_is_judged_can_open_or_close_a_tag(question: str, reply: str, reference: str) -> None:
    examples = (RubricExample(question, reply, True, reference),)
    rubric = msgspec.structs.replace(RUBRIC, examples=examples)
    _, context = render_judge(
        JUDGE, CARD, GAME, [passage(1, reply, question)], question, reply, rubric, f"A {reference}"
    )
    assert context.count("<") == 10


def test_the_sample_judge_works_with_its_rubrics() -> None:
    template = load(WORLD / "prompts" / "judge.yaml", PromptTemplate)
    check(template)
    rubrics = [load(file, Rubric) for file in sorted((WORLD / "rubrics").glob("*.yaml"))]
    assert (
        len({render_judge(template, CARD, GAME, (), "Who?", "Me.", rubric) for rubric in rubrics}) == len(rubrics) >= 3
    )


@pytest.mark.parametrize(("model", "told"), [(HAIKU, "Claude, you are Mira."), (NOVA, "You are Mira in")])
def test_a_turn_is_spoken_with_the_prompt_of_the_model_that_is_asked_first(
    moto_resources: Resources, tmp_path: Path, model: str, told: str
) -> None:
    variants = {"claude": PromptVariant(system="Claude, you are {{ character.name }}.", max_tokens=77)}
    with conversation(moto_resources, tmp_path) as talk:
        talk.publish("prompts", "dialogue", msgspec.structs.replace(DIALOGUE, variants=variants))
        talk.publish("titles", talk.title, {"id": talk.title, "name": "Game", "model": model})
        assert talk.ask("ann", "Hello?").degraded is None
        (prompt,) = talk.chat.prompts
    assert talk.chat.models == [model]
    assert prompt.system.startswith(told)
    assert (prompt.max_tokens == 77) is (model == HAIKU)
