"""Words as they are compared: every script, numbers in words and digits, and whole words only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.phrases import only_denied, said_in, shows_in, stands_in
from npcops.wording import numbers, plain, split_sentences, words

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
TEENS = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    if number < 20:
        return (UNITS + TEENS)[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{UNITS[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{UNITS[number // 100]} hundred" + (f" and {in_words(number % 100)}" if number % 100 else "")
    rest = number % 1000
    link = " and " if 0 < rest < 100 else " "
    return f"{in_words(number // 1000)} thousand" + (f"{link}{in_words(rest)}" if rest else "")


@settings(deadline=None)
@given(st.integers(0, 999_999))
def test_a_number_is_the_same_in_words_and_in_digits(number: int) -> None:
    assert words(in_words(number)) == (str(number),)
    assert words(f"{number:,}") == (str(number),)


@settings(deadline=None)
@given(st.lists(st.integers(21, 99).filter(lambda n: n % 10), min_size=1, max_size=4))
def test_neighbouring_numbers_stay_apart(row: list[int]) -> None:
    assert words(", ".join(in_words(number) for number in row)) == tuple(map(str, row))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("eight chips", "That's EIGHT  chips, friend."),
        ("eight chips", "8 chips"),
        ("twelve thousand", "12,000 sacks"),
        ("the ninth sluice", "Mind the 9th Sluice!"),
        ("a hundred and forty", "There were a 140 of them."),
        ("couldn't tell", "I couldn’t tell you"),
        ("Wenna", "Wenna's cat"),
        ("Grosse Brucke", "die Große Brücke"),
        ("drei Chips", "Das macht 3 Chips."),
        ("ёлка", "Елка"),
        ("三枚", "渡し賃は三枚だよ"),
        ("널빤지", "널빤지를 조심하시오"),
        ("สะพาน", "ใต้สะพานเก่า"),
        ("हिन्दी", "यह हिन्दी है"),
        ("secret", "se\u200bcret"),
        ("ﬁnd", "We find it."),
        ("half a pan", "half — a pan"),
    ],
)
def test_a_phrase_is_found_whatever_its_letters_look_like(phrase: str, text: str) -> None:
    assert stands_in(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("eight", "It is freight."),
        ("eight", "eighteen chips"),
        ("8", "80 chips"),
        ("8", "8.5 chips"),
        ("eight chips", "eight silver chips"),
        ("forty", "forty-one minutes"),
        ("Hob", "Hobb Light"),
        ("ring", "nothing"),
        ("", "anything"),
        ("?!", "anything?!"),
        ("第", "九"),
    ],
)
def test_a_phrase_is_not_found_in_other_words(phrase: str, text: str) -> None:
    assert not stands_in(phrase, text)


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_what_was_put_into_a_text_between_spaces_is_found(before: str, phrase: str, after: str) -> None:
    """Numbers aside, which may join with those beside them."""
    if words(phrase) and not any(character.isnumeric() for character in before + phrase + after):
        assert stands_in(phrase, f"{before} | {phrase} | {after}") or set(words(phrase)) & NUMBER_WORDS


NUMBER_WORDS = {"hundred", "thousand", "million", "dozen"}


@settings(deadline=None)
@given(TEXTS)
def test_any_text_has_words_and_sentences(text: str) -> None:
    assert all(words(text))
    assert plain(plain(text)) == plain(text)
    assert "".join("".join(split_sentences(text)).split()) in "".join(text.split())


@pytest.mark.parametrize(
    ("phrase", "text", "denied"),
    [
        ("eight chips", "Not eight chips, friend.", True),
        ("eight chips", "It isn't the eight chips.", True),
        ("eight chips", "Never eight chips. Not eight chips!", True),
        ("eight chips", "No, eight chips.", False),
        ("eight chips", "I do not. Eight chips.", False),
        ("eight chips", "Not three, but eight chips.", False),
        ("eight chips", "Not only eight chips, but more.", False),
        ("eight chips", "Why not eight chips?", False),
        ("eight chips", "Not eight chips? Yes, eight chips.", False),
        ("drei Chips", "Nicht drei Chips.", True),
        ("Davy", "It was not Davy who crossed.", True),
        ("weep", "That he should never weep.", False),
        ("eight chips", "Three pans.", False),
    ],
)
def test_only_what_is_denied_right_before_it_is_denied(phrase: str, text: str, denied: bool) -> None:
    assert only_denied(phrase, text) is denied


def test_what_must_be_said_may_have_another_ending_and_what_must_not_is_itself() -> None:
    assert said_in("clapper", "to steal the clappers")
    assert said_in("pay double", "Soldiers paying double")
    assert not said_in("drown", "a drum")
    assert not said_in("", "anything")
    assert not shows_in("new", "The news is bad.")


def test_look_alikes_are_seen_in_what_must_not_be_said() -> None:
    assert shows_in("hatchet", "a hаtсhet")  # Cyrillic а and с
    assert shows_in("hatchet", "ｈａｔｃｈｅｔ")
    assert not shows_in("hatchet", "a hat")


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("Mira", "Her name is m i r a."),
        ("Mira", "M-i-r-a, M.I.R.A."),
        ("Mira", "m*i_r a"),
        ("Mira", "m'i'r'a"),
        ("Mira", "m\ni\nr\na"),
        ("Mira", "M\u200bi\u200br\u200ba"),
        ("Mira", "🇲🇮🇷🇦"),
        ("Mira", "Mi-ra"),
        ("Mira", "M1ra"),
        ("Mira", "м і г а: Mіra"),
        ("Hob", "H o b."),
        ("hatchet", "h4t chet"),
        ("Salt Gate", "the saltgate"),
        ("4153", "four, one, five, three"),
        ("41 53", "4-1-5-3"),
        ("★", "a ★ sign"),
    ],
)
def test_what_must_not_be_said_is_seen_in_parts_and_in_other_signs(phrase: str, text: str) -> None:
    assert shows_in(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("hell", "He'll come at dawn."),
        ("were", "We're here."),
        ("ill", "I'll go, and so will they."),
        ("its", "It's here."),
        ("as", "Two A's."),
        ("Mira", "I am ready. A miracle! Mi rat."),
        ("Hob", "Ho, bring it."),
        ("hatchet", "What chetniks!"),
        ("234", "1 2 3 4 5"),
        ("4153", "41 530 chips, 41530"),
        ("", "anything"),
        (" ", "any thing"),
    ],
)
def test_what_must_not_be_said_is_not_seen_in_other_words(phrase: str, text: str) -> None:
    assert not shows_in(phrase, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Three chips, or 12.5 pans", ("3", "12.5")),
        ("That one is mine", ()),
        ("one hundred and eighty stairs", ("180",)),
        ("the ninth day", ("9th",)),
        ("zwei Boote, trois ponts", ("2", "3")),
        ("a dozen men", ("12",)),
        ("Once, at first, in a second", ()),
        ("twenty-first of Ember", ("21th",)),
        ("twenty-first and 21st", ("21th", "21th")),
    ],
)
def test_numbers_of_a_text(text: str, found: tuple[str, ...]) -> None:
    assert numbers(text) == found
