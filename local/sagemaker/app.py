"""The HTTP side: operations by their names, errors as SageMaker shapes them, and a health page."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.sagemaker import asked
from local.sagemaker.cloud import Cloud
from local.sagemaker.deliveries import Deliveries
from local.sagemaker.engine import Engine
from local.sagemaker.errors import FAILED, SageMakerError
from local.sagemaker.jobs import Jobs
from local.sagemaker.pipelines import Pipelines
from local.sagemaker.records import UNDER_WAY, Execution, Pipeline
from local.sagemaker.registry import Registry
from local.sagemaker.store import Store

CONTENT_TYPE = "application/x-amz-json-1.1"
REMIND = "/_npcops/remind"
_LOG = logging.getLogger(__name__)
Operation = Callable[[dict[str, Any]], dict[str, Any]]


def create_app(folder: Path, logs: Path) -> Starlette:
    """The ASGI application; its state is in `folder`, and what jobs print in `logs`."""
    store, cloud = Store(folder / "state.sqlite3"), Cloud()
    jobs, registry = Jobs(cloud, folder / "jobs", logs), Registry(store)
    engine = Engine(store, jobs, registry)
    deliveries = Deliveries(store, cloud, engine.undeliverable)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        deliveries.start()
        await run_in_threadpool(engine.resume)
        yield
        await run_in_threadpool(jobs.close)
        await run_in_threadpool(deliveries.close)
        store.close()

    service = _Service(store, engine, operations(Pipelines(store, engine), registry))
    routes = [
        Route("/health", service.health),
        Route(REMIND, service.remind, methods=["POST"]),
        Route("/", service.call, methods=["POST"]),
    ]
    handlers: dict[Any, Callable[..., Any]] = {SageMakerError: _error, Exception: _unexpected}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)


def operations(pipelines: Pipelines, registry: Registry) -> dict[str, Operation]:
    """What is served, by the API's names."""
    return {
        "CreatePipeline": pipelines.create,
        "UpdatePipeline": pipelines.update,
        "DescribePipeline": pipelines.describe,
        "DeletePipeline": pipelines.delete,
        "StartPipelineExecution": pipelines.start,
        "DescribePipelineExecution": pipelines.describe_execution,
        "ListPipelineExecutionSteps": pipelines.list_steps,
        "StopPipelineExecution": pipelines.stop,
        "SendPipelineExecutionStepSuccess": pipelines.succeed,
        "SendPipelineExecutionStepFailure": pipelines.fail,
        "CreateModelPackageGroup": registry.create_group,
        "DescribeModelPackageGroup": registry.describe_group,
        "CreateModelPackage": registry.create,
        "DescribeModelPackage": registry.describe,
        "ListModelPackages": registry.list_packages,
        "UpdateModelPackage": registry.update,
    }


class _Service:
    def __init__(self, store: Store, engine: Engine, served: dict[str, Operation]) -> None:
        self._store, self._engine, self._served = store, engine, served

    async def health(self, _: Request) -> Response:
        """What there is, and what the cloud still has to be told."""
        executions = await run_in_threadpool(self._store.all, Execution)
        pipelines = await run_in_threadpool(self._store.all, Pipeline)
        body = {
            "pipelines": [pipeline.name for pipeline in pipelines],
            "executing": sum(execution.status in UNDER_WAY for execution in executions),
            "undelivered": self._store.undelivered(),
        }
        return JSONResponse(body)

    async def remind(self, _: Request) -> Response:
        """Tells waiting callbacks' queues once more."""
        return JSONResponse({"waiting": await run_in_threadpool(self._engine.remind)})

    async def call(self, http: Request) -> Response:
        name = asked.operation_of(http.headers.get("x-amz-target"))
        operation = self._served.get(name)
        if operation is None:
            raise SageMakerError("UnknownOperationException", "The operation is not served by the local SageMaker.")
        request = asked.read(name, await http.body())
        return _answer(await run_in_threadpool(operation, request))


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    headers = {"x-amzn-requestid": str(uuid.uuid4()), "content-type": CONTENT_TYPE}
    return JSONResponse(body, status, headers)


async def _error(_: Request, error: SageMakerError) -> Response:
    return _answer({"__type": error.name, "Message": error.message}, error.status)


async def _unexpected(_: Request, error: Exception) -> Response:
    _LOG.error("unexpected %s", type(error).__name__, exc_info=error)
    return _answer({"__type": "InternalFailure", "Message": "The service failed; see its log."}, FAILED)
