"""Whether a tuned model is better than what players hear now, by more than chance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from npcops.evaluations import Comparison

Improvement = Literal["yes", "no", "not-shown"]
# Figures that tell how good answers are; what they take of time and money is judged by the bars of suites.
QUALITY = ("pass_rate", "groundedness", "citation_support", "relevance", "similarity", "rouge_l")


def improvement(comparisons: Iterable[Comparison]) -> Improvement:
    """`yes`: some figure is better by more than chance and none is worse; `no`: some is worse; else `not-shown`.

    A figure differs by more than chance if the whole interval of its paired difference lies on one side of nothing.
    """
    known = [each for each in comparisons if each.metric in QUALITY and each.low is not None and each.high is not None]
    if any(each.high is not None and each.high < 0 for each in known):
        return "no"
    return "yes" if any(each.low is not None and each.low > 0 for each in known) else "not-shown"
