"""The canon gate and models: players get none that was not evaluated exactly as they would hear it, and has passed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from npcops.catalogue import Move
from npcops.errors import GateClosed, InvalidRequest
from npcops.evaluations import Evaluation
from npcops.plan_evaluation import PlanEvaluation
from npcops.plans import Configuration, EvaluationRequest
from npcops.promotions import Promoted
from tests.gating import AT, LABEL, STAGE_MODEL, Studio
from tests.promoting import BY, MIRA, OTTO, PROMPT, Models
from tests.resources import Resources

AT_ONCE = {"percents": (100,), "minutes": 0.0}
REASON = "The demo is at noon."


@pytest.fixture
def models(moto_resources: Resources) -> Models:
    """Mira is guarded by suite `canon`, Otto by none; version 1 is a candidate."""
    made = Models(moto_resources, guarded=True)
    made.register(1)
    made.approve(1)
    made.bus.events.clear()
    return made


def evaluated(models: Models, version: int, **given: Any) -> str:
    return models.studio.evaluate("mira", "canon", model=models.served(version).model, **given)


def refusal(models: Models, version: int = 1, **wanted: Any) -> GateClosed:
    with pytest.raises(GateClosed) as closed:
        models.start(version, **wanted)
    return closed.value


def why(closed: GateClosed) -> list[tuple[str, str]]:
    return [(unmet["npc"], unmet["why"]) for unmet in closed.failing]


def another_prompt(studio: Studio) -> str:
    return studio.store("prompts", msgspec.structs.replace(PROMPT, system="You are {{ character.name }}, and merry."))


def test_a_model_that_was_never_evaluated_is_not_promoted(models: Models) -> None:
    closed = refusal(models)
    assert why(closed) == [("mira", "not-evaluated")]
    assert f"npc eval run --model {models.served(1).model} --npc mira" in str(closed)
    assert models.machines.runs == {}
    assert models.promotions.get(models.title) == Promoted()


def test_a_model_that_has_passed_is_promoted_and_names_its_evaluation(models: Models) -> None:
    evaluation = evaluated(models, 1)
    started, run = models.start(1)
    assert (started.gate, started.evaluations) == ("passed", (evaluation,))
    assert run.finish().state == "PromotionSettled"
    assert models.promotions.moves(models.title, 1)[0].evaluations == (evaluation,)


@pytest.mark.parametrize("outcome", ["failed", "incomplete"])
def test_a_model_that_has_not_passed_is_not_promoted(models: Models, outcome: Any) -> None:
    evaluated(models, 1, outcome=outcome)
    assert why(refusal(models)) == [("mira", outcome)]


def test_an_evaluation_of_another_model_does_not_count(models: Models) -> None:
    evaluated(models, 2)
    models.studio.evaluate("mira", "canon")
    assert why(refusal(models)) == [("mira", "not-evaluated")]


def test_it_is_compared_with_the_model_that_players_have(models: Models) -> None:
    """After another promotion the comparison with the stage's own model tells nothing any more."""
    models.register(2)
    models.approve(2)
    evaluated(models, 1)
    evaluated(models, 2)
    assert models.start(1, **AT_ONCE)[1].finish().state == "PromotionSettled"
    closed = refusal(models, 2)
    assert why(closed) == [("mira", "not-comparable")]
    assert "has changed since" in str(closed)
    evaluated(models, 2)
    assert models.start(2, **AT_ONCE)[1].finish().state == "PromotionSettled"


@pytest.mark.parametrize(
    ("baseline", "counts"),
    [
        (Configuration(), True),
        (Configuration(model="{now}"), True),
        (Configuration(model=STAGE_MODEL), False),
        (None, False),
    ],
)
def test_a_baseline_may_name_the_model_that_players_have(
    models: Models, baseline: Configuration | None, counts: bool
) -> None:
    evaluated(models, 1)
    models.start(1, **AT_ONCE)[1].finish()
    models.register(2)
    models.approve(2)
    if baseline and baseline.model == "{now}":
        baseline = Configuration(model=models.served(1).model)
    evaluated(models, 2, request=EvaluationRequest(baseline=baseline))
    if counts:
        assert models.start(2)[0].gate == "passed"
    else:
        assert why(refusal(models, 2)) == [("mira", "not-comparable")]


def test_only_those_are_asked_of_who_would_speak_by_another_model(models: Models) -> None:
    models.register(2, npcs=("otto",))
    models.approve(2)
    assert models.start(2)[0].gate == "ungated"


def test_others_go_on_to_speak_by_the_model_that_was_evaluated_for_them(models: Models) -> None:
    """Otto gets a model of his own; Mira keeps hers, about which nothing is asked again."""
    models.register(2, npcs=("otto",))
    models.approve(2)
    evaluated(models, 1)
    models.start(1, **AT_ONCE)[1].finish()
    started, run = models.start(2, **AT_ONCE)
    assert started.gate == "ungated"
    assert run.finish().state == "PromotionSettled"
    assert (models.heard("mira"), models.heard("otto")) == ({1: 200}, {2: 200})
    version = another_prompt(models.studio)
    with pytest.raises(GateClosed, match="mira was not evaluated"):
        models.studio.admit("prompts", "dialogue", version)
    models.studio.evaluate("mira", "canon", {"prompts/dialogue": version}, model=models.served(1).model)
    assert models.studio.admit("prompts", "dialogue", version).gate == "passed"


def test_an_override_is_recorded_and_announced(models: Models) -> None:
    started, run = models.start(1, override=REASON)
    assert started.gate == "overridden"
    assert run.finish().state == "PromotionSettled"
    (kind, detail), *_ = models.bus.events
    assert kind == "CanonGateOverridden.v1"
    told = {name: detail[name] for name in ("kind", "name", "version", "before", "by", "why", "npcs", "label")}
    assert told == {
        "kind": "models",
        "name": models.title,
        "version": "1",
        "before": "",
        "by": BY,
        "why": REASON,
        "npcs": ["mira"],
        "label": LABEL,
    }
    begun = models.promotions.moves(models.title, 2)[1]
    assert (begun.kind, begun.gate, begun.why, begun.by) == ("begun", "overridden", REASON, BY)


def test_an_override_that_was_not_needed_is_none(models: Models) -> None:
    evaluated(models, 1)
    assert models.start(1, override=REASON)[0].gate == "passed"
    assert models.bus.events == []


def test_an_override_needs_a_reason(models: Models) -> None:
    with pytest.raises(InvalidRequest):
        models.start(1, override=" " * 12)


@pytest.mark.parametrize("state", ["ShiftTraffic", "SettlePromotion"])
def test_a_label_that_moves_during_a_shift_closes_the_gate_again(models: Models, state: str) -> None:
    """With the other prompt nobody has evaluated the model."""
    evaluated(models, 1)
    _, run = models.start(1, percents=(50, 100), minutes=0.0)
    while run.state != "Wait":
        run.step()
    while run.state != state:
        run.step()
    models.studio.force("prompts", msgspec.structs.replace(PROMPT, system="You are {{ character.name }}, and sad."))
    run.finish()
    assert (run.status, run.state) == ("SUCCEEDED", "PromotionReturned")
    assert models.heard() == {0: 200}
    assert models.consistent()
    assert "mira was not evaluated" in models.bus.events[-1][1]["reasons"][0]


def test_an_override_stands_to_the_end(models: Models) -> None:
    _, run = models.start(1, override=REASON, percents=(50, 100), minutes=0.0)
    while run.state != "WatchShift":
        run.step()
    models.studio.force("npcs", msgspec.structs.replace(MIRA, persona="A pirate."))
    assert run.finish().state == "PromotionSettled"


def test_a_label_moves_only_with_what_was_evaluated_by_the_model_that_players_have(models: Models) -> None:
    studio = models.studio
    evaluated(models, 1)
    version = another_prompt(studio)
    studio.evaluate("mira", "canon", {"prompts/dialogue": version}, model=STAGE_MODEL)
    assert studio.admit("prompts", "dialogue", version).gate == "passed"
    models.start(1, **AT_ONCE)[1].finish()
    with pytest.raises(GateClosed) as closed:
        studio.admit("prompts", "dialogue", version)
    assert why(closed.value) == [("mira", "not-evaluated")]
    # An evaluation that names no model asks the one that players have.
    studio.evaluate("mira", "canon", {"prompts/dialogue": version})
    assert studio.admit("prompts", "dialogue", version).gate == "passed"


def test_an_evaluation_that_names_no_model_plays_the_one_that_players_have(models: Models) -> None:
    served = models.served(1, ("mira",))
    plan = PlanEvaluation(models.studio.catalog, LABEL, STAGE_MODEL, "judge", lambda _: Promoted(served))

    def played(**wanted: Any) -> dict[str, tuple[str, str]]:
        request = EvaluationRequest(npcs=("mira", "otto"), suites=("canon",), **wanted)
        found = plan(Evaluation(models.title, "evaluation", BY, AT, request), ())
        return {npc: (found.candidate[npc].model, found.baseline[npc].model) for npc in ("mira", "otto")}

    own = STAGE_MODEL
    assert played() == {"mira": (served.model, served.model), "otto": (own, own)}
    assert played(candidate=Configuration(model="another")) == {
        "mira": ("another", served.model),
        "otto": ("another", own),
    }


def test_a_title_without_suites_promotes_what_it_likes(moto_resources: Resources) -> None:
    made = Models(moto_resources)
    made.register(1)
    made.approve(1)
    assert made.start(1)[0].gate == "ungated"


def test_the_label_s_history_and_the_model_s_are_two(models: Models) -> None:
    models.studio.catalog.label(
        models.title,
        "npcs",
        "otto",
        Move(
            LABEL,
            models.studio.store("npcs", msgspec.structs.replace(OTTO, role="Miller")),
            models.studio.live("npcs", "otto"),
            BY,
            AT,
        ),
    )
    assert models.promotions.moves(models.title, 10) == []
