"""Records by the command line: a hold keeps, a schedule is settled, another person approves."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from countersign.interfaces.cli.app import app

HILDA, ROB, ADA = "1", "2", "12"
PEOPLE = """number,name,email,login,manager,top
1,Hilda,hilda@x.example,,10,
2,Rob,rob@x.example,,10,
10,Tess Top,tess@x.example,tess,,yes
11,Max Middle,max@x.example,max,10,
12,Ada Emp,ada@x.example,ada,11,
"""


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COUNTERSIGN_DATABASE_URL", f"sqlite:///{tmp_path}/company.db")
    runner = CliRunner()

    def run(line, who=ROB, exits=0):
        ran = runner.invoke(app, [*line.split("|"), "--as", who])
        assert ran.exit_code == exits, ran.output
        return ran.output

    (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
    founders = "--number|1|--name|Hilda|--email|h@x.example|--second-number|2|--second-name|Rob"
    init = runner.invoke(app, f"init|{founders}|--second-email|r@x.example".split("|"))
    assert init.exit_code == 0, init.output
    run("org|import|people.csv|--yes", HILDA)
    run("reference|keep|How readers choose", ADA)
    return run


def first(table):
    """The beginning of the id in a table's first line."""
    return table.splitlines()[1].split()[0]


@pytest.fixture
def item(shell):
    return first(shell("reference|list", ADA))


def test_a_hold_shows_why_an_item_stays_until_it_is_released(shell, item):
    shell(f"records|hold|place|--item|{item}|--matter|a dispute|--authority|the court")
    hold = first(shell("records|hold|list"))

    assert f"hold {hold} keeps it" in shell(f"records|why|{item}")
    shell(f"records|hold|release|{hold}|--reason|settled")
    assert "hold" not in shell(f"records|why|{item}")


def test_holds_are_listed_with_what_they_cover_and_released_ones_too(shell, item):
    assert shell("records|hold|list") == "Nothing is on hold.\n"
    why = "--matter|claim 8|--authority|letter of 3 May"
    more = "--class|process_record|--from|2026-01-01|--until|2100-01-01|--review-by|2099-05-03"
    shell(f"records|hold|place|--person|{ADA}|{more}|{why}")
    (hold,) = json.loads(shell("records|hold|list|--json"))
    listed = shell("records|hold|list")

    assert hold["matter"] == "claim 8"
    assert "2099-05-03" in listed
    assert f"persons {hold['scope']['persons'][0][:8]}" in listed
    assert "made from 2026-01-01" in listed
    shell(f"records|hold|release|{hold['hold'][:8]}|--reason|settled|--json")
    assert shell("records|hold|list") == "Nothing is on hold.\n"
    assert "claim 8" in shell("records|hold|list|--all")


# The schedule


def rows(schedule):
    return {row["code"]: row for row in json.loads(schedule)["rows"]}


def test_the_years_are_confirmed_by_one_and_approved_by_another(shell):
    assert "Years not confirmed yet: PR-ENABLE, PR-SHORT" in shell("records|schedule|show")
    told = shell("records|schedule|confirm|PR-SHORT=P2Y|--authority|policy 12|--reason|settled")
    waiting = "Next: another records manager says countersign records schedule approve 2"
    assert told.splitlines() == ["Version 2 of the schedule is proposed.", waiting]

    assert "Version 2 waits for another person's approval." in shell("records|schedule|show")
    proposed = shell("records|schedule|show|--version|2", HILDA)
    assert proposed.startswith("Schedule version 2, proposed\n")
    assert "[OwnProposal]" in shell("records|schedule|approve|2", exits=1)
    assert "[Stale]" in shell("records|schedule|approve|3", HILDA, exits=1)
    in_force = "Version 2 of the schedule is in force.\n"
    assert shell("records|schedule|approve|2", HILDA) == in_force
    assert rows(shell("records|schedule|show|--json"))["PR-SHORT"]["minimum"] == "P2Y"
    former = shell("records|schedule|show|--version|1")
    assert former.startswith("Schedule version 1, no longer in force\n")


def test_a_longer_period_is_in_force_at_once_and_nobody_is_called(shell):
    shell("records|schedule|confirm|PR-SHORT=P2Y|--authority|policy 12|--reason|settled")
    shell("records|schedule|approve|2", HILDA)
    told = shell("records|schedule|confirm|PR-SHORT=P3Y|--authority|policy 13|--reason|longer")

    assert told.splitlines()[-1] == "Version 3 of the schedule is in force."


def test_a_proposal_is_taken_back(shell):
    shell("records|schedule|confirm|PR-SHORT=P2Y|--authority|policy 12|--reason|settled")

    taken_back = "The proposed version of the schedule is taken back.\n"
    assert shell("records|schedule|withdraw") == taken_back
    assert "waits" not in shell("records|schedule|show")


@pytest.mark.parametrize(
    ("period", "exits", "sentence"),
    [
        ("PR-SHORT", 2, "PR-SHORT is no SERIES=PERIOD; write PR-ENABLE=P7Y."),
        ("PR-LONG=P2Y", 2, "The schedule has no series PR-LONG; it has RM-READ, PR-ENABLE"),
        ("PR-SHORT=two", 1, "two is no period; write P7Y, P18M or P30D."),
    ],
)
def test_a_period_that_cannot_be_confirmed_says_how(shell, period, exits, sentence):
    line = f"records|schedule|confirm|{period}|--authority|policy 12|--reason|settled"

    assert sentence in shell(line, exits=exits)


def test_a_schedule_goes_out_as_a_file_and_comes_back(shell):
    on_screen = shell("records|schedule|export")
    assert shell("records|schedule|export|ours.csv") == "6 rows of version 1 are in ours.csv.\n"
    file = Path("ours.csv")
    assert file.read_text("utf-8") == on_screen
    taken = "ours.csv is there already; name another, or remove it."
    assert taken in shell("records|schedule|export|ours.csv", exits=2)
    assert json.loads(shell("records|schedule|export|more.csv|--json"))["rows"] == 6

    longer = file.read_text("utf-8").replace("P1Y,P1Y1M", "P2Y,P2Y1M")
    file.write_text(longer, "utf-8")
    imported = "records|schedule|import|ours.csv|--reason|longer"
    assert shell(f"{imported}|--dry-run").splitlines() == [
        "6 rows in the file.",
        "It would be in force at once.",
    ]
    assert rows(shell("records|schedule|show|--json"))["RM-READ"]["minimum"] == "P1Y"
    assert shell(imported).splitlines()[-1] == "Version 2 of the schedule is in force."
    assert rows(shell("records|schedule|show|--json"))["RM-READ"]["minimum"] == "P2Y"


def test_what_would_let_something_go_earlier_waits_for_another_person(shell):
    shell("records|schedule|export|ours.csv")
    file = Path("ours.csv")
    file.write_text(file.read_text("utf-8").replace("P1Y,P1Y1M", "P6M,P8M"), "utf-8")
    imported = "records|schedule|import|ours.csv|--reason|shorter"

    rehearsed = shell(f"{imported}|--dry-run").splitlines()[-1]
    assert rehearsed == "It would be proposed; another records manager would approve it."
    assert shell(imported).splitlines()[-1].endswith("countersign records schedule approve 2")


def test_rows_that_only_describe_are_named_with_what_they_lack(shell):
    Path("grs.csv").write_text(
        "Item Number,Records Title,Retention (in years),Retention Type\n"
        "010,Training,3,Creation_age\n",
        "utf-8",
    )
    imported = "records|schedule|import|grs.csv|--reason|GRS"

    assert shell(f"{imported}|--dry-run").splitlines()[:2] == [
        "1 row in the file; 1 only to describe:",
        "  010: x_covers does not say what is kept under it here",
    ]
    told = json.loads(shell(f"{imported}|--dry-run|--json"))
    assert (told["rows"], list(told["descriptive"])) == (1, ["010"])
    shell(imported)
    assert "only describes" in shell("records|schedule|show")


def test_a_file_with_faults_is_not_imported_and_each_is_named(shell):
    header = "x_series,x_covers,x_trigger,x_minimum,x_maximum,x_action"
    faults = ("A,reading,sometimes,P1Y,,destroy", "B,reading,creation,P1Y,P1M1Y,destroy")
    Path("bad.csv").write_text("\n".join((header, *faults, "")), "utf-8")

    refused = shell("records|schedule|import|bad.csv|--reason|none", exits=1)
    assert "line 2, column x_trigger: sometimes does not fit" in refused
    period = "line 3, column x_maximum: P1M1Y is no period; write P7Y, P18M or P30D."
    assert period in refused
    nowhere = shell("records|schedule|import|nowhere.csv|--reason|none", exits=2)
    assert "nowhere.csv: No such file or directory." in nowhere


# Erasure


def test_an_erasure_is_drafted_by_one_approved_by_another_and_certified(shell, item):
    shell(f"records|erase|--item|{item}|--reason|names a customer")
    run = first(shell("records|dispose|list"))

    assert "RunNotApproved" in shell(f"records|dispose|execute|{run}|--yes", exits=1)
    shell(f"records|dispose|approve|{run}|--yes", exits=1)
    shell(f"records|dispose|approve|{run}|--yes", HILDA)
    carried_out = shell(f"records|dispose|execute|{run}|--yes")

    assert "1 destroyed, 0 spared, 0 withheld." in carried_out
    assert "How readers choose" not in shell("reference|list", ADA)
    certificate = carried_out.split("certificate show ")[1].split()[0]
    assert f"Certificate {certificate}" in shell(f"records|certificate|show|{certificate}")
    (line,) = (each for each in shell(f"records|dispose|show|{run}").splitlines() if item in each)
    assert line.endswith("destroyed")
