"""The authoriser of connections: an identity that stays with the connection, `Unauthorized` without a good token."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.calls import logged, sample
from tests.handlers.conftest import Load
from tests.handlers.test_authorize_request import event as request_event
from tests.handlers.test_authorize_request import issuer

__all__ = ["issuer"]


def event(*, header: bool = True, parameter: bool = False, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = sample("authorize_connection")
    bearer = request_event(**changes)["authorizationToken"]
    del made["headers"]["Authorization"]
    if header:
        made["headers"]["authorization"] = bearer
    if parameter:
        made["queryStringParameters"] = {"token": bearer.removeprefix("Bearer ")}
    return made


@pytest.mark.parametrize("where", [{}, {"header": False, "parameter": True}], ids=["header", "query"])
def test_a_good_token_gets_the_connection_and_an_identity_with_an_end(load: Load, where: dict[str, Any]) -> None:
    end = int(time.time()) + 90
    answer = load("authorize_connection")(event(exp=end, **where))
    assert answer["principalId"] == "ann"
    assert answer["context"] == {
        "title": "saltmarrow",
        "subject": "ann",
        "scopes": "player studio",
        "expires": str(end),
    }
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    assert statement["Resource"] == "arn:aws:execute-api:eu-central-1:123456789012:w1x2y3z4a5/dev/*"


@pytest.mark.parametrize("changes", [{"exp": 1}, {"aud": "other"}, {"title": "No Title"}, {"header": False}])
def test_without_a_good_token_there_is_no_connection(load: Load, changes: dict[str, Any]) -> None:
    with logged() as log, pytest.raises(Exception, match=r"^Unauthorized$"):
        load("authorize_connection")(event(**changes))
    assert "token refused" in log.getvalue()


def test_a_handshake_without_headers_and_parameters_is_refused(load: Load) -> None:
    bare = {**event(), "headers": None, "queryStringParameters": None}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        load("authorize_connection")(bare)


def test_no_token_is_logged(load: Load) -> None:
    asked = event(header=False, parameter=True, exp=1)
    with logged() as log, pytest.raises(Exception, match=r"^Unauthorized$"):
        load("authorize_connection")(asked)
    assert asked["queryStringParameters"]["token"] not in log.getvalue()
