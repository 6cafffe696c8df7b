"""Rolling back: one call, to what was before, then to the stage's own model, and never to what was just left."""

from __future__ import annotations

import pytest

from npcops.errors import Conflict, StoreUnavailable
from npcops.promotions import Promoted
from tests.promoting import Models
from tests.resources import Resources

AT_ONCE = {"percents": (100,), "minutes": 0.0}


@pytest.fixture
def models(moto_resources: Resources) -> Models:
    made = Models(moto_resources)
    made.promote(1, **AT_ONCE)
    return made


def test_after_the_first_promotion_the_stage_s_own_model_comes_back(models: Models) -> None:
    rolled = models.roll_back()
    assert (rolled.version, rolled.to) == (1, 0)
    assert models.heard() == {0: 200}
    assert models.consistent()


def test_twice_in_a_row_goes_back_twice_and_then_there_is_nothing(models: Models) -> None:
    models.promote(2, **AT_ONCE)
    assert models.heard() == {2: 200}
    models.roll_back()
    assert models.heard() == {1: 200}
    models.roll_back()
    assert models.heard() == {0: 200}
    with pytest.raises(Conflict, match="nothing to go back"):
        models.roll_back()
    assert models.heard() == {0: 200}


def test_it_is_recorded_and_announced(models: Models) -> None:
    models.bus.events.clear()
    models.roll_back()
    ((kind, detail),) = models.bus.events
    assert kind == "ModelRolledBack.v1"
    assert (detail["version"], detail["to"], detail["why"]) == (1, 0, "It forgets.")
    (move,) = models.promotions.moves(models.title, 1)
    assert (move.kind, move.version, move.before, move.id) == ("rolled-back", 0, 1, detail["id"])


def test_a_call_that_is_sent_again_goes_back_once(models: Models) -> None:
    models.promote(2, **AT_ONCE)
    models.roll_back(2)
    with pytest.raises(Conflict, match="leaves version 1, not version 2"):
        models.roll_back(2)
    assert models.heard() == {1: 200}


def test_a_version_that_is_not_the_one_to_be_left_is_told_which_is(models: Models) -> None:
    models.register(2)
    models.approve(2)
    _, run = models.start(2)
    while run.state != "Wait":
        run.step()
    with pytest.raises(Conflict, match="leaves version 2, not version 1; nothing was changed"):
        models.roll_back(1)
    assert models.roll_back(2).to == 1


def test_a_bus_that_fails_stops_no_rollback(models: Models) -> None:
    models.bus.failures = [StoreUnavailable("The bus did not answer.")]
    models.roll_back()
    assert models.heard() == {0: 200}


def test_a_parameter_store_that_is_silent_once_is_asked_once_more(models: Models) -> None:
    models.promote(2, **AT_ONCE)
    models.parameters.silent = 1
    assert models.roll_back().to == 1
    assert models.heard() == {1: 200}
    assert models.consistent()


def test_what_could_not_be_told_is_not_decided_again_by_a_second_call_with_its_version(models: Models) -> None:
    models.promote(2, **AT_ONCE)
    models.parameters.silent = 2
    with pytest.raises(StoreUnavailable):
        models.roll_back(2)
    assert models.heard() == {2: 200}
    with pytest.raises(Conflict):
        models.roll_back(2)
    assert models.heard() == {1: 200}


def test_whoever_changes_the_same_at_the_same_moment_does_not_stop_it(models: Models) -> None:
    """A step of a promotion comes between what the rollback has read and what it writes, four times."""
    models.register(2)
    models.approve(2)
    _, run = models.start(2)
    real, overtaken = models.promotions.put, []

    class Busy:
        def __getattr__(self, name: str) -> object:
            return getattr(models.promotions, name)

        def put(self, title: str, promoted: Promoted, move: object = None) -> Promoted:
            if len(overtaken) < 4:
                overtaken.append(real(title, models.promotions.get(title)))
            return real(title, promoted, move)

    while run.state != "Wait":
        run.step()
    busy = type(models.roll_back_by)(Busy(), models.bus, models.now)
    models.roll_back_by = busy
    assert models.roll_back().version == 2
    assert models.heard() == {1: 200}


def test_players_of_one_title_know_nothing_of_another_s(models: Models, moto_resources: Resources) -> None:
    other = Models(moto_resources)
    other.promote(1, **AT_ONCE)
    models.roll_back()
    assert (models.heard(), other.heard()) == ({0: 200}, {1: 200})


def test_defect_06_a_parameter_per_stage_and_title_qa_and_prod_never_together(moto_resources: Resources) -> None:
    """Two stages in one account: what one decides, the other does not hear."""
    qa = Models(moto_resources, "qa")
    prod = Models(moto_resources, "prod", qa.title)
    # Each stage has a table of its own; the parameters are in the account that they share.
    qa.promote(1, **AT_ONCE)
    assert qa.heard() == {1: 200}
    assert prod.heard() == {0: 200}
    assert qa.prefix != prod.prefix
    names = {found["Name"] for found in moto_resources.client("ssm").describe_parameters()["Parameters"]}
    assert f"/npcops/prod/models/{qa.title}" not in names
    assert f"/npcops/prod/candidates/{qa.title}" not in names
    qa.roll_back()
    assert qa.heard() == {0: 200}
