"""Doing a request once: an API call repeated with the same `Idempotency-Key` gets the first call's answer.

Records live in the player's own partition for an hour, so that erasing the player erases them too, those of calls
under way included.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import msgspec
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)

from npcops import settings
from npcops.adapters.dynamodb import quick_client
from npcops.adapters.player_table import partition
from npcops.errors import Conflict, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

log = logging.getLogger(__name__)
SECONDS = 3600


class ExistingOnly:
    """A DynamoDB client that updates only what is there: a record erased during the call must not come back."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **request: Any) -> None:
        """As the client's own, but without effect where there is no item."""
        try:
            self._client.update_item(**request, ConditionExpression="attribute_exists(pk)")
        except self._client.exceptions.ConditionalCheckFailedException:
            return


def once(title: str, player: str, key: str, body: str, context: Any, work: Callable[[], Any]) -> Any:
    """Run `work` unless this player already did with this `key`; its result as JSON values.

    Raises Conflict when the first call is still under way or had another body. A `work` that raises can be repeated.
    Raises StoreUnavailable when nothing is known of an earlier call; what comes of `work` is told in any case.
    """
    store = DynamoDBPersistenceLayer(
        table_name=settings.read(settings.PlayerSettings).players_table,
        key_attr="pk",
        sort_key_attr="sk",
        static_pk_value=partition(title, player),
        expiry_attr="expires_at",
        boto3_client=cast("DynamoDBClient", ExistingOnly(quick_client())),
    )
    config = IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="body",
        expires_after_seconds=SECONDS,
        lambda_context=context,
    )
    done = _Outcome(work)

    @idempotent_function(  # type: ignore[untyped-decorator] # Powertools does not type it
        data_keyword_argument="call", config=config, persistence_store=store
    )
    def run(call: dict[str, str]) -> Any:
        return done()

    try:
        return run(call={"key": key, "body": body})
    except IdempotencyAlreadyInProgressError:
        raise Conflict("A call with this Idempotency-Key is still being answered.") from None
    except IdempotencyValidationError:
        raise Conflict("This Idempotency-Key was used for another body.") from None
    except IdempotencyPersistenceLayerError:
        return done.unrecorded()


class _Outcome:
    """What came of the work, which counts even if it cannot be recorded."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._result: Any = None
        self._error: Exception | None = StoreUnavailable("The player table did not answer.")

    def __call__(self) -> Any:
        try:
            self._result, self._error = msgspec.to_builtins(self._work()), None
        except Exception as error:
            self._error = error
            raise
        return self._result

    def unrecorded(self) -> Any:
        """The same again when its record has failed; StoreUnavailable if the work was not done."""
        if self._error is not None:
            raise self._error from None
        log.warning("answer not kept for its Idempotency-Key")
        return self._result
