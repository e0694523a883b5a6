"""Approval: one task, two different people, one frozen evidence version (RULES E)."""

from datetime import date
from typing import Any

import pytest

from countersign.domain.approval import (
    AcceptanceAsked,
    Approval,
    ApprovalEnded,
    ApproverNamed,
    Because,
    CaseFroze,
    DecisionCard,
    EndReason,
    EvidenceChanged,
    FrozenResult,
    PerceivedValue,
    Phase,
    QuestionAnswered,
    QuestionAsked,
    RequestWithdrawn,
    TaskAccepted,
    TaskConfirmed,
    TaskDeclined,
    TaskEnabled,
    TaskReturned,
    accept,
    answer_question,
    ask,
    ask_question,
    change_evidence,
    confirm_task,
    decline,
    evolve,
    freeze,
    give_back,
    give_up,
    leave,
    name_approver,
    valid_until,
    withdraw,
)
from countersign.domain.calendar import Period
from countersign.domain.lifecycle import Step
from countersign.domain.line import Seat, Standing
from countersign.domain.plan import ValueKind
from countersign.domain.policy import Terms
from countersign.domain.refusals import (
    AlreadyAsked,
    AlreadyEnabled,
    CannotBeNamed,
    CaseFrozen,
    DecidedOtherLevel,
    EvidenceExpired,
    InvolvedInCase,
    LastRound,
    LevelAlreadyDecided,
    NoResultToShow,
    NothingNew,
    NothingToDecide,
    NothingToWithdraw,
    NotInEvidence,
    NotTheApprover,
    OwnQuestion,
    OwnWork,
    StaleEvidence,
    UnknownLevel,
    UnknownQuestion,
)
from countersign.domain.sealed import Sealed

STORY = (evolve, Approval())

DAY, NEXT_DAY = date(2024, 3, 4), date(2024, 3, 5)
WORDS = Sealed.of("in so many words")
BOB = Seat(level=1, holder="bob", standing=Standing.LINE, path=("bob",))
CY = Seat(level=2, holder="cy", standing=Standing.LINE, path=("bob", "cy"))
EVE_FOR_BOB = BOB.model_copy(update={"stand_in": "eve"})
EVE_FOR_CY = CY.model_copy(update={"stand_in": "eve"})
NAMED_FAY = Seat(level=2, holder="fay", standing=Standing.NAMED, path=("fay",))


def frozen(number=1, results=(("lead", 1),), practice_days=9, practice_until=date(2024, 2, 20)):
    before = Approval() if number == 1 else Approval(evidence=frozen(number - 1))
    return freeze(
        before,
        results=[FrozenResult(result=name, revision=revision) for name, revision in results],
        use_revision=1,
        routine_revision=1,
        practice_days=practice_days,
        practice_from=date(2024, 1, 15),
        practice_until=practice_until,
    )


WHOSE = {"employee": "ada", "plan": "plan", "task": "leads"}
ASKING = {**WHOSE, "value_expected": ValueKind.INDIRECT, "policy_version": 4, "terms": Terms()}
SECOND = frozen(2, (("lead", 2),))
MORE_PRACTICE = frozen(2, practice_days=12, practice_until=date(2025, 1, 20))


def asked(evidence=None, request=1, round=1, on=DAY, **other):  # noqa: A002
    words = {**ASKING, **other, "request": request, "round": round, "on": on}
    return AcceptanceAsked(evidence=evidence or frozen(), **words)


def card(level=1, standing=Standing.LINE, on_behalf_of=None, evidence=None):
    shown = evidence or frozen()
    return DecisionCard(
        level=level,
        standing=standing,
        on_behalf_of=on_behalf_of,
        line=("bob", "cy")[:level],
        policy_version=4,
        evidence=shown.number,
        digest=shown.digest,
        value_expected=ValueKind.INDIRECT,
    )


BECAUSE = Because(result="lead", need=WORDS)
SEEN: dict[str, Any] = {"because": BECAUSE, "value_perceived": PerceivedValue.DIRECT, "on": DAY}


def accepted(approver="bob", **words):
    return TaskAccepted(approver=approver, card=card(**words), **SEEN)


ASKED = asked()
BY_BOB = accepted()
BY_CY = accepted("cy", level=2)
ENABLED = TaskEnabled(employee="ada", task="leads", until=date(2025, 3, 4), on=DAY)
DECLINED = TaskDeclined(approver="bob", card=card(), reason=WORDS, on=DAY)
RETURNED = TaskReturned(
    approver="bob", card=card(), missing=WORDS, to_step=Step.NOTE_RESULTS, on=DAY
)
WITHDRAWN = RequestWithdrawn(on=DAY)
FROZE = CaseFroze(on=DAY)


def accepting(approver, seat, evidence=1, **other):
    return {**SEEN, "approver": approver, "seat": seat, "evidence": evidence, **other}


def declining(approver="bob", seat=BOB, evidence=1):
    return {
        "approver": approver,
        "seat": seat,
        "evidence": evidence,
        "reason": WORDS,
        "on": DAY,
    }


def returning(approver="bob", seat=BOB, evidence=1):
    return {
        "approver": approver,
        "seat": seat,
        "evidence": evidence,
        "missing": WORDS,
        "to_step": Step.NOTE_RESULTS,
        "on": DAY,
    }


def asking(evidence=None, on=NEXT_DAY, **other):
    return {**ASKING, "evidence": evidence or frozen(), "on": on, **other}


# Asking


def test_asking_freezes_an_evidence_version_and_pins_the_policy(given):
    given().when(ask, **asking(on=DAY)).then(ASKED)


def test_without_a_result_nothing_is_asked(given):
    given().when(ask, **asking(frozen(results=()))).refused(NoResultToShow)


def test_what_is_with_the_approvers_is_not_asked_again(given):
    given(ASKED).when(ask, **asking()).refused(AlreadyAsked)


def test_what_is_accepted_is_not_asked_again(given):
    given(ASKED, BY_BOB, BY_CY, ENABLED).when(ask, **asking()).refused(AlreadyEnabled)


def test_asking_again_after_a_return_is_the_next_round_under_the_same_policy(given):
    again = given(ASKED, RETURNED).when(
        ask, **asking(SECOND, policy_version=9, terms=Terms(rounds=9))
    )
    event = again.the(AcceptanceAsked)
    assert (event.request, event.round, event.policy_version) == (1, 2, 4)
    assert event.terms == Terms()


@pytest.mark.parametrize("ending", [RETURNED, WITHDRAWN, DECLINED])
def test_asking_again_begins_at_level_one_whatever_was_accepted_before(given, ending):
    story = given(ASKED, BY_BOB, ending).when(ask, **asking(SECOND))
    assert (story.state.level, story.state.acceptances) == (1, {})


def test_withdrawing_costs_no_round(given):
    event = given(ASKED, WITHDRAWN).when(ask, **asking()).the(AcceptanceAsked)
    assert (event.request, event.round) == (1, 1)


def test_withdrawing_does_not_give_back_a_round_that_a_return_cost(given):
    event = given(ASKED, RETURNED, WITHDRAWN).when(ask, **asking(SECOND)).the(AcceptanceAsked)
    assert (event.request, event.round) == (1, 2)


def test_asking_after_a_decline_is_a_new_request_under_the_new_policy(given):
    event = (
        given(asked(round=3), DECLINED)
        .when(ask, **asking(SECOND, policy_version=9))
        .the(AcceptanceAsked)
    )
    assert (event.request, event.round, event.policy_version) == (2, 1, 9)


def test_what_was_declined_is_not_asked_for_again_unchanged(given):
    same = frozen(2)
    given(ASKED, DECLINED).when(ask, **asking(same)).refused(NothingNew)


def test_a_withdrawn_request_in_between_makes_nothing_new(given):
    between = asked(SECOND, request=2)
    given(ASKED, DECLINED, between, WITHDRAWN).when(ask, **asking(frozen(3))).refused(NothingNew)


def test_a_new_result_or_more_practice_is_something_new(given):
    declined = given(ASKED, DECLINED)
    declined.when(ask, **asking(frozen(2, (("lead", 1), ("tip", 1))))).then(AcceptanceAsked)
    declined.when(ask, **asking(MORE_PRACTICE)).then(AcceptanceAsked)


def test_what_was_withdrawn_may_be_asked_for_unchanged(given):
    given(ASKED, WITHDRAWN).when(ask, **asking(frozen(2))).then(AcceptanceAsked)


def test_the_evidence_stays_valid_for_six_months_after_an_ending(given):
    given(ASKED, DECLINED).when(ask, **asking(SECOND, on=date(2024, 9, 4))).then(AcceptanceAsked)


def test_after_six_months_the_evidence_has_expired(given):
    given(ASKED, DECLINED).when(ask, **asking(SECOND, on=date(2024, 9, 5))).refused(
        EvidenceExpired, until=date(2024, 9, 4)
    )


def test_a_month_practised_since_the_ending_is_valid_however_late(given):
    given(ASKED, DECLINED).when(ask, **asking(MORE_PRACTICE, on=date(2025, 2, 1))).then(
        AcceptanceAsked
    )


def test_a_leavers_frozen_case_is_not_asked_again(given):
    given(ASKED, FROZE).when(ask, **asking(SECOND)).refused(CaseFrozen)


# Evidence


def test_the_digest_binds_what_is_shown():
    same = frozen(2)
    assert same.same_content(frozen())
    assert not SECOND.same_content(frozen())
    assert not MORE_PRACTICE.same_content(frozen())


def test_the_digest_does_not_depend_on_the_order_of_the_results():
    one = frozen(results=(("lead", 1), ("tip", 3)))
    assert one.same_content(frozen(results=(("tip", 3), ("lead", 1))))


def test_versions_are_numbered_on_across_requests(given):
    state = given(ASKED, DECLINED, asked(SECOND, request=2)).state
    words = {"use_revision": 1, "routine_revision": 1, "practice_days": 9}
    third = freeze(state, results=[], practice_from=DAY, practice_until=DAY, **words)
    assert third.number == 3


def test_changed_evidence_goes_back_to_level_one_with_the_difference(given):
    before = frozen(results=(("article", 1), ("lead", 1), ("tip", 1)))
    after = frozen(2, (("contact", 1), ("lead", 2), ("tip", 1)))
    story = given(asked(before), accepted(evidence=before)).when(
        change_evidence, evidence=after, on=DAY
    )
    story.then(
        EvidenceChanged(
            evidence=after, added=("contact",), removed=("article",), amended=("lead",), on=DAY
        )
    )
    assert (story.state.level, story.state.acceptances, story.state.round) == (1, {}, 1)


def test_the_same_evidence_under_another_number_changes_nothing(given):
    given(ASKED, BY_BOB).when(change_evidence, evidence=frozen(2), on=DAY).then()


def test_when_the_last_result_is_gone_the_task_leaves_the_request(given):
    story = given(ASKED, BY_BOB).when(change_evidence, evidence=frozen(2, ()), on=DAY)
    story.then(ApprovalEnded(reason=EndReason.NO_RESULT_LEFT, on=DAY))
    assert story.state.phase is Phase.ENDED


@pytest.mark.parametrize("ending", [[DECLINED], [RETURNED], [WITHDRAWN], [BY_BOB, BY_CY, ENABLED]])
def test_evidence_of_a_request_that_is_not_open_stays_as_it_was(given, ending):
    given(ASKED, *ending).when(change_evidence, evidence=SECOND, on=DAY).then()


# Accepting


def test_level_one_accepts_and_the_task_goes_to_level_two(given):
    story = given(ASKED).when(accept, **accepting("bob", BOB)).then(BY_BOB)
    assert (story.state.level, story.state.phase) == (2, Phase.OPEN)


def test_with_the_second_acceptance_the_employee_is_enabled(given):
    story = given(ASKED, BY_BOB).when(accept, **accepting("cy", CY)).then(BY_CY, ENABLED)
    assert story.state.phase is Phase.ENABLED


def test_a_decision_carries_its_card(given):
    story = given(ASKED).when(accept, **accepting("eve", EVE_FOR_BOB))
    assert story.the(TaskAccepted).card == card(standing=Standing.STAND_IN, on_behalf_of="bob")


def test_an_acceptance_cites_a_result_that_was_shown(given):
    elsewhere = Because(result="another", need=WORDS)
    given(ASKED).when(accept, **accepting("bob", BOB, because=elsewhere)).refused(NotInEvidence)


def test_an_acceptance_states_the_value_perceived_beside_the_one_expected(given):
    not_seen = accepting("bob", BOB, value_perceived=PerceivedValue.NOT_SEEN)
    event = given(ASKED).when(accept, **not_seen).the(TaskAccepted)
    assert (event.value_perceived, event.card.value_expected) == ("not_seen", "indirect")


def test_a_named_person_may_accept(given):
    story = given(ASKED, BY_BOB).when(accept, **accepting("fay", NAMED_FAY))
    assert story.the(TaskAccepted).card.standing is Standing.NAMED


DECISIONS = pytest.mark.parametrize(
    ("decision", "words"),
    [(accept, accepting), (decline, declining), (give_back, returning)],
    ids=["accept", "decline", "give_back"],
)


@DECISIONS
def test_nobody_decides_on_their_own_task(given, decision, words):
    own = BOB.model_copy(update={"holder": "ada"})
    given(ASKED).when(decision, **words("ada", own)).refused(OwnWork)


@DECISIONS
def test_nobody_decides_as_stand_in_on_their_own_task(given, decision, words):
    own = BOB.model_copy(update={"stand_in": "ada"})
    given(ASKED).when(decision, **words("ada", own)).refused(OwnWork)


@DECISIONS
def test_who_decided_one_level_does_not_decide_the_other(given, decision, words):
    same = CY.model_copy(update={"holder": "bob"})
    given(ASKED, BY_BOB).when(decision, **words("bob", same)).refused(DecidedOtherLevel)


@DECISIONS
def test_a_stand_in_who_decided_one_level_does_not_decide_the_other(given, decision, words):
    by_eve = accepted("eve", standing=Standing.STAND_IN, on_behalf_of="bob")
    given(ASKED, by_eve).when(decision, **words("eve", EVE_FOR_CY)).refused(DecidedOtherLevel)


@DECISIONS
def test_for_whom_somebody_stood_in_does_not_decide_the_other_level(given, decision, words):
    by_eve = accepted("eve", standing=Standing.STAND_IN, on_behalf_of="bob")
    same = CY.model_copy(update={"holder": "bob"})
    given(ASKED, by_eve).when(decision, **words("bob", same)).refused(DecidedOtherLevel)


@DECISIONS
def test_who_has_no_standing_does_not_decide(given, decision, words):
    given(ASKED).when(decision, **words("dan", BOB)).refused(NotTheApprover, level=1)


@DECISIONS
def test_level_two_waits_for_level_one(given, decision, words):
    given(ASKED).when(decision, **words("cy", CY)).refused(NotTheApprover, level=1)


@DECISIONS
@pytest.mark.parametrize("seen", [1, 3])
def test_a_decision_on_another_version_is_stale(given, decision, words, seen):
    changed = EvidenceChanged(evidence=SECOND, added=(), removed=(), amended=("lead",), on=DAY)
    given(ASKED, changed).when(decision, **words("bob", BOB, seen)).refused(
        StaleEvidence, seen=seen, current=2
    )


@DECISIONS
def test_level_two_decides_on_the_version_that_level_one_accepted(given, decision, words):
    given(ASKED, BY_BOB).when(decision, **words("cy", CY, 2)).refused(StaleEvidence)


@DECISIONS
@pytest.mark.parametrize("over", [[], [ASKED, DECLINED], [ASKED, WITHDRAWN], [ASKED, RETURNED]])
def test_where_no_request_is_open_nothing_is_decided(given, decision, words, over):
    given(*over).when(decision, **words("bob", BOB)).refused(NothingToDecide)


@DECISIONS
def test_a_leavers_case_stands_still(given, decision, words):
    given(ASKED, FROZE).when(decision, **words("bob", BOB)).refused(CaseFrozen)


# Ways of not accepting


def test_a_decline_ends_the_request(given):
    story = given(ASKED).when(decline, **declining()).then(DECLINED)
    assert (story.state.phase, story.state.is_open) == (Phase.DECLINED, False)


def test_after_level_twos_decline_level_ones_acceptance_stays_on_record(given):
    story = given(ASKED, BY_BOB).when(decline, **declining("cy", CY))
    assert story.the(TaskDeclined).card.level == 2
    assert story.state.decided == {1: ("bob", "bob")}


def test_a_return_says_what_is_missing_and_to_which_step(given):
    story = given(ASKED).when(give_back, **returning()).then(RETURNED)
    assert story.state.phase is Phase.RETURNED


def test_what_level_two_returned_begins_at_level_one_again(given):
    returned = given(ASKED, BY_BOB).when(give_back, **returning("cy", CY))
    again = returned.when(ask, **asking(SECOND))
    assert (again.state.level, again.state.acceptances) == (1, {})


@DECISIONS
def test_in_the_last_round_only_accepting_or_declining_remains(given, decision, words):
    told = given(asked(round=3)).when(decision, **words("bob", BOB))
    if decision is give_back:
        told.refused(LastRound, rounds=3)
    else:
        assert isinstance(told.outcome, list)


def test_withdrawing_ends_the_request(given):
    story = given(ASKED, BY_BOB).when(withdraw, on=DAY).then(WITHDRAWN)
    assert story.state.phase is Phase.WITHDRAWN


def test_what_was_returned_may_be_withdrawn(given):
    given(ASKED, RETURNED).when(withdraw, on=DAY).then(WITHDRAWN)


def test_withdrawing_twice_changes_nothing(given):
    given(ASKED, WITHDRAWN).when(withdraw, on=NEXT_DAY).then()


@pytest.mark.parametrize("over", [[], [ASKED, DECLINED], [ASKED, BY_BOB, BY_CY, ENABLED]])
def test_what_is_over_is_not_withdrawn(given, over):
    given(*over).when(withdraw, on=DAY).refused(NothingToWithdraw)


# Questions


BOB_ASKS = QuestionAsked(question="why", by="bob", text=WORDS, on=DAY)
ADA_ASKS = QuestionAsked(question="when", by="ada", text=WORDS, on=DAY)


def test_a_question_moves_nothing(given):
    story = given(ASKED).when(ask_question, question="why", by="bob", text=WORDS, on=DAY)
    story.then(BOB_ASKS)
    assert (story.state.level, story.state.phase) == (1, Phase.OPEN)


def test_the_employee_answers_an_approver(given):
    story = given(ASKED, BOB_ASKS).when(
        answer_question, question="why", by="ada", text=WORDS, on=DAY
    )
    story.then(QuestionAnswered(question="why", by="ada", text=WORDS, on=DAY))
    assert story.state.questions == ()


def test_an_approver_answers_the_employee(given):
    given(ASKED, ADA_ASKS).when(answer_question, question="when", by="cy", text=WORDS, on=DAY).then(
        QuestionAnswered
    )


@pytest.mark.parametrize(
    ("question", "by"), [(BOB_ASKS, "bob"), (BOB_ASKS, "cy"), (ADA_ASKS, "ada")]
)
def test_the_side_that_asked_does_not_answer(given, question, by):
    given(ASKED, question).when(
        answer_question, question=question.question, by=by, text=WORDS, on=DAY
    ).refused(OwnQuestion)


def test_a_question_is_answered_once(given):
    answered = QuestionAnswered(question="why", by="ada", text=WORDS, on=DAY)
    given(ASKED, BOB_ASKS, answered).when(
        answer_question, question="why", by="ada", text=WORDS, on=DAY
    ).refused(UnknownQuestion)


def test_where_nothing_is_open_nothing_is_asked(given):
    given(ASKED, DECLINED).when(ask_question, question="why", by="bob", text=WORDS, on=DAY).refused(
        NothingToDecide
    )


# Naming an approver


def naming(approver="fay", by="hal", level=2, fit=True):
    return {
        "level": level,
        "approver": approver,
        "reason": WORDS,
        "by": by,
        "seats": {1: EVE_FOR_BOB, 2: CY},
        "may_be_named": fit,
        "on": DAY,
    }


NAMED = ApproverNamed(level=2, approver="fay", reason=WORDS, on=DAY)


def test_hr_names_an_approver_with_a_reason(given):
    story = given(ASKED, BY_BOB).when(name_approver, **naming()).then(NAMED)
    assert story.state.named == {2: "fay"}


def test_naming_never_accepts(given):
    story = given(ASKED, BY_BOB).when(name_approver, **naming())
    assert (story.state.level, story.state.phase) == (2, Phase.OPEN)


def test_naming_the_same_person_again_changes_nothing(given):
    given(ASKED, NAMED).when(name_approver, **naming()).then()


def test_another_may_be_named_instead(given):
    assert given(ASKED, NAMED).when(name_approver, **naming("guy")).state.named == {2: "guy"}


@pytest.mark.parametrize("by", ["ada", "fay", "bob", "eve", "cy"])
def test_nobody_names_in_a_case_in_which_they_have_a_part(given, by):
    given(ASKED).when(name_approver, **naming(by=by)).refused(InvolvedInCase)


def test_who_decided_already_names_nobody(given):
    by_hal = accepted("hal", standing=Standing.STAND_IN, on_behalf_of="bob")
    given(ASKED, by_hal).when(name_approver, **naming(by="hal")).refused(InvolvedInCase)


def test_the_employee_is_never_named(given):
    given(ASKED).when(name_approver, **naming("ada")).refused(CannotBeNamed)


def test_who_may_not_decide_is_not_named(given):
    given(ASKED).when(name_approver, **naming(fit=False)).refused(CannotBeNamed)


def test_for_a_level_that_has_decided_nobody_is_named(given):
    given(ASKED, BY_BOB).when(name_approver, **naming(level=1)).refused(
        LevelAlreadyDecided, level=1
    )


@pytest.mark.parametrize("level", [0, 3])
def test_there_are_two_levels(given, level):
    given(ASKED).when(name_approver, **naming(level=level)).refused(UnknownLevel)


def test_where_nothing_is_open_nobody_is_named(given):
    given(ASKED, DECLINED).when(name_approver, **naming()).refused(NothingToDecide)


def test_a_named_person_stays_through_the_rounds_of_a_request(given):
    story = given(ASKED, NAMED, RETURNED).when(ask, **asking(SECOND))
    assert story.state.named == {2: "fay"}


def test_a_new_request_begins_with_the_line(given):
    assert given(ASKED, NAMED, DECLINED).when(ask, **asking(SECOND)).state.named == {}


# After the acceptance


DONE = (ASKED, BY_BOB, BY_CY, ENABLED)


def test_an_acceptance_is_valid_for_twelve_months(given):
    enabled = given(ASKED, BY_BOB).when(accept, **accepting("cy", CY)).the(TaskEnabled)
    assert enabled.until == date(2025, 3, 4)


def test_a_leave_of_over_thirty_days_pauses_validity():
    leave_of = [Period(start=date(2024, 6, 1), end=date(2024, 7, n)) for n in (1, 2)]
    assert valid_until(DAY, 12, leave_of[:1]) == date(2025, 3, 4)
    assert valid_until(DAY, 12, leave_of[1:]) == date(2025, 4, 4)


def test_a_leave_recorded_twice_pauses_validity_once():
    leave_of = Period(start=date(2024, 6, 1), end=date(2024, 8, 1))
    assert valid_until(DAY, 12, [leave_of, leave_of]) == date(2025, 5, 4)


def test_a_leave_after_the_end_pauses_nothing():
    leave_of = Period(start=date(2025, 4, 1), end=date(2025, 8, 1))
    assert valid_until(DAY, 12, [leave_of]) == date(2025, 3, 4)


def test_after_a_change_of_job_the_employee_confirms_the_task(given):
    given(*DONE).when(confirm_task, on=DAY).then(TaskConfirmed(on=DAY))


def test_an_enabled_task_may_be_given_up_at_any_time(given):
    story = given(*DONE).when(give_up, on=NEXT_DAY)
    story.then(ApprovalEnded(reason=EndReason.GIVEN_UP, on=NEXT_DAY))
    story.when(give_up, on=NEXT_DAY).then()


def test_leaving_ends_an_acceptance(given):
    given(*DONE).when(leave, on=NEXT_DAY).then(ApprovalEnded(reason=EndReason.LEFT, on=NEXT_DAY))


@pytest.mark.parametrize("still_open", [[ASKED], [ASKED, BY_BOB], [ASKED, RETURNED]])
def test_leaving_freezes_an_open_case(given, still_open):
    given(*still_open).when(leave, on=NEXT_DAY).then(CaseFroze(on=NEXT_DAY))


@pytest.mark.parametrize("over", [[], [ASKED, DECLINED], [ASKED, WITHDRAWN], [ASKED, FROZE]])
def test_leaving_changes_nothing_where_nothing_is_open(given, over):
    given(*over).when(leave, on=NEXT_DAY).then()


@pytest.mark.parametrize(
    ("events", "held"),
    [
        ([], False),
        ([ASKED], True),
        ([ASKED, RETURNED], False),
        ([ASKED, WITHDRAWN], False),
        ([ASKED, DECLINED], False),
        ([ASKED, FROZE], True),
        (DONE, True),
    ],
)
def test_use_and_routine_stand_still_while_with_the_approvers_or_accepted(given, events, held):
    assert given(*events).state.holds_task is held
