"""The three rules that may never break, over organisations and histories of any kind.

Two different people, neither the employee. Each the rightful approver, a recorded stand-in or a
person named, at that moment. Both on the same frozen evidence. `who_may` states the middle rule
a second time, from the events alone and by trying everybody; the domain has to agree with it.
"""

import os
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from countersign.domain import approval, employee, line
from countersign.domain.approval import (
    AcceptanceAsked,
    Approval,
    ApprovalEnded,
    ApproverNamed,
    Because,
    EvidenceChanged,
    FrozenResult,
    PerceivedValue,
    RequestWithdrawn,
    TaskAccepted,
    TaskDeclined,
    TaskEnabled,
    TaskReturned,
)
from countersign.domain.employee import (
    Employee,
    Kind,
    LineSet,
    PersonJoined,
    PersonLeft,
    PersonReturned,
    StandInAppointed,
    StandInEnded,
)
from countersign.domain.event import Event, PersonId, fold
from countersign.domain.lifecycle import Step
from countersign.domain.line import Missing, Standing
from countersign.domain.plan import ValueKind
from countersign.domain.policy import Terms
from countersign.domain.refusals import (
    DecidedOtherLevel,
    NotTheApprover,
    OwnWork,
    Refusal,
    StaleEvidence,
)
from countersign.domain.sealed import Sealed

THOROUGH = 20 if "COUNTERSIGN_THOROUGH" in os.environ else 1

ADA = "ada"
HR = "hal"
STAFF = (ADA, "bob", "cy", "dan", "eve", "fay", "gus", "ida", "jo", "kim", "lea", "max")
OUTSIDERS = ("out", "far")
CASE = "case"
WORDS = Sealed.of("in so many words")
NEW_YEAR = date(2024, 1, 1)

History = Sequence[tuple[str, Event]]
Capacity = tuple[Standing, PersonId | None]


# The rules once more, from the events alone


def latest(history: History, who: str, kinds: Any, day: date) -> Any:
    facts = [
        (event.effective, place, event)
        for place, (subject, event) in enumerate(history)
        if subject == who and isinstance(event, kinds) and event.effective <= day
    ]
    return max(facts)[2] if facts else None


def serves(history: History, who: str, day: date) -> bool:
    said = latest(history, who, (PersonJoined, PersonLeft, PersonReturned), day)
    vacant = any(
        subject == who and isinstance(event, PersonJoined) and event.kind is Kind.VACANCY
        for subject, event in history
    )
    return said is not None and not isinstance(said, PersonLeft) and not vacant


def superiors(history: History, who: str, day: date) -> list[str]:
    """Everybody on the way up, each once, never the one who asked."""
    way = [who]
    while (line_set := latest(history, way[-1], LineSet, day)) is not None:
        if line_set.manager is None or line_set.manager in way:
            break
        way.append(line_set.manager)
    return way[1:]


def case_of(history: History) -> list[Event]:
    return [event for subject, event in history if subject == CASE]


def standing_acceptances(history: History) -> list[TaskAccepted]:
    """Those given on the evidence that is current."""
    found: list[TaskAccepted] = []
    for event in case_of(history):
        if isinstance(event, AcceptanceAsked | EvidenceChanged):
            found = []
        if isinstance(event, TaskAccepted):
            found.append(event)
    return found


def current_evidence(history: History) -> Any:
    shown = [e for e in case_of(history) if isinstance(e, AcceptanceAsked | EvidenceChanged)]
    return shown[-1].evidence


def named_for(history: History, level: int) -> PersonId | None:
    named: PersonId | None = None
    request = 0
    for event in case_of(history):
        if isinstance(event, AcceptanceAsked) and event.request != request:
            named, request = None, event.request
        if isinstance(event, ApproverNamed) and event.level == level:
            named = event.approver
    return named


def stand_in_recorded(history: History, absent: str, day: date) -> StandInAppointed | None:
    ends = {
        event.appointment: event.effective
        for subject, event in history
        if subject == absent and isinstance(event, StandInEnded)
    }
    for subject, event in history:
        if subject == absent and isinstance(event, StandInAppointed):
            end = min(event.end, ends.get(event.appointment, event.end))
            if event.start <= day < end:
                return event
    return None


def who_may(history: History, day: date) -> dict[PersonId, Capacity]:
    """Everybody who may accept the open level now, and in which capacity."""
    given = standing_acceptances(history)
    level = len(given) + 1
    gone = {ADA}
    for each in given:
        gone |= {each.approver, each.card.on_behalf_of or each.approver}

    def fit(who: str) -> bool:
        free = who not in gone and serves(history, who, day)
        return free and ADA not in superiors(history, who, day)

    named = named_for(history, level)
    if named is not None:
        holders: dict[PersonId, Capacity] = {named: (Standing.NAMED, None)} if fit(named) else {}
    else:
        way = superiors(history, ADA, day)
        there = [who for who in way if serves(history, who, day)]
        near = way[level - 1 :] if given else there[level - 1 :]
        free = [who for who in near if who in there and who not in gone]
        holders = {free[0]: (Standing.LINE, None)} if free else {}
    for holder in tuple(holders):
        recorded = stand_in_recorded(history, holder, day)
        if recorded is None:
            continue
        own = [who for who in superiors(history, holder, day) if serves(history, who, day)]
        second = [recorded.alternate] if recorded.alternate else own[:1]
        able = [who for who in (recorded.stand_in, *second) if fit(who)]
        if able and able[0] != holder:
            holders[able[0]] = (Standing.STAND_IN, holder)
    return holders


def is_open(history: History) -> bool:
    over = TaskEnabled | TaskDeclined | TaskReturned | RequestWithdrawn | ApprovalEnded
    moved = [e for e in case_of(history) if isinstance(e, AcceptanceAsked | over)]
    return bool(moved) and isinstance(moved[-1], AcceptanceAsked)


def two_different_people(before: History, enabled: TaskEnabled) -> None:
    first, second = standing_acceptances(before)
    assert (first.card.level, second.card.level) == (1, 2)
    parts = [{each.approver, each.card.on_behalf_of or each.approver} for each in (first, second)]
    assert not parts[0] & parts[1]
    assert enabled.employee not in parts[0] | parts[1]


def the_same_evidence(before: History) -> None:
    current = current_evidence(before)
    seen = {(each.card.evidence, each.card.digest) for each in standing_acceptances(before)}
    assert seen == {(current.number, current.digest)}


def rightful_at_that_moment(before: History, accepted: TaskAccepted) -> None:
    allowed = who_may(before, accepted.on)
    assert accepted.approver in allowed
    assert (accepted.card.standing, accepted.card.on_behalf_of) == allowed[accepted.approver]


# A company in which anything may happen

PEOPLE = st.sampled_from((*STAFF, *OUTSIDERS))
OFFSETS = st.integers(-4, 4)
PLACES = st.integers(0, 4)
BEHIND = st.sampled_from((0, 0, 0, 1, 2, -1))
CHANGES = st.sampled_from(("move", "leave", "come back", "end stand-in"))
BETWEEN = ("nothing", "somebody comes in between", "the line moves", "stand-ins end")
WAYS = ("change", "change", "decline", "return", "withdraw")


def open_case(company: "Company") -> bool:
    return company.case.is_open


class Company(RuleBasedStateMachine):
    """Whatever anybody tries goes through the real decisions; refusals are part of life."""

    @initialize(
        size=st.sampled_from((2, 3, 3, 4, 4, 5, 6, 8, 12)),
        managers=st.lists(st.integers(-2, len(STAFF)), min_size=12, max_size=12),
        tidy=st.booleans(),
        vacant=st.sets(st.integers(1, len(STAFF) - 1), max_size=2),
    )
    def found(self, size: int, managers: list[int], tidy: bool, vacant: set[int]) -> None:
        """Tidy: everybody reports to somebody further up, and there is one top."""
        self.history: list[tuple[str, Event]] = []
        self.employees: dict[str, Employee] = {}
        self.case = Approval()
        self.checked = 0
        self.day = NEW_YEAR
        self.appointments = 0
        self.staff = STAFF[:size]
        for place, who in enumerate(self.staff):
            kind = Kind.VACANCY if place in vacant else Kind.EMPLOYEE
            self.joined(who, kind)
            above = managers[place]
            if tidy:
                above = place + 1 + abs(above) % 3
            self.to(who, employee.set_line, person=who, **self.under(above), effective=NEW_YEAR)
        for who in (*OUTSIDERS, HR):
            self.joined(who, Kind.OUTSIDER)
        self.ask(1)

    def joined(self, who: PersonId, kind: Kind) -> None:
        words = {"kind": kind, "time_zone": "UTC", "full_name": WORDS}
        self.to(who, employee.join, effective=NEW_YEAR - timedelta(days=30), **words)

    def under(self, above: int) -> dict[str, Any]:
        """Below zero nobody is said to be above; beyond the staff it is the top of the house."""
        if 0 <= above < len(self.staff):
            return {"manager": self.staff[above]}
        return {"manager": None, "top": above > 0}

    # The road of every decision: fold, decide, append

    def people(self, who: PersonId) -> Employee:
        return self.employees.get(who, Employee())

    @property
    def shown(self) -> int:
        """The number of the evidence version that is current."""
        evidence = self.case.evidence
        assert evidence is not None
        return evidence.number

    def to(self, subject: str, decision: Callable[..., list[Event]], **words: Any) -> None:
        state = self.case if subject == CASE else self.people(subject)
        try:
            events = decision(state, **words)
        except Refusal:
            return
        self.history += [(subject, event) for event in events]
        if subject == CASE:
            self.case = fold(approval.evolve, self.case, events)
        else:
            self.employees[subject] = fold(employee.evolve, self.people(subject), events)

    def seat(self, level: int | None = None) -> line.Seat:
        case = self.case
        return line.seat(
            level or case.level,
            employee=ADA,
            people=self.people,
            on=self.day,
            named=case.named,
            decided=case.decided,
        )

    def evidence(self, revision: int) -> approval.EvidenceVersion:
        return approval.freeze(
            self.case,
            results=[FrozenResult(result="lead", revision=revision)],
            use_revision=1,
            routine_revision=1,
            practice_days=9,
            practice_from=NEW_YEAR,
            practice_until=date(2030, 1, 1),
        )

    def acceptance(self, who: PersonId, evidence: int, seat: line.Seat) -> dict[str, Any]:
        because = Because(result="lead", need=WORDS)
        said = {"because": because, "value_perceived": PerceivedValue.DIRECT}
        return {"approver": who, "seat": seat, "evidence": evidence, "on": self.day, **said}

    # What happens to the organisation

    @rule(change=CHANGES, who=PEOPLE, other=PEOPLE, offset=OFFSETS)
    def the_organisation_changes(
        self, change: str, who: PersonId, other: PersonId, offset: int
    ) -> None:
        effective = self.day + timedelta(days=offset)
        if change == "move" and who in self.staff:
            moved = {"manager": other} if other in self.staff else {"manager": None, "top": True}
            self.to(who, employee.set_line, person=who, **moved, effective=effective)
        if change == "leave" and who not in (ADA, *OUTSIDERS):
            self.to(who, employee.leave, effective=effective)
        if change == "come back":
            self.to(who, employee.come_back, effective=effective)
        if change == "end stand-in":
            self.end_stand_ins(who, self.seat().holder or other, effective=effective)

    @rule(above=st.integers(0, 3), onto=st.integers(0, 5), offset=OFFSETS)
    def the_line_of_the_case_moves(self, above: int, onto: int, offset: int) -> None:
        self.move_line(above, onto, offset)

    def move_line(self, above: int, onto: int, offset: int) -> None:
        """Somebody on the way up reports to somebody else on it, or to the employee."""
        way = [ADA, *superiors(self.history, ADA, self.day)]
        who, manager = way[above % len(way)], way[onto % len(way)]
        effective = self.day + timedelta(days=min(offset, 0))
        self.to(who, employee.set_line, person=who, manager=manager, effective=effective)

    @rule(absent=st.none() | PEOPLE, stand_in=PEOPLE, alternate=st.none() | PEOPLE, offset=OFFSETS)
    def a_stand_in_is_appointed(
        self, absent: PersonId | None, stand_in: PersonId, alternate: PersonId | None, offset: int
    ) -> None:
        self.appoint(absent or self.seat().holder or ADA, stand_in, alternate, offset)

    def appoint(
        self, absent: PersonId, stand_in: PersonId, alternate: PersonId | None, offset: int
    ) -> None:
        start = self.day + timedelta(days=min(offset, 1))
        self.appointments += 1
        self.to(
            absent,
            employee.appoint_stand_in,
            person=absent,
            appointment=f"absence {self.appointments}",
            stand_in=stand_in,
            alternate=alternate,
            start=start,
            end=start + timedelta(days=5),
        )

    def end_stand_ins(self, *absent: PersonId, effective: date) -> None:
        for who in absent:
            for stand_in in self.people(who).stand_ins:
                words = {"appointment": stand_in.id, "effective": effective}
                self.to(who, employee.end_stand_in, **words)

    @rule(days=st.integers(1, 3))
    def time_passes(self, days: int) -> None:
        self.day += timedelta(days=days)

    # What happens to the case

    def ask(self, revision: int) -> None:
        self.to(
            CASE,
            approval.ask,
            employee=ADA,
            plan="plan",
            task="leads",
            evidence=self.evidence(revision),
            value_expected=ValueKind.DIRECT,
            policy_version=1,
            terms=Terms(),
            on=self.day,
        )

    @precondition(lambda self: not self.case.is_open)
    @rule(revision=st.integers(1, 9))
    def it_is_asked_again(self, revision: int) -> None:
        self.to(CASE, approval.give_up, on=self.day)
        self.ask(revision)

    @precondition(open_case)
    @rule(who=PEOPLE, behind=BEHIND, level=st.integers(1, 2))
    def anybody_accepts(self, who: PersonId, behind: int, level: int) -> None:
        words = self.acceptance(who, self.shown - behind, self.seat(level))
        self.to(CASE, approval.accept, **words)

    @precondition(open_case)
    @rule(behind=BEHIND)
    def the_holder_accepts(self, behind: int) -> None:
        seat = self.seat()
        words = self.acceptance(seat.holder or ADA, self.shown - behind, seat)
        self.to(CASE, approval.accept, **words)

    @precondition(open_case)
    @rule(behind=BEHIND)
    def the_stand_in_accepts(self, behind: int) -> None:
        seat = self.seat()
        words = self.acceptance(seat.stand_in or ADA, self.shown - behind, seat)
        self.to(CASE, approval.accept, **words)

    @precondition(open_case)
    @rule()
    def the_other_level_accepts(self) -> None:
        seat = self.seat(3 - self.case.level)
        self.to(CASE, approval.accept, **self.acceptance(seat.holder or ADA, self.shown, seat))

    @rule(
        stand_ins=st.tuples(st.booleans(), st.booleans()),
        absent=st.tuples(PLACES, PLACES),
        instead=st.tuples(PLACES, PLACES),
        between=st.sampled_from(BETWEEN),
        above=st.integers(0, 3),
        onto=st.integers(0, 5),
        repaired=st.booleans(),
    )
    def both_levels_are_asked_and_much_happens_in_between(
        self,
        stand_ins: tuple[bool, bool],
        absent: tuple[int, int],
        instead: tuple[int, int],
        between: str,
        above: int,
        onto: int,
        repaired: bool,
    ) -> None:
        if repaired:
            self.everybody_reports_to_the_next()
        self.to(CASE, approval.withdraw, on=self.day)
        self.to(CASE, approval.give_up, on=self.day)
        self.ask(self.shown + 10)
        way = [ADA, *superiors(self.history, ADA, self.day), *OUTSIDERS]
        for turn in (0, 1):
            who, other = way[absent[turn] % len(way)], way[instead[turn] % len(way)]
            self.appoint(who, other, None, 0)
            self.whoever_is_asked_accepts(stand_ins[turn])
            if between == "the line moves":
                self.move_line(above, onto, 0)
            if between == "stand-ins end":
                self.end_stand_ins(*way, effective=self.day)
            if between == "somebody comes in between":
                self.insert(self.staff[onto % len(self.staff)])

    def insert(self, who: PersonId) -> None:
        """The employee's manager of today becomes the next level."""
        manager = self.people(ADA).line_on(self.day)
        above = manager.manager if manager else None
        today = {"effective": self.day}
        self.to(ADA, employee.set_line, person=ADA, manager=who, **today)
        self.to(who, employee.set_line, person=who, manager=above, **today)

    def everybody_reports_to_the_next(self) -> None:
        self.day += timedelta(days=9)
        for place, who in enumerate(self.staff):
            words = {"person": who, **self.under(place + 1), "effective": self.day}
            self.to(who, employee.set_line, **words)
            self.to(who, employee.come_back, effective=self.day)

    def whoever_is_asked_accepts(self, rather_the_stand_in: bool) -> None:
        level = self.case.level
        for outsider in OUTSIDERS:
            if self.seat(level).holder is None:
                self.name(level, outsider, HR)
        seat = self.seat(level)
        who = (rather_the_stand_in and seat.stand_in) or seat.holder
        if who is not None:
            self.to(CASE, approval.accept, **self.acceptance(who, self.shown, seat))

    @precondition(open_case)
    @rule(level=st.integers(0, 2), who=PEOPLE, by=st.sampled_from((HR, HR, HR, *STAFF)))
    def somebody_is_named(self, level: int, who: PersonId, by: PersonId) -> None:
        self.name(level or self.case.level, who, by)

    def name(self, level: int, who: PersonId, by: PersonId) -> None:
        case = self.case
        others = {each for at, pair in case.decided.items() if at != level for each in pair}
        fit = line.may_be_named(who, employee=ADA, barred=others, people=self.people, on=self.day)
        words = {"level": level, "approver": who, "by": by, "may_be_named": fit, "reason": WORDS}
        seats = {at: self.seat(at) for at in line.LEVELS}
        self.to(CASE, approval.name_approver, **words, seats=seats, on=self.day)

    @precondition(open_case)
    @rule(way=st.sampled_from(WAYS), revision=st.integers(1, 9))
    def it_goes_another_way(self, way: str, revision: int) -> None:
        seat = self.seat()
        words = {"approver": seat.holder or ADA, "seat": seat, "evidence": self.shown}
        if way == "change":
            changed = self.evidence(revision)
            self.to(CASE, approval.change_evidence, evidence=changed, on=self.day)
        if way == "decline":
            self.to(CASE, approval.decline, **words, reason=WORDS, on=self.day)
        if way == "return":
            back = {"missing": WORDS, "to_step": Step.NOTE_RESULTS, "on": self.day}
            self.to(CASE, approval.give_back, **words, **back)
        if way == "withdraw":
            self.to(CASE, approval.withdraw, on=self.day)

    # What must be true of it all

    @invariant()
    def no_acceptance_breaks_a_rule(self) -> None:
        for place in range(self.checked, len(self.history)):
            before, (_, event) = self.history[:place], self.history[place]
            if isinstance(event, TaskAccepted):
                rightful_at_that_moment(before, event)
            if isinstance(event, TaskEnabled):
                two_different_people(before, event)
                the_same_evidence(before)
        self.checked = len(self.history)

    @invariant()
    def exactly_those_may_accept_who_ought_to(self) -> None:
        case, seat = self.case, self.seat()
        assert case.is_open is is_open(self.history)
        if not case.is_open or case.evidence is None:
            return
        able = {}
        for who in (*self.staff, *OUTSIDERS, HR):
            try:
                words = self.acceptance(who, case.evidence.number, seat)
                card = approval.accept(case, **words)[0].card  # type: ignore[attr-defined]
            except (OwnWork, DecidedOtherLevel, NotTheApprover):
                continue
            able[who] = (card.standing, card.on_behalf_of)
        assert able == who_may(self.history, self.day)

    @invariant()
    def who_may_accept_does_not_on_other_evidence(self) -> None:
        case, seat = self.case, self.seat()
        if not case.is_open or case.evidence is None or seat.holder is None:
            return
        for number in (case.evidence.number - 1, case.evidence.number + 1):
            try:
                approval.accept(case, **self.acceptance(seat.holder, number, seat))
            except StaleEvidence:
                continue
            raise AssertionError(f"accepted on version {number}")

    @invariant()
    def a_seat_can_be_decided_or_says_who_must_act(self) -> None:
        seat = self.seat() if self.case.is_open else None
        if seat is None:
            return
        assert (seat.holder is None) is (seat.missing not in (None, Missing.NO_ALTERNATE))
        assert seat.waits_for_hr is (seat.missing is not None)
        assert seat.holder is not None or seat.waits_for_hr

    @invariant()
    def whatever_waits_for_hr_can_be_helped(self) -> None:
        case = self.case
        if not case.is_open or not self.seat().waits_for_hr:
            return
        decided = {each for pair in case.decided.values() for each in pair}
        spare = [
            who for who in OUTSIDERS if who not in decided and serves(self.history, who, self.day)
        ]
        if not spare:
            return
        before = list(self.history), dict(self.employees), self.case
        self.name(case.level, spare[-1], HR)
        assert self.seat().holder == spare[-1]
        self.history, self.employees, self.case = before


Company.TestCase.settings = settings(
    max_examples=200 * THOROUGH,
    stateful_step_count=40,
    deadline=None,
    derandomize=THOROUGH == 1,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestCompany = Company.TestCase
