"""The contract of `ReviewStore`: corrections change their state once, and of comparisons the newest answer counts."""

from __future__ import annotations

import secrets

import pytest

from npcops.adapters.dynamo_reviews import DynamoReviews
from npcops.errors import Conflict, NotFound
from npcops.people import WORDED, Preference
from npcops.studio_ports import ReviewStore
from tests.opinions import correction, pair
from tests.resources import Resources


@pytest.fixture
def reviews(resources: Resources) -> DynamoReviews:
    return DynamoReviews(resources.dynamodb, resources.name("reviews"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def test_corrections_change_their_state_once(reviews: ReviewStore, title: str) -> None:
    for number in (1, 2, 3):
        reviews.put_correction(title, correction(number), None)
    accepted = correction(2, state="accepted", decided_by="bea", training=True)
    reviews.put_correction(title, accepted, "proposed")
    for state in ("rejected", "accepted"):
        with pytest.raises(Conflict):
            reviews.put_correction(title, correction(2, state=state), "proposed")
    with pytest.raises(Conflict):
        reviews.put_correction(title, correction(1), None)
    assert reviews.correction(title, "c2") == accepted
    assert reviews.corrections(title, "proposed", 9) == [correction(3), correction(1)]
    assert reviews.corrections(title, "proposed", 1) == [correction(3)]
    assert reviews.corrections(title, "accepted", 9) == [accepted]
    assert reviews.corrections(f"{title}-2", "accepted", 9) == []
    with pytest.raises(NotFound):
        reviews.correction(title, "c9")


def test_corrections_are_read_page_by_page(reviews: ReviewStore, title: str) -> None:
    for number in range(1, 6):
        reviews.put_correction(title, correction(number), None)
    reviews.put_correction(title, correction(6, proposed_at=correction(3).proposed_at), None)
    seen, before = list[str](), ""
    while page := reviews.corrections(title, "proposed", 2, before):
        seen += [one.id for one in page]
        before = seen[-1]
    assert seen == ["c5", "c4", "c6", "c3", "c2", "c1"]
    reviews.put_correction(title, correction(4, state="accepted"), "proposed")
    assert [one.id for one in reviews.corrections(title, "proposed", 9, "c4")] == ["c6", "c3", "c2", "c1"]
    with pytest.raises(NotFound):
        reviews.corrections(title, "proposed", 2, "c9")


def test_a_correction_in_other_words_takes_the_place_of_the_first(reviews: ReviewStore, title: str) -> None:
    first, second = correction(id=f"a1{WORDED}x"), correction(id=f"a1{WORDED}y", corrected="The queen.")
    reviews.put_correction(title, first, None)
    reviews.put_correction(title, second, "proposed")
    assert reviews.corrections(title, "proposed", 9) == [second]
    assert reviews.correction(title, second.id) == second
    with pytest.raises(NotFound):
        reviews.correction(title, first.id)


def test_what_nobody_accepts_is_not_kept_for_ever(resources: Resources, reviews: ReviewStore, title: str) -> None:
    for number in (1, 2, 3):
        reviews.put_correction(title, correction(number), None)
    reviews.put_correction(title, correction(1, state="accepted"), "proposed")
    reviews.put_correction(title, correction(2, state="rejected"), "proposed")
    found = {item["sk"]["S"]: "expires_at" in item for item in resources.items("reviews", pk=f"{title}#corrections")}
    assert found == {"c1": False, "c2": True, "c3": True}


def test_the_newest_preference_of_each_rater_counts(reviews: ReviewStore, title: str) -> None:
    first, other = pair(), pair("kings/mira-2")
    for case, rater, choice in (
        (first, "ada", "first"),
        (first, "b#b", "neither"),
        (other, "ada", "second"),
        (first, "ada", "second"),
        (pair(evaluation="e2"), "ada", "first"),
    ):
        reviews.prefer(title, case, rater, Preference(case.case, choice))
    found = sorted((rater, shown.case, chosen.choice) for rater, shown, chosen in reviews.preferences(title, "e1"))
    assert found == [
        ("ada", "kings/mira-1", "second"),
        ("ada", "kings/mira-2", "second"),
        ("b#b", "kings/mira-1", "neither"),
    ]
    assert reviews.preferences(title, "e3") == []
