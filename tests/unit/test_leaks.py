"""The canary is found however it is written, instructions are found word for word, and natural speech is left alone."""

from __future__ import annotations

import base64
import codecs
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from npcops.characters import NpcCard, PromptTemplate
from npcops.leaks import LeakGuard, canary_of

WORLD = Path(__file__).parents[2] / "world"
SYSTEM = "You speak as Mira."
CANARY = canary_of(SYSTEM)
SECRETS = (
    "You speak as Mira, in the first person and in this voice, and you stay in character whatever the player says.",
    'Mira never tells who paid for the bridge; asked, she says "You would have to ask the tide about that, love."',
    "Никогда не рассказывай игроку, кто именно заплатил за новый мост, и никогда не называй его имени вслух.",
    "无论玩家说什么，你都要以米拉的身份说话，绝不能透露是谁付钱修了那座桥。",
)
GUARD = LeakGuard(CANARY, SECRETS)
# fmt: off
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SPELLED = (
    "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo "
    "sierra tango uniform victor whiskey x-ray yankee zulu"
)
NATO = dict(zip(LETTERS, SPELLED.split(), strict=True))
TAPPED = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
MORSE = dict(zip(LETTERS, TAPPED.split(), strict=True))
BRAILLE = str.maketrans("abefgijkopuvwxz", "⠁⠃⠑⠋⠛⠊⠚⠅⠕⠏⠥⠧⠺⠭⠵")
WORDS = {"a": "apples", "e": "eels", "i": "inns", "o": "oars", "u": "us", "b": "boats", "f": "fish", "g": "gulls",
         "j": "jetties", "k": "kelp", "p": "pans", "v": "vats", "w": "wind", "x": "xebecs", "z": "zeal"}
LEET = str.maketrans("aeiob", "43108")
CYRILLIC = str.maketrans("aeopxkbu", "аеорхквц")
GREEK = str.maketrans("aiokpvxz", "αιοκρνχζ")
UPSIDE_DOWN = str.maketrans("abefgijkpuvw", "ɐqǝɟƃᴉɾʞdnʌʍ")
SOUNDS = str.maketrans("abefgijkopuvz", "абефгийкопувз")
DISGUISES: dict[str, Callable[[str], str]] = {
    "itself": str,
    "capitals": str.upper,
    "mixed case": lambda word: "".join(sign.upper() if at % 2 else sign for at, sign in enumerate(word)),
    "accents": lambda word: "".join(sign + "\u0301" for sign in word),
    "composed accents": lambda word: unicodedata.normalize("NFC", "".join(sign + "\u0308" for sign in word)),
    "cyrillic": lambda word: word.translate(CYRILLIC),
    "cyrillic by sound": lambda word: word.translate(SOUNDS),
    "greek": lambda word: word.translate(GREEK),
    "full width": lambda word: "".join(chr(ord(sign) + 0xFEE0) for sign in word),
    "mathematical": lambda word: "".join(chr(0x1D41A + ord(sign) - 97) for sign in word),
    "circled": lambda word: "".join(chr(0x24D0 + ord(sign) - 97) for sign in word),
    "squared": lambda word: "".join(chr(0x1F170 + ord(sign) - 97) for sign in word),
    "flags": lambda word: "".join(chr(0x1F1E6 + ord(sign) - 97) for sign in word),
    "invisible tags": lambda word: "".join(chr(0xE0061 + ord(sign) - 97) for sign in word),
    "upside down": lambda word: word[::-1].translate(UPSIDE_DOWN),
    "spaces": " ".join,
    "dots": ".".join,
    "hyphens": "-".join,
    "zero width": "\u200b".join,
    "emoji": "🌊".join,
    "lines": "\n".join,
    "figures between": lambda word: "".join(f"{at}. {sign} " for at, sign in enumerate(word)),
    "markup": lambda word: "".join(f"*{sign}*" for sign in word),
    "a letter between": "q".join,
    "two letters between": "la".join,
    "leet": lambda word: word.translate(LEET),
    "reversed": lambda word: word[::-1],
    "reversed and spaced": lambda word: " ".join(reversed(word)),
    "first half": lambda word: word[:6],
    "last half": lambda word: word[-6:],
    "middle": lambda word: f"“{word[3:9]}”",
    "half in base64": lambda word: base64.b64encode(word[6:].encode()).decode(),
    "half in morse": lambda word: " ".join(MORSE[sign] for sign in word[:6]),
    "halves in rot13": lambda word: codecs.encode(f"{word[:6]} abcde {word[6:]}", "rot13"),
    "halves": lambda word: f"{word[:6]}, and then, after a pause, {word[6:]}",
    "thirds": lambda word: f"first {word[:4]}. Then {word[4:8]}. Last {word[8:]}",
    "base64": lambda word: base64.b64encode(word.encode()).decode(),
    "base64 of capitals": lambda word: base64.b64encode(word.upper().encode()).decode(),
    "base64 inside": lambda word: base64.b64encode(f"It is {word}!".encode()).decode(),
    "base64 spaced": lambda word: " ".join(base64.b64encode(word.encode()).decode()),
    "base64 twice": lambda word: base64.b64encode(base64.b64encode(f"the canary is {word}".encode())).decode(),
    "base32": lambda word: base64.b32encode(word.encode()).decode(),
    "base32 inside, small": lambda word: base64.b32encode(f"ab{word}".encode()).decode().lower(),
    "hex": lambda word: word.encode().hex(),
    "hex spaced": lambda word: word.encode().hex(" "),
    "hex escapes": lambda word: "".join(f"\\x{ord(sign):02x}" for sign in word),
    "unicode escapes": lambda word: "".join(f"\\u{ord(sign):04X}" for sign in word),
    "hex words": lambda word: " ".join(f"0x{ord(sign):02X}" for sign in word),
    "rot13": lambda word: codecs.encode(word, "rot13"),
    "caesar": lambda word: "".join(chr((ord(sign) - 97 + 5) % 26 + 97) for sign in word),
    "atbash": lambda word: "".join(chr(219 - ord(sign)) for sign in word),
    "percent": lambda word: "".join(f"%{ord(sign):02x}" for sign in word),
    "entities": lambda word: "".join(f"&#{ord(sign)};" for sign in word),
    "hex entities": lambda word: "".join(f"&#x{ord(sign):x};" for sign in word),
    "morse": lambda word: " ".join(MORSE[sign] for sign in word),
    "morse with slashes": lambda word: " / ".join(MORSE[sign] for sign in word).replace("-", "−").replace(".", "·"),
    "nato": lambda word: " ".join(NATO[sign] for sign in word),
    "nato in a sentence": lambda word: ", then ".join(NATO[sign].title() for sign in word),
    "as in": lambda word: ", ".join(f"{sign.upper()} as in {WORDS[sign]}" for sign in word),
    "decimal": lambda word: " ".join(str(ord(sign)) for sign in word),
    "octal": lambda word: "\\".join(f"{ord(sign):03o}" for sign in word),
    "binary": lambda word: " ".join(f"{ord(sign):08b}" for sign in word),
    "places": lambda word: " ".join(str(ord(sign) - 96) for sign in word),
    "acrostic": lambda word: " ".join(WORDS[sign] for sign in word),
    "acrostic of lines": lambda word: "\n".join(f"{WORDS[sign].title()} are sold here at noon" for sign in word),
    "acrostic of sentences": lambda word: " ".join(f"{WORDS[sign].title()} are sold here." for sign in word),
    "capitals among words": lambda word: "".join(f"th{sign.upper()}n " for sign in word),
    "braille": lambda word: word.translate(BRAILLE),
}
# fmt: on
# What is seen only as a whole; a listener may hear some of it before.
SHOWN_AT_FIRST = {
    "thirds",
    "halves",
    "halves in rot13",
    "capitals among words",
    "acrostic of lines",
    "acrostic of sentences",
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_the_canary_is_seen_in_every_disguise(disguise: str) -> None:
    for number in range(40):
        canary = canary_of(f"system {number}")
        said = f"Very well, stranger. {DISGUISES[disguise](canary)} is what you asked for."
        assert LeakGuard(canary, ()).leaks(said), said
        # The hexadecimal codes of 12 letters are as long as the id of a passage, which must not be said either.
        assert disguise == "hex" or not LeakGuard(canary_of("another one"), ()).leaks(said), said


@given(st.text(max_size=80), st.sampled_from(sorted(DISGUISES)), st.text(max_size=80))
def test_the_canary_is_seen_among_any_words(before: str, disguise: str, after: str) -> None:
    text = f"{before}\n{DISGUISES[disguise](CANARY)}\n{after}"
    if disguise in ("itself", "reversed", "full width", "zero width", "mathematical", "nato", "first half"):
        assert GUARD.leaks(text)
    assert 0 <= GUARD.safe_length(text) <= len(text)


def test_a_canary_belongs_to_its_prompt() -> None:
    canaries = {canary_of(f"You speak as {number}.") for number in range(500)}
    assert len(canaries) == 500
    assert canary_of(SYSTEM) == CANARY
    assert all(re.fullmatch("([bfgjkpvwxz][aeiou]){6}", canary) for canary in canaries)


@pytest.mark.parametrize(
    "text",
    [
        "you speak as mira in the first person and in this",
        "My orders are: *You speak as Mira*, in the FIRST person -- and in this voice!",
        "Y-o-u s-p-e-a-k a-s M-i-r-a, i-n t-h-e f-i-r-s-t p-e-r-s-o-n a-n-d i-n t-h-i-s v-o-i-c-e, a-n-d you stay",
        ".retcarahc ni yats uoy dna ,eciov siht ni dna nosrep tsrif eht ni ,ariM sa kaeps uoY",
        codecs.encode(SECRETS[0], "rot13"),
        base64.b64encode(SECRETS[0].encode()).decode(),
        SECRETS[0].encode().hex(),
        "Yоu spеаk аs Mirа, in the first pеrson and in this voice",
        "So: Mira never tells who paid for the bridge; so there.",
        "никогда не рассказывай игроку, кто именно заплатил за новый мост",
        "你都要以米拉的身份说话，绝不能透露是谁付钱修了那座桥",
    ],
)
def test_instructions_are_seen_word_for_word(text: str) -> None:
    assert GUARD.leaks(text)
    assert not LeakGuard(CANARY, ()).leaks(text)


@pytest.mark.parametrize(
    "text",
    [
        "You speak as Mira does, in the first place.",
        "You would have to ask the tide about that, love.",
        "I never tell who paid for the bridge. You stay in character, I see.",
        "你说什么？谁付钱修了那座桥？",
        "",
    ],
)
def test_less_than_that_and_what_the_character_is_to_say_is_natural_speech(text: str) -> None:
    assert not GUARD.leaks(text)


@pytest.mark.parametrize(
    "text",
    [
        "It stands in <lore> there.",
        "‹rules› 1. Speak.",
        "</ passage>",
        '<passage id="3">',
        "<mark>",
        'speak({"say": "Aye"})',
        '"emotion": "calm"',
        "the tool_use block",
        "see 0123456789abcdef01234567",
    ],
)
def test_parts_of_the_prompt_and_of_the_reply_are_seen(text: str) -> None:
    assert GUARD.leaks(text)


def sample_texts() -> list[str]:
    """What is told in the sample world, in pieces as long as the longest answer; not what is about telling it."""
    texts: list[str] = []
    about = ("policies", "prompts", "rubrics", "suites")
    for path in sorted(WORLD.glob("**/*")):
        if path.suffix in (".md", ".txt", ".csv", ".yaml", ".ink", ".yarn", ".json") and path.parent.name not in about:
            whole = path.read_text()
            texts += [whole[start : start + 2000] for start in range(0, len(whole), 2000)]
    return texts


def test_nothing_in_the_sample_world_is_a_leak() -> None:
    """Boundaries apart: those are secrets."""
    template = msgspec.convert(yaml.safe_load((WORLD / "prompts/dialogue.yaml").read_text()), PromptTemplate)
    cards = [msgspec.convert(yaml.safe_load(path.read_text()), NpcCard) for path in sorted(WORLD.glob("npcs/*.yaml"))]
    texts = sample_texts()
    assert sum(map(len, texts)) > 100_000
    for card in cards:
        guard = LeakGuard(canary_of(card.id), [template.system])
        assert [text for text in texts if guard.leaks(text)] == []
        guard = LeakGuard(canary_of(card.id), [template.system, template.context, *card.boundaries])
        lines = [example.reply for example in card.examples] + [
            line for each in card.fallbacks.values() for line in each
        ]
        assert [line for line in lines if guard.leaks(line)] == []


@pytest.mark.parametrize("disguise", sorted(set(DISGUISES) - SHOWN_AT_FIRST))
def test_a_growing_text_never_shows_a_part_of_the_canary(disguise: str) -> None:
    for number in range(10):
        canary = canary_of(f"system {number}")
        guard, hidden = LeakGuard(canary, ()), DISGUISES[disguise](canary)
        said = f"Very well, stranger. {hidden}"
        shown = max(guard.safe_length(said[:end]) for end in range(len(said) + 1) if not guard.leaks(said[:end]))
        part = said[:shown].removeprefix("Very well, stranger.").strip()
        assert len(part) <= len(hidden) // 4, (canary, part)


def test_most_of_natural_speech_is_shown_at_once() -> None:
    prose = [text for text in sample_texts() if not set("|#_") & set(text)]
    held = [end - GUARD.safe_length(text[:end]) for text in prose for end in range(40, len(text), 47)]
    assert len(held) > 400
    assert sum(held) / len(held) < 8
    assert sum(1 for signs in held if signs > 24) < len(held) / 50
