"""The plan: eight steps in their order, one or two tasks at a time (RULES A, B and C5)."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from countersign.domain import steps
from countersign.domain.calendar import Period, WorkCalendar
from countersign.domain.lifecycle import NEEDS, SAYS, Step
from countersign.domain.plan import (
    CloseReason,
    CycleBegan,
    CycleEnded,
    EntryStruck,
    Frequency,
    MonthBeganAgain,
    MonthMet,
    MonthReason,
    MonthReopened,
    NeedCommented,
    NewTask,
    Outcome,
    Plan,
    PlanClosed,
    PlanStarted,
    PracticeAllowed,
    PracticeLogged,
    QuietQuestionAsked,
    ResultAttached,
    ResultDetached,
    ResultsChecked,
    RoutineSet,
    ScopeSettled,
    StepCompleted,
    StepReopened,
    TaskFound,
    TaskIdentified,
    TaskStanding,
    TaskTaken,
    UsePinpointed,
    ValueKind,
    Verdict,
    WentOnWithoutResult,
    evolve,
)
from countersign.domain.policy import Starting, Terms
from countersign.domain.refusals import (
    ActivitiesMissing,
    CycleRunning,
    EntryInTheFuture,
    EntryTooOld,
    FoundTasksWaiting,
    MonthNotMet,
    NeedMissing,
    NoCycleRunning,
    NothingToSettle,
    PlanClosedAlready,
    PlanNotStarted,
    PracticeNotAllowedYet,
    RoutineTooLong,
    StepNotReached,
    TaskNotRunning,
    TaskWithApprovers,
    TooManyTasks,
    UnknownEntry,
    UnknownTask,
    YoungPlan,
)
from countersign.domain.sealed import Sealed

STORY = (evolve, Plan())

WORDS = Sealed.of("in so many words")
DAY = date(2024, 1, 15)
PRACTICE = [DAY + timedelta(weeks=n) for n in range(6)]
END = PRACTICE[-1]


def on(day=DAY, **more):
    return {"ground": steps.Ground(today=day, **more)}


def new(*names, value=ValueKind.DIRECT):
    return [NewTask(task=name, title=WORDS, need=WORDS, value=value) for name in names]


STARTING = {"employee": "ada", "policy_version": 1, "terms": Terms()}
AGAIN = {"policy_version": 2, "terms": Terms()}
USE = {"point": WORDS, "purpose": WORDS, "channels": [WORDS]}


class Walk:
    """Leads a story through the steps by decisions, so that each rests on real events."""

    def __init__(self, given, **starting):
        self.story = given().when(steps.start, **{**STARTING, **starting}, **on())

    def do(self, decision, day=DAY, **words):
        self.story = self.story.when(decision, **words, **on(day))
        return self

    def examine(self, *names, day=DAY, take=()):
        return self.do(
            steps.examine_job, day, activities=[WORDS], tasks=new(*names), take=list(take)
        )

    def pinpoint(self, *names, day=DAY):
        for name in names:
            self.do(steps.pinpoint_use, day, task=name, **USE)
        return self

    def simplify(self, *names, day=DAY):
        for name in names:
            self.do(steps.keep_simple, day, task=name, actions=[WORDS])
        return self

    def practise(self, *names, days=tuple(PRACTICE)):
        for day in days:
            self.do(steps.log_practice, day, tasks=names, days=[(day, None)])
        return self

    def ready(self, *names):
        """At step 4, with a routine for each task."""
        return self.examine(*names).pinpoint(*names).simplify(*names)

    def practised(self, *names):
        return self.ready(*names).practise(*names)

    def checked(self, *names):
        self.practised(*names)
        for name in names:
            self.do(steps.check_results, END, task=name, verdict=Verdict.KEEP)
        return self

    def noted(self, *names):
        self.checked(*names)
        for name in names:
            self.do(steps.attach_result, END, task=name, result=f"result of {name}")
        return self

    def reviewed(self, *names, found=()):
        return self.noted(*names).do(
            steps.review_activities, END, activities=[WORDS], found=new(*found)
        )

    def settled(self, *names):
        return self.reviewed(*names).do(steps.settle, END, outcome=Outcome.FINE, **AGAIN)

    @property
    def step(self) -> Any:
        return self.story.state.step

    @property
    def standing(self):
        return {name: task.standing.value for name, task in self.story.state.tasks.items()}

    def task(self, name):
        return self.story.state.tasks[name]


@pytest.fixture
def walk(given):
    return lambda **starting: Walk(given, **starting)


# Beginning


def test_a_plan_starts_with_its_first_cycle_under_the_policy_of_the_day(given):
    given().when(steps.start, **STARTING, **on()).then(
        PlanStarted(employee="ada", on=DAY),
        CycleBegan(cycle=1, policy_version=1, terms=Terms(), on=DAY),
    )


def test_starting_again_changes_nothing(walk):
    walk().story.when(steps.start, **STARTING, **on()).then()


def test_nothing_is_done_on_a_plan_that_was_not_started(given):
    given().when(steps.examine_job, activities=[WORDS], tasks=new("leads"), **on()).refused(
        PlanNotStarted
    )
    given().when(steps.close, reason=CloseReason.ABANDONED, **on()).refused(PlanNotStarted)


def test_the_eight_steps_stand_in_the_authors_order():
    assert [step.code for step in Step] == [
        "examine_job",
        "pinpoint_use",
        "keep_simple",
        "keep_up",
        "check_results",
        "note_results",
        "review_activities",
        "settle",
    ]


def test_every_step_says_what_it_is_and_needs():
    assert set(SAYS) == set(NEEDS) == set(Step)
    assert Step.KEEP_UP.says == "Keep it up"


def test_the_whole_way_passes_each_step_once(walk):
    walked = walk().settled("leads")
    passed = [each.step for each in walked.story.events if isinstance(each, StepCompleted)]
    assert [*passed, Step.SETTLE] == list(Step)
    assert walked.story.has(StepCompleted)


# Step 1


def test_step_one_names_for_each_task_the_result_needed_and_the_value(walk):
    story = walk().examine("leads").story
    event = story.the(TaskIdentified)
    assert (event.task, event.need, event.value) == ("leads", WORDS, ValueKind.DIRECT)
    story.has(StepCompleted)


def test_an_indirect_value_suffices(walk):
    story = walk().story.when(
        steps.examine_job,
        activities=[WORDS],
        tasks=new("leads", value=ValueKind.INDIRECT),
        **on(),
    )
    assert story.the(StepCompleted).step is Step.EXAMINE_JOB


def test_the_ordinary_day_is_listed_first(walk):
    walk().story.when(steps.examine_job, activities=[], tasks=new("leads"), **on()).refused(
        ActivitiesMissing
    )


def test_a_job_is_examined_for_at_least_one_task(walk):
    walk().story.when(steps.examine_job, activities=[WORDS], **on()).refused(NeedMissing)


def test_at_most_two_tasks_run_at_a_time(walk):
    walk().story.when(
        steps.examine_job, activities=[WORDS], tasks=new("a", "b", "c"), **on()
    ).refused(TooManyTasks, limit=2)


def test_a_second_task_may_join_and_a_third_may_not(walk):
    walked = walk().examine("a").examine("b")
    assert walked.standing == {"a": "running", "b": "running"}
    walked.examine("c").story.refused(TooManyTasks)


def test_a_company_may_allow_one_task_only(walk):
    walk(terms=Terms(tasks_per_cycle=1)).examine("a", "b").story.refused(TooManyTasks, limit=1)


def test_the_managers_comment_on_the_need_is_no_gate(walk):
    walked = walk().examine("leads")
    story = walked.story.when(
        steps.comment_need, task="leads", manager="bob", comment=WORDS, **on()
    )
    story.then(NeedCommented)
    assert story.state.step is Step.PINPOINT_USE


def test_a_comment_is_on_a_task_of_the_plan(walk):
    walk().story.when(
        steps.comment_need, task="leads", manager="bob", comment=WORDS, **on()
    ).refused(UnknownTask)


# Steps 2 and 3


def test_a_step_is_left_when_every_task_has_what_it_needs(walk):
    walked = walk().examine("a", "b").pinpoint("a")
    assert walked.step is Step.PINPOINT_USE
    assert walked.pinpoint("b").step is Step.KEEP_SIMPLE


@pytest.mark.parametrize(
    ("decision", "words", "step"),
    [
        (steps.keep_simple, {"task": "a", "actions": [WORDS]}, 3),
        (steps.check_results, {"task": "a", "verdict": Verdict.KEEP}, 5),
        (steps.go_on_without_result, {"task": "a"}, 6),
        (steps.review_activities, {"activities": [WORDS]}, 7),
        (steps.settle, {"outcome": Outcome.FINE, **AGAIN}, 8),
    ],
)
def test_no_step_is_taken_before_its_turn(walk, decision, words, step):
    walk().examine("a").story.when(decision, **words, **on()).refused(
        StepNotReached, step=step, now=2
    )


@pytest.mark.parametrize("count", [0, 6])
def test_a_routine_is_short(walk, count):
    walk().examine("a").pinpoint("a").do(
        steps.keep_simple, task="a", actions=[WORDS] * count
    ).story.refused(RoutineTooLong, limit=5)


def test_a_routine_of_five_actions_is_short_enough(walk):
    walk().examine("a").pinpoint("a").do(
        steps.keep_simple, task="a", actions=[WORDS] * 5
    ).story.has(RoutineSet)


def test_practice_waits_for_the_routine_of_its_task(walk):
    walk().examine("a").pinpoint("a").practise("a", days=[DAY]).story.refused(
        StepNotReached, step=4, now=3
    )


def test_practice_does_not_wait_for_the_sisters_routine(walk):
    walked = walk().examine("a", "b").pinpoint("a", "b").simplify("a").practise("a", days=[DAY])
    walked.story.has(PracticeLogged)


def test_a_task_that_joins_later_takes_the_cycle_back_to_what_it_lacks(walk):
    walked = walk().ready("a").examine("b")
    assert walked.story.the(StepReopened).step is Step.PINPOINT_USE
    walked.simplify("b").story.refused(StepNotReached, step=3, now=2)


def test_a_task_that_joins_later_does_not_hold_up_its_sisters_practice(walk):
    walked = walk().ready("a").practise("a", days=PRACTICE[:5]).examine("b", day=PRACTICE[4])
    assert walked.practise("a", days=[END]).story.the(MonthMet).task == "a"


# Step 4


def test_one_entry_may_serve_both_tasks(walk):
    walked = walk().ready("a", "b").practise("a", "b", days=[DAY])
    assert walked.story.the(PracticeLogged).tasks == ("a", "b")
    assert walked.task("a").entries == walked.task("b").entries == ((1, DAY),)


def test_each_task_has_its_own_run(walk):
    walked = walk().ready("a", "b").practise("a").practise("b", days=[END])
    assert (walked.task("a").met_on, walked.task("b").met_on) == (END, None)
    assert walked.step is Step.KEEP_UP


def test_step_four_is_left_when_the_month_of_every_task_is_met(walk):
    walked = walk().practised("a", "b")
    assert walked.step is Step.CHECK_RESULTS


def test_the_month_is_proved_by_entries_and_never_by_waiting(walk):
    walked = walk().ready("a").practise("a", days=PRACTICE[:5])
    later = walked.story.when(steps.reckon, **on(date(2024, 6, 1)))
    assert later.state.step is Step.KEEP_UP


def test_who_asks_too_early_is_told_on_which_day_the_month_can_be_met(walk):
    walk().ready("a").practise("a", days=PRACTICE[:5]).do(
        steps.check_results, PRACTICE[4], task="a", verdict=Verdict.KEEP
    ).story.refused(MonthNotMet, ready_on=date(2024, 2, 15))


def test_before_the_first_entry_no_day_can_be_told(walk):
    refused = walk().ready("a").do(steps.check_results, task="a", verdict=Verdict.KEEP).story
    refused.refused(MonthNotMet, ready_on="no day before practice has begun")


@pytest.mark.parametrize("back", [0, 7])
def test_an_entry_may_be_backdated_by_up_to_seven_days_and_is_marked_so(walk, back):
    told = (
        walk()
        .ready("a")
        .story.when(
            steps.log_practice,
            tasks=["a"],
            days=[(DAY, None)],
            **on(DAY + timedelta(days=back)),
        )
    )
    assert told.the(PracticeLogged).backdated is bool(back)


def test_an_entry_of_eight_days_ago_is_too_old(walk):
    walk().ready("a").story.when(
        steps.log_practice, tasks=["a"], days=[(DAY, None)], **on(DAY + timedelta(days=8))
    ).refused(EntryTooOld, limit=7, day=DAY)


def test_nobody_has_practised_tomorrow(walk):
    walk().ready("a").story.when(
        steps.log_practice, tasks=["a"], days=[(DAY + timedelta(days=1), None)], **on()
    ).refused(EntryInTheFuture)


def test_several_days_may_be_entered_at_once_and_are_numbered_in_order(walk):
    days = [DAY, DAY - timedelta(days=2)]
    story = (
        walk()
        .ready("a")
        .story.when(steps.log_practice, tasks=["a"], days=[(day, None) for day in days], **on())
    )
    assert story.state.tasks["a"].entries == ((1, days[1]), (2, days[0]))


def test_a_backdated_entry_can_meet_the_month_after_the_day(walk):
    walked = walk().ready("a").practise("a", days=PRACTICE[:5])
    told = walked.story.when(
        steps.log_practice, tasks=["a"], days=[(END, None)], **on(END + timedelta(days=3))
    )
    assert told.the(MonthMet).met_on == END


def test_a_gap_begins_the_month_again_and_the_entries_stay(walk):
    late = date(2024, 3, 4)
    walked = walk().ready("a").practise("a", days=[*PRACTICE[:2], late])
    again = walked.story.the(MonthBeganAgain)
    assert (again.reason, again.since, again.entry) == (MonthReason.GAP, late, 3)
    assert len(walked.task("a").entries) == 3


def test_a_gap_is_told_once(walk):
    late = [date(2024, 3, 4), date(2024, 3, 5)]
    walk().ready("a").practise("a", days=[*PRACTICE[:2], *late]).story.has_no(MonthBeganAgain)


def test_a_gap_of_one_task_is_not_its_sisters(walk):
    walked = walk().ready("a", "b").practise("a").practise("b", days=[END])
    assert walked.task("a").met_on == END


def test_striking_an_entry_reckons_again(walk):
    walked = walk().practised("a")
    story = walked.story.when(steps.strike_entry, entry=6, **on(END))
    story.has(EntryStruck, MonthReopened)
    assert story.the(StepReopened).step is Step.KEEP_UP
    assert story.state.tasks["a"].met_on is None


def test_striking_an_entry_that_was_not_needed_changes_no_month(walk):
    last = END + timedelta(days=1)
    walked = walk().practised("a").practise("a", days=[last])
    walked.story.when(steps.strike_entry, entry=7, **on(last)).then(EntryStruck(entry=7, on=last))


def test_an_entry_is_struck_once(walk):
    walked = walk().ready("a").practise("a", days=[DAY]).do(steps.strike_entry, entry=1)
    walked.do(steps.strike_entry, entry=1).story.refused(UnknownEntry, entry=1)


def away(start, end, today):
    calendar = WorkCalendar(absences=(Period(start=start, end=end),))
    return {"ground": steps.Ground(today=today, calendar=calendar)}


def test_absence_noted_after_the_fact_excuses_the_gap_and_proves_the_month(walk):
    days = [DAY, PRACTICE[3], PRACTICE[4], *[date(2024, 2, n) for n in (19, 26)], date(2024, 3, 4)]
    walked = walk().ready("a").practise("a", days=days)
    assert walked.task("a").met_on is None
    excused = walked.story.when(
        steps.reckon, **away(date(2024, 1, 18), date(2024, 2, 1), date(2024, 3, 5))
    )
    assert excused.the(MonthMet).met_on == date(2024, 3, 4)


def test_absence_noted_after_the_fact_moves_the_end_too(walk):
    walked = walk().practised("a")
    moved = walked.story.when(steps.reckon, **away(date(2024, 1, 30), date(2024, 2, 5), END))
    assert moved.state.tasks["a"].met_on is None
    moved.has(MonthReopened, StepReopened)


def test_a_seldom_task_needs_three_occurrences_and_knows_no_gap(walk):
    days = [DAY, date(2024, 3, 20), date(2024, 6, 3)]
    walked = walk().examine("a")
    walked.do(steps.pinpoint_use, task="a", **USE, frequency=Frequency.SELDOM).simplify("a")
    assert walked.practise("a", days=days).story.the(MonthMet).practice_days == 3


def test_where_the_company_asks_first_practice_waits_for_the_manager(walk):
    walked = walk(terms=Terms(starting=Starting.ASKED)).ready("a")
    practice = {"tasks": ["a"], "days": [(DAY, None)]}
    walked.story.when(steps.log_practice, **practice, **on()).refused(PracticeNotAllowedYet)
    allowed = walked.do(steps.allow_practice, manager="bob").story.then(PracticeAllowed)
    allowed.when(steps.allow_practice, manager="bob", **on()).then()
    allowed.when(steps.log_practice, **practice, **on()).has(PracticeLogged)


@pytest.mark.parametrize("starting", [Starting.FREE, Starting.TOLD])
def test_elsewhere_practice_waits_for_nobody(walk, starting):
    walked = walk(terms=Terms(starting=starting)).ready("a").practise("a", days=[DAY])
    walked.story.has(PracticeLogged)


# Revisiting


def test_a_changed_purpose_or_channel_begins_the_month_of_that_task_again(walk):
    walked = walk().practised("a", "b").pinpoint("a", day=END)
    again = walked.story.the(MonthBeganAgain)
    assert (again.task, again.reason) == ("a", MonthReason.PURPOSE_OR_CHANNELS)
    assert (walked.task("a").met_on, walked.task("b").met_on) == (None, END)
    assert walked.story.the(StepReopened).step is Step.KEEP_UP


def test_after_a_changed_purpose_only_later_entries_count(walk):
    walked = walk().practised("a").pinpoint("a", day=END)
    backdated = walked.story.when(
        steps.log_practice,
        tasks=["a"],
        days=[(END - timedelta(days=1), None), (END, None)],
        **on(END),
    )
    assert steps.month_of(backdated.state, "a", steps.Ground(today=END)).began == END
    fresh = [END + timedelta(weeks=n) for n in range(6)]
    assert walked.practise("a", days=fresh).story.the(MonthMet).practice_days == 6


def test_an_entry_made_earlier_on_the_day_of_the_change_does_not_count(walk):
    walked = walk().practised("a").pinpoint("a", day=END)
    assert steps.month_of(walked.story.state, "a", steps.Ground(today=END)).began is None


def test_another_wording_of_the_use_begins_nothing_again(walk):
    story = (
        walk()
        .practised("a")
        .story.when(steps.pinpoint_use, task="a", **USE, same_purpose_and_channels=True, **on(END))
    )
    story.then(UsePinpointed)
    assert story.the(UsePinpointed).revision == 2


def test_a_changed_use_before_practice_begins_nothing_again(walk):
    walk().ready("a").pinpoint("a").story.then(UsePinpointed)


def test_a_changed_routine_begins_nothing_again(walk):
    story = walk().practised("a").simplify("a", day=END).story.then(RoutineSet)
    assert story.the(RoutineSet).revision == 2


@pytest.mark.parametrize("way", ["checked", "noted", "reviewed", "settled"])
def test_before_asking_every_step_may_be_revisited(walk, way):
    walked = getattr(walk(), way)("a")
    walked.simplify("a", day=END).story.has(RoutineSet)
    walked.do(steps.check_results, END, task="a", verdict=Verdict.ADJUST).story.has(ResultsChecked)
    walked.pinpoint("a", day=END).story.has(UsePinpointed, MonthBeganAgain)


def test_the_activities_may_be_reviewed_again_before_settling(walk):
    walked = (
        walk().reviewed("a").do(steps.review_activities, END, activities=[WORDS], found=new("b"))
    )
    assert walked.story.the(TaskFound).task == "b"
    assert walked.step is Step.SETTLE


WITH_APPROVERS = {"with_approvers": frozenset({"a"})}


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (steps.pinpoint_use, {"task": "a", **USE}),
        (steps.keep_simple, {"task": "a", "actions": [WORDS]}),
        (steps.check_results, {"task": "a", "verdict": Verdict.DROP}),
        (steps.drop_task, {"task": "a"}),
    ],
)
def test_what_is_with_the_approvers_stands_still(walk, decision, words):
    walk().settled("a").story.when(decision, **words, **on(END, **WITH_APPROVERS)).refused(
        TaskWithApprovers
    )


def test_the_month_of_what_is_with_the_approvers_is_not_reckoned_again(walk):
    walk().settled("a").story.when(steps.strike_entry, entry=6, **on(END, **WITH_APPROVERS)).has_no(
        MonthReopened
    )


# Steps 5 and 6


def test_step_five_is_left_when_every_task_is_checked(walk):
    walked = walk().practised("a", "b")
    walked.do(steps.check_results, END, task="a", verdict=Verdict.ADJUST)
    assert walked.step is Step.CHECK_RESULTS


def test_each_task_is_kept_adjusted_or_dropped(walk):
    walked = walk().practised("a", "b")
    walked.do(steps.check_results, END, task="a", verdict=Verdict.ADJUST)
    walked.do(steps.check_results, END, task="b", verdict=Verdict.DROP)
    assert walked.standing == {"a": "running", "b": "dropped"}
    assert walked.step is Step.NOTE_RESULTS


def test_results_are_noted_from_step_four_on(walk):
    attached = walk().ready("a").do(steps.attach_result, task="a", result="lead").story
    attached.then(ResultAttached(task="a", result="lead", on=DAY))
    walk().examine("a").do(steps.attach_result, task="a", result="lead").story.refused(
        StepNotReached
    )


def test_attaching_a_result_twice_changes_nothing(walk):
    walked = walk().ready("a").do(steps.attach_result, task="a", result="lead")
    walked.do(steps.attach_result, task="a", result="lead").story.then()


def test_step_six_is_left_with_a_result_for_every_task(walk):
    walked = walk().checked("a", "b").do(steps.attach_result, END, task="a", result="lead")
    assert walked.step is Step.NOTE_RESULTS
    assert walked.do(steps.attach_result, END, task="b", result="tip").step is (
        Step.REVIEW_ACTIVITIES
    )


def test_without_a_result_the_plan_goes_on(walk):
    walked = walk().checked("a").do(steps.go_on_without_result, END, task="a")
    walked.story.has(WentOnWithoutResult)
    assert walked.step is Step.REVIEW_ACTIVITIES


def test_with_too_few_results_the_plan_goes_on_too(walk):
    walked = walk(terms=Terms(results_per_task=2)).noted("a")
    assert walked.step is Step.NOTE_RESULTS
    walked.do(steps.go_on_without_result, END, task="a").story.has(WentOnWithoutResult)


def test_going_on_without_is_said_once_and_not_beside_a_result(walk):
    walk().noted("a").do(steps.go_on_without_result, END, task="a").story.then()


@pytest.mark.parametrize("decision", [steps.park_task, steps.drop_task])
def test_a_task_without_a_result_may_be_parked_or_dropped_and_the_plan_goes_on(walk, decision):
    walked = walk().checked("a", "b").do(steps.attach_result, END, task="a", result="lead")
    assert walked.do(decision, END, task="b").step is Step.REVIEW_ACTIVITIES


def test_a_detached_result_is_the_tasks_no_longer(walk):
    story = (
        walk().noted("a").story.when(steps.detach_result, task="a", result="result of a", **on(END))
    )
    story.then(ResultDetached)
    assert story.state.tasks["a"].results == ()
    story.when(steps.detach_result, task="a", result="result of a", **on(END)).then()


def test_a_result_belongs_to_a_task_of_the_plan(walk):
    walk().ready("a").do(steps.attach_result, task="b", result="lead").story.refused(UnknownTask)
    walk().ready("a").do(steps.detach_result, task="b", result="lead").story.then()


# Steps 7 and 8


def test_none_found_is_fine(walk):
    story = walk().reviewed("a").do(steps.settle, END, outcome=Outcome.FINE, **AGAIN).story
    story.then(
        ScopeSettled(outcome=Outcome.FINE, on=END),
        StepCompleted(cycle=1, step=Step.SETTLE, on=END),
    )
    assert (story.state.step, story.state.tasks["a"].standing) == (None, TaskStanding.SETTLED)


def test_the_review_lists_the_activities(walk):
    walk().noted("a").do(steps.review_activities, END, activities=[]).story.refused(
        ActivitiesMissing
    )


def test_found_tasks_do_not_run_yet(walk):
    walked = walk().reviewed("a", found=["b"])
    walked.story.has(TaskFound)
    assert walked.standing == {"a": "running", "b": "found"}
    walked.pinpoint("b", day=END).story.refused(TaskNotRunning, standing="found")


def test_found_tasks_are_parked_or_begun_but_not_forgotten(walk):
    walk().reviewed("a", found=["b", "c"]).do(
        steps.settle, END, outcome=Outcome.FINE, **AGAIN
    ).story.refused(FoundTasksWaiting, count=2)


def test_found_tasks_may_be_parked(walk):
    walked = walk().reviewed("a", found=["b"])
    walked.do(steps.settle, END, outcome=Outcome.PARKED, **AGAIN)
    assert walked.standing == {"a": "settled", "b": "parked"}


@pytest.mark.parametrize("outcome", [Outcome.PARKED, Outcome.NEXT_CYCLE])
def test_where_nothing_was_found_nothing_is_parked_or_begun_with(walk, outcome):
    walk().reviewed("a").do(steps.settle, END, outcome=outcome, **AGAIN).story.refused(
        NothingToSettle
    )


def test_found_tasks_enter_the_next_cycle_at_step_one(walk):
    walked = walk().reviewed("a", found=["b"])
    walked.do(steps.settle, END, outcome=Outcome.NEXT_CYCLE, **AGAIN)
    assert walked.story.the(CycleBegan).cycle == 2
    walked.examine(take=["b"], day=END).story.has(TaskTaken)
    assert walked.standing == {"a": "settled", "b": "running"}
    assert walked.step is Step.PINPOINT_USE


def test_a_next_cycle_lists_its_own_day_and_takes_its_own_review(walk):
    walked = walk().reviewed("a", found=["b"])
    walked.do(steps.settle, END, outcome=Outcome.NEXT_CYCLE, **AGAIN)
    walked.do(steps.examine_job, END, activities=[], take=["b"]).story.refused(ActivitiesMissing)
    assert not walk().settled("a").do(steps.begin_cycle, END, **AGAIN).story.state.reviewed


# Cycles


def test_one_cycle_runs_at_a_time(walk):
    walk().examine("a").do(steps.begin_cycle, **AGAIN).story.refused(CycleRunning, cycle=1)


def test_after_settling_another_cycle_may_begin(walk):
    walked = walk().settled("a").do(steps.begin_cycle, END, **AGAIN)
    walked.story.then(CycleBegan(cycle=2, policy_version=2, terms=Terms(), on=END))


def test_between_cycles_no_task_is_identified(walk):
    walk().settled("a").examine("b", day=END).story.refused(NoCycleRunning)


def test_settled_tasks_do_not_count_among_those_that_run(walk):
    walked = walk().settled("a", "b").do(steps.begin_cycle, END, **AGAIN)
    assert len(walked.examine("c", "d", day=END).story.state.running) == 2


def test_settled_tasks_are_practised_on_while_the_next_cycle_runs(walk):
    walked = walk().settled("a").do(steps.begin_cycle, END, **AGAIN)
    walked.practise("a", days=[END]).story.has(PracticeLogged)


def test_a_cycle_keeps_the_terms_that_it_began_under(walk):
    walked = walk().settled("a")
    strict = Terms(practice_months=3, practice_days=30, routine_actions=1)
    walked.do(steps.begin_cycle, END, policy_version=2, terms=strict)
    walked.practise("a", days=[END]).story.has_no(MonthReopened)
    assert walked.task("a").met_on == END
    walked.do(steps.keep_simple, END, task="a", actions=[WORDS] * 5).story.has(RoutineSet)


def test_a_new_cycle_runs_under_its_own_terms(walk):
    walked = walk().settled("a")
    walked.do(steps.begin_cycle, END, policy_version=2, terms=Terms(routine_actions=1))
    walked.examine("b", day=END).pinpoint("b", day=END)
    walked.do(steps.keep_simple, END, task="b", actions=[WORDS] * 2).story.refused(
        RoutineTooLong, limit=1
    )


# Parking and dropping


def test_a_parked_task_lets_its_sister_go_on(walk):
    walked = walk().ready("a", "b").practise("a")
    assert walked.step is Step.KEEP_UP
    assert walked.do(steps.park_task, END, task="b").step is Step.CHECK_RESULTS


@pytest.mark.parametrize("decision", [steps.park_task, steps.drop_task])
def test_dropping_or_parking_the_last_task_ends_the_cycle(walk, decision):
    walked = walk().ready("a").do(decision, task="a")
    walked.story.has(CycleEnded)
    assert walked.step is None
    walked.do(steps.begin_cycle, END, **AGAIN).story.has(CycleBegan)


@pytest.mark.parametrize("decision", [steps.park_task, steps.drop_task])
def test_parking_or_dropping_twice_changes_nothing(walk, decision):
    walk().ready("a", "b").do(decision, task="a").do(decision, task="a").story.then()


def test_a_parked_task_is_taken_up_where_it_stood(walk):
    walked = walk().ready("a", "b").practise("a", "b", days=[DAY]).do(steps.park_task, task="b")
    walked.examine(take=["b"])
    assert (walked.standing["b"], walked.task("b").entries) == ("running", ((1, DAY),))


def test_a_dropped_task_is_not_taken_up(walk):
    walk().ready("a", "b").do(steps.drop_task, task="b").examine(take=["b"]).story.refused(
        TaskNotRunning, standing="dropped"
    )


def test_a_settled_task_is_not_parked(walk):
    walk().settled("a").do(steps.park_task, END, task="a").story.refused(TaskNotRunning)


def test_a_parked_task_is_not_practised(walk):
    walk().ready("a", "b").do(steps.park_task, task="a").practise("a", days=[DAY]).story.refused(
        TaskNotRunning, standing="parked"
    )


@pytest.mark.parametrize("decision", [steps.park_task, steps.drop_task])
def test_a_task_of_another_plan_is_neither_parked_nor_dropped(walk, decision):
    walk().ready("a").do(decision, task="b").story.refused(UnknownTask, task="b")


def test_going_on_without_a_result_is_not_for_a_parked_task(walk):
    walked = walk().checked("a", "b").do(steps.park_task, END, task="b")
    walked.do(steps.go_on_without_result, END, task="b").story.refused(TaskNotRunning)


# Closing


def test_a_plan_may_be_abandoned_at_any_time(walk):
    for walked in (walk(), walk().ready("a"), walk().settled("a")):
        walked.do(steps.close, END, reason=CloseReason.ABANDONED).story.then(
            PlanClosed(reason=CloseReason.ABANDONED, on=END)
        )


def test_a_plan_is_abandoned_even_with_tasks_that_are_enabled(walk):
    walk().settled("a").story.when(
        steps.close, reason=CloseReason.ABANDONED, **on(END, **WITH_APPROVERS)
    ).then(PlanClosed)


def test_closing_twice_changes_nothing(walk):
    closed = walk().do(steps.close, reason=CloseReason.ABANDONED)
    closed.do(steps.close, reason=CloseReason.LEFT).story.then()


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (steps.begin_cycle, AGAIN),
        (steps.examine_job, {"activities": [WORDS], "tasks": new("b")}),
        (steps.log_practice, {"tasks": ["a"], "days": [(DAY, None)]}),
        (steps.strike_entry, {"entry": 1}),
        (steps.attach_result, {"task": "a", "result": "lead"}),
        (steps.park_task, {"task": "a"}),
        (steps.drop_task, {"task": "a"}),
        (steps.ask_quiet, {}),
    ],
)
def test_on_a_closed_plan_nothing_is_done(walk, decision, words):
    walk().ready("a").do(steps.close, reason=CloseReason.ABANDONED).do(
        decision, **words
    ).story.refused(PlanClosedAlready)


def test_of_a_closed_plan_nothing_is_reckoned(walk, given):
    walk().practised("a").do(steps.close, END, reason=CloseReason.LEFT).do(
        steps.reckon, END
    ).story.then()
    given().when(steps.reckon, **on()).then()


QUIET = [date(2025, 1, 15), date(2025, 2, 15), date(2025, 3, 15)]


def test_after_twelve_quiet_months_and_two_questions_a_plan_closes_as_dormant(walk):
    walked = walk().examine("a")
    for day, said in zip(QUIET, [QuietQuestionAsked, QuietQuestionAsked, PlanClosed], strict=True):
        walked.do(steps.ask_quiet, day).story.then(said)
    assert walked.story.state.closed is CloseReason.DORMANT


@pytest.mark.parametrize("asked", [0, 1, 2])
def test_the_question_is_not_asked_before_its_day(walk, asked):
    walked = walk().examine("a")
    for day in QUIET[:asked]:
        walked.do(steps.ask_quiet, day)
    walked.do(steps.ask_quiet, QUIET[asked] - timedelta(days=1)).story.refused(
        YoungPlan, due=QUIET[asked]
    )


def test_any_sign_of_life_begins_the_quiet_time_again(walk):
    walked = walk().examine("a").do(steps.ask_quiet, QUIET[0]).pinpoint("a", day=QUIET[0])
    assert walked.story.state.quiet_questions == 0
    walked.do(steps.ask_quiet, QUIET[1]).story.refused(YoungPlan, due=date(2026, 1, 15))


def test_every_day_of_the_story_lies_in_order(walk):
    days = [event.on for event in walk().settled("a").story.events]
    assert all(one <= other for one, other in pairwise(days))
