"""`python -m local.emulator`: serve the embedded cloud on loopback until SIGTERM, as its environment says."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from local.emulator import api_repairs, lambda_repairs, map_repairs, s3_repairs, sagemaker_repairs, stream_repairs
from local.emulator.keeping import StateKeeper, watched

STATE = Path(os.environ["STATE_DIR"]).parent
MOST_WORKERS = int(os.environ.get("NPCOPS_WORKERS_PER_FUNCTION", "3"))
MOST_EXECUTIONS = int(os.environ.get("NPCOPS_EXECUTIONS_AT_ONCE", "6"))


def repair() -> None:
    """Apply every repair. Raises UnsupportedEmulator."""
    from ministack.core import lambda_runtime
    from ministack.services import apigateway, apigateway_v1, eventbridge, lambda_svc, s3, stepfunctions
    from ministack.services.cloudformation import provisioners

    lambda_repairs.check_version()
    api_repairs.honour_openapi(apigateway_v1)
    api_repairs.keep_paths_encoded(apigateway_v1)
    lambda_repairs.use_temporary_folder(STATE / "tmp")
    lambda_repairs.pass_error_types(lambda_runtime, lambda_svc)
    lambda_repairs.share_extracted_code(lambda_runtime, STATE / "code")
    lambda_repairs.queue_for_workers(lambda_runtime, lambda_svc, MOST_WORKERS, patience_seconds=120)
    lambda_repairs.treat_messages_as_calls(lambda_runtime, lambda_svc)
    stream_repairs.run_messages_beside_each_other(apigateway)
    stream_repairs.end_connections_at_once(apigateway)
    stream_repairs.limit_posts(apigateway)
    stream_repairs.refuse_as_unauthorized(apigateway, lambda_svc)
    map_repairs.evaluate_jsonata(stepfunctions)
    s3_repairs.tell_versions(s3, eventbridge)
    sagemaker_repairs.let_services_speak(eventbridge)
    sagemaker_repairs.deploy_pipelines(provisioners)
    stepfunctions._run_execution = lambda_repairs.limit_running(stepfunctions._run_execution, MOST_EXECUTIONS)


async def serve() -> None:
    """Run the emulator's web server until the process is asked to stop."""
    from hypercorn.asyncio import serve as serve_http
    from hypercorn.config import Config
    from ministack import app as cloud
    from ministack.core.persistence import save_all
    from ministack.services import apigateway

    keeper = StateKeeper(cloud._build_persistence_save_dict, save_all)
    jwks = Path(os.environ["NPCOPS_JWKS_FILE"])
    routed = stream_repairs.managed_at_the_root(cloud.app, apigateway)
    application: Any = watched(routed, keeper, {"/_npcops/jwks.json": jwks.read_bytes})
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.shutdown_timeout = 5
    config.loglevel = "WARNING"
    asked_to_stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, asked_to_stop.set)
    threading.Thread(target=keeper.run, name="npcops-keeper", daemon=True).start()
    await serve_http(application, config, shutdown_trigger=asked_to_stop.wait)
    keeper.stop()


def main() -> None:
    """Start; a repair that does not fit ends the process with one clear line."""
    # Workers inherit this environment: only what a function may see stays in it.
    os.environ.pop("PYTHONPATH", None)
    try:
        repair()
    except lambda_repairs.UnsupportedEmulator as error:
        sys.exit(f"{error}. Run `make clean run`, or adapt local/emulator to the new version.")
    asyncio.run(main_loop())


async def main_loop() -> None:
    """Serve, end the workers, and leave at once: calls that still wait for a worker would hold the process up."""
    from ministack.core import lambda_runtime

    await serve()
    lambda_runtime.reset()
    os._exit(0)


if __name__ == "__main__":
    main()
