"""The model registry: groups, their versions, and what people decide about these."""

from __future__ import annotations

import time
from typing import Any

from local.sagemaker import events, paging
from local.sagemaker.errors import conflict, invalid
from local.sagemaker.records import PENDING, Group, Package
from local.sagemaker.store import Store

# Members of a description that are kept as they were given; the rest of them is not served here.
KEPT = (
    "ModelPackageDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "MetadataProperties",
    "ModelMetrics",
    "CustomerMetadataProperties",
    "DriftCheckBaselines",
    "Domain",
    "Task",
    "SamplePayloadUrl",
    "SkipModelValidation",
    "SourceUri",
    "ApprovalDescription",
)
NOT_KEPT = ("Tags", "ClientToken", "ModelApprovalStatus", "ModelPackageGroupName", "CertifyForMarketplace")
CHANGEABLE = ("ApprovalDescription", "ModelPackageRegistrationType", "InferenceSpecification", "SourceUri")


class Registry:
    """Operations of the API; each takes a request that was checked and returns the answer. Raises SageMakerError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_group(self, asked: dict[str, Any]) -> dict[str, Any]:
        """CreateModelPackageGroup."""
        with self._store.change():
            name = asked["ModelPackageGroupName"]
            if found := self._store.find(Group, name):
                raise invalid(f"Model Package Group already exists: {found.arn}")
            group = Group(name, time.time(), asked.get("ModelPackageGroupDescription", ""))
            self._store.put(name, group)
        return {"ModelPackageGroupArn": group.arn}

    def describe_group(self, asked: dict[str, Any]) -> dict[str, Any]:
        """DescribeModelPackageGroup."""
        group = self._group(asked["ModelPackageGroupName"])
        described = {"ModelPackageGroupDescription": group.description} if group.description else {}
        return {
            "ModelPackageGroupName": group.name,
            "ModelPackageGroupArn": group.arn,
            "CreationTime": group.created,
            "CreatedBy": {},
            "ModelPackageGroupStatus": "Completed",
            **described,
        }

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        """CreateModelPackage."""
        with self._store.change():
            token = asked.get("ClientToken", "")
            group = self._group(asked.get("ModelPackageGroupName", ""))
            same = (package for package in self._versions(group.name) if token and package.token == token)
            package = next(same, None) or self.add(group, asked)
        return {"ModelPackageArn": package.arn}

    def ensure_group(self, name: str) -> Group:
        """The group, made if it is not there, as a RegisterModel step does."""
        with self._store.change():
            if found := self._store.find(Group, _last(name)):
                return found
            self.create_group({"ModelPackageGroupName": name})
            return self._group(name)

    def add(self, group: Group, asked: dict[str, Any]) -> Package:
        """Another version of a group."""
        if unknown := sorted(set(asked) - {*KEPT, *NOT_KEPT}):
            raise invalid(f"The local registry does not keep {', '.join(unknown)}.")
        with self._store.change():
            group.versions += 1
            fields = {name: asked[name] for name in KEPT if name in asked}
            now = time.time()
            approval = asked.get("ModelApprovalStatus", PENDING)
            package = Package(group.name, group.versions, now, now, fields, approval, asked.get("ClientToken", ""))
            self._store.put(group.name, group)
            self._keep(package)
        return package

    def describe(self, asked: dict[str, Any]) -> dict[str, Any]:
        """DescribeModelPackage."""
        return description(self._package(asked["ModelPackageName"]))

    def update(self, asked: dict[str, Any]) -> dict[str, Any]:
        """UpdateModelPackage; whoever listens to the default bus learns of it."""
        known = {"ModelPackageArn", "ModelApprovalStatus", "CustomerMetadataProperties", "ClientToken"}
        known |= {"CustomerMetadataPropertiesToRemove", *CHANGEABLE}
        if unknown := sorted(set(asked) - known):
            raise invalid(f"The local registry does not change {', '.join(unknown)}.")
        with self._store.change():
            package = self._package(asked["ModelPackageArn"])
            package.approval = asked.get("ModelApprovalStatus", package.approval)
            package.fields.update({name: asked[name] for name in CHANGEABLE if name in asked})
            metadata = {
                **package.fields.get("CustomerMetadataProperties", {}),
                **asked.get("CustomerMetadataProperties", {}),
            }
            for name in asked.get("CustomerMetadataPropertiesToRemove", []):
                if metadata.pop(name, None) is None:
                    raise conflict(f"There is no customer metadata property {name}.")
            if metadata or "CustomerMetadataProperties" in package.fields:
                package.fields["CustomerMetadataProperties"] = metadata
            package.modified = time.time()
            self._keep(package)
        return {"ModelPackageArn": package.arn}

    def list_packages(self, asked: dict[str, Any]) -> dict[str, Any]:
        """ListModelPackages. Every package here is a version of a group, and without a group only others are listed."""
        group = asked.get("ModelPackageGroupName")
        kind = "Versioned" if group else asked.get("ModelPackageType", "Unversioned")
        found = [] if kind == "Unversioned" else self._versions(self._group(group).name if group else None)
        wanted = [package for package in found if _is_wanted(package, asked)]
        wanted.sort(key=lambda package: (package.created, package.group, package.version))
        if asked.get("SortOrder") == "Descending":
            wanted.reverse()
        page, following = paging.page(wanted, asked)
        return {"ModelPackageSummaryList": [_summary(package) for package in page], **following}

    def _group(self, name: str) -> Group:
        found = self._store.find(Group, _last(name))
        if found is None:
            raise invalid(f"ModelPackageGroup {Group(_last(name), 0).arn} does not exist.")
        return found

    def _versions(self, group: str | None) -> list[Package]:
        return [package for package in self._store.all(Package) if group in (None, package.group)]

    def _package(self, name: str) -> Package:
        found = self._store.find(Package, name.partition(":model-package/")[2] or name)
        if found is None:
            raise invalid(f"ModelPackage {name} does not exist.")
        return found

    def _keep(self, package: Package) -> None:
        self._store.put(f"{package.group}/{package.version}", package)
        self._store.deliver(events.of_package(package, description(package)))


def description(package: Package) -> dict[str, Any]:
    """What DescribeModelPackage tells."""
    return {
        **_summary(package),
        "LastModifiedTime": package.modified,
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": False,
        **package.fields,
    }


def _summary(package: Package) -> dict[str, Any]:
    described: dict[str, Any] = {
        name: package.fields[name]
        for name in ("ModelPackageDescription", "ModelPackageRegistrationType")
        if name in package.fields
    }
    return {
        "ModelPackageGroupName": package.group,
        "ModelPackageVersion": package.version,
        "ModelPackageArn": package.arn,
        "CreationTime": package.created,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": package.approval,
        **described,
    }


def _is_wanted(package: Package, asked: dict[str, Any]) -> bool:
    return (
        package.approval == asked.get("ModelApprovalStatus", package.approval)
        and asked.get("NameContains", "") in package.group
        and package.created > asked.get("CreationTimeAfter", 0)
        and package.created < asked.get("CreationTimeBefore", float("inf"))
    )


def _last(name: str) -> str:
    return name.rpartition("/")[2]
