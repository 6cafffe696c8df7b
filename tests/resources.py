"""The tables, buckets, bus and machine that the adapters need, made anew in moto or in the embedded cloud."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

REGION = "us-east-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "npcops",
    "POWERTOOLS_METRICS_NAMESPACE": "npcops",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


@dataclass(frozen=True)
class Resources:
    """Empty resources with names that nothing else uses, and the clients that speak to them."""

    client: Callable[[str], Any]
    suffix: str

    @property
    def dynamodb(self) -> Any:
        return self.client("dynamodb")

    @property
    def s3(self) -> Any:
        return self.client("s3")

    def name(self, what: str) -> str:
        return f"npcops-{what}-{self.suffix}"

    @property
    def machine(self) -> str:
        """The ARN of the state machine."""
        account = self.client("sts").get_caller_identity()["Account"]
        return f"arn:aws:states:{REGION}:{account}:stateMachine:{self.name('machine')}"

    def put_lore(self, title: str, path: str, text: str | bytes) -> None:
        """Upload a lore file as any tool would."""
        data = text.encode() if isinstance(text, str) else text
        self.s3.put_object(Bucket=self.name("lore"), Key=f"lore/{title}/{path}", Body=data)

    def published(self) -> list[dict[str, Any]]:
        """The events that went over the bus since this was last asked, oldest first."""
        sqs, found = self.client("sqs"), []
        url = sqs.get_queue_url(QueueName=self.name("heard"))["QueueUrl"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def items(self, table: str, **key: str) -> list[dict[str, Any]]:
        """What a partition of a table really holds."""
        ((name, value),) = key.items()
        found = self.dynamodb.query(
            TableName=self.name(table),
            KeyConditionExpression="#pk = :pk",
            ExpressionAttributeNames={"#pk": name},
            ExpressionAttributeValues={":pk": {"S": value}},
            ConsistentRead=True,
        )
        return list(found["Items"])


class Lagging:
    """A DynamoDB client whose reads see nothing yet, unless they ask for consistency."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_item(self, **request: Any) -> Any:
        return self._client.get_item(**request) if request.get("ConsistentRead") else {}

    def query(self, **request: Any) -> Any:
        return self._client.query(**request) if request.get("ConsistentRead") else {"Items": []}


def create(client: Callable[[str], Any]) -> Resources:
    """Make everything; names are new in every call."""
    made = Resources(client, secrets.token_hex(4))
    tables = dict.fromkeys(("players", "catalog", "answers", "evaluations", "models"), ("pk", "sk")) | {
        "ledger": ("title", "path")
    }
    for table, keys in tables.items():
        made.dynamodb.create_table(
            TableName=made.name(table),
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    for bucket in ("lore", "work", "evaluations", "training", "models"):
        made.s3.create_bucket(Bucket=made.name(bucket))
    made.s3.put_bucket_versioning(Bucket=made.name("training"), VersioningConfiguration={"Status": "Enabled"})
    _create_reviews(made)
    _create_bus(made)
    client("stepfunctions").create_state_machine(
        name=made.name("machine"),
        definition=json.dumps(MACHINE),
        roleArn="arn:aws:iam::123456789012:role/hydrate-lore",
    )
    return made


def _create_reviews(made: Resources) -> None:
    """As in the template: an index has the documents of a partition in another order."""
    whole: Any = {"AttributeName": "pk", "KeyType": "HASH"}
    made.dynamodb.create_table(
        TableName=made.name("reviews"),
        KeySchema=[whole, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "order")],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by_order",
                "KeySchema": [whole, {"AttributeName": "order", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def _create_bus(made: Resources) -> None:
    events, sqs = made.client("events"), made.client("sqs")
    events.create_event_bus(Name=made.name("bus"))
    url = sqs.create_queue(QueueName=made.name("heard"))["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {"Name": made.name("all"), "EventBusName": made.name("bus")}
    events.put_rule(**rule, EventPattern=json.dumps({"source": ["npcops"]}), State="ENABLED")
    events.put_targets(Rule=rule["Name"], EventBusName=rule["EventBusName"], Targets=[{"Id": "heard", "Arn": queue}])
