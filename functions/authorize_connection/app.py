"""Lambda authoriser of the WebSocket API: turns the token of a handshake into an identity, or a 401."""

from typing import Any

from npcops import bootstrap
from npcops.authorizer import authorized
from npcops.telemetry import observed

verify = bootstrap.token_verifier()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Whose connection it is; that comes with each of its messages, also when the token has ended meanwhile.

    The token is in the header `Authorization`, or in the query parameter `token`: browsers cannot set headers here.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    token = (event.get("queryStringParameters") or {}).get("token")
    bearer = headers.get("authorization") or (token and f"Bearer {token}")
    return authorized(verify, bearer, event["methodArn"], outlives=True)
