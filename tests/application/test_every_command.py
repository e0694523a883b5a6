"""Every command, once, in one long story at one company."""

from datetime import timedelta

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.records import row_of
from countersign.domain.disposal import Transfer
from countersign.domain.employee import Role
from countersign.domain.hold import Scope
from countersign.domain.items import ItemKind
from countersign.domain.lifecycle import Step
from countersign.domain.plan import Outcome
from countersign.domain.policy import Starting, Terms
from countersign.domain.refusals import UnknownItem
from countersign.domain.result import ResultKind, Route


def test_a_year_at_the_company_uses_every_command(nobody_yet, monkeypatch):
    company = nobody_yet.given_a_company()
    organisation(company)
    case = first_plan(company)
    acceptance(company, case)
    afterwards(company, case)
    machinery(company, monkeypatch)
    farewell(company)
    records(company, case)

    assert company.handled == set(c.COMMANDS.values())


def organisation(company):
    person, today = company.person, company.clock.today
    say(company, "Hilda", c.RegisterOutsider(name="Olga", email="o@x"), "employee.joined")
    terms = Terms(starting=Starting.ASKED)
    say(company, "Hilda", c.SetPolicy(terms=terms, reason="ask first"), "policy.set")
    say(company, "Hilda", c.SetHolidays(year=2026, days=(today,)), "policy.holidays_set")
    say(company, "Bob", c.SetTimeZone(person=person("Bob"), time_zone="Asia/Tokyo"))
    days = c.SetWorkingDays(person=person("Bob"), weekdays=(0, 1), effective=today)
    say(company, "Hilda", days, "employee.working_days_set")
    away = c.NoteAbsence(person=person("Bob"), start=today, end=today + timedelta(days=3))
    absence = say(company, "Bob", away, "employee.absence_noted").receipt.events[0].event.absence
    cancelled = c.CancelAbsence(person=person("Bob"), absence=absence)
    say(company, "Bob", cancelled, "employee.absence_cancelled")
    appointment = company.appoints("Max", "Tess")
    ended = c.EndStandIn(person=person("Max"), appointment=appointment, effective=today)
    say(company, "Max", ended, "employee.stand_in_ended")
    line = c.SetLine(person=person("Bob"), manager=person("Tess"), effective=today)
    say(company, "Hilda", line, "employee.line_set")
    say(company, "Hilda", c.GrantRole(person=person("Carl"), role=Role.AUDITOR))
    taken = c.WithdrawRole(person=person("Carl"), role=Role.AUDITOR)
    say(company, "Hilda", taken, "employee.role_withdrawn")
    on_bob = {"person": person("Bob"), "effective": today}
    say(company, "Hilda", c.RecordJobChange(**on_bob), "employee.job_changed")
    say(company, "Hilda", c.RecordLeaving(**on_bob), "employee.left")
    say(company, "Hilda", c.RecordReturn(**on_bob), "employee.returned")


def first_plan(company):
    case = company.case("Ada", until="simple")
    plan, task = {"plan": case.plan}, {"task": case.task}
    comment = c.CommentNeed(**plan, **task, comment="five would be better")
    say(company, "Max", comment, "plan.need_commented")
    restated = c.RestateTask(**plan, **task, title="find leads", need="five leads a month")
    say(company, "Ada", restated, "plan.task_restated")
    say(company, "Max", c.AllowPractice(**plan), "plan.practice_allowed")
    case.walk("practised")
    entry = c.LogPractice(**plan, days=(c.PracticeDay(on=company.clock.today, note="twice"),))
    say(company, "Ada", entry, "plan.practice_logged")
    say(company, "Ada", c.StrikeEntry(**plan, entry=7), "plan.entry_struck")
    case.walk("checked")
    without = c.GoOnWithoutResult(**plan, **task)
    say(company, "Ada", without, "plan.went_on_without_result", "plan.step_completed")
    case.walk("noted")
    return case


def acceptance(company, case):
    plan, task, result = {"plan": case.plan}, {"task": case.task}, {"result": case.result}
    found = c.TaskWish(title="answer customers", need="fewer calls")
    reviewed = c.ReviewActivities(**plan, activities=("mail",), found=(found,))
    say(company, "Ada", reviewed, "plan.activities_reviewed", "plan.task_found")
    say(company, "Ada", c.Settle(**plan, outcome=Outcome.PARKED), "plan.task_parked")
    finding = c.FindingWish(
        kind=ResultKind.LEAD, route=Route.TIP, channel="X", what="better", confirmable_by="them"
    )
    say(company, "Ada", c.AmendResult(**result, finding=finding), "result.amended")
    item = case.does(c.KeepItem(title="an article", locator="x.example")).events[0].stream
    cites = c.AddEvidence(**result, evidence=c.EvidenceWish(item=item))
    say(company, "Ada", cites, "result.evidence_added", "reference.cited")
    attaches = c.AttachFile(**result, upload=company.uploads("Ada"), name="quotation.txt")
    say(company, "Ada", attaches, "result.file_attached")
    keeps = c.KeepFile(item=item, upload=company.uploads("Ada"), name="article.txt")
    say(company, "Ada", keeps, "reference.file_attached")
    say(company, "Ada", c.TellResult(**result), "result.told")
    say(company, "Max", c.AcknowledgeResult(**result), "result.acknowledged")
    say(company, "Ada", c.ShowResult(**result), "result.shown")
    say(company, "Ada", c.HideResult(**result), "result.hidden")
    say(company, "Ada", c.DiscardItem(item=item), "reference.discarded")

    asks = c.AskForAcceptance(**plan, **task)
    say(company, "Ada", asks, "approval.asked")
    say(company, "Ada", c.WithdrawRequest(**task), "approval.withdrawn")
    say(company, "Ada", asks, "approval.asked")
    question = say(company, "Max", c.AskQuestion(**task, text="how?"), "approval.question_asked")
    asked = question.receipt.events[0].event.question
    answers = c.AnswerQuestion(**task, question=asked, text="so")
    say(company, "Ada", answers, "approval.question_answered")
    back = c.ReturnTask(**task, evidence=2, missing="a page", to_step=Step.NOTE_RESULTS)
    say(company, "Max", back, "approval.returned")
    say(company, "Ada", asks, "approval.asked")
    say(company, "Max", case.acceptance(3), "approval.accepted")
    company.names_approver(case, 2, "Tess").then_events("approval.approver_named")
    say(company, "Tess", case.acceptance(3), "approval.accepted", "approval.enabled")


def afterwards(company, case):
    task = {"task": case.task}
    say(company, "Ada", c.ConfirmTask(**task), "approval.task_confirmed")
    say(company, "Ada", c.GiveUpTask(**task), "approval.ended")
    say(company, "Ada", c.AskForAcceptance(plan=case.plan, **task), "approval.asked")
    declines = c.DeclineTask(**task, evidence=4, reason="not for now")
    say(company, "Max", declines, "approval.declined")
    say(company, "Ada", c.RetractResult(result=case.result), "result.retracted")
    say(company, "Ada", c.BeginCycle(plan=case.plan), "plan.cycle_began")
    (parked,) = (each.task for each in case.board().tasks if each.standing == "parked")
    takes = c.ExamineJob(plan=case.plan, activities=("calls",), take=(parked,))
    say(company, "Ada", takes, "plan.task_taken")
    say(company, "Ada", c.ParkTask(plan=case.plan, task=parked), "plan.task_parked")
    say(company, "Ada", c.DropTask(plan=case.plan, task=parked), "plan.task_dropped")
    company.clock.wait(days=400)
    say(company, "engine", c.AskQuietPlan(plan=case.plan), "plan.quiet_question_asked")
    say(company, "Ada", c.AbandonPlan(plan=case.plan), "plan.closed", "employee.plan_closed")


def machinery(company, monkeypatch):
    """The reading list stumbles over an item of Bob's; an engineer lets it go on without."""

    def stumbles(pages, recorded):
        raise KeyError(recorded.name)

    (reading_list,) = (
        each for each in company.house.projector.projections if each.name == "reading_list"
    )
    with monkeypatch.context() as faulty:
        faulty.setattr(reading_list, "fold", stumbles)
        kept = company.does("Bob", c.KeepItem(title="an article"))
        company.house.projector.catch_up()
        skip = c.SkipEvent(projection="reading_list", position=kept.position, reason="no use")
        say(company, "Rob", skip, "projection.event_skipped")
        company.house.retry("reading_list")
    company.does("Bob", c.KeepItem(title="another article"))

    (item,) = company.ask("Bob", q.ReadingList(person=company.person("Bob")))
    assert item.title == "another article"


def farewell(company):
    case = company.case("Carl", until="started")
    company.leaves("Carl")

    assert case.board().closed == "left"
    say(company, "engine", c.CloseCases(person=company.person("Carl")))


def records(company, case):
    """Hilda drafts and Rob approves; years later a case goes, and what is left of a reader's."""
    years = c.ConfirmedPeriod(series="PR-ENABLE", minimum="P7Y", authority="the board")
    confirmed = c.ConfirmPeriods(periods=(years,), reason="settled")
    say(company, "Hilda", confirmed, "schedule.proposed")
    say(company, "Hilda", c.WithdrawProposal(), "schedule.proposal_withdrawn")
    short = c.ConfirmedPeriod(series="PR-SHORT", minimum="P1Y", authority="the board")
    both = c.ConfirmPeriods(periods=(years, short), reason="settled")
    say(company, "Hilda", both, "schedule.proposed")
    say(company, "Rob", c.ApproveSchedule(version=2), "schedule.adopted")
    archive = c.SeriesRow(code="GRS 5.7", descriptive="no number", words={"Title": "reports"})
    rows = (*rows_in_force(company), archive)
    proposed = c.ProposeSchedule(rows=rows, reason="for reference")
    say(company, "Hilda", proposed, "schedule.proposed", "schedule.adopted")

    copies(company)
    erasure(company)
    sweep(company)
    sweep_of_the_log(company)
    disposal(company, case)


def rows_in_force(company):
    version = company.engine.schedule_version(2)
    return tuple(row_of(row, None) for row in version.rows)


def copies(company):
    told_first = c.SetPolicy(terms=Terms(), reason="free again")
    say(company, "Hilda", told_first, "policy.set")
    case = company.case("Bob", until="checked")
    item = case.does(c.KeepItem(title="a page")).events[0].stream
    result = case.note("a lead")
    cites = c.AddEvidence(result=result, evidence=c.EvidenceWish(item=item))
    cited = say(company, "Bob", cites, "result.evidence_added").receipt
    copy = next(e.event for e in cited.events if e.stream == result).evidence.copy_id
    say(company, "Bob", c.RetractResult(result=result), "result.retracted")
    ref = c.ItemRef(kind=ItemKind.COPY, item=copy, stream=result)
    demotes = c.DraftDemotion(items=(ref,), reason="no record")
    run = say(company, "Hilda", demotes).receipt.events[0].stream
    say(company, "Hilda", c.AbandonDisposal(run=run, reason="look again"), "disposal.abandoned")
    carried_out(company, say(company, "Hilda", demotes))


def erasure(company):
    """What a hold suspends is erased once the hold is released."""
    bob = company.person("Bob")
    scope = Scope(persons=(bob,))
    placed = say(company, "Rob", c.PlaceHold(scope=scope, matter="claim", authority="court"))
    hold = placed.receipt.events[0].said["hold"]
    drafted = say(company, "Hilda", c.DraftErasure(person=bob, reason="asked"))
    carried_out(company, drafted)
    say(company, "Rob", c.ReleaseHold(hold=hold, reason="settled"), "hold.released")


def sweep(company):
    item = company.does("Tess", c.KeepItem(title="a last article")).events[0].stream
    company.clock.wait(days=370)
    company.engine.fire_due()
    company.clock.wait(days=40)
    company.engine.fire_due()
    assert company.ask("Tess", q.ReadingList(person=company.person("Tess"))) == []
    company.when("Tess", c.DiscardItem(item=item)).refused(UnknownItem)
    company.handled |= {c.NoticeReading, c.SweepReading, c.ResumeErasure, c.CertifyDisposal}


def sweep_of_the_log(company):
    board = q.Calendar(person=company.person("Ada"))
    company.ask("Hilda", board)
    company.house.access_log.flush()
    company.clock.wait(days=400)
    company.engine.fire_due()
    assert company.ask("Ada", q.Reads(person=company.person("Ada"))) == []
    company.handled.add(c.SweepAccessLog)


def disposal(company, case):
    company.clock.wait(days=3660)
    refs = [
        c.ItemRef(kind=kind, item=each, stream=each)
        for kind, each in ((ItemKind.REQUEST, case.task), (ItemKind.PLAN, case.plan))
    ]
    drafted = say(company, "Hilda", c.DraftDisposal(items=tuple(refs)), "disposal.drafted")
    run = drafted.receipt.events[0].stream
    approved(company, drafted)
    handed = Transfer(digest="0" * 128, items=2, octets=10)
    transferred = c.RecordTransfer(run=run, transfer=handed, receiver="the archive")
    say(company, "Hilda", transferred, "disposal.transferred")
    say(company, "Hilda", c.DestroyNext(run=run), "disposal.item_destroyed")


def carried_out(company, drafted):
    approved(company, drafted)
    say(company, "Hilda", c.DestroyNext(run=drafted.receipt.events[0].stream))


def approved(company, drafted):
    event = drafted.receipt.events[0]
    run, seen = event.stream, event.said["fingerprint"]
    say(company, "Rob", c.ApproveDisposal(run=run, fingerprint=seen), "disposal.approved")


def say(company, name, command, *names):
    return company.when(name, command).then_among(*names)
