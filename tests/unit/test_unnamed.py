"""A player's name is taken out of what is kept apart from the player."""

from __future__ import annotations

import pytest

from npcops.unnamed import SOMEBODY, Unnamed


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Ann", "Welcome, Ann! Is the ann of ANN planned?", "Welcome, [player]! Is the [player] of [player] planned?"),
        ("Kael Stormborn", "Kael Stormborn, or Kael; a kael.", "[player], or [player]; a kael."),
        ("Änne", "Änne und Jänner, Änne's", "[player] und Jänner, [player]'s"),
        ("安娜", "你好安娜,再见", "你好[player],再见"),
        ("Cafe\u0301", "Caf\u00e9 is here", "[player] is here"),
        ("a.b", "a.b is not axb", "[player] is not axb"),
        ("Jo of Ulm", "Jo of Ulm; Jo, from Ulm of old", "[player]; Jo, from [player] of old"),
        ("", "Nobody is named.", "Nobody is named."),
        ("  ", "Nobody is named.", "Nobody is named."),
    ],
)
def test_names_are_replaced_as_words(name: str, text: str, expected: str) -> None:
    unnamed = Unnamed("p-1027", name)
    assert unnamed(text) == expected
    assert unnamed.names(text) is (SOMEBODY in expected)


def test_the_players_id_is_a_name_too() -> None:
    unnamed = Unnamed("p-1027", "Ann")
    assert unnamed("Player P-1027 of p-10271 (Ann)") == "Player [player] of p-10271 ([player])"
    assert unnamed.names("owner:p-1027")
    assert not unnamed.names("met-king")


def test_what_names_nobody_is_not_said_to() -> None:
    assert not Unnamed("p", "Kael").names("Cafe\u0301 of kings")
