"""Lambda authoriser: turns a bearer token into an identity, or a 401."""

from typing import Any

from npcops import bootstrap
from npcops.errors import Unauthenticated
from npcops.telemetry import MetricUnit, logger, metrics, observed

verify = bootstrap.token_verifier()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Allow every method of this API for a verified token; the functions check scopes, which differ by operation."""
    metrics.add_metric("Authorizations", MetricUnit.Count, 1)
    try:
        identity = verify(event.get("authorizationToken"))
    except Unauthenticated as error:
        logger.info("token refused", reason=str(error))
        # API Gateway turns exactly this message into its UNAUTHORIZED response (401).
        raise Exception("Unauthorized") from None  # noqa: TRY002
    api = "/".join(event["methodArn"].split("/", 2)[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/*"}
    return {
        "principalId": identity.subject,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {
            "title": identity.title,
            "subject": identity.subject,
            "scopes": " ".join(sorted(identity.scopes)),
        },
    }
