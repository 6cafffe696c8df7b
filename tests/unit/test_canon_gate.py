"""The canon gate: what was not evaluated exactly as it would be, and has not passed, does not come into production."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from npcops import problems
from npcops.canon_gate import MOST_CASES, Admitted, CanonGate, overridden
from npcops.catalogue import Move
from npcops.characters import ActionSet, ActionSpec, Example, ExampleSet, GameTitle, NpcCard, PromptTemplate
from npcops.errors import Conflict, GateClosed, InvalidRequest, NotFound
from npcops.plans import Configuration, EvaluationRequest
from tests.gating import AT, LABEL, TITLE, MemoryCatalog, Studio, suite

MIRA = NpcCard("mira", "Mira", "A ferrywoman.", suites=("canon",))
OTTO = NpcCard("otto", "Otto", "A miller.")
PROMPT = PromptTemplate("dialogue", "You are {{ character.name }}.", variables=("character",))
GAME = GameTitle(TITLE, "The game")
ANOTHER_PROMPT = msgspec.structs.replace(PROMPT, system="You are {{ character.name }}, and merry.")


@pytest.fixture
def studio() -> Studio:
    """Mira is guarded by suite `canon`, Otto by none; what is in production came there before there was a gate."""
    made = Studio()
    made.force("suites", suite("canon", "mira", "otto"))
    for kind, content in (("prompts", PROMPT), ("titles", GAME), ("npcs", MIRA), ("npcs", OTTO)):
        made.force(kind, content)
    return made


def refusal(studio: Studio, kind: str, name: str, version: str) -> GateClosed:
    with pytest.raises(GateClosed) as closed:
        studio.admit(kind, name, version)
    return closed.value


replaced = msgspec.structs.replace


def why(closed: GateClosed) -> list[tuple[str, str, str]]:
    return [(unmet["npc"], unmet["suite"], unmet["why"]) for unmet in closed.failing]


def test_what_was_never_evaluated_is_refused(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    assert why(refusal(studio, "prompts", "dialogue", version)) == [("mira", "canon", "not-evaluated")]


def test_what_has_passed_is_admitted_and_names_its_evaluation(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    evaluation = studio.evaluate("mira", "canon", {"prompts/dialogue": version})
    admitted = studio.admit("prompts", "dialogue", version)
    assert (admitted.gate, admitted.evaluations) == ("passed", (evaluation,))
    studio.move("prompts", "dialogue", version, admitted)
    assert studio.live("prompts", "dialogue") == version


def test_what_has_failed_is_refused_with_its_cases(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    evaluation = studio.evaluate("mira", "canon", {"prompts/dialogue": version}, "failed", ("canon/hello-mira",))
    closed = refusal(studio, "prompts", "dialogue", version)
    assert closed.failing == (
        {
            "npc": "mira",
            "why": "failed",
            "told": f"mira did not pass suite canon in evaluation {evaluation} (canon/hello-mira)",
            "suite": "canon",
            "evaluation": evaluation,
            "cases": ("canon/hello-mira",),
            "reasons": ("Cases fail.",),
        },
    )


def test_what_lacks_results_is_refused(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    studio.evaluate("mira", "canon", {"prompts/dialogue": version}, "incomplete")
    assert why(refusal(studio, "prompts", "dialogue", version)) == [("mira", "canon", "incomplete")]


def test_the_newest_verdict_counts(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    studio.evaluate("mira", "canon", {"prompts/dialogue": version})
    studio.evaluate("mira", "canon", {"prompts/dialogue": version}, "failed")
    assert why(refusal(studio, "prompts", "dialogue", version)) == [("mira", "canon", "failed")]


def test_an_evaluation_of_anything_else_does_not_count(studio: Studio) -> None:
    """Of production as it is, of the version beside another card, by another version of the suite."""
    version = studio.store("prompts", ANOTHER_PROMPT)
    card = studio.store("npcs", msgspec.structs.replace(MIRA, persona="A pirate."))
    studio.evaluate("mira", "canon")
    studio.evaluate("mira", "canon", {"prompts/dialogue": version, "npcs/mira": card})
    assert why(refusal(studio, "prompts", "dialogue", version)) == [("mira", "canon", "not-evaluated")]
    studio.evaluate("mira", "canon", {"prompts/dialogue": version})
    studio.force("suites", suite("canon", "mira", "otto", note="With other cases."))
    assert why(refusal(studio, "prompts", "dialogue", version)) == [("mira", "canon", "not-evaluated")]


def test_a_change_in_between_asks_for_another_evaluation(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    studio.evaluate("mira", "canon", {"prompts/dialogue": version})
    studio.force("titles", msgspec.structs.replace(GAME, description="Another game."))
    assert why(refusal(studio, "prompts", "dialogue", version)) == [("mira", "canon", "not-evaluated")]


@pytest.mark.parametrize(
    ("request_", "judged", "fault"),
    [
        (EvaluationRequest(baseline=None), False, "not-comparable"),
        (EvaluationRequest(baseline=Configuration(versions={"prompts/dialogue": "0123"})), False, "not-comparable"),
        (EvaluationRequest(baseline=Configuration(model="a-slow-one")), False, "not-comparable"),
        (EvaluationRequest(judge=False), True, "not-comparable"),
        (EvaluationRequest(judge=False), False, ""),
        (EvaluationRequest(greedy=False, repeats=3), True, ""),
    ],
)
def test_an_evaluation_counts_if_it_asked_for_everything(
    studio: Studio, request_: EvaluationRequest, judged: bool, fault: str
) -> None:
    studio.force("suites", suite("canon", "mira", rubrics=("dry",) if judged else ()))
    version = studio.store("prompts", ANOTHER_PROMPT)
    studio.evaluate("mira", "canon", {"prompts/dialogue": version}, request=request_)
    if fault:
        assert why(refusal(studio, "prompts", "dialogue", version)) == [("mira", "canon", fault)]
    else:
        assert studio.admit("prompts", "dialogue", version).gate == "passed"


def test_an_evaluation_counts_as_long_as_players_have_what_it_compared_with(studio: Studio) -> None:
    before, better, worse = studio.live("npcs", "mira"), replaced(MIRA, role="Dear"), replaced(MIRA, role="Dull")
    version = studio.store("npcs", worse)
    evaluation = studio.evaluate("mira", "canon", {"npcs/mira": version})
    studio.force("npcs", better)
    closed = refusal(studio, "npcs", "mira", version)
    assert why(closed) == [("mira", "canon", "not-comparable")]
    assert "has changed since" in str(closed)
    studio.move("npcs", "mira", before, Admitted("rollback"))
    assert studio.admit("npcs", "mira", version).evaluations == (evaluation,)


def test_what_went_in_by_an_override_is_not_let_in_again_for_being_like_itself(studio: Studio) -> None:
    before = studio.live("npcs", "mira")
    version = studio.force("npcs", replaced(MIRA, role="Dull"))
    studio.evaluate("mira", "canon")
    studio.move("npcs", "mira", before, Admitted("rollback"))
    assert why(refusal(studio, "npcs", "mira", version)) == [("mira", "canon", "not-comparable")]


def test_an_evaluation_that_is_not_known_any_more_does_not_count(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    del studio.evaluations.evaluations[studio.evaluate("mira", "canon", {"prompts/dialogue": version})]
    assert why(refusal(studio, "prompts", "dialogue", version)) == [("mira", "canon", "not-comparable")]


def test_a_card_is_judged_by_itself_alone(studio: Studio) -> None:
    studio.force("npcs", msgspec.structs.replace(OTTO, suites=("canon",)))
    card = studio.store("npcs", msgspec.structs.replace(MIRA, persona="A pirate."))
    assert why(refusal(studio, "npcs", "mira", card)) == [("mira", "canon", "not-evaluated")]
    studio.evaluate("mira", "canon", {"npcs/mira": card})
    assert studio.admit("npcs", "mira", card).gate == "passed"


def test_a_prompt_is_judged_by_all_who_are_guarded(studio: Studio) -> None:
    studio.force("npcs", msgspec.structs.replace(OTTO, suites=("canon",)))
    version = studio.store("prompts", ANOTHER_PROMPT)
    first = studio.evaluate("mira", "canon", {"prompts/dialogue": version})
    assert why(refusal(studio, "prompts", "dialogue", version)) == [("otto", "canon", "not-evaluated")]
    second = studio.evaluate("otto", "canon", {"prompts/dialogue": version})
    assert set(studio.admit("prompts", "dialogue", version).evaluations) == {first, second}


def test_a_model_and_a_snapshot_of_lore_go_by_the_title(studio: Studio) -> None:
    for changed in ({"model": "another-model"}, {"lore": "0123456789abcdef"}):
        version = studio.store("titles", msgspec.structs.replace(GAME, **changed))
        assert why(refusal(studio, "titles", TITLE, version)) == [("mira", "canon", "not-evaluated")]
        studio.evaluate("mira", "canon", {f"titles/{TITLE}": version})
        assert studio.admit("titles", TITLE, version).gate == "passed"


def test_sets_are_judged_by_those_who_use_them(studio: Studio) -> None:
    greetings, wave = (
        ExampleSet("greetings", (Example("Hello?", "Aye."),)),
        ActionSet("common", (ActionSpec("wave", "Wave."),)),
    )
    examples, actions = studio.store("examples", greetings), studio.store("actions", wave)
    assert studio.admit("examples", "greetings", examples).gate == "ungated"
    assert studio.admit("actions", "common", actions).gate == "ungated"
    studio.force("examples", greetings)
    studio.force("actions", wave)
    studio.force("npcs", msgspec.structs.replace(MIRA, example_sets=("greetings",)))
    studio.force("titles", msgspec.structs.replace(GAME, action_sets=("common",)))
    more = studio.store("examples", ExampleSet("greetings", (Example("Hello?", "Hm."),)))
    bow = studio.store("actions", ActionSet("common", (ActionSpec("bow", "Bow."),)))
    for kind, name, version in (("examples", "greetings", more), ("actions", "common", bow)):
        assert why(refusal(studio, kind, name, version)) == [("mira", "canon", "not-evaluated")]
        studio.evaluate("mira", "canon", {f"{kind}/{name}": version})
        assert studio.admit(kind, name, version).gate == "passed"


@pytest.mark.parametrize("kind", ["suites", "rubrics", "policies", "prompts", "titles"])
def test_what_no_words_rest_on_passes_unasked(studio: Studio, kind: str) -> None:
    version = studio.catalog.put(TITLE, kind, "summary", {"name": "summary", "system": "Summarise."})
    assert studio.admit(kind, "summary", version) == Admitted("ungated")
    assert studio.evaluations.asked == []


def test_who_names_no_suite_is_not_guarded(studio: Studio) -> None:
    version = studio.store("npcs", msgspec.structs.replace(OTTO, persona="A baker."))
    assert studio.admit("npcs", "otto", version).gate == "ungated"


def test_a_suite_that_does_not_exist_opens_no_gate(studio: Studio) -> None:
    card = msgspec.structs.replace(OTTO, suites=("imagined",))
    closed = refusal(studio, "npcs", "otto", studio.store("npcs", card))
    assert why(closed) == [("otto", "imagined", "no-suite")]
    assert "the card of otto names suite imagined, which is not in production" in str(closed)
    studio.store("suites", suite("imagined", "otto"))
    assert why(refusal(studio, "npcs", "otto", studio.store("npcs", card))) == [("otto", "imagined", "no-suite")]


def test_a_suite_without_cases_of_the_npc_opens_no_gate(studio: Studio) -> None:
    studio.force("suites", suite("others", "mira"))
    version = studio.store("npcs", msgspec.structs.replace(OTTO, suites=("others",)))
    studio.evaluate("otto", "others", {"npcs/otto": version})
    assert why(refusal(studio, "npcs", "otto", version)) == [("otto", "others", "no-cases")]


@pytest.mark.parametrize("kept", [(), ("others",)])
def test_a_card_that_drops_a_suite_still_has_to_pass_it(studio: Studio, kept: tuple[str, ...]) -> None:
    studio.force("suites", suite("others", "mira"))
    version = studio.store("npcs", msgspec.structs.replace(MIRA, suites=kept))
    for name in kept:
        studio.evaluate("mira", name, {"npcs/mira": version})
    assert why(refusal(studio, "npcs", "mira", version)) == [("mira", "canon", "not-evaluated")]
    studio.evaluate("mira", "canon", {"npcs/mira": version})
    assert studio.admit("npcs", "mira", version).gate == "passed"


def test_a_first_version_is_no_exception(studio: Studio) -> None:
    new = NpcCard("ines", "Ines", "A smith.", suites=("canon",))
    studio.force("suites", suite("canon", "mira", "otto", "ines"))
    version = studio.store("npcs", new)
    assert why(refusal(studio, "npcs", "ines", version)) == [("ines", "canon", "not-evaluated")]
    studio.evaluate("ines", "canon", {"npcs/ines": version})
    assert studio.admit("npcs", "ines", version).gate == "passed"


def test_who_could_not_speak_then_is_refused_with_what_is_missing(studio: Studio) -> None:
    version = studio.store("npcs", msgspec.structs.replace(MIRA, example_sets=("nowhere",)))
    closed = refusal(studio, "npcs", "mira", version)
    assert why(closed) == [("mira", "", "cannot-speak")]
    assert "nowhere has no version labelled production among the examples of this title" in str(closed)
    mute = studio.store("titles", msgspec.structs.replace(GAME, action_sets=("nowhere",)))
    assert why(refusal(studio, "titles", TITLE, mute)) == [("mira", "", "cannot-speak")]


def test_a_card_of_an_older_release_closes_the_gate_and_an_override_can_open_it() -> None:
    """What cannot be read tells of no suites: it is a person who decides, who can."""
    catalog = MemoryCatalog()
    there = catalog.npc

    def npc(title: str, name: str, label: str) -> tuple[NpcCard, str]:
        if name == "otto":
            raise InvalidRequest("Version 0123 of otto is not a valid entry of npcs: Expected `int`.")
        return there(title, name, label)

    made = Studio(catalog)
    for kind, content in (("prompts", PROMPT), ("titles", GAME), ("npcs", OTTO)):
        made.force(kind, content)
    catalog.npc = npc
    examples = made.store("examples", ExampleSet("greetings", (Example("Hi.", "Ho."),)))
    for kind, name, version in (
        ("prompts", "dialogue", made.store("prompts", ANOTHER_PROMPT)),
        ("npcs", "otto", made.store("npcs", replaced(OTTO, role="Miller"))),
        ("examples", "greetings", examples),
    ):
        assert why(refusal(made, kind, name, version)) == [("otto", "", "cannot-speak")]


def test_a_version_that_is_not_there_is_not_found(studio: Studio) -> None:
    with pytest.raises(NotFound):
        studio.admit("prompts", "dialogue", "0" * 16)


def test_nothing_is_moved_that_something_else_overtook(studio: Studio) -> None:
    """Two changes, each evaluated, but not together; also if the other is a card of which the first knew nothing."""
    prompt, card = (
        studio.store("prompts", ANOTHER_PROMPT),
        studio.store("npcs", msgspec.structs.replace(MIRA, voice="Low.")),
    )
    studio.evaluate("mira", "canon", {"prompts/dialogue": prompt})
    studio.evaluate("mira", "canon", {"npcs/mira": card})
    one, other = studio.admit("prompts", "dialogue", prompt), studio.admit("npcs", "mira", card)
    studio.move("prompts", "dialogue", prompt, one)
    with pytest.raises(Conflict):
        studio.move("npcs", "mira", card, other)
    assert why(refusal(studio, "npcs", "mira", card)) == [("mira", "canon", "not-evaluated")]
    studio.evaluate("mira", "canon", {"npcs/mira": card})
    prompt = studio.store("prompts", PROMPT)
    studio.evaluate("mira", "canon", {"prompts/dialogue": prompt})
    back = studio.admit("prompts", "dialogue", prompt)
    studio.force("npcs", msgspec.structs.replace(OTTO, suites=("canon",)))
    with pytest.raises(Conflict):
        studio.move("prompts", "dialogue", prompt, back)


def test_the_problem_document_tells_programs_and_people(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    keys = tuple(f"canon/case-{number}" for number in range(MOST_CASES + 1))
    evaluation = studio.evaluate("mira", "canon", {"prompts/dialogue": version}, "failed", keys)
    document = problems.document(refusal(studio, "prompts", "dialogue", version), "request-1")
    assert (document["type"], document["status"], document["npcs"]) == ("/problems/gate-closed", 409, ("mira",))
    assert document["failing"][0]["cases"] == keys[:MOST_CASES]
    assert document["detail"] == (
        f"Version {version} of prompts/dialogue is stored, but production was not moved to it: "
        f"mira did not pass suite canon in evaluation {evaluation} "
        f"(canon/case-0, canon/case-1, canon/case-2 and {MOST_CASES - 3} more). "
        "Mend what is named, then evaluate exactly this with "
        f"`npc eval run --candidate prompts/dialogue={version} --npc mira` "
        "and move the label again; or move it with an override and its reason."
    )


def test_a_studio_of_many_gets_a_short_sentence(studio: Studio) -> None:
    names = [f"npc-{number}" for number in range(20)]
    studio.force("suites", suite("canon", "mira", *names))
    for name in names:
        studio.force("npcs", NpcCard(name, name, "One of many.", suites=("canon",)))
    version = studio.store("prompts", ANOTHER_PROMPT)
    closed = refusal(studio, "prompts", "dialogue", version)
    assert len(closed.failing) == 21
    assert "; and 18 more." in str(closed)
    assert len(str(closed)) < 700


def test_the_command_speaks_of_the_label_that_is_guarded(studio: Studio) -> None:
    evaluations: Any = studio.evaluations
    gate = CanonGate(lambda: studio.catalog, evaluations, "stage-model", "live")
    studio.catalog.label(TITLE, "npcs", "mira", Move("live", studio.live("npcs", "mira"), "", "writer", AT))
    version = studio.store("npcs", MIRA)
    with pytest.raises(GateClosed, match=f"--candidate npcs/mira={version} --npc mira --label live --baseline live`"):
        gate.admit(TITLE, "npcs", "mira", version)


def test_an_override_is_told_with_all_that_it_overrode(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    closed = refusal(studio, "prompts", "dialogue", version)
    move = Move(LABEL, version, studio.live("prompts", "dialogue"), "ann@studio", AT, "Demo at noon.", "overridden")
    assert overridden(TITLE, "prompts", "dialogue", move, closed) == {
        "title": TITLE,
        "kind": "prompts",
        "name": "dialogue",
        "label": LABEL,
        "version": version,
        "before": studio.live("prompts", "dialogue"),
        "by": "ann@studio",
        "why": "Demo at noon.",
        "at": AT,
        "npcs": ["mira"],
    }


def test_reads_grow_with_the_npcs_that_a_move_changes_and_not_with_evaluations(studio: Studio) -> None:
    version = studio.store("prompts", ANOTHER_PROMPT)
    for _ in range(100):
        studio.evaluate("mira", "canon")
    studio.evaluate("mira", "canon", {"prompts/dialogue": version})
    studio.admit("prompts", "dialogue", version)
    assert len(studio.evaluations.asked) == 1
