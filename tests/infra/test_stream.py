"""The WebSocket API: authorised when a client connects, and its turns spoken with just what REST's have."""

import json
import re
from typing import Any

import pytest

from npcops import stream_api, stream_turn
from tests.infra.descriptions import (
    ACCOUNT,
    DOMAIN,
    LOCAL,
    REGION,
    SERVERLESS,
    Stage,
    functions,
    resources,
    sample,
    template,
)
from tests.infra.test_functions import API_SECONDS

ENDPOINT = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
SAMPLES = {"connect": "$connect", "speak": "speak", "resume": "resume", "default": "$default"}


def only(kind: str, parameters: dict[str, str] = SERVERLESS) -> dict[str, Any]:
    """The properties of the only resource of a type."""
    (body,) = resources(f"AWS::ApiGatewayV2::{kind}").values()
    return dict(Stage(parameters).value(body["Properties"]))


def routes() -> dict[str, dict[str, Any]]:
    """The routes by their keys."""
    found = [Stage(SERVERLESS).value(body["Properties"]) for body in resources("AWS::ApiGatewayV2::Route").values()]
    return {route["RouteKey"]: route for route in found}


def test_defect_10_who_connects_is_authorised() -> None:
    assert (routes()["$connect"]["AuthorizationType"], routes()["$connect"]["AuthorizerId"]) == (
        *("CUSTOM",),
        "StreamAuthorizer",
    )
    authoriser = only("Authorizer")
    assert authoriser["AuthorizerType"] == "REQUEST"
    assert authoriser["AuthorizerUri"].endswith("/functions/AuthorizeConnection.Arn/invocations")
    # All that are named would be demanded: a browser lacks the header, everybody else the parameter.
    assert authoriser["IdentitySource"] == []


def test_every_action_has_its_route_and_whatever_else_comes_is_answered() -> None:
    actions = {kind.__struct_config__.tag for kind in (stream_api.Speak, stream_api.Resume)}
    assert routes().keys() == actions | {"$connect", "$default"}
    assert {route["Target"] for route in routes().values()} == {"integrations/StreamTurnIntegration"}
    assert only("Api")["RouteSelectionExpression"] == "$request.body.action"
    assert only("Api")["ProtocolType"] == "WEBSOCKET"
    integration = only("Integration")
    assert integration["IntegrationType"] == "AWS_PROXY"
    assert integration["IntegrationUri"].endswith("/functions/StreamTurn.Arn/invocations")
    # What the function returns is for API Gateway alone: no route has a route response.
    assert not any("RouteResponseSelectionExpression" in route for route in routes().values())


def test_routes_have_the_names_of_their_keys() -> None:
    for name, body in resources("AWS::ApiGatewayV2::Route").items():
        assert f"{body['Properties']['RouteKey'].removeprefix('$').capitalize()}Route" == name


def test_the_stage_is_throttled_and_logs_nothing_that_was_said_or_sent_along() -> None:
    stage = only("Stage")
    settings = stage["DefaultRouteSettings"]
    assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("OFF", False)
    assert settings["ThrottlingRateLimit"] == settings["ThrottlingBurstLimit"] == "50"
    record = json.loads(stage["AccessLogSettings"]["Format"])
    assert set(record.values()) <= {
        *("$context.requestId", "$context.connectionId", "$context.authorizer.title", "$context.authorizer.scopes"),
        *("$context.eventType", "$context.routeKey", "$context.status", "$context.integrationLatency"),
        "$context.error.responseType",
    }
    assert stage["AutoDeploy"] is True


def test_a_streamed_turn_has_what_a_turn_of_rest_has() -> None:
    asked, streamed = functions()["Converse"], functions()["StreamTurn"]
    own = streamed["Environment"]["Variables"] | {}
    assert own.pop(ENDPOINT)
    assert own == asked["Environment"]["Variables"]
    assert streamed["Policies"][:-1] == asked["Policies"]
    for name in ("MemorySize", "Timeout"):
        assert streamed[name] == asked[name]


def test_it_may_post_to_and_close_connections_of_this_api_and_nothing_else() -> None:
    (statement,) = Stage(SERVERLESS).value(functions()["StreamTurn"]["Policies"][-1]["Statement"])
    api = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:StreamApi/dev"
    arns = [f"{api}/{method}/@connections/*" for method in ("POST", "DELETE")]
    assert (statement["Action"], statement["Resource"]) == ("execute-api:ManageConnections", arns)


@pytest.mark.parametrize("parameters", [SERVERLESS, DOMAIN])
def test_on_aws_posts_go_to_the_api_that_the_client_is_connected_to(parameters: dict[str, str]) -> None:
    posts = Stage(parameters).environment("StreamTurn")[ENDPOINT]
    url = Stage(parameters).value(template()["Outputs"]["StreamUrl"]["Value"])
    assert posts == url.replace("wss://", "https://", 1) == f"https://StreamApi.execute-api.{REGION}.amazonaws.com/dev"


def test_locally_posts_go_where_everything_goes() -> None:
    assert ENDPOINT not in Stage(LOCAL).value(functions()["StreamTurn"]["Environment"]["Variables"])


def test_turns_end_before_api_gateway_gives_up_and_are_dead_only_afterwards() -> None:
    timeout = functions()["StreamTurn"]["Timeout"]
    assert timeout < API_SECONDS
    assert timeout < stream_turn.SPEAKING_SECONDS
    assert timeout > stream_turn.WAITING_SECONDS + stream_turn.POLL_SECONDS
    longest_turn = 25  # `patience.deadline` of a card
    taken_over = stream_turn.TAKING_OVER_SECONDS + stream_turn.RECORD_SECONDS
    assert taken_over + longest_turn + stream_turn.SECONDS_TO_COMPLETE < timeout


def test_failures_of_the_stream_ring() -> None:
    """Its function answers API Gateway with 200 whatever it tells the client, so no metric of AWS knows of them."""
    alarm = resources("AWS::CloudWatch::Alarm")["StreamFailuresAlarm"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("npcops", "StreamFailures", "Sum")
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "npcops"
    assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_sample_is_an_event_of_its_route(name: str) -> None:
    event = sample(f"stream/{name}")
    context = event["requestContext"]
    assert context["routeKey"] == SAMPLES[name]
    assert context["eventType"] == ("CONNECT" if name == "connect" else "MESSAGE")
    assert context["authorizer"].keys() >= {"title", "subject", "scopes", "expires"}
    if name in ("speak", "resume"):
        assert json.loads(event["body"])["action"] == name
        assert stream_api.MESSAGE.decode(event["body"])


def test_every_route_has_a_sample() -> None:
    assert set(SAMPLES.values()) == set(routes())


def test_the_sample_handshake_comes_to_this_api() -> None:
    event = sample("authorize_connection")
    assert event["type"] == "REQUEST"
    assert re.fullmatch(r"arn:aws:execute-api:[^:]+:\d+:\w+/dev/\$connect", event["methodArn"])
    assert event["requestContext"]["eventType"] == "CONNECT"
