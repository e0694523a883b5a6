"""An organisation file: every way in which people write CSV, and every cell that is wrong."""

import pytest

from countersign.domain.employee import Kind
from countersign.interfaces.cli import demo
from countersign.interfaces.cli.organisation_file import parse, read, weekdays


def rows(text, encoding="utf-8"):
    found = parse(text.encode(encoding))
    assert found.problems == []
    return found.rows


def problems(text):
    return [(each.row, each.column) for each in parse(text.encode()).problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_commas_and_semicolons_with_or_without_a_mark_at_the_beginning(
    encoding, delimiter, line_end
):
    text = line_end.join([delimiter.join(["number", "name"]), delimiter.join(["1", "Zoë"]), ""])

    assert [(row.number, row.name) for row in rows(text, encoding)] == [("1", "Zoë")]


def test_a_delimiter_within_quotation_marks_is_text():
    (row,) = rows(
        '"number";"name, as written"\n'.replace("name, as written", "name") + '1;"A; B"\n'
    )

    assert row.name == "A; B"


def test_a_row_is_known_by_the_line_that_it_begins_on():
    text = 'number,name,left_on\n\n1,"Two\nlines",\n2,Late,someday\n'

    assert problems(text) == [(5, "left_on")]


def test_columns_may_stand_in_any_order_and_empty_cells_mean_the_default():
    (row,) = rows("name,kind,number,working_days\nPost,vacancy,7,\n")

    assert (row.number, row.kind, row.weekdays) == ("7", Kind.VACANCY, None)


def test_missing_unknown_and_doubled_columns_are_named_at_the_heading():
    assert problems("number,nmae,nmae\n1,A,B\n") == [
        (1, "name"),
        (1, "nmae"),
        (1, "nmae"),
    ]


def test_every_wrong_cell_of_a_row_is_named_and_the_rest_of_it_is_kept():
    found = parse(b"number,name,top,kind,left_on\n1,A,perhaps,robot,31.3.2026\n")

    assert [each.column for each in found.problems] == ["top", "kind", "left_on"]
    assert all(each.remedy for each in found.problems)
    assert [row.number for row in found.rows] == ["1"]


def test_a_row_with_too_few_cells_is_named():
    assert problems("number,name,email\n1,A\n") == [(2, "row")]


def test_an_open_quotation_mark_is_named_with_the_line_that_it_begins_on():
    assert problems('number,name\n1,A\n2,"B\n') == [(3, "row")]


def test_another_encoding_is_named_with_its_line():
    found = parse("number,name\n1,A\n2,Zoë\n".encode("latin-1"))

    assert [(each.row, each.column) for each in found.problems] == [(3, "file")]


def test_an_empty_file_lacks_its_columns():
    assert problems("") == [(1, "number"), (1, "name")]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("mon,tue,thu", (0, 1, 3)),
        ("Mon - Wed, Friday", (0, 1, 2, 4)),
        ("sun", (6,)),
    ],
)
def test_working_days_are_written_as_people_write_them(text, days):
    assert weekdays(text) == days


@pytest.mark.parametrize("text", ["fri-mon", "funday", "monster", "mon-", "-", ","])
def test_what_are_no_working_days_is_refused(text):
    found = parse(f'number,name,working_days\n1,A,"{text}"\n'.encode())

    assert [(each.row, each.column) for each in found.problems] == [(2, "working_days")]


def test_the_company_of_the_demo_has_every_awkward_case():
    found = read(demo.FILE)
    by_number = {row.number: row for row in found.rows}
    posts = {row.manager for row in found.rows}

    assert found.problems == []
    assert len(found.rows) >= 60
    (top,) = (row.number for row in found.rows if row.top)
    assert any(row.kind is Kind.VACANCY and row.number in posts for row in found.rows)
    assert any(row.manager == top and row.number not in posts for row in found.rows)
    assert max(_depth(row.number, by_number) for row in found.rows) == 4
    assert len({row.time_zone for row in found.rows}) > 2


def _depth(number, by_number):
    manager = by_number[number].manager
    return 1 + (_depth(manager, by_number) if manager else 0)
