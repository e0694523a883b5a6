"""The application: the router on its own, ready to be served or mounted."""

import json
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ...application.engine import Engine
from . import conditions
from .edge import JSON
from .gate import Gate
from .identity import Resolver
from .openapi import DESCRIPTION, finished
from .prefix import PREFIX
from .problems import Problems
from .router import create_router, take_over
from .settings import HttpSettings
from .vital_signs import vital_signs

VERSION = "1.0.0"
"""Of the interface: what is added raises the second number; nothing is taken away under /v1."""


def create_app(
    engine: Engine,
    *,
    resolver: Resolver,
    settings: HttpSettings | None = None,
    gate: Gate | None = None,
) -> FastAPI:
    """countersign over HTTP. Whoever opened the engine closes it.

    `resolver` says in whose name a request comes: `bearers(engine, settings)`, or a host's own.
    """
    gate = gate or Gate(settings or HttpSettings())
    settings = gate.settings
    app = Described(
        title="countersign",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its pages would fetch scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # they name addresses whole
    )
    app.state.countersign = gate
    take_over(app.router, vital_signs(engine, gate))
    take_over(app.router, create_router(engine, resolver=resolver, gate=gate))
    problems = Problems(PREFIX, settings.problem_base)
    _answer_errors(app, problems, gate)
    return app


class Described(FastAPI):
    """Its OpenAPI document says problem+json where problems come, and is written once."""

    def setup(self) -> None:
        """In place of FastAPI's own, which writes the document anew for everybody who asks."""
        assert self.openapi_url is not None
        self._written: dict[str, bytes] = {}
        methods = ["GET", "HEAD"]
        self.add_api_route(self.openapi_url, self._tell, methods=methods, include_in_schema=False)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = finished(super().openapi())
        return self.openapi_schema

    async def _tell(self, request: Request) -> Response:
        gate: Gate = self.state.countersign
        problems = Problems(PREFIX, gate.settings.problem_base)
        return await gate.through(request, gate.open(self._description), problems)

    async def _description(self, request: Request) -> Response:
        at = str(request.scope.get("root_path", "")).rstrip("/")
        if at not in self._written:
            self._written[at] = await to_thread.run_sync(self._write, at)
        body = self._written[at]
        headers = {"ETag": conditions.etag(body, None), "Cache-Control": "no-cache"}
        if conditions.unchanged(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=JSON)

    def _write(self, at: str) -> bytes:
        """`at` is where a host has put us, which all addresses are below."""
        servers = {"servers": [{"url": at}]} if at else {}
        return json.dumps({**self.openapi(), **servers}, separators=(",", ":")).encode()


def _answer_errors(app: FastAPI, problems: Problems, gate: Gate) -> None:
    """Outside the router: addresses that are not under the prefix, and what nobody foresaw."""

    async def answer(request: Request, error: Exception) -> Response:
        async def fail(_: Request) -> Response:
            raise error

        return await gate.through(request, gate.open(fail), problems)

    for kind in (HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, answer)
