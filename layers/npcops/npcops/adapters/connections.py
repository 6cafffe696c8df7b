"""Open WebSocket connections, through API Gateway's management API."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import Disconnected

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

GONE, TOO_LARGE = 410, 413
# A client that reads slowly shows as throttling (LimitExceededException), which botocore waits for and tries again.
PATIENT = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 4},
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
        """See Connections. A connection that cannot be reached for seconds counts as gone: its client may resume."""
        try:
            self._client.post_to_connection(ConnectionId=connection, Data=frame)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == TOO_LARGE:
                raise ValueError(f"a frame of {len(frame)} bytes") from None
            if status == GONE:
                raise Disconnected("The client has closed the connection.") from None
            raise Disconnected(f"The connection took no frame ({error.response['Error']['Code']}).") from None
        except BotoCoreError as error:
            raise Disconnected(f"The connection took no frame ({type(error).__name__}).") from None
