"""Lambda authoriser of the REST API: turns a bearer token into an identity, or a 401."""

from typing import Any

from npcops import bootstrap
from npcops.authorizer import authorized
from npcops.telemetry import observed

verify = bootstrap.token_verifier()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Whose token it is; each call brings its token again."""
    return authorized(verify, event.get("authorizationToken"), event["methodArn"])
