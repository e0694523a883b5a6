"""Rebuild: a copy beside the live one, filled in pages, compared, and switched to at once."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from .. import lease
from ..database import Database, Tx
from ..recorder import Recorder
from . import copies
from .compare import Comparison, compare
from .copies import Copy
from .filling import Filling
from .follower import Projector
from .progress import Report, silent

LEASE_SECONDS = 60.0


class BuildHeld(RuntimeError):
    """Somebody else is building this projection; it says who."""


class BuildTakenOver(RuntimeError):
    """While this build stood still somebody else went on with it."""


class NothingToResume(RuntimeError):
    """No build was broken off."""


class NothingKept(RuntimeError):
    """There is no earlier copy to go back to."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild has done: from which position on, to which, how fast, and what it found."""

    projections: tuple[str, ...]
    resumed_at: int
    position: int
    seconds: float
    comparisons: tuple[Comparison, ...]
    switched: bool

    @property
    def events(self) -> int:
        return self.position - self.resumed_at

    @property
    def same(self) -> bool:
        return all(comparison.same for comparison in self.comparisons)


class Builder:
    """Builds, verifies, switches and goes back; one for each process."""

    def __init__(self, database: Database, recorder: Recorder, projector: Projector) -> None:
        self._database = database
        self._recorder = recorder
        self._projector = projector
        self._by_name = {each.name: each for each in projector.projections}
        self._holder = lease.own_name()

    def rebuild(
        self,
        names: Sequence[str],
        *,
        workers: int = 1,
        dry_run: bool = False,
        resume: bool = False,
        restart: bool = False,
        report: Report = silent,
    ) -> Rebuilt:
        """Builds the named projections beside the live ones, compares, and switches.

        A build that was broken off goes on where it was, unless `restart`; with `resume` there
        must be one. Raises BuildHeld, BuildTakenOver, NothingToResume, Unfolded.
        """
        state = "scratch" if dry_run else "building"
        with self._held(names):
            begun = self._begin(names, state, resume=resume, restart=restart or dry_run)
            began, start = monotonic(), min(copy.position for copy in begun)
            built = self._fill(begun, None, workers, report)
            seconds = monotonic() - began
            found = self._compared(built, report)
            if dry_run:
                self._discard(built)
            else:
                self._switch(built)
        position = min(copy.position for copy in built)
        return Rebuilt(tuple(names), start, position, seconds, found, switched=not dry_run)

    def verify(self, names: Sequence[str], *, workers: int = 1, report: Report = silent) -> Rebuilt:
        """Builds into a scratch place up to where the journal stands now, and compares there."""
        with self._held(names):
            begun = self._begin(names, "scratch", resume=False, restart=True)
            began, head = monotonic(), self._head()
            built = self._fill(begun, head, workers, report)
            seconds = monotonic() - began
            self._projector.wait_for(head)
            found = self._compared(built, report)
            self._discard(built)
        return Rebuilt(tuple(names), 0, head, seconds, found, switched=False)

    def roll_back(self, name: str) -> Copy:
        """Asks the copy before the last switch again, once it has caught up. Raises NothingKept."""
        projection = self._by_name[name]
        with self._held((name,)):
            with self._database.reading() as tx:
                kept = copies.in_state(tx, "kept", projection)
            if kept is None:
                raise NothingKept(
                    f"No earlier copy of {name} was made by version {projection.version}."
                )
            kept = self._fill([kept], None, 1, silent)[0]
            with self._database.writing() as tx:
                self._projector.live_copies(tx, lock=True)
                kept = self._last_page(tx, [kept])[0]
                live = copies.in_state(tx, "live", projection)
                if live is not None:
                    copies.move(tx, live.number, "kept")
                copies.move(tx, kept.number, "live")
        return kept

    def prepare(self, report: Report = silent) -> None:
        """Sees to it that every projection has a live copy of this code's version.

        If somebody else is building one just now, it is left to them.
        """
        with self._database.reading() as tx:
            missing = self._missing(tx)
        if missing and self._head() == 0:
            missing = self._made_empty()
        if missing:
            try:
                self.rebuild(missing, report=report)
            except BuildHeld:
                return
        self._projector.catch_up()

    def unfinished(self, tx: Tx) -> list[Copy]:
        """Builds that run or were broken off."""
        return [copy for copy in copies.everything(tx) if copy.state == "building"]

    def _made_empty(self) -> list[str]:
        """In an empty journal a new copy has caught up."""
        with self._database.writing() as tx:
            _one_maker(tx)
            missing = self._missing(tx)
            if self._recorder.head(tx):
                return missing
            for name in missing:
                copies.make(tx, self._database, self._by_name[name], "live", bare=False)
        return []

    def _missing(self, tx: Tx) -> list[str]:
        there = {copy.name for copy in self._projector.live_copies(tx)}
        return [name for name in self._by_name if name not in there]

    @contextmanager
    def _held(self, names: Sequence[str]) -> Iterator[None]:
        try:
            with self._database.writing() as tx:
                for name in names:
                    self._take(tx, name)
            yield
        finally:
            with self._database.writing() as tx:
                for name in names:
                    lease.leave(tx, _lease_of(name), self._holder)

    def _take(self, tx: Tx, name: str) -> None:
        other = lease.take(tx, _lease_of(name), self._holder, LEASE_SECONDS)
        if other is not None:
            raise BuildHeld(
                f"{name} is being built by {other.holder} since {copies.moment(other.since)}."
            )

    def _begin(
        self, names: Sequence[str], state: str, *, resume: bool, restart: bool
    ) -> list[Copy]:
        """The copies to fill: those of a build that was broken off, or new ones."""
        begun = []
        with self._database.writing() as tx:
            _one_maker(tx)
            for name in names:
                projection = self._by_name[name]
                found = None if restart else copies.in_state(tx, state, projection)
                if found is None and resume:
                    raise NothingToResume(f"No build of {name} was broken off.")
                for copy in copies.everything(tx):
                    stale = copy.name == name and copy.state in (state, "scratch")
                    if stale and copy != found:
                        copies.remove(tx, copy)
                begun.append(found or copies.make(tx, self._database, projection, state, bare=True))
        return begun

    def _fill(
        self, begun: list[Copy], until: int | None, workers: int, report: Report
    ) -> list[Copy]:
        """Folds the journal into the copies, and makes them fit for questions."""
        filling = Filling(self._database, self._recorder, self._by_name, begun, self._step)
        filling.in_bulk(until, workers, report)
        filling.index(report)
        filling.the_rest(until, report)
        return filling.copies

    def _compared(self, built: Sequence[Copy], report: Report) -> tuple[Comparison, ...]:
        """Each against the live copy of the same version, where both have come to."""
        found = []
        for copy in built:
            projection = self._by_name[copy.name]
            with self._database.reading() as tx:
                live = copies.in_state(tx, "live", projection)
            if live is not None:
                found.append(compare(self._database, projection, live, copy, report))
        return tuple(found)

    def _switch(self, built: Sequence[Copy]) -> None:
        """One transaction: the rest of the journal, and whom questions go to."""
        with self._database.writing() as tx:
            self._projector.live_copies(tx, lock=True)
            for copy in self._last_page(tx, built):
                _make_live(tx, copy)

    def _last_page(self, tx: Tx, built: Sequence[Copy]) -> list[Copy]:
        head = self._recorder.head(tx)
        filling = Filling(self._database, self._recorder, self._by_name, list(built), self._step)
        while min(copy.position for copy in filling.copies) < head:
            filling.page(tx, head)
        return filling.copies

    def _step(self, tx: Tx, copy: Copy, position: int, rate: float) -> None:
        """The fence: whoever finds the copy elsewhere than it left it writes nothing."""
        moved = tx.run(
            "UPDATE cs_projection SET position = :position, updated = :updated, rate = :rate"
            " WHERE copy = :copy AND position = :before AND state = :state",
            position=position,
            updated=copies.now(),
            rate=rate,
            copy=copy.number,
            before=copy.position,
            state=copy.state,
        )
        if moved != 1:
            raise BuildTakenOver(f"The build of {copy.name} was taken over, or dropped.")
        self._take(tx, copy.name)

    def _discard(self, built: Iterable[Copy]) -> None:
        with self._database.writing() as tx:
            for copy in built:
                copies.remove(tx, copy)

    def _head(self) -> int:
        with self._database.reading() as tx:
            return self._recorder.head(tx)


def _make_live(tx: Tx, copy: Copy) -> None:
    """The live copy of this version is kept, the one kept before goes, older code keeps its own."""
    others = [each for each in copies.everything(tx) if each.name == copy.name]
    for each in others:
        if each.state == "kept":
            copies.remove(tx, each)
        elif each.state == "live" and each.version == copy.version:
            copies.move(tx, each.number, "kept")
    outdated = [e for e in others if e.state == "live" and e.version != copy.version]
    for each in outdated[:-1]:
        copies.remove(tx, each)
    copies.move(tx, copy.number, "live")


def _one_maker(tx: Tx) -> None:
    """Processes that start at once make the tables once."""
    if tx.dialect == "postgresql":
        tx.run(
            "SELECT pg_advisory_xact_lock(:lock, hashtext(:schema))", lock=MAKING, schema=tx.schema
        )


def _lease_of(name: str) -> str:
    return f"build:{name}"


MAKING = 0x6373_0003
