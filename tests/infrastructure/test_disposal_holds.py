"""A hold placed at any moment of a run saves whatever has not been destroyed by then."""

from itertools import product
from uuid import uuid4

from countersign.application import commands as c
from countersign.application.desk import THE_ENGINE, Desk
from countersign.application.items import item_of
from countersign.domain.disposal import Fate
from countersign.domain.hold import Scope
from countersign.infrastructure.assembly import open_house

STEPS = ("draft", "approve", "first", "second", "third", "fourth", "certify")
TARGETS = ("first case", "second case", "everybody", "one item")


def test_a_hold_at_any_step_saves_what_is_left(fresh_company, records_of):
    """Every step, every target: the model is a set of what had gone before the hold came."""
    for at, target in product(range(len(STEPS)), TARGETS):
        with fresh_company() as company:
            records = records_of(company).settle_years()
            story = Story(company, records)
            story.run_until(at)
            gone = set(story.gone)
            held = story.held_by(target)
            company.does("Rob", hold(held))
            story.go_on_from(at)

            saved = {each.item for each in story.items if held.covers(each)} - gone
            live = {each.item for each in story.items if not item_is_gone(records, each)}
            assert live == saved, (STEPS[at], target)
            story.check_certificate(saved)


def hold(scope):
    return c.PlaceHold(scope=scope, matter="a dispute", authority="the court")


def item_is_gone(records, item):
    return "live" not in records.units(item.stream).values()


class Story:
    """Two cases in one run, taken item by item."""

    def __init__(self, company, records):
        self.company, self.records = company, records
        self.cases = [records.closed_case("Ada"), records.closed_case("Bob")]
        records.in_years()
        self.refs = [ref for case in self.cases for ref in records.refs(case)]
        self.run = None
        self.items = self.all_items()
        self.gone: set[str] = set()

    def run_until(self, at):
        for step in STEPS[:at]:
            self.step(step)
        self.look()

    def go_on_from(self, at):
        for step in STEPS[at:]:
            self.step(step)

    def step(self, step):
        match step:
            case "draft":
                told = self.company.when("Rob", c.DraftDisposal(items=tuple(self.refs)))
                drafted = [each.event for each in getattr(told.said, "events", ())]
                self.run = drafted[0] if drafted else None
            case "approve" if self.run:
                self.records.approved(self.run)
            case "certify" if self.run:
                self.company.engine.carry_out(self.run.run)
            case _ if self.run:
                self.company.does("Rob", c.DestroyNext(run=self.run.run, at_most=1))
                self.look()

    def look(self):
        """What there is, as the model sees it."""
        self.gone = {each.item for each in self.items if item_is_gone(self.records, each)}

    def all_items(self):
        house = self.company.house
        with house.journal.session() as session:
            desk = Desk(session, THE_ENGINE, house.engine.now(), lambda: "")
            return [item_of(desk, ref) for ref in self.refs]

    def held_by(self, target):
        first, second = self.cases
        match target:
            case "first case":
                return Scope(cases=(first.plan,))
            case "second case":
                return Scope(persons=(self.company.person("Bob"),))
            case "one item":
                return Scope(items=(second.result,))
        return Scope(made_from=self.items[0].created_on)

    def check_certificate(self, saved):
        if self.run is None:
            return
        done = self.records.issued(self.run.run).certificate.done
        destroyed = {each.item for each in done if each.fate is Fate.DESTROYED}
        assert destroyed == {entry.item.item for entry in self.run.entries} - saved


def test_a_hold_between_reading_and_destroying_wins(company, records, place, settings, clock):
    """The version of all holds is in the basis; on SQLite nobody can come in between at all."""
    case = records.closed_case()
    records.in_years()
    run = records.approved(records.drafted(*records.refs(case)))
    if company.house.database.dialect == "sqlite":
        refused = AtTheLastMoment(company, case, clock, refused=True)
    else:
        refused = AtTheLastMoment(company, case, clock, refused=False)
    house = open_house(
        place.url, tenant=place.tenant, settings=settings, clock=clock, ids=refused.ids
    )
    refused.armed = True
    try:
        house.engine.carry_out(run.run)
    finally:
        house.close()

    assert refused.placed != refused.expected_refused
    states = set(records.units(case.plan, case.result).values())
    assert states == ({"live"} if refused.placed else {"destroyed"})


class AtTheLastMoment:
    """Ids are asked for once everything is decided, and before anything is written."""

    def __init__(self, company, case, clock, *, refused):
        self.company, self.case = company, case
        self.expected_refused = refused
        self.armed = self.placed = False
        self.asked = 0

    def ids(self):
        self.asked += self.armed
        if self.asked == 2:  # the first is the command's own, before anything is read
            self.armed, self.asked = False, 0
            scope = Scope(cases=(self.case.plan,))
            try:
                self.company.does("Rob", hold(scope))
                self.placed = True
            except TimeoutError:
                self.placed = False
        return str(uuid4())


def test_what_a_released_hold_had_kept_goes_with_the_next_run(company, records):
    case = records.closed_case()
    records.in_years()
    run = records.drafted(*records.refs(case))
    placed = company.does("Rob", hold(Scope(cases=(case.plan,)))).events[0].event
    assert {each.fate for each in records.disposed(run).certificate.done} == {Fate.SPARED}

    company.does("Rob", c.ReleaseHold(hold=placed.hold, reason="settled"))
    records.disposed_case(case)

    assert set(records.units(case.plan, case.result).values()) == {"destroyed"}
    records.all_as_rebuilt()
