"""The stage's alarms in CloudWatch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

# CloudWatch takes so many names a request.
MOST_NAMES = 100
RINGING: Final = "ALARM"


@cache
def client() -> CloudWatchClient:
    """One client a process."""
    return boto3.client(
        "cloudwatch",
        config=Config(connect_timeout=1, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3}),
    )


class CloudWatchAlarms:
    """`StageAlarms` by DescribeAlarms, which tells of composite alarms only where it is asked for them."""

    def __init__(self, client: CloudWatchClient) -> None:
        self._client = client

    def firing(self, names: Sequence[str]) -> list[str]:
        """See StageAlarms."""
        wanted = list(dict.fromkeys(names))
        found = set[str]()
        try:
            for start in range(0, len(wanted), MOST_NAMES):
                pages = self._client.get_paginator("describe_alarms").paginate(
                    AlarmNames=wanted[start : start + MOST_NAMES],
                    AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                    StateValue=RINGING,
                )
                for page in pages:
                    # Not everything that answers as CloudWatch does looks at the state that was asked for.
                    alarms = [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]
                    found |= {alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == RINGING}
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"CloudWatch did not tell how alarms stand ({type(error).__name__}).") from None
        return [name for name in wanted if name in found]
