"""The frame of both Lambda authorisers: a verified token becomes an identity, any other API Gateway's 401."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from npcops.errors import Unauthenticated
from npcops.identity import Identity
from npcops.telemetry import MetricUnit, logger, metrics


def authorized(
    verify: Callable[[str | None], Identity], bearer: str | None, method_arn: str, outlives: bool = False
) -> dict[str, Any]:
    """Allow every method of the API of `method_arn` for a verified token, and say whose it is.

    `bearer` is the token with `Bearer ` before it. With `outlives`, what is authorised may last longer than the token,
    whose end is told as well. The functions check scopes, which differ by operation. Raises what API Gateway answers
    with 401.
    """
    metrics.add_metric("Authorizations", MetricUnit.Count, 1)
    try:
        identity = verify(bearer)
    except Unauthenticated as error:
        logger.info("token refused", reason=str(error))
        # API Gateway answers exactly this message with 401.
        raise Exception("Unauthorized") from None  # noqa: TRY002 (any class would do)
    api = "/".join(method_arn.split("/", 2)[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/*"}
    return {
        "principalId": identity.subject,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {
            "title": identity.title,
            "subject": identity.subject,
            "scopes": " ".join(sorted(identity.scopes)),
            **({"expires": str(identity.expires)} if outlives else {}),
        },
    }
