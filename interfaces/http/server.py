"""The server: one process that answers HTTP, on this machine unless it is told otherwise."""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from .connections import patient
from .gate import Gate
from .loopback import is_loopback
from .open_files import raise_limit
from .prefix import PREFIX
from .problems import Problems

KEEP_ALIVE_SECONDS = 20
LONGEST_HEAD = 32 * 1024
LOG = "countersign.http.access"


class PublicAddress(ValueError):
    """Development tokens would be worth something to strangers."""


def check_address(host: str, *, development: bool) -> None:
    """Raises PublicAddress where development mode could be reached from elsewhere."""
    if development and not is_loopback(host):
        raise PublicAddress(
            f"{host} can be reached from elsewhere: --development serves 127.0.0.1, ::1 or"
            " localhost only. Set COUNTERSIGN_OIDC_ISSUER and its companions to serve others."
        )


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Until it is told to stop; what was accepted is answered first, within the time of grace.

    `app` is what `create_app` has made.

    At the first signal it says that it is no longer ready, goes on for the time in which a load
    balancer looks away, and then ends; a second signal ends that time at once.
    """
    gate: Gate = app.state.countersign
    raise_limit()
    _log_to(sys.stderr if gate.settings.access_log else None)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=patient(AutoHTTPProtocol, gate, Problems(PREFIX, gate.settings.problem_base)),
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=gate.settings.grace_seconds,
        h11_max_incomplete_event_size=LONGEST_HEAD,
    )
    with _signals_survived():
        Server(config, gate).run()


class Server(uvicorn.Server):
    """Uvicorn's, which tells the gate before it ends."""

    def __init__(self, config: uvicorn.Config, gate: Gate) -> None:
        super().__init__(config)
        self._gate = gate

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        first, drain = not self._gate.stopping, self._gate.settings.drain_seconds
        self._gate.stop()
        if first and drain:
            loop = asyncio.get_event_loop()
            loop.call_soon_threadsafe(loop.call_later, drain, self._end, sig, frame)
        else:
            self._end(sig, frame)

    def _end(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)


@contextmanager
def _signals_survived() -> Iterator[None]:
    """Uvicorn raises the signal once more at its end; whoever called us has still to tidy up."""
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _log_to(stream: TextIO | None) -> None:
    """A line for each request, as it is; a host that embeds us chooses for itself."""
    log = logging.getLogger(LOG)
    if stream is None or log.handlers:
        return
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
