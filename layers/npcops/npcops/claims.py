"""What an answer claims of the world, and how well what its character knows, and what it cites, supports each claim."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import msgspec

from npcops import languages
from npcops.characters import NpcCard, Script
from npcops.evidence import Source, known_names, names, source, supports, unknown_details
from npcops.lore import Passage
from npcops.meanings import Meanings
from npcops.playings import Claim, PlayedTurn
from npcops.stances import states_something
from npcops.wording import split_sentences

# From it on, a claim counts as supported: the weights of `npcops.evidence` are made for it (docs/decisions/0020).
SUPPORTED = 0.5
# Below it, a cited passage says nothing of what is said. Less than SUPPORTED, for here a case fails: with it, of 93
# reference answers 3 fail with the right passage, and of 100 with a wrong one 94.
SAYS_SOMETHING = 0.25
CARD, PLAYER, EARLIER = "card", "player", "earlier"
# What a character knows by itself, so that it needs no citation.
OWN = (CARD, PLAYER, EARLIER)


class Grounds(msgspec.Struct, frozen=True):
    """The claims of one answer, and their figures; None where there is nothing to measure.

    `invented` are the numbers and names that stand in nothing the character was given.
    """

    claims: tuple[Claim, ...] = ()
    groundedness: float | None = None
    citation_support: float | None = None
    invented: tuple[str, ...] = ()


def card_source(card: NpcCard) -> Source:
    """All that a card tells of its character, the authored lines among it."""
    lines = [line for mood in card.fallbacks.values() for line in mood]
    examples = [example.reply for example in card.examples]
    texts = [card.role, card.persona, *card.knowledge, *card.boundaries, card.voice, *examples, *lines]
    return source(CARD, card.name, [text for text in texts if text])


def sources_of(script: Script, passages: Sequence[Passage], turns: Sequence[PlayedTurn]) -> list[Source]:
    """What the last of `turns` may rest on: its passages, the card, the game's own pitch, and what was said before."""
    given = [source(passage.id, f"{passage.heading_path} {passage.title}", [passage.text]) for passage in passages]
    said = [source(PLAYER, "", [turn.message for turn in turns]), source(EARLIER, "", [t.say for t in turns[:-1]])]
    card, game = card_source(script.card), source(CARD, script.game.name, [script.game.description])
    return [each for each in (*given, card, game, *said) if each.sentences]


def claims_in(answer: str, sources: Sequence[Source]) -> list[str]:
    """Its sentences that state something; questions, greetings, feelings and not knowing state nothing."""
    known = known_names(sources)
    return [sentence for sentence in split_sentences(answer) if states_something(sentence, names(sentence, known))]


def grounds(
    answer: str, sources: Sequence[Source], cited: Sequence[str], meanings: Meanings, language: str | None = None
) -> Grounds:
    """How well `sources` support what an answer claims, and those among them whose ids are `cited`.

    `meanings` has learned the sentences of both. An answer in another language than its sources is not measured, for
    words cannot be compared then; `language` is the one that it should be in, where that is known.
    """
    claims = claims_in(answer, sources)
    if not claims or _in_another_language(answer, sources, language):
        return Grounds()
    given = [each for each in sources if each.id in set(cited)]
    best = supports(claims, sources, meanings)
    by_cited = supports(claims, given, meanings) if given else None
    told = tuple(
        Claim(claim, round(found.value, 3), found.source, round(by_cited[number].value, 3) if by_cited else None)
        for number, (claim, found) in enumerate(zip(claims, best, strict=True))
    )
    owing = [claim for claim in told if not (claim.source in OWN and claim.support >= SUPPORTED)]
    return Grounds(
        claims=told,
        groundedness=fmean(claim.support >= SUPPORTED for claim in told),
        citation_support=fmean((claim.cited or 0.0) >= SUPPORTED for claim in owing) if given and owing else None,
        invented=_invented(claims, sources),
    )


def unsupporting(
    claims: Sequence[Claim], sources: Sequence[Source], cited: Sequence[str], meanings: Meanings
) -> list[str]:
    """Those of the cited passages that say nothing of what is claimed."""
    texts = [claim.text for claim in claims]
    given = {name: [each for each in sources if each.id == name] for name in cited}
    return [
        name
        for name, passage in given.items()
        if texts and all(found.value < SAYS_SOMETHING for found in supports(texts, passage, meanings))
    ]


def _invented(claims: Sequence[str], sources: Sequence[Source]) -> tuple[str, ...]:
    known = known_names(sources)
    return tuple(dict.fromkeys(d for claim in claims for d in unknown_details(claim, sources, known)))


def _in_another_language(answer: str, sources: Sequence[Source], language: str | None) -> bool:
    texts = [sentence for each in sources if each.id not in (PLAYER, EARLIER) for sentence in each.sentences]
    told = languages.spoken(" ".join(texts))
    if told is None:
        return False
    held = languages.is_in(answer, told)
    # A short answer is taken to be in the language that was asked for.
    return held is False or (held is None and languages.same(language, told) is False)
