"""Model packages in SageMaker's model registry: a group for each title and stage, told by its whole name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import InvalidRequest, NotFound, StoreUnavailable
from npcops.promotions import Approval, ModelPackage

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# SageMaker allows a description of so many characters, on one line.
MOST_WORDS = 1024
ABSENT = "does not exist"
GROUP = re.compile("(?=.{1,63}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*")


class SageMakerRegistry:
    """`ModelRegistry`; groups are named `{prefix}{title}`, the prefix being the stage's."""

    def __init__(self, client: SageMakerClient, prefix: str) -> None:
        self._client, self._prefix = client, prefix
        self._groups: dict[str, str] = {}

    def ensure_group(self, title: str) -> str:
        """See ModelRegistry."""
        name = self._group(title)
        if not GROUP.fullmatch(name):
            raise InvalidRequest(
                f"SageMaker takes no group named {name}: a name has 63 characters and no hyphen at its end."
            )
        try:
            with _registry():
                self._client.create_model_package_group(ModelPackageGroupName=name)
        except ClientError:
            # Whoever was faster made the same; that it is there is what counts.
            self._group_arn(title)
        return name

    def packages(self, title: str) -> list[ModelPackage]:
        """See ModelRegistry."""
        pages = self._client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=self._group(title))
        try:
            with _registry():
                arns = [found["ModelPackageArn"] for page in pages for found in page["ModelPackageSummaryList"]]
        except ClientError:
            return []
        found = list[ModelPackage]()
        for arn in arns:
            # Some may be deleted meanwhile.
            with suppress(NotFound):
                found.append(self.by_arn(arn))
        return sorted(found, key=lambda package: package.version, reverse=True)

    def package(self, title: str, version: int) -> ModelPackage:
        """See ModelRegistry."""
        group = self._group_arn(title).replace(":model-package-group/", ":model-package/")
        return self.by_arn(f"{group}/{version}")

    def by_arn(self, arn: str) -> ModelPackage:
        """See ModelRegistry. A package of another stage, whose group has another prefix, is none of this one."""
        try:
            with _registry():
                found = self._client.describe_model_package(ModelPackageName=arn)
        except ClientError:
            raise NotFound("There is no such model version.") from None
        return self._package(found)

    def decide(self, arn: str, approval: Approval, why: str) -> None:
        """See ModelRegistry."""
        told: Any = {"ApprovalDescription": " ".join(why.split())[:MOST_WORDS]} if why.strip() else {}
        try:
            with _registry():
                self._client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=approval, **told)
        except ClientError:
            raise NotFound("There is no such model version.") from None

    def _group(self, title: str) -> str:
        return f"{self._prefix}{title}"

    def _group_arn(self, title: str) -> str:
        if title not in self._groups:
            try:
                with _registry():
                    found = self._client.describe_model_package_group(ModelPackageGroupName=self._group(title))
            except ClientError:
                raise NotFound("This title has no model yet; tune one first.") from None
            self._groups[title] = found["ModelPackageGroupArn"]
        return self._groups[title]

    def _package(self, found: Any) -> ModelPackage:
        group = str(found.get("ModelPackageGroupName", ""))
        title = group.removeprefix(self._prefix)
        if self._group(title) != group or not title:
            raise NotFound("There is no such model version at this stage.")
        return ModelPackage(
            arn=found["ModelPackageArn"],
            title=title,
            version=int(found.get("ModelPackageVersion", 0)),
            approval=found.get("ModelApprovalStatus", "PendingManualApproval"),
            created_at=_moment(found.get("CreationTime")),
            why=found.get("ApprovalDescription", ""),
            metadata=dict(found.get("CustomerMetadataProperties", {})),
            changed_at=_moment(found.get("LastModifiedTime")),
        )


def _moment(found: datetime | None) -> str:
    return found.isoformat() if found else ""


@contextmanager
def _registry() -> Iterator[None]:
    """Lets through only that something is not there, or is there already; SageMaker has one code for all that."""
    try:
        yield
    except ClientError as error:
        code, words = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        known = ABSENT in words or "already exists" in words
        if code in ("ResourceNotFound", "ResourceNotFoundException") or (code == "ValidationException" and known):
            raise
        raise StoreUnavailable(f"The model registry answered {code}.") from None
    except BotoCoreError as error:
        raise StoreUnavailable(f"The model registry did not answer ({type(error).__name__}).") from None
