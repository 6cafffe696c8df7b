"""Verification of JSON Web Tokens against the keys an issuer publishes."""

from __future__ import annotations

from typing import Any

import jwt

from npcops.errors import StoreUnavailable, Unauthenticated
from npcops.identity import SCOPES, Identity
from npcops.lore_paths import TITLE

# Asymmetric only: an HMAC algorithm would accept the issuer's public key as a secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
LEEWAY_SECONDS = 60
MAX_SUBJECT = 128


class TokenVerifier:
    """Accepts tokens of one issuer for one audience.

    Keys are kept for an hour, so a withdrawn key is refused an hour later at most. An unknown key id fetches them again
    at once, but not more often than every 30 seconds.
    """

    def __init__(self, issuer: str, audience: str, jwks_url: str) -> None:
        self._issuer, self._audience = issuer, audience
        self._keys = jwt.PyJWKClient(jwks_url, lifespan=3600, timeout=3)

    def __call__(self, authorization: str | None) -> Identity:
        """The identity in an `Authorization: Bearer …` value.

        Raises Unauthenticated, or StoreUnavailable when the issuer's keys cannot be fetched.
        """
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Unauthenticated("Send the token as `Authorization: Bearer <token>`.")
        try:
            key = self._keys.get_signing_key_from_jwt(token.strip())
            claims = jwt.decode(
                token.strip(),
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWKClientConnectionError:
            raise StoreUnavailable("The issuer of the tokens did not give its keys.") from None
        except jwt.PyJWTError as error:
            # The class says what is wrong (expired, wrong audience); the message may quote the token.
            raise Unauthenticated(f"The token was not accepted ({type(error).__name__}).") from None
        return _identity(claims)


def _identity(claims: dict[str, Any]) -> Identity:
    title, subject, scope = claims.get("title"), claims["sub"], claims.get("scope")
    scopes = frozenset(str(scope or "").split()) & SCOPES
    if not isinstance(title, str) or not TITLE.fullmatch(title):
        raise Unauthenticated("The token has no valid claim `title`.")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise Unauthenticated("The token's `sub` must have 1 to 128 characters.")
    if not scopes:
        raise Unauthenticated("The token has none of the scopes player, server and studio.")
    return Identity(title, subject, scopes, int(claims["exp"]))
