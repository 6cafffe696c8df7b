"""Filters, sorts and pages lists of records, as all List operations of the control plane do."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from local.bedrock.errors import ValidationError
from local.bedrock.operations import Parameters
from local.bedrock.records import Record

PAGE = 100
R = TypeVar("R", bound=Record)


def listed(
    records: Sequence[R], asked: Parameters, member: str, summary: Callable[[R], dict[str, Any]]
) -> dict[str, Any]:
    """The page that was asked for, under the name of its member, and the token of the next one."""
    after = asked.get("creationTimeAfter") or asked.get("createdAfter")
    before = asked.get("creationTimeBefore") or asked.get("createdBefore")
    found = [
        record
        for record in records
        if asked.get("nameContains", "") in record.name
        and (after is None or _moment(record) > _aware(after))
        and (before is None or _moment(record) < _aware(before))
    ]
    # Newest first, as the service does unless it is told otherwise.
    newest_first = asked.get("sortOrder") != "Ascending"
    found.sort(key=_place, reverse=newest_first)
    if "nextToken" in asked:
        last = _read(asked["nextToken"])
        # The record itself may have gone since.
        found = [record for record in found if (_place(record) < last if newest_first else _place(record) > last)]
    shown = found[: asked.get("maxResults", PAGE)]
    more = {"nextToken": _token(shown[-1])} if len(shown) < len(found) else {}
    return {member: [_known(summary(record)) for record in shown]} | more


def _place(record: Record) -> tuple[str, str]:
    return record.created, record.id


def _token(record: Record) -> str:
    return base64.urlsafe_b64encode(" ".join(_place(record)).encode()).decode()


def _read(token: str) -> tuple[str, str]:
    try:
        created, _, last = base64.urlsafe_b64decode(token.encode()).decode().partition(" ")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValidationError("nextToken: is not one of this list.") from error
    return created, last


def _known(summary: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in summary.items() if value not in (None, "")}


def _moment(record: Record) -> datetime:
    return datetime.fromisoformat(record.created)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
