"""Progress: a bar on a terminal, a line now and then in a pipe, and with `--json` lines of JSON.

What takes less than a second says nothing in a pipe. A terminal that cannot draw gets lines too.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Drawing

from ...infrastructure.assembly import Meter, Progress, Report
from . import render

SOONEST_SECONDS = 1.0
LATEST_SECONDS = 5.0

Clock = Callable[[], float]


@contextmanager
def shown(out: Console, *, as_json: bool) -> Iterator[Report]:
    """What a long piece of work reports to; JSON leaves standard output to the answer."""
    if as_json:
        yield Lines(_json_line)
    elif out.file.isatty() and not out.is_dumb_terminal:
        with _bar(out) as report:
            yield report
    else:
        yield Lines(lambda progress: render.say(out, line(progress)))


@contextmanager
def counted(out: Console, step: str, *, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    """As `shown`, for work that only counts what is done of how much."""
    with shown(out, as_json=as_json) as report:
        yield Meter(report, step).tell


class Lines:
    """A line at every tenth, if a second has passed since the one before, or else five."""

    def __init__(self, tell: Report, clock: Clock = monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._told_at = clock()
        self._told = ("", 0)

    def __call__(self, progress: Progress) -> None:
        passed = self._clock() - self._told_at
        news = (progress.step, _percent(progress) // 10)
        if passed >= LATEST_SECONDS or (passed >= SOONEST_SECONDS and news != self._told):
            self._tell(progress)
            self._told, self._told_at = news, self._clock()


def line(progress: Progress) -> str:
    """`folding: 25 %, 30,000 of 120,000 events, 33,000/s, 3 s to go, 145 MB`."""
    return f"{progress.step}: {_percent(progress)} %, {_told(progress)}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `1 min 20 s`, `3 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


@contextmanager
def _bar(out: Console) -> Iterator[Report]:
    """Drawn once there is something to draw, and gone at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    drawing = Drawing(*columns, console=out, transient=True)
    shown = drawing.add_task("", total=None, told="")

    def report(progress: Progress) -> None:
        drawing.start()
        drawing.update(
            shown,
            description=progress.step,
            completed=progress.done,
            total=progress.total,
            told=_told(progress),
        )

    try:
        yield report
    finally:
        drawing.stop()


def _told(progress: Progress) -> str:
    """What is counted when folding are events; elsewhere only the share says something."""
    told = []
    if progress.step == "folding":
        told += [f"{progress.done:,} of {progress.total:,} events", f"{progress.rate:,.0f}/s"]
    if progress.remaining is not None:
        told.append(f"{duration(progress.remaining)} to go")
    return ", ".join((*told, f"{progress.memory / 2**20:,.0f} MB"))


def _percent(progress: Progress) -> int:
    return 100 * progress.done // progress.total if progress.total else 100


def _json_line(progress: Progress) -> None:
    told = json.dumps({"progress": asdict(progress)})
    render.say(render.console(error=True), told)
