"""The optional extra that training needs: a virtual environment of its own, from a hashed lock."""

from __future__ import annotations

from pathlib import Path

from local import venvs

NAME = "tuning"
HOW = "./npc tune offers to install it; so does: python -m local.venvs tuning"


def installed() -> bool:
    """Whether models can be tuned on this machine."""
    return venvs.up_to_date(NAME)


def install() -> bool:
    """Installs the extra; False if there was nothing to do. Raises local.venvs.SetupFailed."""
    return venvs.ensure(NAME)


def python() -> Path:
    """The interpreter that trains."""
    return venvs.binary(NAME, "python")
