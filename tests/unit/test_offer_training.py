"""Who wants a model tuned is told where to put the data, or at once what is wrong with the request."""

from __future__ import annotations

import re

import msgspec
import pytest

from npcops.errors import Conflict, InvalidRequest
from npcops.people import Correction
from npcops.training_data import read_training
from npcops.training_records import Exchange
from npcops.tune_corrections import CorrectionsRequest, TuneCorrections
from npcops.tuning_requests import REGISTERED_CHARACTERS, registered_npcs
from npcops.tunings import Tuning, TuningRequest
from npcops.turn_ids import new_turn_id
from tests.resources import Resources
from tests.tuning_runs import AT, BASE, Runs


@pytest.fixture
def runs(moto_resources: Resources, title: str) -> Runs:
    return Runs(moto_resources, title)


def asked(**fields: object) -> TuningRequest:
    return msgspec.convert({"dataset": "spring", **fields}, TuningRequest)


@pytest.mark.parametrize("extension", ["jsonl", "csv", "yarn"])
def test_an_offer_names_the_key_at_which_its_data_will_be_found(runs: Runs, extension: str) -> None:
    offered = runs.offer(runs.title, "ann", asked(), extension)
    assert offered.key == f"training/{runs.title}/spring/{offered.tuning}.{extension}"
    assert offered.key in offered.url
    waiting = runs.tunings.find(runs.title, offered.tuning)
    assert (waiting.state, waiting.key, waiting.requested_by) == ("waiting", "", "ann")


def test_what_is_left_out_is_filled_in_when_it_is_asked_for(runs: Runs) -> None:
    offered = runs.offer(runs.title, "ann", asked(npcs=["otto", "mira", "otto"]), "jsonl")
    request = runs.tunings.find(runs.title, offered.tuning).request
    assert (request.base, request.throughput, request.npcs) == (BASE, "on-demand", ("otto", "mira"))


@pytest.mark.parametrize(
    ("fields", "extension", "told"),
    [
        ({"npcs": ["mira", "nobody"]}, "jsonl", "There is no NPC nobody"),
        ({"base": "no.such-model"}, "jsonl", "There is no recipe"),
        ({"throughput": "on-demand", "base": "amazon.titan-text-lite-v1"}, "jsonl", "throughput"),
        ({"hyperparameters": {"epochCount": "many"}}, "jsonl", "epochCount"),
        ({"hyperparameters": {"colour": "red"}}, "jsonl", "colour"),
        ({}, "parquet", "formats"),
        ({}, "txt", "continued-pre-training"),
    ],
)
def test_what_cannot_be_tuned_is_refused_at_once(
    runs: Runs, fields: dict[str, object], extension: str, told: str
) -> None:
    with pytest.raises(InvalidRequest, match=re.escape(told)):
        runs.offer(runs.title, "ann", asked(**fields), extension)
    assert runs.tunings.newest(runs.title, 10) == []


def test_a_title_without_npcs_has_nobody_to_tune(runs: Runs) -> None:
    with pytest.raises(InvalidRequest, match="no NPC"):
        runs.offer(f"{runs.title}-empty", "ann", asked(), "jsonl")


def test_a_run_takes_up_what_was_proposed_for_its_npcs(runs: Runs) -> None:
    for npc in ("mira", "otto"):
        proposal = Tuning(runs.title, new_turn_id(), "drift", AT, asked(npcs=[npc]), "proposed")
        runs.tunings.begin(proposal)
    offered = runs.offer(runs.title, "ann", asked(npcs=["mira"]), "jsonl")
    states = {(one.request.npcs, one.state) for one in runs.tunings.newest(runs.title, 10)}
    assert states == {(("mira",), "stopped"), (("otto",), "proposed"), (("mira",), "waiting")}
    assert offered.tuning in {one.id for one in runs.tunings.newest(runs.title, 10)}


def test_the_registry_is_told_of_as_many_npcs_as_it_has_room_for() -> None:
    assert registered_npcs(()) == "@all"
    assert registered_npcs(("mira", "otto")) == "mira otto"
    many = tuple(f"npc-of-the-marsh-{number}" for number in range(100))
    told = registered_npcs(many)
    assert len(told) <= REGISTERED_CHARACTERS
    assert told.split()[-1] == "@more"
    assert tuple(told.split()[:-1]) == many[: len(told.split()) - 1]
    assert re.fullmatch(r"[\w.:/=+\-@ ]{1,256}", told)


class Accepted:
    """The corrections of a `ReviewStore`, newest first."""

    def __init__(self, *corrections: Correction) -> None:
        self._corrections = corrections

    def corrections(self, title: str, state: str, limit: int, before: str = "") -> list[Correction]:
        found = [one for one in self._corrections if one.state == state]
        after = next((place + 1 for place, one in enumerate(found) if one.id == before), 0)
        return found[after : after + limit]


def correction(number: int, npc: str = "mira", training: bool = True) -> Correction:
    return Correction(
        f"c{number}", npc, f"Who is it? {number}", "Dunno.", "The tide, friend.", "ann", AT, state="accepted",
        training=training,
    )  # fmt: skip


def tuned(runs: Runs, store: Accepted, **fields: object) -> tuple[Tuning, list[bytes]]:
    """The run, and the lines of its data."""
    given: object = store
    tune = TuneCorrections(runs.tunings, runs.files, given, runs.prompting, BASE)
    made = tune(runs.title, "ann", msgspec.convert(fields, CorrectionsRequest))
    key = f"training/{runs.title}/corrections/{made.tuning}.jsonl"
    lines = runs.read(f"s3://{runs.resources.name('training')}/{key}").splitlines()
    assert made.corrections == len(lines)
    return runs.tunings.find(runs.title, made.tuning), lines


def test_accepted_corrections_become_the_data_of_a_run_that_waits_for_them(runs: Runs) -> None:
    store = Accepted(*(correction(number) for number in range(250)), correction(999, training=False))
    tuning, lines = tuned(runs, store)
    assert (tuning.state, tuning.request.dataset, len(lines)) == ("waiting", "corrections", 250)


def test_a_correction_is_data_that_a_job_reads(runs: Runs) -> None:
    _, (line,) = tuned(runs, Accepted(correction(1)))
    (read,) = read_training({"corrections.jsonl": line}).examples
    assert (read.speaker, read.exchanges) == ("mira", (Exchange("Who is it? 1", "The tide, friend.", 1),))


def test_corrections_of_the_named_npcs_alone_are_learned(runs: Runs) -> None:
    tuning, lines = tuned(runs, Accepted(correction(1), correction(2, "otto")), npcs=["otto"])
    assert tuning.request.npcs == ("otto",)
    assert [msgspec.json.decode(line)["npc"] for line in lines] == ["otto"]


def test_without_corrections_there_is_nothing_to_learn(runs: Runs) -> None:
    for store in (Accepted(), Accepted(correction(1, training=False)), Accepted(correction(1, "otto"))):
        with pytest.raises(Conflict):
            tuned(runs, store, npcs=["mira"])
    assert runs.tunings.newest(runs.title, 10) == []
