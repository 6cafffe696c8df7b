"""Open WebSocket connections, through API Gateway's management API."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import Disconnected

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

GONE, TOO_LARGE, TOO_SLOW = 410, 413, 429
# A client that reads slowly shows as throttling (LimitExceededException), which botocore waits for and tries again. One
# frame may not cost the turn its time: it has 7 seconds in the worst case.
PATIENT = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
)


@cache
def management_client() -> ApiGatewayManagementApiClient:
    """One client a process; the environment says where the API is (AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI)."""
    return boto3.client("apigatewaymanagementapi", config=PATIENT)


class ApiGatewayConnections:
    """`Connections` of one WebSocket API."""

    def __init__(self, client: ApiGatewayManagementApiClient) -> None:
        self._client = client

    def post(self, connection: str, frame: bytes) -> None:
        """See Connections. A connection that cannot be reached for seconds counts as gone: its client may resume.

        One whose client is too slow is closed, so that the client knows. Disconnected has a `cause` unless the client
        has closed the connection.
        """
        try:
            self._client.post_to_connection(ConnectionId=connection, Data=frame)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == TOO_LARGE:
                raise ValueError(f"a frame of {len(frame)} bytes") from None
            if status == GONE:
                raise Disconnected("The client has closed the connection.") from None
            if status == TOO_SLOW:
                self._close(connection)
            raise _failed(error.response["Error"]["Code"]) from None
        except BotoCoreError as error:
            raise _failed(type(error).__name__) from None

    def _close(self, connection: str) -> None:
        with suppress(ClientError, BotoCoreError):
            self._client.delete_connection(ConnectionId=connection)


def _failed(code: str) -> Disconnected:
    return Disconnected(f"The connection took no frame ({code}).", code)
