"""Connects to OpenSearch: a managed domain, a Serverless collection, or a server of one's own."""

from __future__ import annotations

from typing import Any, Literal

import opensearchpy
from urllib3 import Timeout

TIMEOUT_SECONDS = 10
RETRIES = 2
RETRIED = (429, 502, 503, 504)


def connect(
    url: str,
    region: str | None = None,
    service: Literal["es", "aoss"] | None = None,
    seconds: float = TIMEOUT_SECONDS,
    retries: int = RETRIES,
    again_after_timeout: bool = True,
) -> Any:
    """A client for `url`, which signs its requests with the function's own credentials if `service` is given.

    `es` is a managed domain, `aoss` a Serverless collection; both need `region`. Without a service nothing is signed,
    which is for a server on loopback or in a test. A request may take `seconds`, the connection included, and is
    sent again up to `retries` times; after it timed out only where `again_after_timeout`.
    """
    signer = None
    if service is not None:
        from botocore.session import Session

        # The session renews temporary credentials by itself, so the signer is given the credentials object.
        signer = opensearchpy.Urllib3AWSV4SignerAuth(Session().get_credentials(), region, service)
    return opensearchpy.OpenSearch(
        hosts=[url],
        http_auth=signer,
        connection_class=opensearchpy.Urllib3HttpConnection,
        timeout=Timeout(total=seconds),
        max_retries=retries,
        retry_on_timeout=again_after_timeout,
        retry_on_status=RETRIED,
    )
