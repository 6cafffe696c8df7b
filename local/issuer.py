"""The local stage's own token issuer: a key made at first start, its public half as a key set, and signing."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from local.layout import Layout

ISSUER = "https://issuer.npcops.local"
AUDIENCE = "npcops-local"
KEY_ID = "local"


def ensure_key(layout: Layout) -> None:
    """Make the key pair once: the private key readable by its owner only, the public one as a JSON Web Key Set."""
    layout.prepare()
    if not layout.key_file.exists():
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(layout.key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
    public = ECAlgorithm.to_jwk(_private_key(layout).public_key(), as_dict=True)
    layout.jwks_file.write_text(json.dumps({"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "ES256"}]}))


def sign(layout: Layout, scope: str, title: str, subject: str, ttl_seconds: int = 3600) -> str:
    """A signed token. `scope` is space separated (player, server, studio); `title` is the game."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + ttl_seconds,
        "sub": subject, "scope": scope, "title": title,
    }  # fmt: skip
    return jwt.encode(claims, _private_key(layout), algorithm="ES256", headers={"kid": KEY_ID})


def _private_key(layout: Layout) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(layout.key_file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{layout.key_file} does not hold an elliptic-curve key; run `make clean`")
    return key
