"""Vital signs: whether the process lives, whether it is ready, and what it has counted.

They stand beside the interface, at the server's root, and need no token: a probe has none.
"""

from functools import partial
from typing import Any

from anyio import fail_after, to_thread
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from ...application.desk import THE_ENGINE
from ...application.engine import Engine
from ...application.questions import Health, ProjectionHealth
from ...infrastructure.assembly import explained
from .gate import Gate

LIVE, READY, METRICS = "/healthz", "/readyz", "/metrics"
VITAL_SIGNS = (LIVE, READY, METRICS)

PATIENCE_SECONDS = 5.0
TEXT = "text/plain; version=0.0.4; charset=utf-8"
NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def vital_signs(engine: Engine, gate: Gate) -> APIRouter:
    """For a host to include where its probes look; `gate` is the one the interface goes through."""
    router = APIRouter(include_in_schema=False)

    async def healthz() -> Response:
        """The process answers; nothing is asked of the database."""
        return JSONResponse({"alive": True}, headers=NO_STORE)

    async def readyz() -> Response:
        told = await _asked(partial(_readiness, engine), {"database": "unreachable"})
        told["stopping"] = gate.stopping
        ready = told["database"] == "current" and not gate.stopping
        return JSONResponse({"ready": ready, **told}, 200 if ready else 503, NO_STORE)

    async def metrics() -> Response:
        if not gate.settings.metrics:
            return Response(status_code=404, headers=NO_STORE)
        health = await _asked(partial(_health, engine), None)
        if health is None:
            return Response(status_code=503, headers=NO_STORE)
        return Response(gate.meters.told(health), headers=NO_STORE, media_type=TEXT)

    for path, endpoint in ((LIVE, healthz), (READY, readyz), (METRICS, metrics)):
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"])
    return router


async def _asked(work: Any, otherwise: Any) -> Any:
    """In a thread of its own: a probe does not queue behind whom it asks about."""
    try:
        with fail_after(PATIENCE_SECONDS):
            return await to_thread.run_sync(work, abandon_on_cancel=True)
    except Exception as error:
        if not isinstance(error, TimeoutError) and explained(error) is None:
            raise
        return otherwise


def _readiness(engine: Engine) -> dict[str, Any]:
    """Projections that are held up are told and do not make a server unready: all have the same."""
    current = engine.is_current()
    healthy = current and _health(engine).healthy
    return {
        "database": "current" if current else "of another version",
        "projections": "following" if healthy else "held up, or behind another version",
    }


def _health(engine: Engine) -> Health:
    found: Health = engine.ask(ProjectionHealth(), THE_ENGINE)
    return found
