"""Repairs to MiniStack's REST APIs: an imported OpenAPI document also brings its validation and its error responses.

MiniStack 1.5.33 enforces request validators and gateway responses that are made by API calls, but its import of an
OpenAPI document reads routes, integrations and authorisers only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

# Of a path, API Gateway hands these on as they are.
PLAIN = "/~:@!$&'()*+,;="
PLACES = {"query": "querystring", "header": "header", "path": "path"}


def honour_openapi(apigateway: Any) -> None:
    """Make `_import_rest_api` create models, request validators and gateway responses as API Gateway does."""
    import_routes = apigateway._import_rest_api

    def import_rest_api(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        api_id: str = import_routes(spec, base_data)
        schemas = (spec.get("components") or {}).get("schemas") or {}
        for name in schemas:
            # The whole document travels along, so that references between schemas resolve.
            schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
            model = {"name": name, "contentType": "application/json", "schema": json.dumps(schema)}
            apigateway._create_model(api_id, model)
        validators = {
            name: json.loads(apigateway._create_request_validator(api_id, {"name": name, **checks})[2])["id"]
            for name, checks in (spec.get("x-amazon-apigateway-request-validators") or {}).items()
        }
        methods = {
            (resource["path"], verb): method
            for resource in apigateway._resources.get(api_id, {}).values()
            for verb, method in (resource.get("resourceMethods") or {}).items()
        }
        default = spec.get("x-amazon-apigateway-request-validator")
        for path, operations in (spec.get("paths") or {}).items():
            for verb, operation in operations.items():
                if method := methods.get((path, verb.upper())):
                    validator = validators.get(operation.get("x-amazon-apigateway-request-validator", default))
                    method.update(_validation(operation, validator))
        for kind, response in (spec.get("x-amazon-apigateway-gateway-responses") or {}).items():
            wanted = (
                response if "statusCode" not in response else {**response, "statusCode": str(response["statusCode"])}
            )
            apigateway._put_gateway_response(api_id, kind, wanted)
        return api_id

    apigateway._import_rest_api = import_rest_api


def keep_paths_encoded(apigateway: Any) -> None:
    """Hand path parameters to functions percent-encoded, as REST APIs do."""
    build: Callable[..., dict[str, Any]] = apigateway._build_lambda_event_v1

    def encoded(*args: Any, **kwargs: Any) -> dict[str, Any]:
        event = build(*args, **kwargs)
        found = event.get("pathParameters") or {}
        event["pathParameters"] = {name: quote(value, safe=PLAIN) for name, value in found.items()} or None
        return event

    apigateway._build_lambda_event_v1 = encoded


def _validation(operation: dict[str, Any], validator: str | None) -> dict[str, Any]:
    """What a method of MiniStack must hold for its validator to work."""
    content = (operation.get("requestBody") or {}).get("content") or {}
    references = {kind: body.get("schema", {}).get("$ref", "") for kind, body in content.items()}
    return {
        "requestValidatorId": validator,
        "requestModels": {kind: name.rsplit("/", 1)[-1] for kind, name in references.items() if name},
        "requestParameters": {
            f"method.request.{PLACES[parameter['in']]}.{parameter['name']}": bool(parameter.get("required"))
            for parameter in operation.get("parameters") or []
            if parameter.get("in") in PLACES
        },
    }
