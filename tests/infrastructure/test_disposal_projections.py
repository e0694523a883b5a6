"""After any disposal every copy of every projection is what a fold of the rest would make it."""

import random
from functools import partial
from typing import Any

import pytest

from countersign.application import commands as c
from countersign.domain.items import ItemKind
from countersign.domain.refusals import Refusal
from countersign.infrastructure.projections import every
from countersign.infrastructure.projections.intervals import Book, Pages, Parted, Spread
from countersign.infrastructure.projector import copies, filling, quarantine
from countersign.infrastructure.projector.folding import decoded
from countersign.infrastructure.projector.purging import left

ENDINGS = ("practised", "noted", "settled", "asked", "accepted", "enabled")


class History:
    """A company in which things happen in an order that a seed draws."""

    def __init__(self, company, records, seed):
        self.company, self.records = company, records
        self.draw = random.Random(seed)
        self.cases = []

    def goes_on(self, steps):
        doings = (self.works, self.reads, self.cites, self.leaves, self.waits, self.sweeps)
        for _ in range(steps):
            self.draw.choice(doings)()

    def works(self):
        owner = self.draw.choice(("Ada", "Bob", "Carl"))
        try:
            case = self.company.case(owner, self.draw.choice(ENDINGS))
        except (Refusal, AssertionError):
            return
        self.cases.append(case)
        if self.draw.random() < 0.8:
            self.company.when(owner, c.AbandonPlan(plan=case.plan))

    def reads(self):
        self.keeps(self.draw.choice(("Ada", "Bob", "Carl")))

    def keeps(self, owner):
        told = self.company.when(owner, c.KeepItem(title="a page"))
        return None if isinstance(told.said, Refusal) else told.said.events[0].stream

    def cites(self):
        if not self.cases:
            return
        case = self.draw.choice(self.cases)
        item = self.keeps(case.owner)
        if item and case.result:
            wish = c.EvidenceWish(item=item)
            self.company.when(case.owner, c.AddEvidence(result=case.result, evidence=wish))

    def leaves(self):
        if self.draw.random() < 0.2 and len(self.company.manager) > 3:
            self.company.when("Hilda", self.leaving("Carl"))

    def leaving(self, name):
        today = self.company.clock.today
        return c.RecordLeaving(person=self.company.person(name), effective=today)

    def waits(self):
        self.company.clock.wait(days=self.draw.choice((3, 40, 200)))

    def sweeps(self):
        self.company.engine.fire_due()

    def disposes(self):
        """Whatever of the cases may go, and a person now and then."""
        for case in self.cases:
            refs = [c.ItemRef(kind=ItemKind.PLAN, item=case.plan, stream=case.plan)]
            if case.task:
                refs.append(c.ItemRef(kind=ItemKind.REQUEST, item=case.task, stream=case.task))
            if case.result:
                result = case.result
                refs.append(c.ItemRef(kind=ItemKind.RESULT, item=result, stream=result))
            for ref in refs:
                self.tries(c.DraftDisposal(items=(ref,)))
        name = self.draw.choice(("Ada", "Bob", "Carl"))
        self.tries(c.DraftErasure(person=self.company.person(name), reason="asked for"))

    def tries(self, command):
        told = self.company.when("Rob", command)
        if not isinstance(told.said, Refusal):
            self.records.disposed(told.said.events[0].event)


@pytest.mark.parametrize("seed", range(3))
def test_live_projections_equal_rebuilt_ones_after_any_disposal(company, records, seed):
    history = History(company, records, seed)
    history.goes_on(8)
    company.clock.wait(days=900)
    history.disposes()
    records.all_as_rebuilt()
    history.goes_on(5)
    history.sweeps()
    records.all_as_rebuilt()

    assert "disposal.certificate_issued" in company.events()


class Watched(Pages):
    """Pages that remember which streams have opened and which have ended each key."""

    def __init__(self, book, opened, ended, stream):
        super().__init__(book, lambda book, key: None)
        self._table, self._opened, self._ended, self._stream = book.table, opened, ended, stream

    def put(self, key, doc, position, *columns):
        self._opened.setdefault((self._table, key), set()).add(self._stream[0])
        super().put(key, doc, position, *columns)

    def end(self, key, position):
        self._ended.setdefault((self._table, key), set()).add(self._stream[0])
        super().end(key, position)


def test_whoever_ends_a_key_opens_it_too(company, records):
    """What a purge relies on: it finds a key by the rows that the gone events had opened."""
    case = company.case("Ada", until="enabled")
    records.kept()
    case.does(c.AbandonPlan(plan=case.plan))
    with company.house.database.reading() as tx:
        events = decoded(company.house.recorder.since(tx, 0, 100_000))
    for projection in company.house.projector.projections:
        opened: dict[Any, set[str]] = {}
        ended: dict[Any, set[str]] = {}
        stream = [""]
        pages = Spread(partial(Watched, opened=opened, ended=ended, stream=stream))
        for recorded in events:
            if projection.concerns(recorded.name):
                stream[0] = recorded.stream
                projection.fold(pages, recorded)
        strangers = {
            key for key, streams in ended.items() if key in opened and streams - opened[key]
        }
        assert strangers == set(), projection.name


# A projection whose keys several streams write to

TALLY = Book("cs_p_tally", ("kind",))


class Tally:
    """Counts the events of each kind, whatever stream they belong to."""

    name, version, books = "tally", 1, (TALLY,)
    answers: tuple[type, ...] = ()
    reads = ("tally",)
    stops = False

    def concerns(self, name):
        return name.startswith(("reference.", "plan."))

    def parted(self, name):
        return Parted.BY_STREAM

    def fold(self, pages, recorded):
        kind = recorded.name.partition(".")[0]
        doc = pages[TALLY].get(kind) or {"count": 0}
        pages[TALLY].put(kind, {"count": doc["count"] + 1}, recorded.position, kind)

    def answer(self, tx, question, at, on):
        return None


def test_keys_that_other_streams_write_to_are_folded_anew(company, records, with_code, records_of):
    twin = with_code(company, lambda find: (*every.projections(find), Tally()))
    own = records_of(twin)
    own.closed_case()
    for title in ("a", "b", "c"):
        own.kept(title=title)
    own.in_years()
    twin.engine.fire_due()
    twin.clock.wait(days=40)
    own.kept(title="young")
    twin.engine.fire_due()

    with twin.house.database.reading() as tx:
        rows = dict(TALLY.rows(twin.house.projector.on_live(tx), None))

    assert rows["reference"] == {"count": 1}
    own.all_as_rebuilt()


# Builds that run while something is disposed of


class Interrupted:
    """A recorder that lets something happen once, when a page with a stream's events is read."""

    def __init__(self, recorder, happens, stream):
        self._recorder, self._happens, self._stream = recorder, happens, stream

    def since(self, tx, *words, **more):
        rows = self._recorder.since(tx, *words, **more)
        if self._happens and any(row.stream == self._stream for row in rows):
            happens, self._happens = self._happens, None
            happens()
        return rows

    def __getattr__(self, name):
        return getattr(self._recorder, name)


@pytest.fixture
def ready(company, records):
    """An approved run over a case, and much that stays."""
    case = records.closed_case()
    records.kept()
    company.case("Bob", until="noted")
    records.in_years()
    run = records.approved(records.drafted(*records.refs(case)))
    return Ready(case, lambda: company.engine.carry_out(run.run))


class Ready:
    def __init__(self, case, carry_out):
        self.case, self.carry_out = case, carry_out


def test_a_build_that_has_read_what_went_meanwhile_reads_again(company, ready, also, monkeypatch):
    twin = also(company)
    monkeypatch.setattr(filling, "PAGE", 20)
    twin.house.builder._recorder = Interrupted(
        twin.house.recorder, ready.carry_out, ready.case.plan
    )

    rebuilt = twin.house.rebuild()

    assert rebuilt.same
    assert rebuilt.switched
    assert_nothing_of_a_residue(company)


@pytest.mark.parametrize("page", [1, 3])
def test_a_build_that_remembers_what_went_meanwhile_forgets_it(
    company, ready, also, monkeypatch, page
):
    """What is open stays in memory from page to page; so a disposal between two is seen too."""
    twin = also(company)
    monkeypatch.setattr(filling, "PAGE", 20)
    pages = []

    def report(progress):
        if progress.step == "folding":
            pages.append(progress)
            if len(pages) == page:
                ready.carry_out()

    rebuilt = twin.house.rebuild(report=report)

    assert len(pages) > page
    assert rebuilt.same
    assert_nothing_of_a_residue(company)


def test_a_kept_copy_is_purged_too(company, ready):
    company.house.rebuild()
    ready.carry_out()

    assert_nothing_of_a_residue(company)
    for name in company.house.projections:
        company.house.roll_back(name)
    for comparison in company.house.verify().comparisons:
        assert comparison.same, comparison


def assert_nothing_of_a_residue(company):
    with company.house.database.reading() as tx:
        gone = [p for (p,) in tx.all("SELECT position FROM cs_event WHERE body IS NULL")]
        assert gone
        assert left(tx, gone) == 0
        assert {copy.state for copy in copies.everything(tx)} <= {"live", "kept"}


def test_a_partition_set_aside_for_an_event_that_went_is_whole_again(company, records):
    case = records.closed_case()
    house = company.house
    with house.database.writing() as tx:
        (copy,) = (each for each in house.projector.live_copies(tx) if each.name == "inbox")
        (position,) = tx.one(
            "SELECT max(position) FROM cs_event WHERE stream = :stream", stream=case.result
        )
        quarantine.set_aside(tx, copy.number, case.plan, position, 4, "KeyError")
        quarantine.wait(tx, copy.number, [(case.plan, position)])
    records.in_years()
    records.disposed_case(case)

    with house.database.reading() as tx:
        assert quarantine.listed(tx) == []
    records.all_as_rebuilt()
