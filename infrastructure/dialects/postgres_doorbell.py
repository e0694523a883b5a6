"""PostgreSQL rings by NOTIFY; a line that was cut is laid anew."""

import socket
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import psycopg
from sqlalchemy import Engine

LONGEST_TRY_SECONDS = 5


class PostgresDoorbell:
    """One connection beside the pool, which only listens on the channel named as the schema."""

    def __init__(self, engine: Engine, channel: str) -> None:
        _, arguments = engine.dialect.create_connect_args(engine.url)
        self._address = {"connect_timeout": LONGEST_TRY_SECONDS, **arguments, "autocommit": True}
        self._channel = channel
        self._line: psycopg.Connection[Any] | None = self._laid()
        self._hears_ring, self._rings = socket.socketpair()
        for end in (self._hears_ring, self._rings):
            end.setblocking(False)

    def wait(self, timeout_seconds: float) -> None:
        if self._line is None:
            with suppress(psycopg.OperationalError):
                self._line = self._laid()
                return  # what came while the line was down was not heard
        try:
            self._hear(timeout_seconds)
        except psycopg.OperationalError:
            self._hang_up()

    def ring(self) -> None:
        """Harmless when nobody has listened for long, and when it is closed."""
        with suppress(OSError):
            self._rings.send(b".")

    def close(self) -> None:
        self._hang_up()
        self._rings.close()
        self._hears_ring.close()

    def _laid(self) -> psycopg.Connection[Any]:
        line = psycopg.connect(**self._address)
        try:
            line.execute(f'LISTEN "{self._channel}"')
        except BaseException:
            line.close()
            raise
        return line

    def _hear(self, timeout_seconds: float) -> None:
        """Drops what was said: that something was said is all that counts."""
        with DefaultSelector() as ears:
            ears.register(self._hears_ring, EVENT_READ)
            if self._line:
                ears.register(self._line, EVENT_READ)
            heard = [key.fileobj for key, _ in ears.select(timeout_seconds)]
        if self._hears_ring in heard:
            self._hears_ring.recv(4096)
        if self._line and self._line in heard:
            self._line.pgconn.consume_input()
            while self._line.pgconn.notifies():
                pass

    def _hang_up(self) -> None:
        if self._line:
            self._line.close()
        self._line = None
