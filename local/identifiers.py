"""Random identifiers, as AWS makes them: letters and digits."""

from __future__ import annotations

import secrets
import string


def identifier(length: int, letters: str = string.ascii_lowercase) -> str:
    """`length` random characters, digits or of `letters`."""
    return "".join(secrets.choice(letters + string.digits) for _ in range(length))
