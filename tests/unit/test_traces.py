"""What is done beside a turn belongs to its trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aws_xray_sdk.core import xray_recorder

from npcops.background import Threads
from npcops.telemetry import in_this_trace


@pytest.fixture
def segment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    xray_recorder.configure(sampling=False, context_missing="IGNORE_ERROR")
    yield xray_recorder.begin_segment("turn")
    xray_recorder.clear_trace_entities()


def test_work_and_flows_belong_to_the_turns_trace(segment: Any) -> None:
    beside = Threads(carry=in_this_trace)
    assert beside.run(xray_recorder.get_trace_entity, 5) is segment
    flow = beside.flow(lambda: iter([xray_recorder.get_trace_entity()]))
    heard = beside.wait([flow], 5)
    assert heard is not None
    assert heard[1] is not None


def test_a_thread_forgets_the_trace_with_the_work(segment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = Threads(spare=1, carry=in_this_trace)
    assert beside.run(xray_recorder.get_trace_entity, 5) is segment
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
    assert beside.run(xray_recorder.get_trace_entity, 5) is None
