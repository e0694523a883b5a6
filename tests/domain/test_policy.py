"""Policy: the company's numbers, in versions."""

from datetime import date

import pytest
from pydantic import ValidationError

from countersign.domain.policy import (
    HolidaysSet,
    Policy,
    PolicySet,
    Starting,
    Terms,
    evolve,
    set_holidays,
    set_terms,
)
from countersign.domain.refusals import UnknownYear
from countersign.domain.sealed import Sealed

STORY = (evolve, Policy())

WHY = Sealed.of("we tried it out")
CAREFUL = Terms(starting=Starting.ASKED, practice_days=6)
NEW_YEAR, CHRISTMAS = date(2024, 1, 1), date(2024, 12, 25)


def test_the_defaults_are_the_shipped_ones(given):
    terms = given().state.terms
    assert (terms.tasks_per_cycle, terms.routine_actions, terms.results_per_task) == (2, 5, 1)
    assert (terms.practice_months, terms.gap_working_days, terms.practice_days) == (1, 5, 4)
    assert (terms.remind_after_days, terms.overdue_after_days, terms.lapse_after_days) == (3, 7, 30)
    assert (terms.rounds, terms.valid_months, terms.renew_before_days) == (3, 12, 30)
    assert (terms.backdate_days, terms.seldom_occurrences, terms.quiet_months) == (7, 3, 12)
    assert (terms.starting, terms.evidence_valid_months) == (Starting.TOLD, 6)


def test_other_terms_are_the_next_version(given):
    given().when(set_terms, terms=CAREFUL, reason=WHY).then(
        PolicySet(version=2, terms=CAREFUL, reason=WHY)
    )


def test_the_same_terms_change_nothing(given):
    given().when(set_terms, terms=Terms(), reason=WHY).then()


def test_versions_count_on(given):
    back = given(PolicySet(version=2, terms=CAREFUL, reason=WHY)).when(
        set_terms, terms=Terms(), reason=WHY
    )
    assert back.state == Policy(version=3)


@pytest.mark.parametrize("wrong", [{"tasks_per_cycle": 3}, {"practice_days": 0}, {"rounds": 0}])
def test_terms_that_break_the_process_cannot_be_written(wrong):
    with pytest.raises(ValidationError):
        Terms(**wrong)


def test_holidays_are_set_for_a_year_sorted_and_once(given):
    given().when(set_holidays, year=2024, days=(CHRISTMAS, NEW_YEAR, CHRISTMAS)).then(
        HolidaysSet(year=2024, days=(NEW_YEAR, CHRISTMAS))
    )


def test_holidays_of_another_year_are_refused(given):
    given().when(set_holidays, year=2025, days=(CHRISTMAS,)).refused(UnknownYear, year=2025)


def test_the_same_holidays_change_nothing(given):
    set_before = HolidaysSet(year=2024, days=(NEW_YEAR, CHRISTMAS))
    given(set_before).when(set_holidays, year=2024, days=(CHRISTMAS, NEW_YEAR)).then()


def test_a_years_holidays_leave_the_other_years_alone(given):
    before = HolidaysSet(year=2023, days=(date(2023, 12, 25),))
    story = given(before, HolidaysSet(year=2024, days=(NEW_YEAR,)))
    again = story.when(set_holidays, year=2024, days=(CHRISTMAS,))
    assert again.state.holidays == (date(2023, 12, 25), CHRISTMAS)
