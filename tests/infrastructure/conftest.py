"""Houses that run other code (projections of a newer version, or with a fault), and disposals."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from countersign.application import commands as c
from countersign.application.aggregates import RUN
from countersign.domain.disposal import CertificateIssued, DisposalRun, RunDrafted
from countersign.domain.items import ItemKind
from countersign.infrastructure import assembly
from countersign.infrastructure.pages import some
from countersign.infrastructure.projections.every import projections
from countersign.infrastructure.projector.follower import Projector


@pytest.fixture
def with_code(also: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The same company in a house with these projections; `now` is its projector's clock."""

    def opened(company: Any, code: Any, *, now: Any = None, **options: Any) -> Any:
        with monkeypatch.context() as other:
            other.setattr(assembly, "projections", code)
            if now is not None:
                other.setattr(assembly, "Projector", partial(Projector, now=now))
            return also(company, **options)

    return opened


@pytest.fixture
def numbered_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever number a projection has come to: a story of versions begins with 1."""
    for each in projections(lambda tx, known_as: None):
        monkeypatch.setattr(type(each), "version", 1)


YEARS = ("PR-ENABLE", "PR-SHORT", "PR-PEOPLE")


class Records:
    """What a records manager does: Rob drafts, Hilda approves, and a year is enough for records."""

    def __init__(self, company: Any) -> None:
        self.company = company
        self.house = company.house

    def settle_years(self) -> "Records":
        periods = tuple(
            c.ConfirmedPeriod(series=series, minimum="P1Y", authority="the works council")
            for series in YEARS
        )
        self.company.does("Rob", c.ConfirmPeriods(periods=periods, reason="settled"))
        self.company.does("Hilda", c.ApproveSchedule(version=2))
        return self

    def closed_case(self, owner: str = "Ada", until: str = "noted") -> Any:
        """A case that was never asked for, given up."""
        case = self.company.case(owner, until)
        case.does(c.AbandonPlan(plan=case.plan))
        return case

    def kept(self, owner: str = "Ada", title: str = "a page", **more: Any) -> str:
        receipt = self.company.does(owner, c.KeepItem(title=title, **more))
        return str(receipt.events[0].stream)

    def in_years(self, years: int = 2) -> None:
        today = self.company.clock.today
        self.company.clock.go(today.replace(year=today.year + years))

    def refs(self, case: Any) -> tuple[c.ItemRef, ...]:
        plan = c.ItemRef(kind=ItemKind.PLAN, item=case.plan, stream=case.plan)
        result = c.ItemRef(kind=ItemKind.RESULT, item=case.result, stream=case.result)
        return (plan, result)

    def drafted(self, *refs: c.ItemRef) -> RunDrafted:
        return self._drafted(c.DraftDisposal(items=refs))

    def erasure(self, name: str) -> RunDrafted:
        erasure = c.DraftErasure(person=self.company.person(name), reason="asked for")
        return self._drafted(erasure)

    def drafted_erasure(self, *refs: c.ItemRef) -> RunDrafted:
        return self._drafted(c.DraftErasure(items=refs, reason="asked for"))

    def _drafted(self, command: c.Command) -> RunDrafted:
        (recorded,) = self.company.does("Rob", command).events
        run: RunDrafted = recorded.event
        return run

    def approved(self, run: RunDrafted) -> RunDrafted:
        approval = c.ApproveDisposal(run=run.run, fingerprint=run.fingerprint)
        self.company.does("Hilda", approval)
        return run

    def disposed(self, run: RunDrafted) -> CertificateIssued:
        """Approved, carried out, certified."""
        self.approved(run)
        self.company.engine.carry_out(run.run)
        return self.issued(run.run)

    def disposed_case(self, case: Any) -> CertificateIssued:
        return self.disposed(self.drafted(*self.refs(case)))

    def state(self, run: str) -> DisposalRun:
        with self.house.journal.session() as session:
            state: DisposalRun = session.recall(RUN, run)[1]
        return state

    def told(self, stream: str) -> list[Any]:
        with self.house.database.reading() as tx:
            return [each.event for each in self.house.journal.told(tx, stream)]

    def issued(self, run: str) -> CertificateIssued:
        (issued,) = (each for each in self.told(run) if isinstance(each, CertificateIssued))
        return issued

    def units(self, *streams: str) -> dict[str, str]:
        """By unit of these streams, its state."""
        with self.house.database.reading() as tx:
            return {
                unit: state
                for stream in streams
                for unit, state in tx.all(
                    "SELECT unit, state FROM cs_unit WHERE stream = :stream", stream=stream
                )
            }

    def keys(self, units: Iterable[str]) -> set[str]:
        """The keys that are left of these units."""
        with self.house.database.reading() as tx:
            keys = [k for (k,) in some(tx, "SELECT key_id FROM cs_unit WHERE unit", units)]
        return set(self.house.keyring.keys(keys))

    def all_as_rebuilt(self) -> None:
        for comparison in self.house.verify().comparisons:
            assert comparison.same, comparison


@pytest.fixture
def records(company: Any) -> Records:
    return Records(company).settle_years()


@pytest.fixture
def records_of() -> Callable[[Any], Records]:
    """The same for another engine, or another company."""
    return Records
