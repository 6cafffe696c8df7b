"""The embedded cloud keeps its promises: loopback only, true error types, and state that survives a sudden end."""

from __future__ import annotations

import signal

import httpx
import psutil
import pytest

from local import layout, processes, services, stack, state
from npc import stages
from tests.system.conftest import RunningStage, eventually


@pytest.fixture(autouse=True)
def _local_only(world: RunningStage) -> None:
    if world.stage.name != stages.LOCAL:
        pytest.skip("only the local stage has an embedded cloud")


def cloud() -> psutil.Process:
    """The emulator's process."""
    found = processes.find(state.load(layout.current()).processes[services.CLOUD])
    assert found is not None
    return found


def test_every_server_listens_on_loopback_only() -> None:
    known = state.load(layout.current())
    for name in services.PREFERRED_PORTS:
        server = processes.find(known.processes[name])
        assert server is not None
        listening = [link.laddr.ip for link in server.net_connections() if link.status == psutil.CONN_LISTEN]
        assert listening
        assert set(listening) == {processes.LOOPBACK}


def test_the_key_set_that_verifies_local_tokens_is_published() -> None:
    known = state.load(layout.current())
    keys = httpx.get(f"{services.url(known, services.CLOUD)}/_npcops/jwks.json", trust_env=False).json()["keys"]
    assert [key["kid"] for key in keys] == ["local"]
    assert all("d" not in key for key in keys)


def test_lore_put_into_the_bucket_by_any_tool_is_hydrated(own_title: RunningStage) -> None:
    etag = own_title.put_lore("places/Grey+Gull inn ü.md", "# The Grey+Gull\n\nA bed costs eight chips a night.")
    document = own_title.wait_for_lore("places/Grey+Gull inn ü.md", etag)
    assert (document["status"], document["chunks"]) == ("ready", 1)


def test_a_cloud_that_was_killed_comes_back_with_its_lore_and_leaves_no_orphans(own_title: RunningStage) -> None:
    etag = own_title.put_lore("before.md", "# Before\n\nThis was hydrated before the end.")
    before = own_title.wait_for_lore("before.md", etag)
    services.save_cloud(state.load(layout.current()))
    victim = cloud()
    workers = victim.children(recursive=True)
    own_title.put_lore("during.md", "# During\n\nThis was being hydrated when the end came.")
    victim.send_signal(signal.SIGKILL)
    stack.up(seed=False)
    assert own_title.document("before.md") == before
    eventually(lambda: (own_title.document("during.md") or {}).get("status") == "ready", 120)
    eventually(lambda: not any(_alive(worker) for worker in workers), 15)


def test_starting_twice_changes_nothing() -> None:
    before = layout.current().state_file.read_bytes()
    stack.up(seed=False)
    assert layout.current().state_file.read_bytes() == before


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
