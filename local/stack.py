"""The whole local stack: prepared in parallel, started, deployed, converged and seeded; and stopped again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from local import deploy, issuer, models, processes, seeding, services, state, venvs
from local.comprehend import corpus
from local.layout import Layout, current
from local.state import StackState
from npc.errors import CliError
from npc.output import note


def up(seed: bool = True) -> StackState:
    """Bring the stack to its wanted state, whatever state it is in. Raises CliError with what went wrong."""
    layout = current()
    with _plainly(), state.locked(layout):
        known = state.load(layout)
        issuer.ensure_key(layout)
        chat = services.chosen_chat_model()
        built, started = _prepare(layout, known, chat)
        was_deployed = bool(known.deployed)
        with step("deployed the application") as done:
            done(deploy.deploy(layout, known, built, chat))
        state.save(layout, known)
        for name in services.BESIDE:
            services.wait_ready(layout, known, name)
        if services.POLLY in started and (missing := services.why_no_voice(known)):
            note(f"  characters answer in text only: {missing}")
        if was_deployed:
            _converge(layout, known, services.CLOUD in started)
        if seed:
            _seed(layout, known)
        return known


def down() -> list[str]:
    """Stop everything and wait until it is gone; returns what was running."""
    layout = current()
    with state.locked(layout):
        known = state.load(layout)
        stopped = services.stop_all(known)
        state.save(layout, known)
        return stopped


def clean() -> None:
    """Stop everything and remove its data."""
    down()
    shutil.rmtree(current().folder)


def describe() -> dict[str, Any]:
    """What runs where, for `npc info`."""
    layout = current()
    known = state.load(layout)
    servers = {
        name: services.url(known, name) if services.is_running(known, name) else "not running"
        for name in services.PREFERRED_PORTS
    }
    return {"title": known.title, "chat_model": known.chat_model, "servers": servers, "folder": str(layout.folder)}


@contextmanager
def step(done_text: str) -> Iterator[Callable[[bool], None]]:
    """Tell people what was done and how long it took; call the value with False when there was nothing to do."""
    began, happened = time.monotonic(), True

    def done(something: bool) -> None:
        nonlocal happened
        happened = something

    yield done
    if happened:
        note(f"  {done_text} ({time.monotonic() - began:.1f} s)")


def _prepare(layout: Layout, known: StackState, chat: services.ChatModel) -> tuple[str, list[str]]:
    """What does not depend on one another, at once; returns the build's fingerprint and which servers were started."""
    with ThreadPoolExecutor(4) as pool:
        build = pool.submit(_build, layout)
        weights = pool.submit(_install_models, chat)
        texts = pool.submit(_install_texts)
        cloud = pool.submit(_virtual_environment, "cloud")
        weights.result()
        cloud.result()
        try:
            started = services.ensure_running(layout, known, chat)
        finally:
            # Whatever was started must be found again, even if the next line fails.
            state.save(layout, known)
        if started:
            note(f"  starting {' and '.join(started)}, with {chat.description}")
        for name in (services.CLOUD, services.SAGEMAKER):
            services.wait_ready(layout, known, name)
        texts.result()
        return build.result(), started


def _virtual_environment(name: str) -> None:
    with step(f"made the virtual environment {name}") as done:
        done(venvs.ensure(name))


def _build(layout: Layout) -> str:
    _virtual_environment("sam")
    with step("built the application") as done:
        built, changed = deploy.build(layout)
        done(changed)
    return built


def _install_models(chat: services.ChatModel) -> None:
    for name in [services.EMBEDDINGS] if chat.own else [services.EMBEDDINGS, chat.name]:
        if not models.installed(name, models.default_directory()):
            with step(f"installed the model {name}"):
                models.ensure(name, progress=note)


def _install_texts() -> None:
    """What toxicity is learned from; everything else works without it."""
    if not models.installed(corpus.NAME, models.default_directory()):
        try:
            with step("installed the texts that toxicity is learned from"):
                models.ensure(corpus.NAME, progress=note)
        except models.ModelUnavailable as error:
            note(f"  how toxic answers are is not told: {error.reason}")


def _converge(layout: Layout, known: StackState, restarted_cloud: bool) -> None:
    restarted = seeding.reconcile(layout, known, restarted_cloud)
    if restarted:
        note(f"  {len(restarted)} documents had been left half done and are hydrated again")
    if restarted_cloud and (waiting := services.remind(known)):
        note(f"  {waiting} steps of tuning runs had been left half done and go on")


def _seed(layout: Layout, known: StackState) -> None:
    with step("loaded the sample world") as done:
        done(bool(seeding.seed(layout, known)))
    state.save(layout, known)


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn the failures of setting up into what the command line reports."""
    try:
        yield
    except (venvs.SetupFailed, processes.ProcessFailed, models.ModelUnavailable) as error:
        note(str(error))
        raise CliError("the local stack could not be brought up (see above)") from None
