"""Has espeak-ng speak, a process for each text, and keeps what was spoken last: audio and marks are two requests."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.polly import espeak
from local.polly.errors import PollyError, not_available
from local.polly.voices import Voice

PROGRAM = Path(espeak.__file__)
PATIENCE_SECONDS = 20.0
AT_ONCE = 2
KEPT = 16
INSTALL = "espeak-ng is not installed (on Debian and Ubuntu: apt install espeak-ng)"


@dataclass(frozen=True)
class Spoken:
    """A text as sound: 16 bit mono samples at `rate`, and espeak-ng's events."""

    rate: int
    events: list[list[Any]]
    samples: bytes

    @property
    def ms(self) -> int:
        """How long it lasts."""
        return round(len(self.samples) / 2 / self.rate * 1000)


class Speaker:
    """Speaks by espeak-ng."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._kept: OrderedDict[tuple[str, str], asyncio.Task[Spoken]] = OrderedDict()

    def installed(self) -> bool:
        """Whether there is an espeak-ng here, now."""
        return espeak.library() is not None

    async def speak(self, text: str, voice: Voice) -> Spoken:
        """`text` as sound. Raises PollyError."""
        key = (text, voice.id)
        task = self._kept.pop(key, None) or asyncio.create_task(self._speak(text, voice))
        self._kept[key] = task
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        try:
            # Shielded: whoever asks for the other half of it may still be waiting when this request is broken off.
            return await asyncio.shield(task)
        except PollyError:
            self._kept.pop(key, None)
            raise

    async def _speak(self, text: str, voice: Voice) -> Spoken:
        asked = {"text": text, "voice": voice.espeak, "pitch": voice.pitch, "pace": voice.pace}
        async with self._slots:
            # -I and -S: an interpreter without site packages starts in a fraction of the time.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(PROGRAM)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                talking = process.communicate(json.dumps(asked).encode())
                output, _ = await asyncio.wait_for(talking, PATIENCE_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
                raise PollyError("ServiceFailureException", "espeak-ng did not finish in time.", 500) from None
        if process.returncode == espeak.NOT_INSTALLED:
            raise not_available(INSTALL)
        if process.returncode:
            raise PollyError("ServiceFailureException", "espeak-ng failed; is its voice data complete?", 500)
        header, _, samples = output.partition(b"\n")
        told = json.loads(header)
        return Spoken(told["rate"], told["events"], samples)
