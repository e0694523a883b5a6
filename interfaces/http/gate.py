"""The gate: what every request goes through, whichever host it came in by.

It stands around each route and not around the application, so that it also holds where a host
includes our router, and touches nothing of the host's.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from . import traces
from .access_log import logged, request_id
from .meters import Meters
from .problems import Problems, Trouble
from .rates import Rates
from .settings import HttpSettings

Handle = Callable[[Request], Awaitable[Response]]

SECURE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""For whatever answer has not said otherwise itself."""

STRICT_TRANSPORT = "max-age=31536000"
REQUEST_ID = "X-Request-Id"


@dataclass
class Gate:
    """Limits, headers, log lines, counts and spans; a host may share one between its parts."""

    settings: HttpSettings = field(default_factory=HttpSettings)
    now: Callable[[], float] = monotonic
    meters: Meters = field(default_factory=Meters)
    stopping: bool = False

    @cached_property
    def callers(self) -> Rates:
        """By person; whoever asks where no token is needed, by address."""
        return Rates(self.settings.rate_per_second, self.settings.rate_burst, self.now)

    @cached_property
    def strangers(self) -> Rates:
        """By address: how often somebody may knock with a token that does not hold."""
        return Rates(self.settings.failed_per_second, self.settings.failed_burst, self.now)

    def stop(self) -> None:
        """No more is promised from here on; what was accepted is finished."""
        self.stopping = True

    async def through(
        self,
        request: Request,
        handle: Handle,
        problems: Problems,
        *,
        most_bytes: int | None = None,
        most_seconds: float | None = None,
    ) -> Response:
        """Answers whatever comes, errors as problems; says so in the log, and counts it."""
        began, named = self.now(), request_id(request)
        settings = self.settings
        limited = self.bounded(
            request, most_bytes or settings.body_bytes, most_seconds or settings.body_seconds
        )
        with self.meters.going(), traces.serving(request, wanted=self.settings.traces) as span:
            try:
                response = await handle(limited)
            except Exception as error:  # noqa: BLE001
                response = problems.response(error, request)
            traces.answered(span, response)
        self._dress(request, response, named)
        self.meters.answered(request, response.status_code, self.now() - began)
        if self.settings.access_log:
            logged(request, response, named, self.now() - began, span)
        return response

    def open(self, handle: Handle) -> Handle:
        """For whoever asks: nobody has to say who they are."""

        async def admitted(request: Request) -> Response:
            self.admit(request)
            return await handle(request)

        return admitted

    def admit(self, request: Request, person: str | None = None) -> None:
        """Raises too-many-requests for whoever asks more often than is good for the others."""
        request.state.asks_as = person or _address(request)
        self._within(self.callers, request.state.asks_as, "caller")

    def failed(self, request: Request) -> None:
        """Nobody was found to be asking. Raises too-many-requests where that comes too often.

        Others at the same address, whose tokens hold, are not held up: it may be a whole company's.
        """
        self._within(self.strangers, _address(request), "stranger")

    def _within(self, rates: Rates, name: str, kind: str) -> None:
        if not rates.take(name):
            raise self._too_many(rates, name, kind)

    def _too_many(self, rates: Rates, name: str, kind: str) -> Trouble:
        self.meters.limited(kind)
        wait = str(max(1, math.ceil(rates.wait(name))))
        return Trouble("too-many-requests", headers={"Retry-After": wait})

    def bounded(self, request: Request, most: int, seconds: float) -> Request:
        """The same request, of which no more than so many bytes are read, nor for longer."""
        said = request.headers.get("content-length", "")
        if _exceeds(said, most):
            return Request(request.scope, _refusing(most))
        deadline = self.now() + seconds
        return Request(request.scope, self._receiving(request.receive, most, deadline))

    def _receiving(self, receive: Receive, most: int, deadline: float) -> Receive:
        read, whole = 0, False

        async def bounded() -> Message:
            nonlocal read, whole
            if whole:  # from here on it is only heard whether somebody hangs up
                return await receive()
            try:
                with anyio.fail_after(max(0.0, deadline - self.now())):
                    message = await receive()
            except TimeoutError:
                raise Trouble("body-too-slow", headers={"Connection": "close"}) from None
            read += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if read > most:
                raise _too_large(most)
            return message

        return bounded

    def _dress(self, request: Request, response: Response, named: str) -> None:
        secure(response)
        if request.scope.get("scheme") == "https":
            response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
        asks_as = getattr(request.state, "asks_as", None)
        if asks_as is not None:
            response.headers.update(self.callers.told(asks_as, "caller"))
        response.headers[REQUEST_ID] = named


def secure(response: Response) -> None:
    """With the headers that every answer has."""
    for name, value in SECURE.items():
        response.headers.setdefault(name, value)


LONGEST_LENGTH = 18
"""Digits; a number may be written so long that reading it is an error of its own."""


def _exceeds(said: str, most: int) -> bool:
    digits = said.lstrip("0")
    if not (digits.isascii() and digits.isdigit()):
        return False
    return len(digits) > LONGEST_LENGTH or int(digits) > most


def _refusing(most: int) -> Receive:
    async def refuse() -> Message:
        raise _too_large(most)

    return refuse


def _too_large(most: int) -> Trouble:
    detail = f"The body is larger than {most} bytes."
    return Trouble("body-too-large", detail, headers={"Connection": "close"})


def _address(request: Request) -> str:
    """Of IPv6 only the network: whoever has one has all of its addresses."""
    client: Any = request.client
    host = client.host if client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    return f"{int(address) >> 64:x}::/64" if isinstance(address, IPv6Address) else host
