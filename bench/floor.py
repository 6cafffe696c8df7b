"""The emulator's own floor: a function that does nothing, or waits, behind a REST and a WebSocket API.

Whatever a request costs here costs every request of the same emulator, npcops' turns among them.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any, NamedTuple

from bench.own_stack import OwnStack, websocket_url
from local import services

NAME, STAGE = "bench-floor", "bench"
# It writes a line because the emulator waits 50 ms for the log of a function that writes none.
CODE = """import json, time
def handler(event, context):
    if event["requestContext"].get("eventType") != "CONNECT":
        time.sleep(json.loads(event["body"])["ms"] / 1000)
    print("done")
    return {"statusCode": 200, "body": "{}"}
"""


class Floor(NamedTuple):
    """Where it is. Both take `{"ms": …}`; on the WebSocket the message needs `"action": "speak"` and gets one frame."""

    rest: str
    stream: str


def deploy_floor(stack: OwnStack) -> Floor:
    """Make the function and both APIs by the embedded cloud's own API."""
    function = _function(stack.client("lambda"))
    uri = f"arn:aws:apigateway:{services.REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
    rest = stack.execute_api(_rest_api(stack.client("apigateway"), uri), STAGE)
    stream = stack.execute_api(_stream_api(stack.client("apigatewayv2"), uri), STAGE)
    return Floor(f"{rest}/floor", websocket_url(stream))


def message(ms: int) -> str:
    """What both take: the function is to wait so long."""
    return json.dumps({"action": "speak", "ms": ms})


def _function(client: Any) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("app.py", CODE)
    made = client.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Role=f"arn:aws:iam::{services.ACCOUNT}:role/{NAME}",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=28,
    )
    return str(made["FunctionArn"])


def _rest_api(client: Any, uri: str) -> str:
    api = client.create_rest_api(name=NAME)["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    resource = client.create_resource(restApiId=api, parentId=root, pathPart="floor")["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    client.put_method(**method, authorizationType="NONE")
    client.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    client.create_deployment(restApiId=api, stageName=STAGE)
    return str(api)


def _stream_api(client: Any, uri: str) -> str:
    api = client.create_api(Name=NAME, ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")[
        "ApiId"
    ]
    integration = client.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationMethod="POST", IntegrationUri=uri
    )["IntegrationId"]
    route = client.create_route(ApiId=api, RouteKey="speak", Target=f"integrations/{integration}")["RouteId"]
    # Only with a route response does what the function returns reach the client.
    client.create_route_response(ApiId=api, RouteId=route, RouteResponseKey="$default")
    client.create_stage(ApiId=api, StageName=STAGE, AutoDeploy=True)
    return str(api)
