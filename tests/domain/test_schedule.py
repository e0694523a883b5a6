"""The retention schedule: versions that never change, and civil dates that anybody can reckon."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.domain.refusals import (
    DurationUnreadable,
    GroupUncovered,
    NothingProposed,
    OwnProposal,
    SeriesDouble,
    UnknownSchedule,
)
from countersign.domain.schedule import (
    SHIPPED,
    Action,
    Confirm,
    Cutoff,
    Duration,
    Group,
    ProposalWithdrawn,
    RetentionSchedule,
    ScheduleAdopted,
    ScheduleProposed,
    Version,
    approve,
    evolve,
    lets_go_earlier,
    propose,
    withdraw,
)
from countersign.domain.sealed import Sealed

STORY = (evolve, RetentionSchedule())
ON = date(2026, 3, 2)
WHY = Sealed.of("settled")


def rows(**minimums):
    """The rows that ship, some of them with another minimum."""
    return tuple(
        row.model_copy(update={"minimum": Duration.read(minimums[row.code.replace("-", "_")])})
        if row.code.replace("-", "_") in minimums
        else row
        for row in SHIPPED
    )


def words(changed, by="rita"):
    return {"rows": changed, "digest": "0" * 64, "by": by, "reason": WHY, "on": ON}


def test_the_one_that_ships_covers_everything_and_invents_no_years():
    assert all(Version().covering(group) for group in Group)
    assert Version().open_series == ("PR-ENABLE", "PR-SHORT", "PR-PEOPLE")


def test_keeping_longer_is_in_force_at_once(given):
    longer = rows(RM_READ="P1Y1M")

    given().when(propose, **words(longer)).then(ScheduleProposed, ScheduleAdopted)


def test_confirming_years_waits_for_another_person(given):
    """What was open never went; with a number it may."""
    story = given().when(propose, **words(rows(PR_ENABLE="P7Y"))).then(ScheduleProposed)

    story.when(approve, by="rita", on=ON).refused(OwnProposal)
    story.when(approve, by="rob", on=ON).then(ScheduleAdopted)


def test_nothing_is_approved_that_nobody_proposed(given):
    given().when(approve, by="rob", on=ON).refused(NothingProposed)


def test_a_proposal_can_be_taken_back(given):
    story = given().when(propose, **words(rows(PR_ENABLE="P7Y")))
    story = story.when(withdraw, by="rita", on=ON).then(ProposalWithdrawn)

    story.when(withdraw, by="rita", on=ON).then()
    story.when(approve, by="rob", on=ON).refused(NothingProposed)


def test_every_group_needs_a_row(given):
    given().when(propose, **words(SHIPPED[1:])).refused(GroupUncovered)


def test_no_series_stands_twice(given):
    given().when(propose, **words((*SHIPPED, SHIPPED[0]))).refused(SeriesDouble)


def test_former_versions_stay_to_be_looked_at(given):
    state = given().when(propose, **words(rows(RM_READ="P1Y1M"))).state

    assert state.version(1) == Version()
    assert state.version(2) == state.current
    with pytest.raises(UnknownSchedule):
        state.version(3)


@pytest.mark.parametrize(
    ("change", "earlier"),
    [
        ({"minimum": Duration(months=11)}, True),
        ({"minimum": Duration(years=2)}, False),
        ({"action": Action.KEEP}, False),
        ({"confirm": Confirm.TWO_PERSONS}, False),
        ({"cutoff": Cutoff.CALENDAR_YEAR}, False),
    ],
)
def test_it_knows_what_would_go_earlier(change, earlier):
    changed = (SHIPPED[0].model_copy(update=change), *SHIPPED[1:])

    found = lets_go_earlier(Version(), Version(number=2, rows=changed))
    assert (found == (Group.READING,)) is earlier


@pytest.mark.parametrize("text", ["P7Y", "P18M", "P30D", "P1Y1M", "P1Y2M3D", "P0D"])
def test_a_period_is_read_and_written_alike(text):
    assert str(Duration.read(text)) == text


@pytest.mark.parametrize("text", ["", "P", "7Y", "P1W", "P1.5Y", "P-1Y", "P1D1Y", "PT5H"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(DurationUnreadable):
        Duration.read(text)


DAYS = st.dates(date(1950, 1, 1), date(2200, 1, 1))


@given(day=DAYS, years=st.integers(0, 100), months=st.integers(0, 30))
def test_a_period_never_ends_before_a_shorter_one(day, years, months):
    longer = Duration(years=years, months=months + 1)

    assert Duration(years=years, months=months).after(day) <= longer.after(day)
