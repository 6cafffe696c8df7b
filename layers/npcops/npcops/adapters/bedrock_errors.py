"""Which of a model call's failures may pass, and which are for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from urllib3.exceptions import HTTPError as TransportError

from npcops.errors import ModelFailed, ModelUnavailable

_PASSING = frozenset(
    {
        "throttlingexception",
        "toomanyrequestsexception",
        "servicequotaexceededexception",
        "modelnotreadyexception",
        "serviceunavailableexception",
        "internalserverexception",
        "modeltimeoutexception",
        "requesttimeout",
        "requesttimeoutexception",
    }
)


@contextmanager
def model_errors(model: str) -> Iterator[None]:
    """Turns the failures of botocore into ModelUnavailable and ModelFailed.

    The original exceptions are not chained: the text of some quotes the request, and tracebacks are logged.
    """
    try:
        yield
    except ClientError as error:
        raise _refusal(model, error) from None
    except (BotocoreConnectionError, HTTPClientError, IncompleteReadError, TransportError) as error:
        raise ModelUnavailable(f"Model {model} did not answer in time ({type(error).__name__}).") from None
    except BotoCoreError as error:
        raise ModelFailed(f"Model {model} could not be called ({type(error).__name__}).") from None


def _refusal(model: str, error: ClientError) -> ModelFailed | ModelUnavailable:
    """Errors inside a stream carry the same codes with a small first letter, and no status."""
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    request = error.response.get("ResponseMetadata", {}).get("RequestId", "")
    detail = f"{code}, request {request}" if request else code
    if code.lower() in _PASSING or status >= 500:
        return ModelUnavailable(f"Model {model} is not available ({detail}).")
    return ModelFailed(f"Model {model} refused the call ({detail}).")
