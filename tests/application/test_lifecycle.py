"""From the first plan to the double acceptance, on both databases."""

from datetime import timedelta
from typing import Any

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.plan import ValueKind, Verdict
from countersign.domain.refusals import DecidedOtherLevel, NotTheApprover


def test_a_plan_is_walked_through_eight_steps_to_both_acceptances(company):
    case = company.case("Ada", until="enabled")

    assert case.request.phase == "enabled"
    assert [each.card.level for each in case.request.decisions] == [1, 2]
    assert [company.name(each.approver) for each in case.request.decisions] == ["Max", "Vera"]
    steps = [name for name in company.events() if name == "plan.step_completed"]
    assert len(steps) == 8


def test_every_inbox_is_empty_but_the_one_whose_turn_it_is(company):
    case = company.case("Ada", until="asked")
    everybody = ("Ada", "Max", "Vera", "Tess", "Hilda")
    waiting = {name for name in everybody if ("decide", "Ada") in company.inbox(name)}
    case.walk("accepted")
    then = {name for name in everybody if ("decide", "Ada") in company.inbox(name)}
    case.walk("enabled")
    after = {name for name in everybody if ("decide", "Ada") in company.inbox(name)}

    assert (waiting, then, after) == ({"Max"}, {"Vera"}, set())


def test_an_acceptance_is_valid_for_a_year_and_falls_due(company):
    case = company.case("Ada", until="enabled")
    due = company.ask("Ada", q.DueDates(case=case.plan))

    assert [each.kind for each in due] == ["renewal", "expiry"]
    assert due[1].due_on == company.clock.today.replace(year=2027)
    assert due[1].due_on - due[0].due_on == timedelta(days=30)


def test_a_second_cycle_leaves_the_first_acceptance_in_force(company):
    case = company.case("Ada", until="enabled")
    case.does(c.BeginCycle(plan=case.plan))
    wish = c.TaskWish(title="answer customers", need="fewer calls", value=ValueKind.INDIRECT)
    company.when(
        "Ada", c.ExamineJob(plan=case.plan, activities=("calls",), tasks=(wish,))
    ).then_among("plan.task_identified", "plan.step_completed")

    board = case.board()
    assert (board.cycle, board.step) == (2, 2)
    assert [task.standing for task in board.tasks] == ["settled", "running"]
    assert case.request.phase == "enabled"


def test_two_tasks_travel_apart(company):
    case = company.case("Ada", until="started")
    wishes = tuple(c.TaskWish(title=title, need="more") for title in ("leads", "news"))
    asked = case.does(c.ExamineJob(plan=case.plan, activities=("mail",), tasks=wishes))
    tasks = [each.event.task for each in asked.events if "task_identified" in each.name]
    for task in tasks:
        use: dict[str, Any] = {"point": "mornings", "purpose": "to find", "channels": ("LinkedIn",)}
        case.does(c.PinpointUse(plan=case.plan, task=task, **use))
    for task in tasks:
        case.does(c.KeepSimple(plan=case.plan, task=task, actions=("search",)))
    case.practise()
    for task in tasks:
        case.does(c.CheckResults(plan=case.plan, task=task, verdict=Verdict.KEEP))
    results = [case.note(task=task) for task in tasks]
    case.does(c.ReviewActivities(plan=case.plan, activities=("mail",)))
    case.does(c.Settle(plan=case.plan))
    for task in tasks:
        case.does(c.AskForAcceptance(plan=case.plan, task=task))
    case.task, case.result = tasks[0], results[0]
    case.accept("Max").then_events("approval.accepted")
    company.when("Max", c.DeclineTask(task=tasks[1], evidence=1, reason="not now")).then_events(
        "approval.declined"
    )
    case.accept("Vera").then_events("approval.accepted", "approval.enabled")

    assert [task.request.phase for task in case.board().tasks] == ["enabled", "declined"]


def test_nobody_decides_out_of_turn_or_twice(company):
    case = company.case("Ada", until="asked")

    case.accept("Vera").refused(NotTheApprover, level=1)
    case.walk("accepted")
    case.accept("Max").refused(DecidedOtherLevel)
