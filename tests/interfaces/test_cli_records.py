"""Records by the command line: a hold keeps, another person approves, a certificate proves."""

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
