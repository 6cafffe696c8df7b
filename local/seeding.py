"""Loading the sample world into the local stage through the public API, as a studio would load its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from local import deploy, issuer, services
from local.deploy import fingerprint
from local.layout import ROOT, Layout
from local.state import StackState
from npc import uploads
from npc.catalog_folders import import_folder
from npc.client import Api
from npc.entry_files import entries_of
from npc.lore import put_files
from npc.output import note

WORLD = ROOT / "world"
LORE = "lore/"
LABEL = "production"
# The characters' suites guard them, and nothing has been evaluated yet.
REASON = "first import of the sample world"


def title_id(world: Path = WORLD) -> str:
    """The id of the game that the world's `title.yaml` describes."""
    return str(yaml.safe_load((world / "title.yaml").read_text(encoding="utf-8"))["id"])


def studio(layout: Layout, state: StackState, title: str) -> Api:
    """The local stage's API with a studio token."""
    return Api(state.api_url, issuer.sign(layout, "studio", title, "seed@local"))


def seed(layout: Layout, state: StackState, world: Path = WORLD) -> dict[str, Any]:
    """Put the world's entries and lore and wait for the hydration; returns the documents that ended, by path.

    What failed is reported with the writer's reason and does not stop the rest.
    """
    title = title_id(world)
    api = studio(layout, state, title)
    wanted = fingerprint(file for _, file in entries_of(world))
    if state.title != title or state.seeded != wanted:
        failed = import_folder(api, world, LABEL, REASON, "the sample world").failed
        for file, why in failed.items():
            note(f"{file} is not in the catalogue: {why}")
        services.save_cloud(state)
        # What failed is tried again the next time.
        state.seeded = "" if failed else wanted
    state.title = title
    _, ended = put_files(api, uploads.collect([world / "lore"]), wait=True)
    for path, document in ended.items():
        if document["status"] == "failed":
            note(f"{path} cannot be read: {document.get('reason')}")
    return ended


def reconcile(layout: Layout, state: StackState, restarted_cloud: bool) -> list[str]:
    """Hydrate again what a sudden end left half done, in every title that has lore; returns `title/path` of each.

    No hydration outlives the cloud, so after its restart those that seem to be under way are started over as well.
    """
    query = {"stuck_seconds": 0} if restarted_cloud else {}
    listing = deploy.client(state, "s3").list_objects_v2(
        Bucket=state.outputs["LoreBucketName"], Prefix=LORE, Delimiter="/"
    )
    restarted = []
    for found in listing.get("CommonPrefixes", []):
        title = found["Prefix"].removeprefix(LORE).rstrip("/")
        answer = studio(layout, state, title).call("POST", "/v1/lore/reconcile", params=query)
        restarted += [f"{title}/{path}" for path in answer["restarted"]]
    return restarted
