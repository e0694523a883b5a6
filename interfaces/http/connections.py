"""Connections: nobody may hold one open by saying nothing, or by never coming to the point.

Uvicorn waits for the head of a request for ever; what it answers by itself is no problem document.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from .gate import Gate, secure
from .problems import RETRY_SECONDS, Problems, Trouble


def patient(kind: type[asyncio.Protocol], gate: Gate, problems: Problems) -> type[asyncio.Protocol]:
    """One of uvicorn's protocols, with an end to its patience."""
    settings = gate.settings

    class Patient(kind):  # type: ignore[valid-type, misc]
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            if len(self.connections) > settings.connections:
                gate.meters.limited("connections")
                later = {"Retry-After": str(RETRY_SECONDS)}
                self._hang_up(Trouble("unavailable", headers=later))
            else:
                self._expect()

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            before = self.cycle
            if before is None or before.response_complete:
                self._expect()
            super().data_received(data)
            if self.cycle is not before:
                self._forget()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            self._hang_up(Trouble("malformed-header", msg))

        def _expect(self) -> None:
            """A head within so many seconds of its first byte, or of the connection."""
            if self._late is None:
                self._late = self.loop.call_later(settings.head_seconds, self._too_late)

        def _forget(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _too_late(self) -> None:
            gate.meters.limited("head")
            self._hang_up(Trouble("head-too-slow"))

        def _hang_up(self, trouble: Trouble) -> None:
            """With a word, unless an answer has begun on this connection."""
            self._forget()
            if self.cycle is None or not self.cycle.response_started:
                self.transport.write(_written(problems, trouble))
            self.transport.close()

    return Patient


def _written(problems: Problems, trouble: Trouble) -> bytes:
    answer: Any = problems.plain(trouble)
    secure(answer)
    answer.headers["Connection"] = "close"
    status = HTTPStatus(answer.status_code)
    head = b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers)
    first = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
    return first + head + b"\r\n" + bytes(answer.body)
