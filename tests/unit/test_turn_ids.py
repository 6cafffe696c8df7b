"""Ids of turns tell when the turn began."""

from __future__ import annotations

from npcops.turn_ids import began, first_id_at, moment, new_turn_id


def test_ids_sort_by_the_time_they_tell() -> None:
    ids = [f"{ms:012x}0123456789" for ms in (0, 1, 1_700_000_000_123)]
    assert sorted(ids) == ids
    assert [moment(one) for one in ids] == [0, 1, 1_700_000_000_123]
    assert began(ids[-1]) == "2023-11-14T22:13:20.123+00:00"
    assert first_id_at(began(ids[-1])) == ids[-1][:12]


def test_ids_are_all_different_and_of_one_length() -> None:
    made = {new_turn_id() for _ in range(50)}
    assert len(made) == 50
    assert {len(one) for one in made} == {22}


def test_what_is_no_id_tells_no_time() -> None:
    assert moment("") == moment("turn") == 0
