"""The contract of `LoreLedger`: which hydration may act on a document, and what is known about it."""

from __future__ import annotations

import secrets

import msgspec
import pytest

from npcops.adapters.dynamo_ledger import DynamoLedger
from npcops.errors import Superseded
from npcops.hydration import LedgerEntry, Outcome
from npcops.ports import LoreLedger
from tests.resources import Resources

PATH = "Städte/Kar Vael + der Hafen.md"
IDS = ("a" * 24, "b" * 24)


@pytest.fixture
def ledger(resources: Resources) -> LoreLedger:
    return DynamoLedger(resources.dynamodb, resources.name("ledger"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def found(ledger: LoreLedger, title: str, path: str = PATH) -> LedgerEntry:
    entry = ledger.get(title, path)
    assert entry is not None
    return entry


def ready(ledger: LoreLedger, title: str, sequencer: str, generation: str, path: str = PATH) -> None:
    ledger.claim(title, path, sequencer, generation)
    ledger.plan(title, path, generation, IDS, "etag")
    ledger.finish(title, path, generation, Outcome("ready", chunks=2, embedded=1))


def test_nothing_is_known_of_a_document_nobody_claimed(ledger: LoreLedger, title: str) -> None:
    assert ledger.get(title, PATH) is None
    assert list(ledger.entries(title)) == []


def test_a_claim_tells_what_was_there_before(ledger: LoreLedger, title: str) -> None:
    assert ledger.claim(title, PATH, "0055", "one") is None
    before = ledger.claim(title, PATH, "0066", "two")
    assert before is not None
    assert (before.title, before.path, before.generation, before.status) == (title, PATH, "one", "hydrating")
    assert found(ledger, title).generation == "two"


def test_a_finished_hydration_is_recorded_with_its_chunks(ledger: LoreLedger, title: str) -> None:
    ready(ledger, title, "0055", "one")
    entry = found(ledger, title)
    assert (entry.status, entry.chunks, entry.embedded, entry.etag) == ("ready", 2, 1, "etag")
    assert (entry.manifest, entry.planned, entry.reason, entry.lasting) == (IDS, (), None, False)


def test_an_older_change_is_superseded(ledger: LoreLedger, title: str) -> None:
    ledger.claim(title, PATH, "0066", "new")
    with pytest.raises(Superseded):
        ledger.claim(title, PATH, "0055", "old")
    assert found(ledger, title).generation == "new"


@pytest.mark.parametrize(
    ("older", "newer"), [("0055AED6DCD90281E5", "0055AED6DCD90281E50001"), ("0A", "0AB"), ("00", "1")]
)
def test_sequencers_of_different_lengths_compare_as_s3_says(
    ledger: LoreLedger, title: str, older: str, newer: str
) -> None:
    ledger.claim(title, PATH, older, "old")
    ledger.claim(title, PATH, newer, "new")
    with pytest.raises(Superseded):
        ledger.claim(title, PATH, older, "late")
    assert found(ledger, title).generation == "new"


def test_sequencers_that_differ_in_length_alone_are_the_same_change(ledger: LoreLedger, title: str) -> None:
    ready(ledger, title, "0A", "one")
    with pytest.raises(Superseded):
        ledger.claim(title, PATH, "0A00", "again")
    assert found(ledger, title).status == "ready"


@pytest.mark.parametrize("outcome", [Outcome("ready", 2, 2), Outcome("deleted"), Outcome("failed", reason="No.")])
def test_the_same_change_again_after_its_outcome_is_superseded(
    ledger: LoreLedger, title: str, outcome: Outcome
) -> None:
    ledger.claim(title, PATH, "0055", "one")
    ledger.plan(title, PATH, "one", IDS, "etag")
    ledger.finish(title, PATH, "one", outcome)
    with pytest.raises(Superseded):
        ledger.claim(title, PATH, "0055", "again")


def test_the_same_change_again_takes_over_what_is_unfinished(ledger: LoreLedger, title: str) -> None:
    ledger.claim(title, PATH, "0055", "one")
    ledger.claim(title, PATH, "0055", "again")
    with pytest.raises(Superseded):
        ledger.plan(title, PATH, "one", IDS, "etag")


def test_a_generation_may_claim_again_when_it_is_retried(ledger: LoreLedger, title: str) -> None:
    ready(ledger, title, "0055", "one")
    before = ledger.claim(title, PATH, "0055", "one")
    assert before is not None
    assert before.generation == "one"


def test_a_reconciliation_always_wins_and_leaves_the_sequencer(ledger: LoreLedger, title: str) -> None:
    ready(ledger, title, "0066", "one")
    ledger.claim(title, PATH, "", "reconcile")
    assert found(ledger, title).generation == "reconcile"
    with pytest.raises(Superseded):
        ledger.claim(title, PATH, "0055", "late")
    ledger.claim(title, PATH, "0077", "newer")
    assert found(ledger, title).generation == "newer"


def test_events_are_heard_of_a_document_that_a_reconciliation_saw_first(ledger: LoreLedger, title: str) -> None:
    ready(ledger, title, "", "reconcile")
    ledger.claim(title, PATH, "0055", "event")
    assert found(ledger, title).generation == "event"
    with pytest.raises(Superseded):
        ledger.claim(title, PATH, "0044", "late")


def test_a_superseded_generation_can_neither_plan_nor_finish(ledger: LoreLedger, title: str) -> None:
    ledger.claim(title, PATH, "0055", "old")
    ledger.claim(title, PATH, "0066", "new")
    ledger.plan(title, PATH, "new", IDS, "etag")
    with pytest.raises(Superseded):
        ledger.plan(title, PATH, "old", (), "")
    with pytest.raises(Superseded):
        ledger.finish(title, PATH, "old", Outcome("deleted"))
    assert found(ledger, title).planned == IDS


def test_nobody_can_plan_or_finish_what_was_never_claimed(ledger: LoreLedger, title: str) -> None:
    with pytest.raises(Superseded):
        ledger.plan(title, PATH, "one", IDS, "etag")
    with pytest.raises(Superseded):
        ledger.finish(title, PATH, "one", Outcome("ready"))
    assert ledger.get(title, PATH) is None


def test_a_failure_keeps_the_last_good_version(ledger: LoreLedger, title: str) -> None:
    ready(ledger, title, "0055", "good")
    ledger.claim(title, PATH, "0066", "bad")
    ledger.plan(title, PATH, "bad", (), "new-etag")
    ledger.finish(title, PATH, "bad", Outcome("failed", reason="The file is empty.", lasting=True))
    entry = found(ledger, title)
    assert (entry.status, entry.reason, entry.lasting) == ("failed", "The file is empty.", True)
    assert (entry.manifest, entry.chunks, entry.planned, entry.etag) == (IDS, 2, (), "new-etag")


def test_a_success_forgets_an_earlier_failure(ledger: LoreLedger, title: str) -> None:
    ledger.claim(title, PATH, "0055", "bad")
    ledger.finish(title, PATH, "bad", Outcome("failed", reason="No.", lasting=True))
    ready(ledger, title, "0066", "good")
    entry = found(ledger, title)
    assert (entry.status, entry.reason, entry.lasting) == ("ready", None, False)


def test_a_deletion_empties_the_manifest(ledger: LoreLedger, title: str) -> None:
    ready(ledger, title, "0055", "one")
    ledger.claim(title, PATH, "0066", "two")
    ledger.plan(title, PATH, "two", (), "")
    ledger.finish(title, PATH, "two", Outcome("deleted"))
    entry = found(ledger, title)
    assert (entry.status, entry.manifest, entry.chunks, entry.etag) == ("deleted", (), 0, "")


def test_manifests_of_five_thousand_chunks_fit_twice(ledger: LoreLedger, title: str) -> None:
    first, second = ([f"{number:024x}" for number in range(start, start + 5000)] for start in (0, 5000))
    ledger.claim(title, PATH, "0055", "one")
    ledger.plan(title, PATH, "one", first, "etag")
    ledger.finish(title, PATH, "one", Outcome("ready", chunks=5000))
    ledger.claim(title, PATH, "0066", "two")
    ledger.plan(title, PATH, "two", second, "etag")
    entry = found(ledger, title)
    assert (list(entry.manifest), list(entry.planned)) == (first, second)


def test_entries_come_by_path_and_by_title(ledger: LoreLedger, title: str) -> None:
    paths = ["b.md", "a b.md", "a+b.md", "ä.md"]
    for path in paths:
        ready(ledger, title, "0055", "one", path)
    ready(ledger, f"{title}-2", "0055", "one", "other.md")
    assert [entry.path for entry in ledger.entries(title)] == sorted(paths)
    assert [entry.path for entry in ledger.entries(f"{title}-2")] == ["other.md"]
    assert [entry.path for entry in ledger.entries(title, after="a+b.md")] == ["b.md", "ä.md"]
    assert [entry.path for entry in ledger.entries(title, after="a,")] == ["b.md", "ä.md"]
    assert list(ledger.entries(title, after="ä.md")) == []


def test_a_list_holds_all_of_an_entry_but_the_ids_of_its_chunks(ledger: LoreLedger, title: str) -> None:
    ready(ledger, title, "0055", "one")
    ledger.claim(title, PATH, "0066", "two")
    ledger.plan(title, PATH, "two", IDS, "new-etag")
    ledger.finish(title, PATH, "two", Outcome("failed", reason="No.", lasting=True))
    whole = found(ledger, title)
    assert whole.manifest == IDS
    assert list(ledger.entries(title)) == [msgspec.structs.replace(whole, manifest=(), planned=())]


def test_titles_are_those_of_all_entries(ledger: LoreLedger, title: str) -> None:
    ready(ledger, title, "0055", "one")
    ready(ledger, title, "0055", "one", "other.md")
    ledger.claim(f"{title}-2", PATH, "0055", "one")
    ledger.plan(f"{title}-2", PATH, "one", (), "")
    ledger.finish(f"{title}-2", PATH, "one", Outcome("deleted"))
    titles = list(ledger.titles())
    assert {title, f"{title}-2"} <= set(titles)
    assert len(titles) == len(set(titles))


def test_the_titles_of_a_large_ledger_are_whole(ledger: LoreLedger, title: str) -> None:
    manifest = [f"{number:024x}" for number in range(4500)]
    for number in range(12):
        ledger.claim(f"{title}-{number}", PATH, "0055", "one")
        ledger.plan(f"{title}-{number}", PATH, "one", manifest, "etag")
    assert {f"{title}-{number}" for number in range(12)} <= set(ledger.titles())


def test_a_title_of_many_documents_is_listed_whole(ledger: LoreLedger, title: str) -> None:
    manifest = [f"{number:024x}" for number in range(4500)]
    for number in range(12):
        path = f"{number:02}.md"
        ledger.claim(title, path, "0055", "one")
        ledger.plan(title, path, "one", manifest, "etag")
    entries = list(ledger.entries(title))
    assert [entry.path for entry in entries] == [f"{number:02}.md" for number in range(12)]
