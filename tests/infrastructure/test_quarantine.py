"""An event that cannot be folded holds up its own case, and nobody else; nothing is lost."""

from itertools import pairwise

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.event import RecordClass
from countersign.domain.refusals import EngineOnly, NothingHeldUp, RoleNeeded
from countersign.infrastructure import codec
from countersign.infrastructure.batch import Batch, Row
from countersign.infrastructure.database import LockTimeout
from countersign.infrastructure.event_names import UPCASTS
from countersign.infrastructure.projections.every import projections
from countersign.infrastructure.projections.plan_board import REQUEST
from countersign.infrastructure.projector import copies, filling, follower, quarantine
from countersign.infrastructure.projector.copies import Shelf
from countersign.infrastructure.projector.follower import Projector
from countersign.infrastructure.projector.projection import ProjectionFaulty, Unfolded

MILLISECOND = 1_000
LONG = quarantine.LONGEST_PAUSE_US

pytestmark = pytest.mark.usefixtures("numbered_from_one")


def stumbles(error):
    """Over what is said, and says it."""

    def then(pages, recorded):
        raise error(f"what is {recorded.said}?")

    return then


def writes_nonsense(pages, recorded):
    """A row that its table does not take."""
    pages[REQUEST].add(None, {}, recorded.position, None)


class Faults:
    """What cannot be folded until it is mended, by projection."""

    def __init__(self):
        self._spoilt = {}
        self.version = 1

    def spoil(self, projection, is_spoilt, then=None):
        self._spoilt.setdefault(projection, []).append((is_spoilt, then or stumbles(ValueError)))

    def mend(self):
        self._spoilt.clear()

    def meet(self, projection, pages, recorded):
        for is_spoilt, then in self._spoilt.get(projection, ()):
            if is_spoilt(recorded):
                then(pages, recorded)

    def code(self, find):
        return tuple(Faulty(each, self) for each in projections(find))


class Faulty:
    """A projection as it is, but that it stumbles after half of its work."""

    def __init__(self, sound, faults):
        self._sound = sound
        self._faults = faults
        self.version = faults.version

    def __getattr__(self, name):
        return getattr(self._sound, name)

    def fold(self, pages, recorded):
        self._sound.fold(pages, recorded)
        self._faults.meet(self._sound.name, pages, recorded)


class Ticks:
    """Microseconds that pass when they are told to."""

    now = 1_000_000

    def __call__(self):
        return self.now

    def go(self, microseconds):
        self.now += microseconds


@pytest.fixture
def faults():
    return Faults()


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def sick(company, with_code, faults, ticks):
    """A company whose projections have faults; time passes for them when it is told to."""
    return with_code(company, faults.code, now=ticks)


def named(name, *, case=None):
    """Events of a name, in a case or in any."""
    return lambda recorded: (
        recorded.name.startswith(name) and case in (None, recorded.case, recorded.stream)
    )


def given_up(company, ticks):
    """Follows until nothing is left to be tried again."""
    for _ in range(quarantine.ATTEMPTS + 1):
        company.house.projector.catch_up()
        ticks.go(LONG)


def health(company):
    return company.ask("engine", q.ProjectionHealth())


def state(company, name):
    """How a projection's live copy stands."""
    (found,) = (
        each
        for each in health(company).projections
        if (each.name, each.kind) == (name, q.CopyKind.LIVE) and each.ours
    )
    return found


def live_copy(company, name):
    with company.house.database.reading() as tx:
        return next(x for x in company.house.projector.live_copies(tx) if x.name == name)


def rows(company, name):
    copy = live_copy(company, name)
    (projection,) = (x for x in company.house.projector.projections if x.name == name)
    shelf = Shelf(company.house.database, (projection,), {name: copy.number})
    with company.house.database.reading() as tx:
        return {
            book.table: sorted(shelf.on(tx).all(f"SELECT * FROM {book.table}"))
            for book in projection.books
        }


def positions(company, wanted):
    """Of the events that are wanted."""
    with company.house.database.reading() as tx:
        found = map(codec.recorded, company.house.recorder.since(tx, 0, 1_000_000))
    return [recorded.position for recorded in found if wanted(recorded)]


def released(company, name, part):
    return company.house.projector.release(live_copy(company, name), part)


def is_as_rebuilt(company, *names):
    return company.house.builder.verify(names or company.house.projections).same


def examined(company, ticks, faults, name="Ada", projection="plan_board"):
    """A case whose examination of the job cannot be folded."""
    case = company.case(name)
    faults.spoil(projection, named("plan.job_examined", case=case.plan))
    case.walk("examined")
    return case


# Trying again


def test_what_cannot_be_folded_is_tried_again_after_longer_and_longer_pauses(sick, ticks, faults):
    examined(sick, ticks, faults)
    tried, known = [], 0
    for _ in range(200):
        sick.house.projector.catch_up()
        board = state(sick, "plan_board")
        if board.attempts > known or board.quarantined:
            tried.append(ticks.now)
        if board.quarantined:
            break
        known = board.attempts
        ticks.go(10 * MILLISECOND)

    pauses = [after - before for before, after in pairwise(tried)]
    assert pauses == [50 * MILLISECOND, 200 * MILLISECOND, 800 * MILLISECOND]
    assert len(tried) == quarantine.ATTEMPTS


def test_no_pause_is_longer_than_the_longest():
    assert [quarantine.pause(attempts) for attempts in (1, 2, 7, 1_000)] == [
        50 * MILLISECOND,
        200 * MILLISECOND,
        LONG,
        LONG,
    ]


def test_what_can_be_folded_the_second_time_leaves_no_trace(sick, ticks, faults):
    case = examined(sick, ticks, faults)
    sick.house.projector.catch_up()
    faults.mend()
    ticks.go(LONG)
    sick.house.projector.catch_up()

    assert state(sick, "plan_board").attempts == 0
    assert state(sick, "plan_board").error is None
    assert case.board().tasks
    assert is_as_rebuilt(sick)


def test_while_it_is_tried_again_the_other_projections_go_on(sick, ticks, faults):
    examined(sick, ticks, faults)
    sick.house.projector.catch_up()
    sick.does("Ada", c.KeepItem(title="an article"))
    sick.house.projector.catch_up()

    behind = {each.name: each.lag_events for each in health(sick).projections if each.lag_events}
    assert behind.keys() == {"plan_board"}
    assert len(sick.ask("Ada", q.ReadingList(person=sick.person("Ada")))) == 1


# Setting aside


@pytest.fixture(params=[500, 3])
def page(request, monkeypatch):
    """Events that are read together: all, or hardly any."""
    monkeypatch.setattr(follower, "PAGE", request.param)


def test_then_its_case_is_set_aside_and_everybody_else_goes_on(sick, ticks, faults, page):
    other = sick.case("Bob", until="simple")
    case = examined(sick, ticks, faults)
    other.walk("practised")
    given_up(sick, ticks)
    third = sick.case("Carl", until="examined")
    sick.house.projector.catch_up()

    (aside,) = state(sick, "plan_board").quarantined
    spoilt = positions(sick, named("plan.job_examined", case=case.plan))
    assert (aside.partition, [aside.position]) == (case.plan, spoilt)
    assert aside.attempts == quarantine.ATTEMPTS
    assert state(sick, "plan_board").position == len(sick.events())
    assert len(other.board("engine").entries) == 6
    assert third.board("engine").tasks
    assert case.board("engine").tasks == ()


def test_what_comes_later_in_the_case_waits_in_order(sick, ticks, faults, page):
    case = examined(sick, ticks, faults)
    given_up(sick, ticks)
    for step in ("pinpointed", "simple"):
        case.walk(step)
        sick.case({"pinpointed": "Bob", "simple": "Carl"}[step], until="examined")
        sick.house.projector.catch_up()

    (aside,) = state(sick, "plan_board").quarantined
    copy = live_copy(sick, "plan_board")
    with sick.house.database.reading() as tx:
        waiting = quarantine.waiting(tx, copy.number, case.plan, 1_000)
    of_the_case = positions(sick, lambda each: each.case == case.plan and is_of_the_board(each))
    assert waiting == [each for each in of_the_case if each >= aside.position]
    assert aside.waiting == len(waiting) > 5


def test_only_what_concerns_the_projection_waits(sick, ticks, faults):
    faults.spoil("due_dates", named("plan.month_reckoned"))
    case = sick.case("Ada", until="practised")
    given_up(sick, ticks)
    case.walk("asked")
    sick.house.projector.catch_up()

    (aside,) = state(sick, "due_dates").quarantined
    (projection,) = (x for x in sick.house.projector.projections if x.name == "due_dates")
    concerned = positions(sick, lambda x: x.case == case.plan and projection.concerns(x.name))
    assert aside.waiting == len([each for each in concerned if each >= aside.position])


def is_of_the_board(recorded):
    return recorded.name.startswith(("plan.", "result.", "approval."))


def test_several_cases_may_be_set_aside(sick, ticks, faults, page):
    cases = [examined(sick, ticks, faults, name) for name in ("Ada", "Bob")]
    sound = sick.case("Carl", until="examined")
    given_up(sick, ticks)
    given_up(sick, ticks)

    aside = state(sick, "plan_board").quarantined
    assert {each.partition for each in aside} == {case.plan for case in cases}
    assert sound.board("engine").tasks
    faults.mend()
    for each in reversed(aside):
        released(sick, "plan_board", each.partition)
    assert state(sick, "plan_board").quarantined == ()
    assert is_as_rebuilt(sick)


def test_an_event_without_a_case_holds_up_its_stream(sick, ticks, faults):
    first, second = (
        sick.does("Ada", c.KeepItem(title=title)).events[0].stream for title in ("one", "two")
    )
    faults.spoil("reading_list", named("reference.discarded", case=first))
    for item in (first, second):
        sick.does("Ada", c.DiscardItem(item=item, because_of_personal_data=True))
    given_up(sick, ticks)

    (aside,) = state(sick, "reading_list").quarantined
    assert aside.partition == first
    listed = sick.ask("Ada", q.ReadingList(person=sick.person("Ada")))
    assert {item.item: item.discarded is not None for item in listed} == {
        first: False,
        second: True,
    }


def test_what_cannot_even_be_read_holds_up_its_own_case_too(sick, ticks, faults, monkeypatch):
    def upcast(said):
        raise KeyError("a field that was never there")

    case, other = sick.case("Ada", until="examined"), sick.case("Bob")
    faults.spoil("people", lambda recorded: True)
    sick.moves("Carl", "Vera")
    case.walk("pinpointed")
    faults.mend()
    with monkeypatch.context() as wrong:
        wrong.setitem(UPCASTS, "plan.use_pinpointed.v1", ("plan.use_pinpointed.v2", upcast))
        given_up(sick, ticks)
        other.walk("examined")
        sick.house.projector.catch_up()
        for projection in ("audit_trail", "plan_board"):
            assert held_up(sick, projection).partition == case.plan
            assert held_up(sick, projection).error.startswith("plan.use_pinpointed.v1: KeyError")
        assert other.board("engine").tasks
        with pytest.raises(Unfolded, match=r"plan\.use_pinpointed\.v1"):
            sick.house.rebuild(("plan_board",))

    for projection in ("audit_trail", "plan_board"):
        released(sick, projection, case.plan)
    assert is_as_rebuilt(sick)


def test_half_of_what_an_event_does_is_never_there(sick, ticks, faults):
    case = sick.case("Ada", until="examined")
    sick.house.projector.catch_up()
    before = rows(sick, "plan_board")
    faults.spoil("plan_board", named("plan.", case=case.plan))
    case.walk("pinpointed")
    given_up(sick, ticks)

    assert rows(sick, "plan_board") == before


def test_rows_that_cannot_be_written_are_not_there_in_part(sick, ticks, faults):
    case = sick.case("Ada", until="examined")
    sick.house.projector.catch_up()
    before = rows(sick, "plan_board")
    faults.spoil("plan_board", named("plan.use_pinpointed"), then=writes_nonsense)
    case.walk("pinpointed")
    given_up(sick, ticks)

    assert rows(sick, "plan_board") == before
    assert held_up(sick, "plan_board").error.startswith("plan.use_pinpointed.v1: ")
    faults.mend()
    released(sick, "plan_board", case.plan)
    assert is_as_rebuilt(sick)


def test_a_command_whose_events_cannot_be_folded_is_not_harmed(sick, ticks, faults):
    for projection in sick.house.projections:
        faults.spoil(projection, named("plan.job_examined"))
    faults.spoil("people", lambda recorded: True)
    case = sick.case("Ada", until="simple")

    assert sick.events().count("plan.job_examined") == 1
    faults.mend()
    given_up(sick, ticks)
    assert case.board("engine").tasks


# Releasing


@pytest.mark.parametrize(
    ("projection", "event"),
    [
        ("plan_board", "plan.started"),
        ("plan_board", "result.noted"),
        ("inbox", "approval.asked"),
        ("audit_trail", "plan.task_identified"),
        ("due_dates", "plan.month_reckoned"),
        ("reading_list", "reference.kept"),
    ],
)
def test_what_is_released_ends_as_if_it_had_never_waited(
    sick, ticks, faults, page, projection, event
):
    faults.spoil(projection, named(event))
    case = sick.case("Ada", until="asked")
    sick.does("Ada", c.KeepItem(title="an article"))
    given_up(sick, ticks)
    case.walk("enabled")
    sick.case("Bob", until="examined")
    given_up(sick, ticks)
    given_up(sick, ticks)
    waiting = {each.partition: each.waiting for each in state(sick, projection).quarantined}
    assert waiting
    faults.mend()

    assert {part: released(sick, projection, part) for part in waiting} == waiting
    assert state(sick, projection).quarantined == ()
    assert is_as_rebuilt(sick)
    case.does(c.BeginCycle(plan=case.plan))
    sick.house.projector.catch_up()
    assert is_as_rebuilt(sick)


def test_a_release_that_fails_says_so_and_the_case_stays_aside(sick, ticks, faults):
    case = examined(sick, ticks, faults)
    given_up(sick, ticks)
    (before,) = state(sick, "plan_board").quarantined
    sound = sick.case("Bob", until="examined")
    with pytest.raises(ProjectionFaulty, match=f"plan.job_examined.*position {before.position}"):
        released(sick, "plan_board", case.plan)

    (aside,) = state(sick, "plan_board").quarantined
    assert aside.attempts == before.attempts + 1
    assert (aside.position, aside.waiting) == (before.position, before.waiting)
    assert sound.board("engine").tasks


def test_a_release_goes_as_far_as_it_can(sick, ticks, faults):
    case = examined(sick, ticks, faults)
    case.walk("simple")
    given_up(sick, ticks)
    faults.mend()
    faults.spoil("plan_board", named("plan.routine_set", case=case.plan))
    with pytest.raises(ProjectionFaulty, match=r"plan\.routine_set"):
        released(sick, "plan_board", case.plan)

    (aside,) = state(sick, "plan_board").quarantined
    assert [aside.position] == positions(sick, named("plan.routine_set"))
    assert case.board("engine").tasks
    faults.mend()
    released(sick, "plan_board", case.plan)
    assert is_as_rebuilt(sick)


def test_what_is_not_aside_can_be_released_without_harm(sick):
    case = sick.case("Ada", until="examined")
    sick.house.projector.catch_up()
    before = rows(sick, "plan_board")

    assert released(sick, "plan_board", case.plan) == 0
    assert rows(sick, "plan_board") == before


def test_a_kept_copy_is_released_in_its_own_tables(sick, ticks, faults):
    case = examined(sick, ticks, faults)
    given_up(sick, ticks)
    held_up = live_copy(sick, "plan_board")
    faults.mend()
    sick.house.rebuild(("plan_board",))
    rebuilt = rows(sick, "plan_board")
    sick.house.projector.release(held_up, case.plan)

    assert rows(sick, "plan_board") == rebuilt


def test_going_back_to_a_copy_with_something_aside_folds_it_in_order(sick, ticks, faults):
    case = examined(sick, ticks, faults)
    given_up(sick, ticks)
    faults.mend()
    sick.house.rebuild(("plan_board",))
    case.walk("simple")
    sick.house.builder.roll_back("plan_board")

    assert state(sick, "plan_board").quarantined == ()
    assert is_as_rebuilt(sick, "plan_board")


def test_going_back_to_a_copy_that_stood_still_goes_on_with_it(sick, ticks, faults):
    standing_still(sick, ticks, faults)
    stood_still = live_copy(sick, "people")
    faults.mend()
    sick.house.rebuild(("people",))
    sick.house.builder.roll_back("people")

    assert live_copy(sick, "people").number == stood_still.number
    assert state(sick, "people").attempts == 0
    assert state(sick, "people").error is None
    assert is_as_rebuilt(sick)


# Leaving an event out


def skipped(company, projection, position, by="Hilda"):
    """Hilda is an administrator, and so an engineer too."""
    skip = c.SkipEvent(projection=projection, position=position, reason="it is a mistake")
    return company.when(by, skip)


def held_up(company, projection):
    (aside,) = state(company, projection).quarantined
    return aside


def test_an_engineer_lets_a_projection_go_on_without_an_event(sick, ticks, faults):
    case = examined(sick, ticks, faults)
    case.walk("pinpointed")
    given_up(sick, ticks)
    aside = held_up(sick, "plan_board")
    skipped(sick, "plan_board", aside.position).then_events("projection.event_skipped")
    released(sick, "plan_board", case.plan)

    assert state(sick, "plan_board").quarantined == ()
    assert case.board("engine").tasks[0].title is not None
    assert case.board("engine").activities == ()
    assert is_as_rebuilt(sick)


def test_the_decision_is_a_control_record(sick, ticks, faults):
    examined(sick, ticks, faults)
    given_up(sick, ticks)
    receipt = skipped(sick, "plan_board", held_up(sick, "plan_board").position).receipt

    (recorded,) = receipt.events
    assert recorded.envelope.record_class is RecordClass.CONTROL_RECORD
    assert recorded.envelope.role == "engineer"
    assert recorded.envelope.actor == sick.person("Hilda")
    assert recorded.said["projection"] == "plan_board"
    assert recorded.said["version"] == 1
    assert "it is a mistake" not in str(recorded.said)


def test_what_is_left_out_is_left_out_of_later_rebuilds_too(sick, ticks, faults, monkeypatch):
    monkeypatch.setattr(filling, "PAGE", 13)
    case = examined(sick, ticks, faults)
    given_up(sick, ticks)
    skipped(sick, "plan_board", held_up(sick, "plan_board").position)
    released(sick, "plan_board", case.plan)
    case.walk("simple")

    assert sick.house.rebuild(("plan_board",)).same
    assert case.board("engine").activities == ()


@pytest.mark.parametrize("in_bulk", [False, True])
def test_a_higher_version_folds_it_again(sick, ticks, faults, with_code, monkeypatch, in_bulk):
    monkeypatch.setattr(filling, "PAGE", 2 if in_bulk else 5000)
    case = examined(sick, ticks, faults)
    given_up(sick, ticks)
    skipped(sick, "plan_board", held_up(sick, "plan_board").position)
    released(sick, "plan_board", case.plan)
    faults.mend()
    mended = Faults()
    mended.version = 2
    newer = with_code(sick, mended.code)

    assert newer.ask("engine", q.PlanBoard(plan=case.plan)).activities
    assert sick.ask("engine", q.PlanBoard(plan=case.plan)).activities == ()


def test_it_may_be_left_out_while_it_is_still_tried_again(sick, ticks, faults):
    case = examined(sick, ticks, faults)
    sick.house.projector.catch_up()
    (position,) = positions(sick, named("plan.job_examined"))
    skipped(sick, "plan_board", position).then_events("projection.event_skipped")
    faults.spoil("plan_board", lambda each: each.case == case.plan and each.position > position)
    ticks.go(LONG)
    sick.house.projector.catch_up()

    assert state(sick, "plan_board").position >= position
    assert state(sick, "plan_board").attempts == 1
    assert not state(sick, "plan_board").error.startswith("plan.job_examined")


def test_to_decide_it_twice_changes_nothing(sick, ticks, faults):
    examined(sick, ticks, faults)
    given_up(sick, ticks)
    position = held_up(sick, "plan_board").position
    skipped(sick, "plan_board", position)

    skipped(sick, "plan_board", position).then_events()


def test_nothing_else_can_be_left_out(sick, ticks, faults):
    examined(sick, ticks, faults).walk("pinpointed")
    given_up(sick, ticks)
    position = held_up(sick, "plan_board").position
    for projection, place in (
        ("inbox", position),
        ("plan_board", position - 1),
        ("plan_board", position + 1),
        ("nothing", position),
    ):
        skipped(sick, projection, place).refused(
            NothingHeldUp, projection=projection, position=place
        )


def test_nobody_but_an_engineer_may_leave_an_event_out(sick, ticks, faults):
    examined(sick, ticks, faults)
    given_up(sick, ticks)
    position = held_up(sick, "plan_board").position

    for somebody in ("Ada", "Max", "Vera"):
        skipped(sick, "plan_board", position, by=somebody).refused(RoleNeeded)
    skipped(sick, "plan_board", position, by="engine").refused(EngineOnly)


# A projection that stands still as a whole


def standing_still(company, ticks, faults):
    """Nobody can be found any more."""
    head = len(company.events())
    faults.spoil("people", lambda recorded: recorded.position > head)
    company.moves("Ada", "Tess")
    given_up(company, ticks)


READ_PEOPLE = ("people", "plan_board", "inbox", "audit_trail")


def asked_of(company, case):
    return {
        "people": q.People(),
        "plan_board": q.PlanBoard(plan=case.plan),
        "inbox": q.Inbox(person=company.person("Max")),
        "audit_trail": q.AuditTrail(case=case.plan),
        "due_dates": q.DueDates(),
        "reading_list": q.ReadingList(person=company.person("Ada")),
    }


def test_who_reads_people_is_told_that_they_stand_still_and_all_else_is_answered(
    sick, ticks, faults
):
    case = sick.case("Ada", until="asked")
    sick.does("Ada", c.KeepItem(title="an article"))
    standing_still(sick, ticks, faults)
    sick.does("Ada", c.KeepItem(title="another"))
    for projection, question in asked_of(sick, case).items():
        if projection in READ_PEOPLE:
            with pytest.raises(ProjectionFaulty, match="people stands still after position"):
                sick.ask("engine", question)
        else:
            assert sick.ask("engine", question)

    assert len(sick.ask("engine", q.ReadingList(person=sick.person("Ada")))) == 2


def test_nothing_of_it_is_set_aside_and_the_others_go_on(sick, ticks, faults):
    standing_still(sick, ticks, faults)
    case = sick.case("Bob", until="examined")
    given_up(sick, ticks)

    people = state(sick, "people")
    assert people.stands_still
    assert people.quarantined == ()
    assert [people.position + 1] == positions(sick, named("employee.line_set"))[-1:]
    assert {each.name for each in health(sick).projections if each.lag_events} == {"people"}
    assert "plan.started" in sick.events()
    assert case.plan


def test_nobody_waits_for_what_stands_still(sick, ticks, faults):
    standing_still(sick, ticks, faults)
    receipt = sick.does("Ada", c.KeepItem(title="an article"))

    listed = sick.ask("Ada", q.ReadingList(person=sick.person("Ada")), after=receipt)
    assert len(listed) == 1


def test_nobody_waits_where_everything_stands_still(sick, ticks, faults):
    standing_still(sick, ticks, faults)
    people = sick.house.projector.projections[:1]
    alone = Projector(sick.house.database, sick.house.recorder, people, now=ticks)
    receipt = sick.does("Ada", c.KeepItem(title="an article"))

    alone.wait_for(receipt.position)


def test_it_goes_on_by_itself_once_it_is_mended(sick, ticks, faults):
    standing_still(sick, ticks, faults)
    faults.mend()
    sick.house.projector.catch_up()

    assert not state(sick, "people").stands_still
    assert sick.name(sick.ask("engine", q.WhoIs(known_as=sick.person("Ada"))).manager) == "Tess"
    assert is_as_rebuilt(sick)


def test_it_can_be_tried_again_at_once(sick, ticks, faults):
    standing_still(sick, ticks, faults)
    sick.house.projector.catch_up()
    with pytest.raises(ProjectionFaulty, match=r"people, after position .*employee\.line_set"):
        sick.house.projector.retry("people")
    faults.mend()
    sick.house.projector.retry("people")

    assert not state(sick, "people").stands_still
    assert is_as_rebuilt(sick)


def test_it_can_go_on_without_the_event(sick, ticks, faults):
    standing_still(sick, ticks, faults)
    skipped(sick, "people", state(sick, "people").position + 1)
    sick.house.projector.retry("people")

    assert not state(sick, "people").stands_still
    assert sick.name(sick.ask("engine", q.WhoIs(known_as=sick.person("Ada"))).manager) == "Max"
    assert is_as_rebuilt(sick)


# Rebuilding


def test_a_rebuild_that_meets_it_fails_names_it_and_leaves_all_as_it_was(sick, faults):
    case = sick.case("Ada", until="examined")
    sick.house.projector.catch_up()
    before, (position,) = rows(sick, "plan_board"), positions(sick, named("plan.job_examined"))
    copy = live_copy(sick, "plan_board")
    faults.spoil("plan_board", named("plan.job_examined"))
    with pytest.raises(Unfolded) as failed:
        sick.house.rebuild(("plan_board",))

    assert (failed.value.projection, failed.value.position) == ("plan_board", position)
    assert failed.value.event == "plan.job_examined.v1"
    assert live_copy(sick, "plan_board") == copy
    assert rows(sick, "plan_board") == before
    assert case.board("engine").tasks
    faults.mend()
    assert sick.house.rebuild(("plan_board",), resume=True).same


def test_verifying_that_meets_it_leaves_nothing_behind(sick, faults):
    sick.case("Ada", until="examined")
    faults.spoil("plan_board", named("plan.job_examined"))
    with pytest.raises(Unfolded):
        sick.house.builder.verify(("plan_board",))

    with sick.house.database.reading() as tx:
        assert {copy.state for copy in copies.everything(tx)} == {"live"}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_rebuild_names_what_was_written_wrongly(company, monkeypatch, workers):
    monkeypatch.setattr(filling, "PAGE", 13)
    monkeypatch.setattr(filling, "WORTH_WORKERS", 14)
    case = company.case("Ada", until="examined")
    house = company.house
    with house.database.reading() as tx:
        last = house.recorder.history(tx, case.plan)[-1]
    body = last.body.replace(b'"event":{', b'"event":{"unheard":"of",')
    wrong = Row(case.plan, last.version + 1, "plan.month_reckoned.v1", body)
    house.recorder.commit(Batch(recorded_at=last.recorded_at, rows=(wrong,)))
    company.case("Bob", until="practised")
    with pytest.raises(Unfolded, match=r"due_dates cannot fold plan\.month_reckoned\.v1") as failed:
        house.rebuild(("due_dates", "audit_trail"), workers=workers)

    assert failed.value.position == positions(company, named("plan.month_reckoned"))[0]


# What is no fault of the event


def test_a_lock_that_does_not_come_in_time_holds_nothing_up(sick, ticks, faults):
    case = sick.case("Ada")
    faults.spoil("plan_board", named("plan.job_examined"), then=stumbles(LockTimeout))
    case.walk("examined")
    for _ in range(quarantine.ATTEMPTS + 1):
        with pytest.raises(LockTimeout):
            sick.house.projector.catch_up()
        ticks.go(LONG)

    assert state(sick, "plan_board").attempts == 0
    assert state(sick, "plan_board").quarantined == ()
    faults.mend()
    assert case.board("engine").tasks
    assert is_as_rebuilt(sick)


def test_nor_does_it_while_what_waited_is_released(sick, ticks, faults):
    case = examined(sick, ticks, faults)
    given_up(sick, ticks)
    before = held_up(sick, "plan_board")
    faults.mend()
    faults.spoil("plan_board", named("plan.job_examined"), then=stumbles(LockTimeout))
    with pytest.raises(LockTimeout):
        released(sick, "plan_board", case.plan)

    assert held_up(sick, "plan_board") == before


def test_a_rebuild_that_meets_it_says_what_it_was(sick, faults):
    sick.case("Ada", until="examined")
    faults.spoil("plan_board", named("plan.job_examined"), then=stumbles(LockTimeout))
    with pytest.raises(LockTimeout):
        sick.house.rebuild(("plan_board",))


# What is told of it


def test_health_tells_what_is_aside_since_when_and_why(sick, ticks, faults):
    case = examined(sick, ticks, faults)
    assert health(sick).healthy
    given_up(sick, ticks)
    told = health(sick)

    assert not told.healthy
    assert told.head == len(sick.events())
    (board,) = (each for each in told.projections if each.name == "plan_board")
    (aside,) = board.quarantined
    assert not board.stands_still
    assert (aside.partition, aside.waiting) == (case.plan, told.head - aside.position + 1)
    assert aside.error.startswith("plan.job_examined.v1: ValueError")
    faults.mend()
    released(sick, "plan_board", case.plan)
    assert health(sick).healthy


def test_health_tells_what_stands_still(sick, ticks, faults):
    standing_still(sick, ticks, faults)
    people = state(sick, "people")

    assert not health(sick).healthy
    assert people.attempts >= quarantine.ATTEMPTS
    assert people.error.startswith("employee.line_set.v1: ValueError")
    assert people.lag_events == health(sick).head - people.position == 1


def values(said):
    """Everything that an event says, however deep."""
    if isinstance(said, dict):
        return {value for each in said.values() for value in values(each)}
    if isinstance(said, list):
        return {value for each in said for value in values(each)}
    return {str(said)}


def test_neither_log_nor_health_tells_what_an_event_says(sick, ticks, faults, caplog):
    faults.spoil("plan_board", lambda recorded: recorded.case is not None)
    faults.spoil("people", named("employee.line_set"))
    case = sick.case("Ada", until="pinpointed")
    sick.moves("Bob", "Tess")
    given_up(sick, ticks)
    with sick.house.database.reading() as tx:
        found = [codec.recorded(row) for row in sick.house.recorder.since(tx, 0, 1_000)]
    said = {value for each in found for value in values(each.said) if len(value) > 8}
    told = caplog.text + health(sick).model_dump_json(exclude={"head": True})

    assert "plan_board cannot fold plan.started.v1 at position" in caplog.text
    assert f"{case.plan} is set aside: plan_board" in caplog.text
    assert "people cannot fold employee.line_set.v1 at position" in caplog.text
    assert {value for value in said - {case.plan} if value in told} == set()
