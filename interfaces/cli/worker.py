"""`countersign worker`: follows the journal for everybody, until it is told to stop."""

import json
import logging
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import Annotated

import typer

from ...application.questions import CopyKind
from ...infrastructure import assembly
from .session import Here, command

log = logging.getLogger("countersign.worker")

STOPS = (signal.SIGINT, signal.SIGTERM)


def add_to(app: typer.Typer) -> None:
    command(
        app,
        "worker",
        example=("countersign worker", "countersign worker --once"),
    )(work)


def work(
    here: Here,
    once: Annotated[bool, typer.Option("--once", help="One turn only.")] = False,
) -> None:
    """Keeps projections up to date and does what is due until SIGTERM; several take turns."""
    with _log_lines(as_json=here.as_json):
        worker = here.house.worker()
        with _until_told(worker.stop):
            other = _who_follows(here)
            if other is not None:
                log.info("stands by; at work is %s", other)
            if once:
                told = {"at_work": worker.turn()}
                here.show(told, lambda: None)
                worker.stop()
            worker.run()
        log.info("has ended in good order")


def _who_follows(here: Here) -> str | None:
    states = here.house.health().projections
    holders = (each.holder for each in states if each.kind is CopyKind.LIVE and each.ours)
    return next((holder for holder in holders if holder is not None), None)


@contextmanager
def _until_told(stop: Callable[[], None]) -> Iterator[None]:
    """The first signal ends the turn in good order; a second one ends the process as ever."""
    before = {each: signal.getsignal(each) for each in STOPS}

    def as_before() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    def told(number: int, frame: FrameType | None) -> None:
        as_before()
        stop()

    for each in STOPS:
        signal.signal(each, told)
    try:
        yield
    finally:
        as_before()


@contextmanager
def _log_lines(*, as_json: bool) -> Iterator[None]:
    """What countersign has to say goes to standard error while the worker runs."""
    ours = logging.getLogger("countersign")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else Lines("%(asctime)s %(name)s: %(message)s"))
    level = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        ours.setLevel(level)
        ours.removeHandler(handler)


Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Lines(logging.Formatter):
    """A fault is told with where it was, but not with what was given: that could be somebody's."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def formatException(self, ei: Raised) -> str:  # noqa: N802
        _, error, trace = ei
        foreseen = assembly.explained(error) if error else None
        what = type(error).__name__
        return "".join([*traceback.format_tb(trace), f"{what}: {foreseen}" if foreseen else what])


class JsonLines(Lines):
    """The same, an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "says": record.getMessage(),
        }
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)
