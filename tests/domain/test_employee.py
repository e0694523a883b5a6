"""Employee: facts with an effective date, kept apart from when they were recorded."""

from datetime import UTC, date, datetime

import pytest

from countersign.domain.employee import (
    AbsenceCancelled,
    AbsenceNoted,
    Employee,
    JobChanged,
    Kind,
    LineSet,
    PersonJoined,
    PersonLeft,
    PersonReturned,
    PlanClosed,
    PlanOpened,
    ProfileNoted,
    Role,
    RoleGranted,
    RoleWithdrawn,
    StandInAppointed,
    StandInEnded,
    TimeZoneSet,
    WorkingDaysSet,
    appoint_stand_in,
    cancel_absence,
    change_job,
    close_plan,
    come_back,
    end_stand_in,
    evolve,
    grant_role,
    join,
    leave,
    note_absence,
    note_profile,
    open_plan,
    set_line,
    set_time_zone,
    set_working_days,
    today,
    withdraw_role,
)
from countersign.domain.refusals import (
    AlreadyKnown,
    NotInService,
    OwnManager,
    OwnStandIn,
    PeriodEmpty,
    PlanAlreadyOpen,
    StandInsOverlap,
    UnknownPerson,
    UnknownStandIn,
    UnknownTimeZone,
)
from countersign.domain.sealed import Sealed

STORY = (evolve, Employee())

JANUARY, FEBRUARY, MARCH, APRIL = (date(2024, n, 1) for n in (1, 2, 3, 4))
NAME = Sealed.of("Ada Example")
ADA = PersonJoined(
    kind=Kind.EMPLOYEE, effective=JANUARY, time_zone="Europe/Amsterdam", full_name=NAME
)
TO_BOB = LineSet(effective=JANUARY, manager="bob")
TO_CY = LineSet(effective=MARCH, manager="cy")
EVE_STANDS_IN = StandInAppointed(appointment="spring", stand_in="eve", start=FEBRUARY, end=MARCH)
LEFT = PersonLeft(effective=MARCH)


def test_somebody_joins(given):
    given().when(
        join, kind=Kind.EMPLOYEE, effective=JANUARY, time_zone="Europe/Amsterdam", full_name=NAME
    ).then(ADA)


def test_nobody_joins_twice(given):
    given(ADA).when(
        join, kind=Kind.EMPLOYEE, effective=MARCH, time_zone="UTC", full_name=NAME
    ).refused(AlreadyKnown)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_time_zone_must_exist(given, zone):
    given().when(
        join, kind=Kind.EMPLOYEE, effective=JANUARY, time_zone=zone, full_name=NAME
    ).refused(UnknownTimeZone, time_zone=zone)
    given(ADA).when(set_time_zone, time_zone=zone).refused(UnknownTimeZone, time_zone=zone)


def test_moving_to_another_time_zone_is_noted_once(given):
    story = given(ADA).when(set_time_zone, time_zone="Asia/Tokyo")
    story.then(TimeZoneSet(time_zone="Asia/Tokyo"))
    story.when(set_time_zone, time_zone="Asia/Tokyo").then()


def test_a_day_is_the_day_on_ones_own_clock(given):
    late = datetime(2024, 3, 4, 23, 30, tzinfo=UTC)
    assert today(given(ADA).state, late) == date(2024, 3, 5)
    assert today(Employee(), late) == date(2024, 3, 4)


def test_a_profile_is_noted_for_somebody_known(given):
    given(ADA).when(note_profile, full_name=NAME).then(ProfileNoted(full_name=NAME))


def test_nobody_serves_before_joining_or_after_leaving(given):
    ada = given(ADA, LEFT).state
    days = (date(2023, 12, 31), JANUARY, date(2024, 2, 29), MARCH)
    assert [ada.serves_on(day) for day in days] == [False, True, True, False]


def test_a_vacancy_never_serves(given):
    assert not given(ADA.model_copy(update={"kind": Kind.VACANCY})).state.serves_on(FEBRUARY)


def test_leaving_twice_changes_nothing(given):
    given(ADA, LEFT).when(leave, effective=APRIL).then()


def test_who_left_may_return(given):
    story = given(ADA, LEFT).when(come_back, effective=APRIL)
    story.then(PersonReturned(effective=APRIL))
    assert [story.state.serves_on(day) for day in (FEBRUARY, MARCH, APRIL)] == [True, False, True]


def test_who_serves_does_not_return(given):
    given(ADA).when(come_back, effective=APRIL).then()


def test_a_change_of_job_is_noted(given):
    given(ADA).when(change_job, effective=MARCH).then(JobChanged(effective=MARCH))


def test_the_line_is_set_from_a_day_on(given):
    given(ADA).when(set_line, person="ada", manager="bob", effective=JANUARY).then(TO_BOB)


def test_the_same_line_changes_nothing(given):
    given(ADA, TO_BOB).when(set_line, person="ada", manager="bob", effective=MARCH).then()


def test_the_same_line_is_set_again_when_a_later_one_would_undo_it(given):
    given(ADA, TO_BOB, TO_CY).when(set_line, person="ada", manager="bob", effective=FEBRUARY).then(
        LineSet
    )


def test_nobody_reports_to_themselves(given):
    given(ADA).when(set_line, person="ada", manager="ada", effective=JANUARY).refused(OwnManager)


def test_the_top_of_the_house_is_marked(given):
    given(ADA).when(set_line, person="ada", manager=None, top=True, effective=JANUARY).then(
        LineSet(effective=JANUARY, manager=None, top=True)
    )


def test_the_line_is_the_one_in_force_on_the_day(given):
    ada = given(ADA, TO_CY, TO_BOB).state
    assert ada.line_on(date(2023, 12, 31)) is None
    assert [ada.line_on(day).manager for day in (JANUARY, FEBRUARY, MARCH, APRIL)] == [
        *["bob"] * 2,
        *["cy"] * 2,
    ]


def test_of_two_lines_for_one_day_the_later_recorded_holds(given):
    corrected = LineSet(effective=MARCH, manager="dan")
    assert given(ADA, TO_CY, corrected).state.line_on(MARCH).manager == "dan"


def test_working_days_are_set_from_a_day_on(given):
    story = given(ADA).when(set_working_days, weekdays=(0, 1), effective=FEBRUARY)
    story.then(WorkingDaysSet(effective=FEBRUARY, weekdays=(0, 1)))
    story.when(set_working_days, weekdays=(0, 1), effective=MARCH).then()


def test_the_calendar_takes_patterns_by_their_day_however_recorded(given):
    patterns = (
        WorkingDaysSet(effective=MARCH, weekdays=(4,)),
        WorkingDaysSet(effective=FEBRUARY, weekdays=(0,)),
    )
    calendar = given(ADA, *patterns).state.calendar(holidays=())
    friday, monday = date(2024, 3, 8), date(2024, 3, 11)
    assert (calendar.works(friday), calendar.works(monday)) == (True, False)


def test_an_absence_may_lie_in_the_past(given):
    given(ADA).when(note_absence, absence="flu", start=JANUARY, end=FEBRUARY).then(
        AbsenceNoted(absence="flu", start=JANUARY, end=FEBRUARY)
    )


def test_an_absence_that_is_over_before_it_begins_is_refused(given):
    given(ADA).when(note_absence, absence="flu", start=MARCH, end=MARCH).refused(
        PeriodEmpty, start=MARCH, end=MARCH
    )


def test_an_absence_can_be_cancelled_once(given):
    noted = AbsenceNoted(absence="flu", start=JANUARY, end=FEBRUARY)
    story = given(ADA, noted).when(cancel_absence, absence="flu")
    story.then(AbsenceCancelled(absence="flu"))
    assert not story.state.calendar(holidays=()).absent(date(2024, 1, 15))
    story.when(cancel_absence, absence="flu").then()


def appointing(**words):
    asked = {"appointment": "spring", "stand_in": "eve", "start": FEBRUARY, "end": MARCH}
    return {"person": "ada", **asked, **words}


def test_a_stand_in_is_appointed_for_a_period(given):
    given(ADA).when(appoint_stand_in, **appointing()).then(EVE_STANDS_IN)


def test_the_period_of_a_stand_in_is_half_open(given):
    ada = given(ADA, EVE_STANDS_IN).state
    days = (date(2024, 1, 31), FEBRUARY, date(2024, 2, 29), MARCH)
    assert [ada.stand_in_on(day) is not None for day in days] == [False, True, True, False]


@pytest.mark.parametrize("own", [{"stand_in": "ada"}, {"alternate": "ada"}])
def test_nobody_stands_in_for_themselves(given, own):
    given(ADA).when(appoint_stand_in, **appointing(**own)).refused(OwnStandIn)


def test_a_stand_in_for_no_time_is_refused(given):
    given(ADA).when(appoint_stand_in, **appointing(end=FEBRUARY)).refused(PeriodEmpty)


def test_one_stands_in_at_a_time(given):
    given(ADA, EVE_STANDS_IN).when(
        appoint_stand_in, **appointing(appointment="more", start=date(2024, 2, 29), end=APRIL)
    ).refused(StandInsOverlap)


def test_a_stand_in_may_follow_another_on_the_day_that_it_ends(given):
    given(ADA, EVE_STANDS_IN).when(
        appoint_stand_in, **appointing(appointment="more", start=MARCH, end=APRIL)
    ).then(StandInAppointed)


def test_a_stand_in_can_be_ended_early(given):
    day = date(2024, 2, 10)
    story = given(ADA, EVE_STANDS_IN).when(end_stand_in, appointment="spring", effective=day)
    story.then(StandInEnded(appointment="spring", effective=day))
    assert story.state.stand_in_on(day) is None
    assert story.state.stand_in_on(date(2024, 2, 9)) is not None


def test_a_stand_in_ended_before_the_beginning_never_stands_in(given):
    story = given(ADA, EVE_STANDS_IN).when(end_stand_in, appointment="spring", effective=JANUARY)
    assert story.state.stand_in_on(FEBRUARY) is None
    story.when(appoint_stand_in, **appointing(appointment="more")).then(StandInAppointed)


def test_what_is_over_is_not_ended_again(given):
    given(ADA, EVE_STANDS_IN).when(end_stand_in, appointment="spring", effective=APRIL).then()


def test_a_stand_in_that_nobody_appointed_cannot_be_ended(given):
    given(ADA).when(end_stand_in, appointment="spring", effective=MARCH).refused(UnknownStandIn)


def test_a_role_is_granted_and_withdrawn_once(given):
    granted = given(ADA).when(grant_role, role=Role.HR).then(RoleGranted(role=Role.HR))
    granted.when(grant_role, role=Role.HR).then()
    withdrawn = granted.when(withdraw_role, role=Role.HR).then(RoleWithdrawn(role=Role.HR))
    withdrawn.when(withdraw_role, role=Role.HR).then()


def test_roles_combine(given):
    story = given(ADA, RoleGranted(role=Role.HR)).when(grant_role, role=Role.RECORDS)
    assert story.state.roles == {Role.HR, Role.RECORDS}


def test_one_plan_is_open_at_a_time(given):
    opened = given(ADA).when(open_plan, plan="plan", on=FEBRUARY).then(PlanOpened(plan="plan"))
    opened.when(open_plan, plan="another", on=FEBRUARY).refused(PlanAlreadyOpen)


def test_after_a_plan_is_closed_another_may_be_opened(given):
    closed = given(ADA, PlanOpened(plan="plan")).when(close_plan, plan="plan")
    closed.then(PlanClosed(plan="plan"))
    closed.when(close_plan, plan="plan").then()
    closed.when(open_plan, plan="another", on=FEBRUARY).then(PlanOpened)


def test_who_is_not_in_service_opens_no_plan(given):
    given(ADA, LEFT).when(open_plan, plan="plan", on=MARCH).refused(NotInService)


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (note_profile, {"full_name": NAME}),
        (set_time_zone, {"time_zone": "UTC"}),
        (set_line, {"person": "ada", "manager": "bob", "effective": JANUARY}),
        (set_working_days, {"weekdays": (0,), "effective": JANUARY}),
        (note_absence, {"absence": "flu", "start": JANUARY, "end": MARCH}),
        (appoint_stand_in, appointing()),
        (change_job, {"effective": JANUARY}),
        (leave, {"effective": JANUARY}),
        (come_back, {"effective": JANUARY}),
        (grant_role, {"role": Role.HR}),
        (open_plan, {"plan": "plan", "on": JANUARY}),
    ],
)
def test_of_a_stranger_nothing_is_noted(given, decision, words):
    given().when(decision, **words).refused(UnknownPerson)
