"""Calls to the API: what is tried again, and what is not."""

from __future__ import annotations

import httpx
import pytest

from npc.client import PAUSES, Api
from npc.errors import Refused


def api(statuses: list[int], slept: list[float], asked: list[httpx.Request]) -> Api:
    """An API that answers with these statuses, one after the other; the last one for ever."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(statuses.pop(0) if len(statuses) > 1 else statuses[0], json={"path": request.url.path})

    return Api("https://api.test/dev", "token", httpx.MockTransport(answer), slept.append)


def test_a_throttled_call_is_made_again_after_growing_pauses() -> None:
    slept: list[float] = []
    asked: list[httpx.Request] = []
    body = {"path": "a.md"}
    assert api([429, 429, 200], slept, asked).call("POST", "/v1/lore", body=body) == {"path": "/dev/v1/lore"}
    assert [request.content for request in asked] == [asked[0].content] * 3
    assert len(slept) == 2
    assert all(pause / 2 <= pause_taken <= pause * 1.5 for pause, pause_taken in zip(PAUSES, slept, strict=False))


def test_a_call_that_stays_throttled_is_refused() -> None:
    slept: list[float] = []
    with pytest.raises(Refused):
        api([429], slept, []).call("GET", "/v1/lore")
    assert len(slept) == len(PAUSES)


@pytest.mark.parametrize("status", [400, 403, 409, 500, 503])
def test_other_refusals_are_not_tried_again(status: int) -> None:
    slept: list[float] = []
    asked: list[httpx.Request] = []
    with pytest.raises(Refused):
        api([status], slept, asked).call("GET", "/v1/lore")
    assert (len(asked), slept) == (1, [])
