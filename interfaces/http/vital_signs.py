"""Vital signs: whether the process lives, whether it is ready, and what it has counted.

They stand beside the interface, at the server's root, and need no token: a probe has none.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from anyio import Lock, fail_after, to_thread
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from ...application.desk import THE_ENGINE
from ...application.engine import Engine
from ...application.questions import Health, ProjectionHealth
from ...infrastructure.assembly import explained
from .gate import SECURE, Gate

LIVE, READY, METRICS = "/healthz", "/readyz", "/metrics"
VITAL_SIGNS = (LIVE, READY, METRICS)

PATIENCE_SECONDS = 5.0
FRESH_SECONDS = 1.0
TEXT = "text/plain; version=0.0.4; charset=utf-8"


def vital_signs(engine: Engine, gate: Gate) -> APIRouter:
    """For a host to include where its probes look; `gate` is the one the interface goes through."""
    router = APIRouter(include_in_schema=False)
    readiness = Look(partial(_readiness, engine), {"database": "unreachable"}, gate.now)
    health = Look(partial(_health, engine), None, gate.now)

    async def healthz() -> Response:
        """The process answers; nothing is asked of the database."""
        return JSONResponse({"alive": True}, headers=SECURE)

    async def readyz() -> Response:
        told = {**await readiness(), "stopping": gate.stopping}
        ready = told["database"] == "current" and not gate.stopping
        return JSONResponse({"ready": ready, **told}, 200 if ready else 503, SECURE)

    async def metrics() -> Response:
        if not gate.settings.metrics:
            return Response(status_code=404, headers=SECURE)
        return Response(gate.meters.told(await health()), headers=SECURE, media_type=TEXT)

    for path, endpoint in ((LIVE, healthz), (READY, readyz), (METRICS, metrics)):
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"])
    return router


class Look:
    """What was found when the database was last asked; one asks it for all, once in a second.

    These addresses are open: whoever knocks at them a thousand times must not cost the connections
    of those who work.
    """

    def __init__(self, work: Any, otherwise: Any, now: Callable[[], float]) -> None:
        self._work = partial(_asked, work, otherwise)
        self._now = now
        self._until: float | None = None
        self._found: Any = None
        self._turn = Lock()

    async def __call__(self) -> Any:
        async with self._turn:
            if self._until is None or self._now() >= self._until:
                self._found = await self._work()
                self._until = self._now() + FRESH_SECONDS
            return self._found


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
