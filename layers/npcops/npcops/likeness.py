"""When two questions ask the same: by all their words, or by those that carry the meaning; and what a reply echoes.

Nothing here is about nearness of meaning: vectors of "who built it" and "who burned it" lie nearer than those of many
paraphrases, so what is taken for the same question has to have the same words that matter, in the same order.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

# Left out only as far as no two questions of different meaning become one. Whether something is, was or will be, where,
# what is done to whom, for, with or without whom, before or after, is all meaning; so is every negation.
_ARTICLES = frozenset(("a", "an", "the"))
# Words that link others. Unless enough longer ones are there, they carry the meaning ("what does the king do").
_LINKS = frozenset(("do", "does", "that"))
_ENOUGH, _LONG = 3, 4
_ASKING = frozenset(("what", "which", "who", "whom", "whose", "when", "where", "why", "how"))
_SAME_WORDS = {
    "am": "is",
    "anybody": "anyone",
    "are": "is",
    "costs": "cost",
    "each": "every",
    "everybody": "everyone",
    "somebody": "someone",
    "which": "what",
}
_OPENING = re.compile(
    r"^(?:(?:hello|hi|hey|good (?:day|morning|evening)|greetings|excuse me|please|tell me"
    r"|(?:can|could|would|will) you (?:please )?tell me)\b[\s,.!:]*)+"
)
_CLOSING = re.compile(r"[\s,]+please$")
_PHRASES = (
    (re.compile(r"\bhow come\b"), "why"),
    (re.compile(r"\bhow much\b(?= (?:do|does|will|would|did)\b.*\bcosts?\b)"), "what"),
    (re.compile(r"\bno one\b"), "nobody"),
    (re.compile(r"\bin place of\b"), "instead of"),
)
_SHORTENED = {"s": "'s", "re": "is", "ll": "will", "ve": "have", "d": "'d"}
_END = " .?!…。！？"
_PUNCTUATION = frozenset(" .,;:?!'’\"…-–—()¿¡、。！？+&/")
_WORD = re.compile(r"\d+(?:[.,:/+-]\d+)+|[^\W_]+(?:['’][^\W\d_]+)?")
# Scripts that put no space between words: pairs of characters stand for these.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
# What a reply and a question share by chance.
_COMMON = """
about after again all also always am and any anyone are as ask at away back be because been before but by can come
cost could did down enough even ever every everyone find first for from get give go going good got had has have he her
here hers him his how i if in into is it its just keep know last let like little long look lost made make man many may
me mean men more most much must my name never new next no nobody none not nothing now of off old on once one only or
other our out over own people place put really right said say see she should so some someone something still such take
tell than thank their them then there these they thing things think this those time to too two under until up us use
very want was way we well went were what when where which while who why will with without woman work world would yes
yet you your
"""
_COMMON_WORDS = _ARTICLES | _LINKS | frozenset(_COMMON.split())


def normalised(message: str) -> str:
    """A message without what no reader minds: letters' cases and forms, spaces, and the punctuation at its end.

    Characters that are not seen stay: a model reads them.
    """
    return " ".join(unicodedata.normalize("NFKC", message).casefold().split()).rstrip(_END)


def gist(message: str) -> str:
    """The words that carry a question's meaning, in order; empty for what cannot be judged by its words.

    Equal gists ask the same, in English. In other languages hardly a word is left out, so that they are equal for
    hardly more than the same words.
    """
    text = normalised(message)
    if not all(character.isalnum() or character in _PUNCTUATION for character in text):
        # Symbols and characters that are not seen may hold instructions.
        return ""
    text = _CLOSING.sub("", _OPENING.sub("", text.replace("’", "'")))
    for phrase, word in _PHRASES:
        text = phrase.sub(word, text)
    words = [_SAME_WORDS.get(word, word) for found in _WORD.findall(text) for word in _apart(found)]
    asking = sorted({word for word in words if word in _ASKING})
    told = [word for word in words if word not in _ASKING and word not in _ARTICLES]
    named = [word for word in told if word not in _LINKS]
    told = named if sum(len(word) >= _LONG for word in named) >= _ENOUGH else told
    return " ".join((*asking, "|", *told)) if told else ""


def echoes(said: str, message: str, known: str) -> bool:
    """Whether a reply has words from the player's message, such as a name, that are in nothing else it was made of."""
    ours, theirs = set(_words(known)) | _COMMON_WORDS, [word for word in _words(message) if word not in _COMMON_WORDS]
    return any(_repeats(word, other) for word in set(_words(said)) - ours for other in theirs)


def digest(shelf: str, text: str) -> str:
    """A hash of a text that cannot be compared with that of another shelf."""
    return hashlib.blake2b(text.encode(), digest_size=16, key=shelf.encode()[:64]).hexdigest()


def _apart(word: str) -> tuple[str, ...]:
    """`what's` is `what is`; of `Wenna's` it cannot be told, so that it is like nothing but itself."""
    head, mark, tail = word.partition("'")
    if not mark or tail not in _SHORTENED:
        return (word,)
    return (head, "is" if head in _ASKING and tail == "s" else _SHORTENED[tail])


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    pairs = [run[n : n + 2] for run in _UNSPACED.findall(folded) for n in range(len(run) - 1)]
    return [part for word in _WORD.findall(_UNSPACED.sub(" ", folded)) for part in re.split("['’]", word)] + pairs


def _repeats(word: str, other: str) -> bool:
    """Whether a word is another, or a form of it: longer at its end."""
    return word == other or (len(other) > 2 and word.startswith(other))
