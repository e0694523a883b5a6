"""PostgreSQL rings by NOTIFY; a line that was cut is laid anew."""

import os
import select
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import Engine


class PostgresDoorbell:
    """One connection beside the pool, which only listens on the channel named as the schema."""

    def __init__(self, engine: Engine, channel: str) -> None:
        self._engine = engine
        self._channel = channel
        self._hears_ring, self._rings = os.pipe()
        self._line: psycopg.Connection[Any] | None = None
        self._listen()

    def wait(self, timeout_seconds: float) -> None:
        if self._line is None:
            with suppress(psycopg.OperationalError):
                self._listen()
                return  # what came while the line was down was not heard
        ears: list[Any] = [self._hears_ring, *([self._line] if self._line else [])]
        heard, _, _ = select.select(ears, [], [], timeout_seconds)
        if self._hears_ring in heard:
            os.read(self._hears_ring, 4096)
        if self._line in heard:
            self._take_notice()

    def ring(self) -> None:
        os.write(self._rings, b".")

    def close(self) -> None:
        self._hang_up()
        os.close(self._rings)
        os.close(self._hears_ring)

    def _listen(self) -> None:
        _, arguments = self._engine.dialect.create_connect_args(self._engine.url)
        self._line = psycopg.connect(**arguments, autocommit=True)
        self._line.execute(f'LISTEN "{self._channel}"')

    def _take_notice(self) -> None:
        """Drops what was said: that something was said is all that counts."""
        assert self._line is not None
        try:
            self._line.pgconn.consume_input()
            while self._line.pgconn.notifies():
                pass
        except psycopg.OperationalError:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line:
            self._line.close()
        self._line = None
