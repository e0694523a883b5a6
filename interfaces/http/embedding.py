"""Embedding: our application mounted in a host, or dispatched beside one, with its lifespan."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount, Router
from starlette.types import ASGIApp


def lifespan_of(app: Starlette) -> AbstractAsyncContextManager[Any]:
    """For the lifespan of a host that mounts us: nobody else runs that of a mounted application."""
    return app.router.lifespan_context(app)


def beside(host: ASGIApp, app: Starlette, *, at: str) -> ASGIApp:
    """One application of two: ours under the path `at`, the host's everywhere else.

    For a host that can mount nothing, as Django. Only our lifespan is run: Django has none.
    """
    return Router(
        [Mount(at, app)],
        default=host,
        redirect_slashes=False,
        lifespan=lambda _: lifespan_of(app),
    )
