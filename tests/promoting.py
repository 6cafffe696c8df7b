"""A title whose tuned models are decided on and promoted: real use cases, machine and store, doubles of services.

Versions are registered by `register`; by `served` players are answered. The clock is the machine's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from npcops.adapters.promoted_models import StagePromotions
from npcops.approve_model import ApproveModel
from npcops.canary_turn import CanaryTurn
from npcops.casting import served_to
from npcops.characters import GameTitle, NpcCard, PromptTemplate
from npcops.decide_model import DecideModel
from npcops.models_state import ListModels, PromotionStarted
from npcops.promotions import (
    Decided,
    ModelPackage,
    Promoted,
    PromotionPlan,
    PromotionRequest,
    RollbackRequest,
    Served,
)
from npcops.retire_models import RetireModels
from npcops.roll_back_model import RollBackModel
from npcops.shift_sides import ShiftSides
from npcops.shift_traffic import ReturnTraffic, ShiftTraffic, reasons_of
from npcops.start_promotion import StartPromotion, Ways
from npcops.tuning_requests import registered_npcs
from npcops.tunings import Deployment, Tuning, TuningRequest
from npcops.watch_shift import WatchShift
from tests.clock import Clock
from tests.fakes import ScriptedChat
from tests.gating import LABEL, STAGE_MODEL, Studio, suite
from tests.machine_player import PlayedMachines, Player, Run
from tests.model_services import (
    Bus,
    Deployments,
    Live,
    Parameters,
    Registry,
    Releases,
    Ringing,
    Runs,
    arn_of,
    deployment_of,
)
from tests.resources import Resources

BASE, FAMILY = "amazon.nova-lite-v1:0", "nova"
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:promote_model"
BEGAN = datetime(2026, 11, 20, 12, tzinfo=UTC)
BY = "lead@studio.example"
MIRA, OTTO = NpcCard("mira", "Mira", "A ferrywoman.", suites=("canon",)), NpcCard("otto", "Otto", "A miller.")
PROMPT = PromptTemplate("dialogue", "You are {{ character.name }}.", variables=("character",))
ALARM = "npcops-dev-authored-lines"
T = TypeVar("T")


class Models:
    """Everything of one title at one stage. `chat` answers canary turns."""

    def __init__(self, resources: Resources, stage: str = "dev", title: str = "", guarded: bool = False) -> None:
        self.title, self.stage = title or f"game-{secrets.token_hex(4)}", stage
        self.resources = resources
        self.registry, self.deployments, self.runs = Registry(), Deployments(), Runs()
        self.live, self.alarms, self.bus, self.releases = Live(), Ringing(), Bus(), Releases()
        self.clock, self.chat = Clock(BEGAN.timestamp()), ScriptedChat({"say": "Well met."})
        self.parameters: Any = Parameters(resources.client("ssm"))
        self.promotions = self.store()
        self.studio = Studio(title=self.title)
        self._write(guarded)
        gate = self.studio.gate = self.studio.made_gate(lambda title: self.promotions.get(title))
        registry: Any = self.registry
        models: Any = self.deployments
        runs: Any = self.runs
        live: Any = self.live
        sides = ShiftSides(live, lambda _: STAGE_MODEL)
        self.decide_by = DecideModel(registry, self.promotions)
        canary: Any = self.studio.catalog
        self.approve_by = ApproveModel(
            registry=registry,
            tunings=runs,
            models=models,
            promotions=self.promotions,
            release=self.releases,
            canary=lambda: CanaryTurn(canary, LABEL, self.chat),
            events=self.bus,
            now=self.moment,
        )
        self.traffic = ShiftTraffic(self.promotions, gate, self.bus, self.now)
        self.back = ReturnTraffic(self.promotions, self.bus, self.now)
        self.watching = WatchShift(self.promotions, self.alarms, sides, (ALARM,))
        self.functions: dict[str, Callable[[Any], Any]] = {
            "ShiftTraffic": lambda given: self.traffic.shift(plan_of(given), given["step"]),
            "WatchShift": lambda given: self.watching(plan_of(given)),
            "SettlePromotion": lambda given: self.traffic.settle(plan_of(given)),
            "ReturnTraffic": lambda given: self.back(plan_of(given), reasons_of(given["reasons"], given["error"])),
        }
        self.machines = PlayedMachines({MACHINE: Player("promote_model", self.functions, self.clock)})
        ways = Ways(MACHINE, (10, 50, 100), 30.0, (ALARM,))
        self.start_by = StartPromotion(
            registry, self.promotions, models, gate, self.alarms, self.machines, self.bus, ways, self.now
        )
        self.roll_back_by = RollBackModel(self.promotions, self.bus, self.now)
        self.listing = ListModels(registry, self.promotions, models, sides)
        self.named = STAGE_MODEL
        self.retire_by = RetireModels(
            registry, self.promotions, models, runs, live, lambda _: self.named, timedelta(hours=24), self.moment
        )

    def store(self) -> StagePromotions:
        """As the functions of this stage make it."""
        names = self.prefix, f"/npcops/{self.stage}/candidates"
        table = self.resources.name("models")
        return StagePromotions(self.resources.dynamodb, table, lambda: self.parameters, *names)

    @property
    def prefix(self) -> str:
        return f"/npcops/{self.stage}/models"

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC)

    def now(self) -> str:
        return self.moment().isoformat(timespec="milliseconds")

    def register(
        self, version: int, npcs: tuple[str, ...] = (), readiness: Any = "ready", **metadata: str
    ) -> ModelPackage:
        """What a run of the pipeline leaves behind."""
        tuning, deployment = f"tuning-{version}", deployment_of(self.title, version)
        told = {
            "title": self.title,
            "tuning": tuning,
            "model": f"{BASE}@{deployment}",
            "family": FAMILY,
            "npcs": registered_npcs(npcs),
            "deployment": deployment,
            "evaluation": f"evaluation-{version}",
            "better": "yes",
        }
        found = ModelPackage(arn_of(self.title, version), self.title, version, "PendingManualApproval", "", "", told)
        self.registry.found[found.arn] = msgspec.structs.replace(found, metadata=told | metadata)
        self.deployments.found[deployment] = Deployment(deployment, readiness, "on-demand", created_at=self.now())
        run = Tuning(self.title, tuning, BY, self.now(), TuningRequest("lines", npcs), "registered")
        self.runs.found[self.title, tuning] = msgspec.structs.replace(
            run, deployment=deployment, model=told["model"], version=version
        )
        return self.registry.found[found.arn]

    def approve(self, version: int, approve: bool = True) -> Any:
        """A person decides, and the registry's event comes."""
        self.decide_by(self.title, version, BY, Decided(approve))
        return self.approve_by(arn_of(self.title, version))

    def served(self, version: int, npcs: tuple[str, ...] = ()) -> Served:
        return Served(f"{BASE}@{deployment_of(self.title, version)}", FAMILY, version, npcs)

    def start(self, version: int, **wanted: Any) -> tuple[PromotionStarted, Run]:
        started = self.start_by(self.title, version, BY, PromotionRequest(**wanted))
        return started, self.run(started.promotion)

    def run(self, promotion: str) -> Run:
        return self.machines.runs[f"{MACHINE.replace(':stateMachine:', ':execution:')}:{promotion}"]

    def promote(self, version: int, npcs: tuple[str, ...] = (), **wanted: Any) -> Run:
        """From registration to all players."""
        self.register(version, npcs)
        self.approve(version)
        return self.start(version, **wanted)[1].finish()

    def roll_back(self, version: int | None = None) -> Any:
        return self.roll_back_by(self.title, BY, RollbackRequest(version, "It forgets."))

    def parameter(self) -> Promoted | None:
        """What turns read."""
        return self._read(f"{self.prefix}/{self.title}", Promoted)

    def candidate(self) -> Served | None:
        """What releases read."""
        return self._read(f"/npcops/{self.stage}/candidates/{self.title}", Served)

    def _read(self, name: str, kind: type[T]) -> T | None:
        client = self.resources.client("ssm")
        try:
            return msgspec.json.decode(client.get_parameter(Name=name)["Parameter"]["Value"], type=kind)
        except client.exceptions.ParameterNotFound:
            return None

    def heard(self, npc: str = "mira", players: int = 200) -> dict[int, int]:
        """By which versions how many players are answered (0: the stage's own model), as turns read it."""
        found: dict[int, int] = {}
        for number in range(players):
            served = served_to(self.parameter() or Promoted(), npc, f"player-{number}")
            version = served.version if served else 0
            found[version] = found.get(version, 0) + 1
        return found

    def consistent(self) -> bool:
        """Whether turns are told what is decided, and nothing is left half done."""
        decided = self.promotions.get(self.title)
        return decided.shift is None and (self.parameter() or Promoted()) == decided

    def _write(self, guarded: bool) -> None:
        self.studio.force("suites", suite("canon", "mira", "otto"))
        mira = MIRA if guarded else msgspec.structs.replace(MIRA, suites=())
        for kind, content in (("prompts", PROMPT), ("titles", GameTitle(self.title, "The game"))):
            self.studio.force(kind, content)
        for card in (mira, OTTO):
            self.studio.force("npcs", card)


def plan_of(given: Any) -> PromotionPlan:
    return msgspec.convert(given["plan"], PromotionPlan)
