"""Whatever models do, and whenever: the ladder keeps its promises."""

from __future__ import annotations

import math
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.errors import Disconnected, GuardrailIntervened, ModelFailed, ModelUnavailable
from npcops.ladder import Rung, Take
from tests.climbing import END, LEAKING, MALFORMED, Climbing, Step

ERRORS = [ModelUnavailable("throttled"), ModelFailed("wrong"), GuardrailIntervened("withheld"), KeyError("delta")]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.floats(0, 4),
    st.sampled_from([0.0, 1.0, 2.0, 8.0, math.inf]),
    st.sampled_from(["Aye. ", "Aye", ", ", "that I do.", " ", "!", MALFORMED, LEAKING]),
    st.sampled_from(ERRORS),
    st.just(END),
)
WORDS: st.SearchStrategy[list[Step]] = st.lists(st.sampled_from([0.3, "Aye. ", "Well", ", ", "I do."]), max_size=8)
SCRIPTS = st.lists(STEPS, max_size=8) | WORDS.map(lambda words: [*words, END])
PACES = st.sampled_from([0.5, 1.0, 2.0, 3.0])
NAMES = ("one", "two", "three")


@settings(max_examples=600, deadline=None)
@given(
    st.lists(SCRIPTS, min_size=1, max_size=3),
    st.sampled_from([-1.0, 0.0, 0.3, 3.0, 8.0]),
    PACES,
    st.none() | PACES,
    st.lists(st.sampled_from(NAMES), max_size=2),
    st.sampled_from(["", "", "", "do", "Aye"]),
)
def test_any_script(
    scripts: list[list[Step]],
    seconds: float,
    first_token: float,
    hedge: float | None,
    resting: list[str],
    hangs_up_at: str,
) -> None:
    asked = dict(zip(NAMES, scripts, strict=False))
    climb = Climbing(hangs_up_at=hangs_up_at, failures=1, **asked)
    for name in resting:
        climb.breakers.of(name).failed()
    rungs = [Rung("smaller-model" if place else "model", name) for place, name in enumerate(asked)]
    said: Take | None = None
    gone = False
    try:
        result = climb.speak(*rungs, seconds=seconds, first_token=first_token, hedge=hedge)
        said = result if isinstance(result, Take) else None
        assert said or result.why
    except Disconnected:
        gone = True
    assert climb.fake.now() <= max(seconds, 0) + 1e-9
    assert climb.all_ended
    assert gone or climb.ear.text == (said.speech.say if said else "")
    assert climb.ear.events.count("<unsaid>") <= len(climb.models.calls)
    assert LEAKING not in climb.ear.text
    assert not set(resting) & set(climb.models.calls)
    # A rung is asked anew only after one before it was heard instead and failed.
    assert all(climb.models.calls.count(name) <= (place + 1 if hedge else 1) for place, name in enumerate(asked))
    assert gone or said is None or is_of_one_model(said, asked)


def is_of_one_model(take: Take, scripts: dict[str, list[Step]]) -> bool:
    """Whether an answer consists of the words of the model that it names, and is whole unless it was cut."""
    assert take.model
    words = "".join(step for step in scripts[take.model.removesuffix("-id")] if isinstance(step, str))
    if take.answer == "cut-short":
        return bool(take.why) and words.startswith(take.speech.say) and re.search(r"[.!]$", take.speech.say) is not None
    return words.strip().startswith(take.speech.say)
