"""Lambda authoriser of the WebSocket API: turns the token of a handshake into an identity, or a 401."""

from typing import Any

from npcops import bootstrap
from npcops.errors import Unauthenticated
from npcops.telemetry import MetricUnit, logger, metrics, observed

verify = bootstrap.token_verifier()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Allow the connection of a verified token; whose it is comes with each of the connection's messages.

    The token is in the header `Authorization`, or in the query parameter `token`: browsers cannot set headers here.
    """
    metrics.add_metric("Authorizations", MetricUnit.Count, 1)
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    token = (event.get("queryStringParameters") or {}).get("token")
    try:
        identity = verify(headers.get("authorization") or (token and f"Bearer {token}"))
    except Unauthenticated as error:
        logger.info("token refused", reason=str(error))
        # API Gateway answers exactly this message with 401.
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
            "expires": str(identity.expires),
        },
    }
