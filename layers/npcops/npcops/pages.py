"""Self-contained HTML pages from the templates in `html/`: everything escaped, no scripts, nothing fetched."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import Any

import minijinja

FOLDER = Path(__file__).parent / "html"


def page(template: str, **values: Any) -> bytes:
    """A page, filled with plain data.

    Its policy lets a browser apply this one style sheet and nothing else: no script runs and no address is asked,
    whatever an answer may hold.
    """
    style = _file("page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    text = _engine().render_template(template, style=style, policy=policy, **values)
    return text.encode()


@functools.cache
def _engine() -> minijinja.Environment:
    return minijinja.Environment(
        loader=_file,
        undefined_behavior="strict",
        auto_escape_callback=lambda _: True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@functools.cache
def _file(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")
