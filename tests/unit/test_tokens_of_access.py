"""Bearer tokens: only what the issuer signed, for this API, now, with the claims an identity needs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import URLError

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from npcops.adapters.tokens import LEEWAY_SECONDS, TokenVerifier
from npcops.errors import StoreUnavailable, Unauthenticated
from npcops.identity import Identity

ISSUER, AUDIENCE, URL = "https://id.example", "npcops", "https://id.example/keys"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
Sign = Callable[..., str]


def published(key: Any, kid: str) -> dict[str, Any]:
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}


class Issuer:
    """The issuer's key address, in place of the network."""

    def __init__(self) -> None:
        self.keys = [published(RSA_KEY, "rsa"), published(EC_KEY, "ec")]
        self.down = False
        self.fetched = 0

    def open(self, _: Any, request: urllib.request.Request, *args: Any, **named: Any) -> io.BytesIO:
        assert request.full_url == URL
        self.fetched += 1
        if self.down:
            raise URLError("no route to host")
        return io.BytesIO(json.dumps({"keys": self.keys}).encode())


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Issuer:
    made = Issuer()
    monkeypatch.setattr(urllib.request.OpenerDirector, "open", lambda *args, **named: made.open(*args, **named))
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


@pytest.fixture
def verify(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(ISSUER, AUDIENCE, URL)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "title": "saltmarrow", "scope": "player"}
    changed = {**good, "iat": now, "exp": now + 600, **changes}
    return {name: value for name, value in changed.items() if value is not None}


def signed(key: Any = RSA_KEY, kid: str | None = "rsa", algorithm: str = "RS256", **changes: Any) -> str:
    headers = {"kid": kid} if kid else None
    return "Bearer " + jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refused(verify: TokenVerifier, authorization: str | None) -> str:
    with pytest.raises(Unauthenticated) as error:
        verify(authorization)
    return str(error.value)


def test_a_good_token_gives_an_identity(verify: TokenVerifier) -> None:
    end = int(time.time()) + 100
    assert verify(signed(exp=end)) == Identity("saltmarrow", "ann", frozenset({"player"}), end)
    assert verify(signed(EC_KEY, "ec", "ES256", scope="studio server openid", exp=end)) == Identity(
        "saltmarrow", "ann", frozenset({"studio", "server"}), end
    )


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_a_key_may_be_for_another_asymmetric_algorithm(verify: TokenVerifier, issuer: Issuer, algorithm: str) -> None:
    issuer.keys.append({**published(RSA_KEY, "other"), "alg": algorithm})
    assert verify(signed(kid="other", algorithm=algorithm)).subject == "ann"
    refused(verify, signed(kid="other", algorithm="RS256"))


def test_the_scheme_s_case_and_spaces_do_not_matter(verify: TokenVerifier) -> None:
    assert verify(signed().replace("Bearer ", "bearer  ") + " ").subject == "ann"


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "abc"])
def test_no_token_is_refused_with_advice(verify: TokenVerifier, authorization: str | None, issuer: Issuer) -> None:
    assert "Bearer <token>" in refused(verify, authorization)
    assert issuer.fetched == 0


@pytest.mark.parametrize("token", ["x", "a.b.c", "a.b", "....", "é.ü.ß", "\x00", "ey" * 500])
def test_garbage_is_refused(verify: TokenVerifier, token: str) -> None:
    assert token not in refused(verify, f"Bearer {token}") or token == "x"


def test_times_count_with_a_little_leeway(verify: TokenVerifier) -> None:
    now = int(time.time())
    assert verify(signed(exp=now - LEEWAY_SECONDS + 10)).subject == "ann"
    assert verify(signed(nbf=now + LEEWAY_SECONDS - 10)).subject == "ann"
    assert "Expired" in refused(verify, signed(exp=now - LEEWAY_SECONDS - 10))
    assert "Immature" in refused(verify, signed(nbf=now + LEEWAY_SECONDS + 10))
    assert "Immature" in refused(verify, signed(iat=now + LEEWAY_SECONDS + 10))


@pytest.mark.parametrize("changes", [{"aud": "other"}, {"aud": ["other", "another"]}, {"iss": "https://evil.example"}])
def test_tokens_for_others_are_refused(verify: TokenVerifier, changes: dict[str, Any]) -> None:
    assert "Invalid" in refused(verify, signed(**changes))


@pytest.mark.parametrize("name", ["exp", "iat", "iss", "aud", "sub", "title", "scope"])
def test_a_token_without_a_claim_is_refused(verify: TokenVerifier, name: str) -> None:
    missing: dict[str, Any] = {name: None}
    refused(verify, signed(**missing))


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "Salt Marrow"},
        {"title": "a#b"},
        {"title": "a/b"},
        {"title": "game\n"},
        {"title": 7},
        {"title": ["a"]},
        {"title": "a" * 64},
        {"sub": ""},
        {"sub": "a" * 129},
        {"sub": 7},
        {"scope": ""},
        {"scope": "admin"},
        {"scope": "Player"},
        {"scope": "players"},
    ],
)
def test_claims_that_no_identity_can_be_made_of_are_refused(verify: TokenVerifier, changes: dict[str, Any]) -> None:
    refused(verify, signed(**changes))


def test_an_unsigned_token_is_refused(verify: TokenVerifier) -> None:
    for algorithm in ("none", "None", "nOnE"):
        header = segment({"alg": algorithm, "typ": "JWT", "kid": "rsa"})
        refused(verify, f"Bearer {header}.{segment(claims())}.")


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(verify: TokenVerifier) -> None:
    public = RSA_KEY.public_key()
    encodings = (serialization.Encoding.PEM, serialization.Encoding.DER)
    secrets = [public.public_bytes(one, serialization.PublicFormat.SubjectPublicKeyInfo) for one in encodings]
    for secret in (*secrets, json.dumps(published(RSA_KEY, "rsa")).encode()):
        signing = f"{segment({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa'})}.{segment(claims())}"
        digest = hmac.new(secret, signing.encode(), hashlib.sha256).digest()
        refused(verify, f"Bearer {signing}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


def test_a_key_is_good_for_its_own_kind_of_signature_only(verify: TokenVerifier) -> None:
    refused(verify, signed(EC_KEY, "rsa", "ES256"))
    refused(verify, signed(RSA_KEY, "ec", "RS256"))


def test_another_issuer_s_key_is_refused(verify: TokenVerifier) -> None:
    assert "Signature" in refused(verify, signed(OTHER_KEY))
    refused(verify, signed(OTHER_KEY, kid="other"))
    refused(verify, signed(kid=None))


def test_a_changed_token_is_refused(verify: TokenVerifier) -> None:
    header, _, signature = signed().removeprefix("Bearer ").split(".")
    refused(verify, f"Bearer {header}.{segment(claims(scope='studio'))}.{signature}")


def test_keys_are_fetched_once(verify: TokenVerifier, issuer: Issuer) -> None:
    for _ in range(5):
        verify(signed())
    assert issuer.fetched == 1


def test_a_new_key_is_fetched_when_it_is_first_seen(verify: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    verify(signed())
    issuer.keys.append(published(OTHER_KEY, "new"))
    clock.now += 31
    assert verify(signed(OTHER_KEY, "new")).subject == "ann"
    assert verify(signed()).subject == "ann"
    assert issuer.fetched == 2


def test_made_up_keys_do_not_hammer_the_issuer(verify: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    for number in range(20):
        refused(verify, signed(OTHER_KEY, f"made-up-{number}"))
    assert issuer.fetched == 1


def test_a_withdrawn_key_is_refused_after_an_hour(verify: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    verify(signed())
    issuer.keys = [published(OTHER_KEY, "new")]
    clock.now += 3601
    refused(verify, signed())
    assert verify(signed(OTHER_KEY, "new")).subject == "ann"


def test_an_issuer_that_is_down_makes_no_token_wrong(verify: TokenVerifier, issuer: Issuer) -> None:
    issuer.down = True
    with pytest.raises(StoreUnavailable):
        verify(signed())
    issuer.down = False
    assert verify(signed()).subject == "ann"


def test_messages_do_not_quote_the_token(verify: TokenVerifier) -> None:
    token = signed(kid="secret-kid", sub="secret-subject")
    assert "secret" not in refused(verify, token)
