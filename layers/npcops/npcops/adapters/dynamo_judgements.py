"""What people and judges made of answers, in DynamoDB.

In partition `{title}#judgements`: `{rubric}#person#{answer}#{rater}` and `{rubric}#judge#{judge}#{about}`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from npcops.adapters.dynamodb import key, pack, unpack
from npcops.adapters.reviews_table import ReviewsTable
from npcops.labelled import Judged, Labelled

T = TypeVar("T")
PERSON, JUDGE = "person", "judge"


class DynamoJudgements(ReviewsTable):
    """`JudgementStore` on the table of reviews."""

    def label(self, title: str, labelled: Sequence[Labelled]) -> None:
        """See JudgementStore."""
        for one in labelled:
            sk = f"{one.rubric}#{PERSON}#{one.answer.id}#{_digest(one.by)}"
            self.put(key(_partition(title), sk) | {"data": pack(one)})

    def labelled(self, title: str, rubric: str = "") -> list[Labelled]:
        """See JudgementStore."""
        return self._all(title, rubric, PERSON, Labelled)

    def put_judged(self, title: str, judged: Judged) -> None:
        """See JudgementStore."""
        judge = _digest(msgspec.json.encode(judged.judge).decode())
        sk = f"{judged.rubric}#{JUDGE}#{judge}#{judged.about}"
        self.put(key(_partition(title), sk) | {"data": pack(judged)})

    def judged(self, title: str, rubric: str = "") -> list[Judged]:
        """See JudgementStore."""
        return self._all(title, rubric, JUDGE, Judged)

    def _all(self, title: str, rubric: str, what: str, kind: type[T]) -> list[T]:
        found = self.items(_partition(title), f"{rubric}#{what}#" if rubric else "")
        return [unpack(item, kind) for item in found if item["sk"]["S"].split("#")[1] == what]


def _partition(title: str) -> str:
    return f"{title}#judgements"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
