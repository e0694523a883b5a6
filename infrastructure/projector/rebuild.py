"""Rebuild: a copy beside the live one, filled in pages, compared, and switched to at once."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic

from .. import lease
from ..database import Database, Tx
from ..recorder import Recorder
from . import copies, quarantine
from .compare import Comparison, compare
from .copies import Copy, HasShrunk, lock_making
from .filling import Filling
from .folding import cause
from .follower import Projector
from .progress import Progress, Report, silent
from .projection import Projection

LEASE_SECONDS = 60.0


class BuildHeld(RuntimeError):
    """Somebody else is building this projection; it says who."""

    def __init__(self, projection: str, by: lease.Lease) -> None:
        since = copies.moment(by.since)
        super().__init__(f"{projection} is being built by {by.holder} since {since}.")
        self.projection = projection


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
        if dry_run:
            return self._rehearse(names, None, workers, report)
        with self._held(names) as holder:
            begun = self._begin(names, "building", resume=resume, restart=restart)
            return self._build(begun, holder, workers, report)

    def verify(self, names: Sequence[str], *, workers: int = 1, report: Report = silent) -> Rebuilt:
        """Builds into a scratch place up to where the journal stands now, and compares there."""
        return self._rehearse(names, self._head(), workers, report)

    def roll_back(self, name: str) -> Copy:
        """Asks the copy before the last switch again, once it has caught up. Raises NothingKept."""
        projection = self._by_name[name]
        with self._held((name,)) as holder:
            with self._database.reading() as tx:
                kept = copies.in_state(tx, "kept", projection)
            if kept is None:
                raise NothingKept(
                    f"No earlier copy of {name} was made by version {projection.version}."
                )
            self._release_all(kept)
            kept = self._fill([kept], None, holder, 1, silent)[0]
            with self._database.writing() as tx:
                self._projector.live_copies(tx, lock=True)
                kept = self._last_page(tx, [kept], holder)[0]
                live = copies.in_state(tx, "live", projection)
                if live is not None:
                    _move(tx, live, "kept")
                _move(tx, kept, "live")
        return kept

    def prepare(self, report: Report = silent) -> None:
        """Sees to it that every projection has a live copy of this code's version.

        What somebody else is building just now is left to them.
        """
        with self._database.reading() as tx:
            missing = self._missing(tx)
        if missing and self._head() == 0:
            missing = self._made_empty()
        while missing:
            try:
                self._build_missing(missing, report)
                break
            except BuildHeld as held:
                missing.remove(held.projection)
            except BuildTakenOver:
                break
        self._projector.catch_up()

    def unfinished(self, tx: Tx) -> list[Copy]:
        """Builds that run or were broken off."""
        return [copy for copy in copies.everything(tx) if copy.state == "building"]

    def _made_empty(self) -> list[str]:
        """In an empty journal a new copy has caught up."""
        with self._database.writing() as tx:
            lock_making(tx)
            missing = self._missing(tx)
            if self._recorder.head(tx):
                return missing
            for name in missing:
                copies.make(tx, self._database, self._by_name[name], "live", bare=False)
        return []

    def _build_missing(self, names: Sequence[str], report: Report) -> None:
        """Unless somebody else has done so before the leases were had."""
        with self._held(names) as holder:
            with self._database.reading() as tx:
                missing = [name for name in self._missing(tx) if name in names]
            if missing:
                begun = self._begin(missing, "building", resume=False, restart=False)
                self._build(begun, holder, 1, report)

    def _missing(self, tx: Tx) -> list[str]:
        there = {copy.name for copy in self._projector.live_copies(tx)}
        return [name for name in self._by_name if name not in there]

    @contextmanager
    def _held(self, names: Sequence[str]) -> Iterator[str]:
        """Yields the name that a build holds its leases by; no two builds have the same."""
        holder = lease.own_name()
        with self._database.writing() as tx:
            self._take(tx, names, holder)
        try:
            yield holder
        except Exception as error:
            why = cause(error)
            if self._database.transient(why):
                raise why from None
            self._check_still_held(names, holder, error)
            raise
        finally:
            with self._database.writing() as tx:
                for name in names:
                    lease.leave(tx, _lease_of(name), holder)

    def _take(self, tx: Tx, names: Iterable[str], holder: str) -> None:
        for name in names:
            other = lease.take(tx, _lease_of(name), holder, LEASE_SECONDS)
            if other is not None:
                raise BuildHeld(name, other)

    def _check_still_held(self, names: Iterable[str], holder: str, error: Exception) -> None:
        """Whatever goes wrong once another build has the tables comes of that."""
        with self._database.reading() as tx:
            for name in names:
                held = lease.held(tx, _lease_of(name))
                if held is None or held.holder != holder:
                    raise BuildTakenOver(f"The build of {name} was taken over.") from error

    def _kept_up(self, names: Sequence[str], holder: str, report: Report) -> Report:
        """A report is a sign of life: now and then it prolongs the leases."""
        due = monotonic() + LEASE_SECONDS / 2

        def told(progress: Progress) -> None:
            nonlocal due
            report(progress)
            if monotonic() >= due:
                with self._database.writing() as tx:
                    self._take(tx, names, holder)
                due = monotonic() + LEASE_SECONDS / 2

        return told

    def _build(self, begun: list[Copy], holder: str, workers: int, report: Report) -> Rebuilt:
        names = tuple(copy.name for copy in begun)
        told = self._kept_up(names, holder, report)
        began, start = monotonic(), min(copy.position for copy in begun)
        built = self._fill(begun, None, holder, workers, told)
        seconds = monotonic() - began
        found = self._compared(built, told)
        self._switch(built, holder)
        position = min(copy.position for copy in built)
        return Rebuilt(names, start, position, seconds, found, switched=True)

    def _rehearse(
        self, names: Sequence[str], until: int | None, workers: int, report: Report
    ) -> Rebuilt:
        """Builds, compares, and leaves nothing behind."""
        with self._held(names) as holder:
            told = self._kept_up(names, holder, report)
            begun = self._begin(names, "scratch", resume=False, restart=True)
            try:
                began = monotonic()
                built = self._fill(begun, until, holder, workers, told)
                seconds = monotonic() - began
                position = min(copy.position for copy in built)
                self._projector.wait_for(position)
                found = self._compared(built, told)
            finally:
                self._discard(begun)
        return Rebuilt(tuple(names), 0, position, seconds, found, switched=False)

    def _begin(
        self, names: Sequence[str], state: str, *, resume: bool, restart: bool
    ) -> list[Copy]:
        """The copies to fill: those of a build that was broken off, or new ones."""
        begun = []
        with self._database.writing() as tx:
            lock_making(tx)
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
        self, begun: list[Copy], until: int | None, holder: str, workers: int, report: Report
    ) -> list[Copy]:
        """Folds the journal into the copies, and makes them fit for questions."""
        filling = self._filling(begun, holder)
        filling.in_bulk(until, workers, report)
        filling.index(report)
        filling.the_rest(until, report)
        return filling.copies

    def _compared(self, built: Sequence[Copy], report: Report) -> tuple[Comparison, ...]:
        """Each against the live copy of the same version, where both have come to."""
        self._projector.catch_up(min(copy.position for copy in built))
        found = []
        for copy in built:
            projection = self._by_name[copy.name]
            with self._database.reading() as tx:
                live = copies.in_state(tx, "live", projection)
            if live is not None:
                found.append(self._side_by_side(projection, live, copy, report))
        return tuple(found)

    def _side_by_side(
        self, projection: Projection, live: Copy, copy: Copy, report: Report
    ) -> Comparison:
        """Once more where a disposal went through the two while they were read."""
        while True:
            with self._database.reading() as tx:
                before = copies.again(tx, (live, copy))
            found = compare(self._database, projection, live, copy, report)
            with self._database.reading() as tx:
                after = copies.again(tx, (live, copy))
            if [each.shrunk for each in before] == [each.shrunk for each in after]:
                return found

    def _filling(self, begun: list[Copy], holder: str) -> Filling:
        step = partial(self._step, holder)
        return Filling(self._database, self._recorder, self._by_name, begun, step)

    def _switch(self, built: Sequence[Copy], holder: str) -> None:
        """One transaction: the rest of the journal, and whom questions go to."""
        with self._database.writing() as tx:
            self._projector.live_copies(tx, lock=True)
            for copy in self._last_page(tx, built, holder):
                _make_live(tx, copy)
            self._take(tx, (copy.name for copy in built), holder)

    def _last_page(self, tx: Tx, built: Sequence[Copy], holder: str) -> list[Copy]:
        built = copies.again(tx, built)
        head, filling = self._recorder.head(tx), self._filling(built, holder)
        while min(copy.position for copy in filling.copies) < head:
            filling.page(tx, head)
        return filling.copies

    def _step(self, holder: str, tx: Tx, copy: Copy, position: int, rate: float) -> None:
        """The fence: whoever finds the copy elsewhere than it left it writes nothing.

        Nor does whoever has read events that a disposal has taken since; it reads them again.
        """
        moved = tx.run(
            "UPDATE cs_projection SET position = :position, updated = :updated, rate = :rate,"
            " attempts = 0, retry_at = 0, error = NULL"
            " WHERE copy = :copy AND position = :before AND state = :state AND shrunk = :shrunk",
            position=position,
            updated=copies.now(),
            rate=rate,
            copy=copy.number,
            before=copy.position,
            state=copy.state,
            shrunk=copy.shrunk,
        )
        if moved != 1:
            (now,) = copies.again(tx, (copy,))
            if (now.position, now.state) == (copy.position, copy.state) and now != copy:
                raise HasShrunk
            raise BuildTakenOver(f"The build of {copy.name} was taken over, or dropped.")
        self._take(tx, (copy.name,), holder)

    def _release_all(self, copy: Copy) -> None:
        """What was set aside in it goes before what comes later. Raises ProjectionFaulty."""
        with self._database.reading() as tx:
            aside = quarantine.listed(tx, copy.number)
        for each in aside:
            self._projector.release(copy, each.part)

    def _discard(self, built: Iterable[Copy]) -> None:
        with self._database.writing() as tx:
            for copy in built:
                copies.remove(tx, copy)

    def _head(self) -> int:
        with self._database.reading() as tx:
            return self._recorder.head(tx)


def _make_live(tx: Tx, copy: Copy) -> None:
    """The live copy of this version is kept, and the one kept before goes.

    Older code keeps its own, until there are two newer ones.
    """
    others = [each for each in copies.everything(tx) if each.name == copy.name]
    live = [each for each in others if each.state == "live"]
    versions = {copy.version, *(each.version for each in live)}
    for each in others:
        if each.state == "kept":
            copies.remove(tx, each)
    for each in live:
        if each.version == copy.version:
            _move(tx, each, "kept")
        elif sum(version > each.version for version in versions) > 1:
            copies.remove(tx, each)
    _move(tx, copy, "live")


def _move(tx: Tx, copy: Copy, state: str) -> None:
    if not copies.move(tx, copy, state):
        raise BuildTakenOver(f"The build of {copy.name} was taken over, or dropped.")


def _lease_of(name: str) -> str:
    return f"build:{name}"
