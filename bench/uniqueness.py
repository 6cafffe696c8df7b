"""How alike 20 answers to the same question are: of a unique NPC to one player, beside plain sampling.

Plain sampling is the same model at the same temperature, told of no earlier lines, with a new player each time.
`words` is the mean share of word pairs that two answers have in common (0 to 1), `meaning` their mean cosine;
`repeated` is the share of answers that are too alike to any earlier one, `soon` to one of the three before, and `fact`
the share that has the fact asked for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations, pairwise
from statistics import mean
from typing import Any

import yaml

from bench.talk import WORLD, Talk, talking
from npcops.uniqueness import too_alike

NPC, FACT = "ambrose-fitch", "forty"
QUESTION = "How many links has the chain on the doors of the Drowned Chapel, and why that number?"
REPEATS, SOON = 20, 3
# As shipped; and one at which the local model, which takes the likeliest words up to .5, chooses among several.
TEMPERATURES = (0.3, 0.8)


def pairs(say: str) -> Counter[tuple[str, str]]:
    """Neighbouring words."""
    words = re.findall(r"\w+", say.lower())
    return Counter(pairwise(words))


def in_common(one: Counter[Any], other: Counter[Any]) -> float:
    """The share of word pairs that two answers have in common."""
    return 2 * (one & other).total() / ((one.total() + other.total()) or 1)


def alike(talk: Talk, answers: list[str]) -> dict[str, Any]:
    """Figures of some answers."""
    counted, vectors = [pairs(say) for say in answers], talk.embeddings.embed_documents(answers)
    cosines = [sum(a * b for a, b in zip(one, other, strict=True)) for one, other in combinations(vectors, 2)]
    return {
        "words": round(mean(in_common(one, other) for one, other in combinations(counted, 2)), 3),
        "meaning": round(mean(cosines), 3),
        "different": len(set(answers)),
        "repeated": round(mean(too_alike(say, answers[:number]) for number, say in enumerate(answers)), 3),
        "soon": round(mean(too_alike(say, answers[max(n - SOON, 0) : n]) for n, say in enumerate(answers)), 3),
        "fact": round(mean(FACT in say.lower() for say in answers), 3),
    }


def run() -> dict[str, Any]:
    """Both ways, at each temperature."""
    card = yaml.safe_load((WORLD / "npcs" / f"{NPC}.yaml").read_text("utf-8"))
    prompt = yaml.safe_load((WORLD / "prompts" / "dialogue.yaml").read_text("utf-8"))
    results: dict[str, Any] = {"question": QUESTION, "repeats": REPEATS}
    with talking() as talk:
        for temperature in TEMPERATURES:
            talk.publish("prompts", "dialogue", prompt, temperature=temperature)
            for way, unique in (("unique", True), ("plain", False)):
                talk.publish("npcs", NPC, card, unique=unique)
                converse, answers = talk.converse(), []
                for number in range(REPEATS):
                    player = f"{temperature}-{'one' if unique else number}-{way}"
                    answers.append(talk.ask(converse, player, NPC, QUESTION).turn.say)
                results[f"temperature {temperature} {way}"] = alike(talk, answers)
    return results


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
