"""Every answer as of every earlier moment is what was answered then."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.lifecycle import Step
from countersign.domain.refusals import Refusal, UnknownPerson
from countersign.domain.result import ResultKind, Route

PEOPLE = ("Ada", "Max", "Vera", "Tess", "Bob", "Hilda")
MODEST = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # a history is long, and to shrink one takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def moves(company, case, pick):
    company.moves(pick(("Ada", "Bob", "Max")), pick(("Tess", "Vera", "Carl")))


def appoints(company, case, pick):
    company.appoints(pick(("Max", "Vera")), pick(("Tess", "Carl")), days=pick((2, 9)))


def accepts(company, case, pick):
    case.accept(pick(("Max", "Vera", "Tess")), evidence=pick((1, 2)))


def returns(company, case, pick):
    back = c.ReturnTask(
        task=case.task, evidence=1, missing="more", to_step=pick((Step.KEEP_UP, Step.NOTE_RESULTS))
    )
    company.does(pick(("Max", "Tess")), back)


def declines(company, case, pick):
    refusal = c.DeclineTask(task=case.task, evidence=pick((1, 2)), reason="not now")
    company.does(pick(("Max", "Vera")), refusal)


def asks(company, case, pick):
    case.does(c.AskForAcceptance(plan=case.plan, task=case.task))


def withdraws(company, case, pick):
    case.does(c.WithdrawRequest(task=case.task))


def questions(company, case, pick):
    company.does(pick(("Max", "Ada")), c.AskQuestion(task=case.task, text="why?"))


def answers(company, case, pick):
    (request,) = (task.request for task in case.board("engine").tasks if task.task == case.task)
    for question in request.questions:
        answer = c.AnswerQuestion(task=case.task, question=question.question, text="so")
        company.does(pick(("Max", "Ada")), answer)


def amends(company, case, pick):
    finding = c.FindingWish(
        kind=ResultKind.LEAD,
        route=Route.TIP,
        channel=pick(("X", "Y")),
        what="other",
        confirmable_by="them",
    )
    case.does(c.AmendResult(result=case.result, finding=finding))


def notes(company, case, pick):
    case.does(c.TellResult(result=case.note("another")))


def retracts(company, case, pick):
    case.does(c.RetractResult(result=case.result))


def names(company, case, pick):
    company.names_approver(case, pick((1, 2)), pick(("Tess", "Carl", "Bob")))


def reads(company, case, pick):
    item = case.does(c.KeepItem(title="an article")).events[0].stream
    if pick((True, False)):
        case.does(c.DiscardItem(item=item, because_of_personal_data=True))


def leaves(company, case, pick):
    company.leaves(pick(("Bob", "Vera", "Ada")))


def rests(company, case, pick):
    start = company.clock.today
    away = c.NoteAbsence(
        person=company.person("Ada"), start=start, end=start + timedelta(days=pick((3, 60)))
    )
    case.does(away)


def begins(company, case, pick):
    case.does(c.BeginCycle(plan=case.plan))
    wish = c.TaskWish(title="news", need="more")
    case.does(c.ExamineJob(plan=case.plan, activities=("calls",), tasks=(wish,)))


def waits(company, case, pick):
    company.clock.wait(days=pick((1, 8, 40)))


DEEDS = (
    *(moves, appoints, accepts, accepts, returns, declines, asks, asks, withdraws, questions),
    *(answers, amends, notes, retracts, names, reads, leaves, rests, begins, waits),
)


def live(company, case):
    """What everybody would be told now, each question by itself, sealed text opened."""
    return told(company, case, {})


def told(company, case, words):
    asked = [
        *(q.Inbox(person=company.person(name)) for name in PEOPLE),
        *(q.ReadingList(person=company.person(name)) for name in PEOPLE),
        *(q.WhoIs(known_as=company.person(name)) for name in PEOPLE),
        q.People(),
        q.PlanBoard(plan=case.plan),
        q.PlanBoard(person=company.person("Ada")),
        q.DueDates(),
        q.DueDates(case=case.plan),
        q.AuditTrail(case=case.plan, limit=10_000),
    ]
    return [answer(company, question, words) for question in asked]


def answer(company, question, words):
    try:
        return company.ask("engine", question, **words)
    except Refusal as refusal:
        return type(refusal)


class History:
    """A random history, and what was answered after each of its commands."""

    def __init__(self, company, data):
        self.company, self.data = company, data
        self.case = company.case("Ada", until="noted")
        self.shown = {}
        self.remember()
        for step in ("reviewed", "settled", "asked"):
            self.case.walk(step)
            self.remember()

    def goes_on(self, steps):
        for _ in range(steps):
            deed = self.data.draw(st.sampled_from(DEEDS))
            with suppress(Refusal):
                deed(self.company, self.case, lambda some: self.data.draw(st.sampled_from(some)))
            self.remember()
        return self

    def remember(self):
        self.shown[len(self.company.events())] = (
            self.company.clock.now,
            live(self.company, self.case),
        )


def without_erasure(answers):
    """A text that was destroyed since is honestly gone from then on, also from earlier answers."""
    return [
        [each.model_copy(update={"title": None}) for each in answer]
        if isinstance(answer, list) and answer and isinstance(answer[0], q.ReadingItem)
        else answer
        for answer in answers
    ]


@MODEST
@given(data=st.data())
def test_as_of_any_position_is_what_the_live_view_showed_then(fresh_company, data):
    with fresh_company() as company:
        history = History(company, data).goes_on(12)

        for position, (moment, shown) in history.shown.items():
            words = {"as_of": position, "effective": moment.date()}
            then = told(company, history.case, words)
            assert without_erasure(then) == without_erasure(shown), position


@MODEST
@given(data=st.data())
def test_a_rebuild_after_any_history_answers_the_same_and_leaves_every_row(fresh_company, data):
    with fresh_company() as company:
        history = History(company, data).goes_on(15)
        shown, rows = live(company, history.case), company.projected(in_order=True)
        before = company.projected()
        company.house.rebuild(())

        assert live(company, history.case) == shown
        assert company.projected(in_order=True) == rows
        assert company.projected() == before


def test_as_of_a_moment_is_as_of_its_last_position(company):
    case = company.case("Ada", until="asked")
    moment, position = company.clock.now, len(company.events())
    company.clock.wait(hours=1)
    case.walk("accepted")

    words = {"effective": company.clock.today}
    by_moment = told(company, case, {"as_of": moment, **words})
    assert by_moment == told(company, case, {"as_of": position, **words})
    assert by_moment != live(company, case)
    assert company.engine.position_at(moment) == position
    assert company.engine.position_at(moment - timedelta(days=999)) == 0


def test_before_anything_was_recorded_nobody_was_known(company):
    company.ask("engine", q.WhoIs(known_as="Ada"))

    with pytest.raises(UnknownPerson):
        company.ask("engine", q.WhoIs(known_as="Ada"), as_of=0)
    assert company.ask("engine", q.People(), as_of=0) == []


def test_every_prefix_of_a_whole_lifecycle_answers_as_it_did(company):
    case = company.case("Ada", until="started")
    shown = {}
    for step in ("settled", "asked", "accepted", "enabled"):
        case.walk(step)
        shown[len(company.events())] = (company.clock.today, live(company, case))

    for position, (day, then) in shown.items():
        assert told(company, case, {"as_of": position, "effective": day}) == then


def test_who_could_have_decided_on_another_day(company):
    case = company.case("Ada", until="asked")
    today, later = company.clock.today, company.clock.today + timedelta(days=10)
    company.moves("Ada", "Tess", later)

    assert ("decide", "Ada") in company.inbox("Max")
    assert ("decide", "Ada") not in company.inbox("Tess")
    assert ("decide", "Ada") in company.inbox("Tess", effective=later)
    assert ("decide", "Ada") not in company.inbox("Max", effective=later)
    holder = case.board("engine", effective=later).tasks[0].request.seat.holder
    assert company.name(holder) == "Tess"
    assert company.name(company.ask("Ada", q.WhoIs(known_as="Ada"), effective=today).manager) == (
        "Max"
    )


def test_what_was_known_then_of_what_was_true_on_a_day(company):
    """A reorganisation recorded late: true of its day, and unknown before it was recorded."""
    day, known = company.clock.today, len(company.events())
    company.clock.wait(days=20)
    company.moves("Ada", "Tess", effective=day + timedelta(days=5))
    ada, on = q.WhoIs(known_as="Ada"), day + timedelta(days=10)

    now = company.ask("Ada", ada, effective=on)
    then = company.ask("Ada", ada, as_of=known, effective=on)
    assert (company.name(now.manager), company.name(then.manager)) == ("Tess", "Max")


def test_a_stand_in_shows_on_the_days_of_the_appointment(company):
    today = company.clock.today
    company.appoints("Max", "Tess", days=5)
    max_ = q.WhoIs(known_as="Max")

    on = {day: company.ask("Ada", max_, effective=today + timedelta(days=day)) for day in (0, 4, 5)}
    assert {day: view.stand_in for day, view in on.items()} == {
        0: company.person("Tess"),
        4: company.person("Tess"),
        5: None,
    }


def test_what_was_destroyed_since_is_said_to_be_so_in_every_earlier_answer(company):
    item = company.does("Ada", c.KeepItem(title="an article")).events[0].stream
    then = len(company.events())
    company.does("Ada", c.DiscardItem(item=item))

    (kept,) = company.ask("Ada", q.ReadingList(person=company.person("Ada")), as_of=then)
    assert kept.discarded is None
    assert kept.title.certificate
