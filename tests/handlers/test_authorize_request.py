"""The authoriser: a policy and an identity for a good token, `Unauthorized` for any other."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt import PyJWK, PyJWKClient
from jwt.algorithms import ECAlgorithm

from npcops.errors import StoreUnavailable
from tests.calls import logged, sample
from tests.handlers.conftest import Load

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLISHED = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k1", "use": "sig"}


@pytest.fixture(autouse=True)
def issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PyJWKClient, "fetch_data", lambda self: {"keys": [PUBLISHED]})


def event(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": "https://id.example",
        "aud": "npcops",
        "sub": "ann",
        "title": "saltmarrow",
        "scope": "studio player",
        "iat": now,
        "exp": now + 60,
        **changes,
    }
    token = jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": "k1"})
    return {**sample("authorize_request"), "authorizationToken": f"Bearer {token}"}


def test_the_published_key_is_a_public_one() -> None:
    assert "d" not in PUBLISHED
    assert PyJWK(PUBLISHED).key_type == "EC"


def test_a_good_token_gets_a_policy_for_this_api_and_stage_alone(load: Load) -> None:
    answer = load("authorize_request")(event())
    assert answer["principalId"] == "ann"
    assert answer["context"] == {"title": "saltmarrow", "subject": "ann", "scopes": "player studio"}
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    assert statement["Resource"] == "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/dev/*"


@pytest.mark.parametrize("changes", [{"exp": 1}, {"aud": "other"}, {"title": "No Title"}, {"scope": "admin"}])
def test_another_token_is_unauthorized(load: Load, changes: dict[str, Any]) -> None:
    with logged() as log, pytest.raises(Exception, match=r"^Unauthorized$"):
        load("authorize_request")(event(**changes))
    assert "token refused" in log.getvalue()
    assert "eyJ" not in log.getvalue()


@pytest.mark.parametrize("token", [None, "", "Bearer", "Bearer x.y.z"])
def test_no_token_is_unauthorized(load: Load, token: str | None) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        load("authorize_request")({**event(), "authorizationToken": token})
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        load("authorize_request")(sample("authorize_request"))


def test_an_issuer_that_is_down_is_no_fault_of_the_token(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: PyJWKClient) -> Any:
        raise jwt.PyJWKClientConnectionError("no route to host")

    monkeypatch.setattr(PyJWKClient, "fetch_data", down)
    with pytest.raises(StoreUnavailable):
        load("authorize_request")(event())
