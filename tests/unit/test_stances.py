"""What an answer says of its speaker: that they do not know, or refuse; and what only sounds like it."""

from __future__ import annotations

import pytest

from npcops.stances import says


@pytest.mark.parametrize(
    "sentence",
    [
        "I don't know that one.",
        "Couldn't tell you, friend.",
        "Never heard of him.",
        "I've not heard of such a place.",
        "Who knows, friend?",
        "And who knows what lies there.",
        "That's beyond me.",
        "It's past my ken.",
        "Her name I do not know.",
        "I know the man but cannot say for sure.",
        "I'd tell you if I could, but don't know.",
        "No one has told me.",
    ],
)
def test_whoever_says_so_does_not_know(sentence: str) -> None:
    assert says(sentence, "unsure")


@pytest.mark.parametrize(
    "sentence",
    [
        "Anyone who knows the marsh keeps to the planks.",
        "The boats go past my window every dawn.",
        "You don't know Davy? He is my brother.",
        "The mill stands outside my door.",
        "He does not know the way.",
        "They never heard the bell that night.",
        "I have never met a kinder man than Corin.",
        "Nobody told me to wait, so I went.",
        "No word of a lie, it costs three chips.",
        "If you don't know, ask the keeper.",
    ],
)
def test_what_others_do_not_know_is_no_not_knowing(sentence: str) -> None:
    assert not says(sentence, "unsure")


@pytest.mark.parametrize(
    "sentence",
    [
        "I won't talk about that.",
        "That I won't tell.",
        "Won't say.",
        "I can't help you with that.",
        "I could tell you, but will not say.",
        "You won't hear it from me.",
        "You will never hear me say it.",
        "I'm not going to do that.",
        "It's a secret.",
        "That's a secret I keep.",
        "As you were.",
    ],
)
def test_whoever_says_so_refuses(sentence: str) -> None:
    assert says(sentence, "refuse")


@pytest.mark.parametrize(
    "sentence",
    [
        "You must not tell the warden, but the gate opens at nine.",
        "I can't help but laugh at that.",
        "The tide won't help you before noon.",
        "He won't talk much, but he is kind.",
        "They will not give you a room without coin.",
        "I will not give you less than a full measure.",
        "I can't say enough good of her.",
        "I can't tell one gull from another.",
        "It's a secret recipe, eel and saffron.",
        "I'm not going to the fair.",
        "Sit as you were before.",
    ],
)
def test_what_others_will_not_do_is_no_refusal(sentence: str) -> None:
    assert not says(sentence, "refuse")
