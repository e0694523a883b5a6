"""A schedule file: the published shape loads as it is, and nothing in it is lost."""

import csv
import io

import pytest

from countersign.application.records import series_of
from countersign.domain.schedule import Action, Cutoff, Group, Trigger
from countersign.interfaces.cli import schedule_file

PUBLISHED = """GRS Schedule Number,Item Number,Records Title,Disposition Authority,\
Final Disposition,Retention (in years),Retention Type,Event Type,\
Disposition Instruction,Superseded By
1.1,010,Financial transaction records,DAA-GRS-2013-0003-0001,\
Temporary,6,Event_age,Final action,"Destroy 6 years after final payment, or longer if needed.",
5.2,010,Transitory records,DAA-GRS-2022-0009-0001,\
Temporary,,Event_age,No longer needed,Destroy when no longer needed.,
2.6,030,Training records,DAA-GRS-2016-0014-0003,\
Temporary,3 or 5,,,"3 years, or 5, as it suits",
6.1,010,Capstone officials,DAA-GRS-2014-0001-0001,\
Permanent,15,Creation_age,,Transfer after 15,
"""
"""In the shape of the machine-implementable general records schedule; the rows are examples."""

OURS = """x_series,x_covers,x_trigger,x_cutoff,x_minimum,x_maximum,x_action,x_confirm,x_authority
PR-ENABLE,submitted,event,calendar_year,P7Y,,destroy,two_persons,policy 12
"""


def read(text):
    found = schedule_file.parse(text.encode())
    assert found.problems == []
    return found.rows


def test_every_row_of_the_published_shape_loads():
    codes = [row.code for row in read(PUBLISHED)]

    assert codes == ["1.1/010", "5.2/010", "2.6/030", "6.1/010"]


def test_rows_that_came_with_one_code_are_told_apart():
    rows = read("Item Number,Records Title\n010,reports\n010,drafts\n")

    assert [row.code for row in rows] == ["010", "010 (2)"]


def test_what_can_be_computed_is():
    payments, *_ = read(PUBLISHED)

    assert (payments.minimum, payments.trigger, payments.action) == (
        "P6Y",
        Trigger.EVENT,
        Action.DESTROY,
    )


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (0, schedule_file.NO_COVER),
        (1, schedule_file.NOT_A_NUMBER),
        (2, schedule_file.NOT_A_NUMBER),
        (3, schedule_file.NO_COVER),
    ],
)
def test_what_cannot_be_computed_or_covers_nothing_says_so(place, why):
    row = read(PUBLISHED)[place]

    assert row.descriptive == why
    assert series_of(row).covers == ()


def test_our_columns_say_what_is_kept_under_a_row():
    (row,) = read(OURS)
    series = series_of(row)

    assert series.covers == (Group.SUBMITTED,)
    assert series.cutoff is Cutoff.CALENDAR_YEAR
    assert str(series.minimum) == "P7Y"


def test_what_came_with_a_row_comes_back():
    rows = read(PUBLISHED)
    back = list(csv.DictReader(io.StringIO(schedule_file.written(rows))))

    for row, told in zip(rows, back, strict=True):
        assert row.words.items() <= told.items()


def test_what_was_written_reads_the_same():
    rows = read(OURS) + read(PUBLISHED)
    again = read(schedule_file.written(rows))

    assert [row.model_dump(exclude={"words"}) for row in again] == [
        row.model_dump(exclude={"words"}) for row in rows
    ]


def test_a_strange_column_is_kept():
    (row,) = read("x_series,Our Remark\nX-1,see the shelf\n")

    assert row.words["Our Remark"] == "see the shelf"
    assert "see the shelf" in schedule_file.written([row])


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("X-1,submitted,event,P7,destroy", "x_minimum"),
        ("X-1,everything,event,P7Y,destroy", "x_covers"),
        ("X-1,submitted,sometime,P7Y,destroy", "x_trigger"),
        ("X-1,submitted,event,P7Y,burn", "x_action"),
        ("?,submitted,event,P7Y,destroy", "x_series"),
    ],
)
def test_a_cell_that_does_not_fit_is_named(cells, column):
    text = f"x_series,x_covers,x_trigger,x_minimum,x_action\n{cells}\n"
    (problem,) = schedule_file.parse(text.encode()).problems

    assert (problem.row, problem.column) == (2, column)


def test_an_empty_file_is_no_schedule():
    assert schedule_file.parse(b"").problems


def test_rows_of_a_file_take_the_place_of_those_with_their_code():
    kept, old = read("x_series,x_minimum\nA,P1Y\nB,P1Y\n")
    (new,) = read("x_series,x_minimum\nB,P2Y\n")

    assert schedule_file.merged([kept, old], [new]) == [kept, new]
