"""Who may do what: docs/reference/access.md, the code and the engine all say the same."""

import re
from pathlib import Path

import pytest

from countersign.application import commands as c
from countersign.application.access import ACCESS, Who
from countersign.application.visibility import SEES
from countersign.domain.approval import PerceivedValue
from countersign.domain.disposal import Transfer
from countersign.domain.employee import Role
from countersign.domain.hold import Scope
from countersign.domain.items import ItemKind
from countersign.domain.lifecycle import Step
from countersign.domain.plan import Verdict
from countersign.domain.policy import Terms
from countersign.domain.refusals import (
    AlreadyInitialised,
    CannotBeNamed,
    EngineOnly,
    InvolvedInCase,
    NotAllowed,
    NotYours,
    PlanNotStarted,
    Refusal,
    StandInAppointsNobody,
    UnknownActor,
    UnknownPerson,
    UnknownResult,
)
from countersign.domain.result import ResultKind, Route

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "access.md"

MAY: dict[Who, set[str]] = {
    Who.ANYONE: {
        *("owner", "manager", "approver", "stand-in", "hr", "records", "engineer", "stranger")
    },
    Who.OWNER: {"owner"},
    Who.MANAGER: {"manager", "stand-in"},
    Who.APPROVER: {"approver"},
    Who.PARTY: {"owner", "approver"},
    Who.SELF_OR_HR: {"owner", "hr"},
    Who.HR: {"hr"},
    Who.HR_FOR_ALL: {"hr"},
    Who.RECORDS: {"records"},
    Who.RECORDS_FIRST: {"records", "engine"},
    Who.SELF_OR_RECORDS: {"owner", "records"},
    Who.ENGINEER: {"engineer"},
    Who.ENGINE: {"engine"},
}

PARTS = {
    "owner": "Ada",
    "manager": "Max",
    "approver": "Vera",
    "stand-in": "Tess",
    "hr": "Hilda",
    "records": "Rita",
    "engineer": "Rob",
    "stranger": "Carl",
    "leaver": "Bob",
    "engine": "engine",
    "nobody": "somebody unheard of",
}


def table(heading):
    """The rows of the first table under a heading, without its head."""
    _, _, rest = PAGE.read_text("utf-8").partition(f"## {heading}\n")
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_the_page_says_of_every_command_who_may():
    said = {name.strip("`"): who for name, who in table("Commands")}

    assert said == {command.__name__: str(who) for command, who in ACCESS.items()}


def test_the_page_says_what_every_sight_sees():
    assert {name.strip("`"): sees for name, sees in table("Sight")} == dict(SEES)


def test_every_command_has_its_access():
    assert set(ACCESS) == set(c.COMMANDS.values())


@pytest.fixture
def ground(on_sqlite):
    """Ada's task waits for Vera; Max has accepted and is away, Tess stands in; Bob has left.

    Of the two administrators Hilda keeps to people, and Rob to the machinery; Rita to the records.
    """
    company = on_sqlite
    company.import_rows(company.row("Rita", "Vera"))
    hilda, rob, rita = (company.person(name) for name in ("Hilda", "Rob", "Rita"))
    company.does("Hilda", c.GrantRole(person=rita, role=Role.RECORDS))
    company.does("Hilda", c.WithdrawRole(person=rob, role=Role.RECORDS))
    company.does("Rob", c.WithdrawRole(person=hilda, role=Role.RECORDS))
    company.does("Rob", c.WithdrawRole(person=hilda, role=Role.ENGINEER))
    company.does("Hilda", c.WithdrawRole(person=rob, role=Role.HR))
    case = company.case("Ada", until="accepted")
    company.appoints("Max", "Tess")
    company.leaves("Bob")
    item = case.does(c.KeepItem(title="an article")).events[0].stream
    return company, commands_about(company, case, item)


def commands_about(company, case, item):
    """One of every command, about Ada and what is hers."""
    person, today = company.person("Ada"), company.clock.today
    plan, task, result = {"plan": case.plan}, {"task": case.task}, {"result": case.result}
    both, dated = plan | task, {"person": person, "effective": today}
    wish = c.TaskWish(title="news", need="more")
    finding = c.FindingWish(
        kind=ResultKind.LEAD, route=Route.SEARCH, channel="X", what="one", confirmable_by="him"
    )
    row = company.row("Zoe", "Max")
    day = c.PracticeDay(on=today)
    ref = c.ItemRef(kind=ItemKind.REFERENCE, item=item, stream=item)
    handed = Transfer(digest="0" * 128, items=1, octets=1)
    return [
        c.ImportOrganisation(rows=(row,), effective=today),
        c.RegisterOutsider(name="Olga"),
        c.SetLine(manager=company.person("Tess"), **dated),
        c.SetTimeZone(person=person, time_zone="Europe/Amsterdam"),
        c.SetWorkingDays(weekdays=(0, 1, 2), **dated),
        c.NoteAbsence(person=person, start=today, end=today.replace(day=today.day + 1)),
        c.CancelAbsence(person=person, absence="none"),
        c.AppointStandIn(
            person=person,
            stand_in=company.person("Rob"),
            start=today,
            end=today.replace(day=today.day + 1),
        ),
        c.EndStandIn(person=person, appointment="none", effective=today),
        c.RecordJobChange(**dated),
        c.RecordLeaving(**dated),
        c.RecordReturn(**dated),
        c.GrantRole(person=person, role=Role.AUDITOR),
        c.WithdrawRole(person=person, role=Role.AUDITOR),
        c.SetPolicy(terms=Terms(rounds=2), reason="fewer"),
        c.SetHolidays(year=2026, days=(today,)),
        c.StartPlan(),
        c.BeginCycle(**plan),
        c.ExamineJob(**plan, tasks=(wish,)),
        c.RestateTask(**both, title="leads", need="five"),
        c.PinpointUse(**both, point="now", purpose="it", channels=("X",)),
        c.KeepSimple(**both, actions=("look",)),
        c.AllowPractice(**plan),
        c.LogPractice(**plan, days=(day,)),
        c.StrikeEntry(**plan, entry=1),
        c.CheckResults(**both, verdict=Verdict.KEEP),
        c.GoOnWithoutResult(**both),
        c.ReviewActivities(**plan, activities=("mail",)),
        c.Settle(**plan),
        c.ParkTask(**both),
        c.DropTask(**both),
        c.CommentNeed(**both, comment="good"),
        c.AbandonPlan(**plan),
        c.AskQuietPlan(**plan),
        c.NoteResult(**both, finding=finding),
        c.AmendResult(**result, finding=finding),
        c.AddEvidence(**result, evidence=c.EvidenceWish(title="a page")),
        c.AttachFile(**result, upload=item, name="page.txt"),
        c.TellResult(**result),
        c.AcknowledgeResult(**result),
        c.ShowResult(**result),
        c.HideResult(**result),
        c.RetractResult(**result),
        c.KeepItem(title="an article"),
        c.KeepFile(item=item, upload=item, name="page.txt"),
        c.DiscardItem(item=item),
        c.AttachFile(**result, upload="none", name="a.pdf"),
        c.KeepFile(item=item, upload="none", name="a.pdf"),
        c.AskForAcceptance(**both),
        c.AcceptTask(**task, **result, evidence=1, value_perceived=PerceivedValue.DIRECT),
        c.DeclineTask(**task, evidence=1, reason="not now"),
        c.ReturnTask(**task, evidence=1, missing="more", to_step=Step.NOTE_RESULTS),
        c.AskQuestion(**task, text="why?"),
        c.AnswerQuestion(**task, question="none", text="so"),
        c.WithdrawRequest(**task),
        c.NameApprover(**task, level=2, approver=company.person("Carl"), reason="so"),
        c.ConfirmTask(**task),
        c.GiveUpTask(**task),
        c.ProposeSchedule(rows=(c.SeriesRow(code="X"),), reason="so"),
        c.ConfirmPeriods(
            periods=(c.ConfirmedPeriod(series="PR-ENABLE", minimum="P7Y", authority="us"),),
            reason="so",
        ),
        c.ApproveSchedule(version=2),
        c.WithdrawProposal(),
        c.PlaceHold(scope=Scope(persons=(person,)), matter="claim", authority="court"),
        c.ReleaseHold(hold="none", reason="so"),
        c.DraftDisposal(items=(ref,)),
        c.DraftDemotion(items=(ref,), reason="so"),
        c.DraftErasure(person=person, reason="so"),
        c.ApproveDisposal(run="none", fingerprint="0" * 64),
        c.AbandonDisposal(run="none", reason="so"),
        c.RecordTransfer(run="none", transfer=handed, receiver="them"),
        c.DestroyNext(run="none"),
        c.NoticeReading(item=item),
        c.SweepReading(items=(ref,)),
        c.SweepAccessLog(),
        c.ResumeErasure(run="none"),
        c.CertifyDisposal(run="none"),
        c.SkipEvent(projection="inbox", position=1, reason="so"),
        c.CloseCases(person=person),
    ]


def admitted(company, command, name):
    """Whether only something else than who asks, if anything, stands in the way."""
    try:
        company.engine.rehearse(command, company.actor(name))
    except NotAllowed:
        return False
    except Refusal:
        return True
    return True


def test_every_command_admits_exactly_who_may(ground):
    company, commands = ground
    found = {
        type(command): {part for part, name in PARTS.items() if admitted(company, command, name)}
        for command in commands
    }

    assert set(found) == set(c.COMMANDS.values()) - {c.Initialise}
    assert found == {command: MAY[ACCESS[command]] for command in found}


IDS = ("plan", "task", "result", "item", "person", "manager", "stand_in", "approver")


def with_other_ids(commands):
    """Each command with each of its ids replaced by the id of something else."""
    ids = {
        getattr(command, field) for command in commands for field in IDS if hasattr(command, field)
    }
    for command in commands:
        for field in set(IDS) & set(type(command).model_fields):
            for other in sorted(ids - {getattr(command, field)}):
                yield command.model_copy(update={field: other})


def test_the_id_of_something_else_is_refused_in_words(ground):
    company, commands = ground
    stumbled = set()
    for command in with_other_ids(commands):
        for name in ("Ada", "Vera", "Hilda"):
            try:
                company.engine.rehearse(command, company.actor(name))
            except Refusal:
                pass
            except Exception as error:  # noqa: BLE001
                stumbled.add((type(command).__name__, type(error).__name__))

    assert stumbled == set()


def test_an_id_that_is_none_at_all_is_refused_in_words(company):
    company.when("Ada", c.AbandonPlan(plan="no plan")).refused(PlanNotStarted)
    company.when("Max", c.AcknowledgeResult(result="no result")).refused(UnknownResult)
    company.when("Hilda", c.GrantRole(person="nobody", role=Role.HR)).refused(UnknownPerson)


def test_an_actor_that_is_none_at_all_is_refused_in_words(company):
    company.when("somebody unheard of", c.StartPlan()).refused(UnknownActor)


def test_a_rehearsal_writes_nothing(ground):
    company, commands = ground
    before = company.events()
    for command in commands:
        for name in PARTS.values():
            admitted(company, command, name)

    assert company.events() == before


def test_what_is_refused_in_rehearsal_is_refused_in_earnest(ground):
    company, commands = ground
    before = company.events()
    for command in commands:
        for name in set(PARTS.values()):
            if not admitted(company, command, name):
                assert isinstance(company.when(name, command).said, NotAllowed)

    assert company.events() == before


def test_two_administrators_are_named_once(on_sqlite):
    rows = tuple(on_sqlite.row(name, None) for name in ("Eve", "Mallory"))

    on_sqlite.when("Ada", c.Initialise(administrators=rows)).refused(AlreadyInitialised)
    on_sqlite.when("engine", c.Initialise(administrators=rows)).refused(AlreadyInitialised)


def test_the_engine_does_only_what_is_its_own(on_sqlite):
    on_sqlite.when("engine", c.StartPlan()).refused(EngineOnly)
    on_sqlite.when("Hilda", c.CloseCases(person=on_sqlite.person("Ada"))).refused(EngineOnly)


def test_a_leaver_may_do_nothing_more_and_a_joiner_nothing_yet(on_sqlite):
    on_sqlite.leaves("Bob")
    starts = on_sqlite.clock.today.replace(month=4)
    on_sqlite.import_rows(on_sqlite.row("Zoe", "Max"), effective=starts)

    on_sqlite.when("Bob", c.StartPlan()).refused(UnknownActor)
    on_sqlite.when("Zoe", c.StartPlan()).refused(UnknownActor)
    on_sqlite.clock.go(starts)
    on_sqlite.when("Zoe", c.StartPlan()).then_among("plan.started")


def test_hr_does_nothing_to_themselves(on_sqlite):
    hilda = on_sqlite.person("Hilda")
    granted = c.GrantRole(person=hilda, role=Role.AUDITOR)

    on_sqlite.when("Hilda", granted).refused(InvolvedInCase)
    on_sqlite.when("Rob", granted).then_events("employee.role_granted")


def test_a_role_taken_away_is_gone_at_once(on_sqlite):
    on_sqlite.does("Rob", c.WithdrawRole(person=on_sqlite.person("Hilda"), role=Role.HR))

    assert not admitted(on_sqlite, c.RegisterOutsider(name="Olga"), "Hilda")


def test_a_stand_in_appoints_no_stand_in(on_sqlite):
    on_sqlite.appoints("Max", "Tess")
    further = c.AppointStandIn(
        person=on_sqlite.person("Max"),
        stand_in=on_sqlite.person("Carl"),
        start=on_sqlite.clock.today.replace(month=9),
        end=on_sqlite.clock.today.replace(month=10),
    )

    on_sqlite.when("Tess", further).refused(StandInAppointsNobody)


def test_hr_appoints_nobody_for_their_own_line(on_sqlite):
    today = on_sqlite.clock.today
    away = {"person": on_sqlite.person("Vera"), "start": today, "end": today.replace(month=4)}
    for_tess = c.AppointStandIn(stand_in=on_sqlite.person("Tess"), **away)

    on_sqlite.when("Hilda", for_tess).refused(InvolvedInCase)


def test_nobody_names_an_approver_in_a_case_of_their_own(on_sqlite):
    on_sqlite.does("Rob", c.GrantRole(person=on_sqlite.person("Max"), role=Role.HR))
    on_sqlite.does("Rob", c.GrantRole(person=on_sqlite.person("Ada"), role=Role.HR))
    case = on_sqlite.case("Ada", until="asked")

    for by in ("Ada", "Max"):
        on_sqlite.names_approver(case, 2, "Tess", by=by).refused(InvolvedInCase)
    on_sqlite.names_approver(case, 2, "Hilda", by="Hilda").refused(InvolvedInCase)
    on_sqlite.names_approver(case, 2, "Ada").refused(CannotBeNamed)
    on_sqlite.names_approver(case, 2, "Tess").then_events("approval.approver_named")


def test_nobody_cites_what_somebody_else_reads(on_sqlite):
    item = on_sqlite.does("Bob", c.KeepItem(title="secret")).events[0].stream
    case = on_sqlite.case("Ada", until="checked")
    finding = c.FindingWish(kind=ResultKind.ARTICLE, route=Route.SEARCH, channel="X", what="it")
    cites = c.NoteResult(
        plan=case.plan, task=case.task, finding=finding, evidence=(c.EvidenceWish(item=item),)
    )

    on_sqlite.when("Ada", cites).refused(NotYours)


def test_somebody_unheard_of_cannot_be_acted_upon(on_sqlite):
    unheard = c.GrantRole(person="nobody", role=Role.AUDITOR)

    on_sqlite.when("Hilda", unheard).refused(UnknownPerson)
