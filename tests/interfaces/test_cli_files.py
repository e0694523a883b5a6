"""Files by the command line: attached from a path, saved to one, and never over another."""

import sqlite3

import pytest
from typer.testing import CliRunner

from countersign.interfaces.cli.app import app

PEOPLE = """number,name,email,login,manager,top
1,Hilda,hilda@x.example,,10,
2,Rob,rob@x.example,,10,
10,Tess Top,tess@x.example,tess,,yes
11,Max Middle,max@x.example,max,10,
12,Ada Emp,ada@x.example,ada,11,
"""
PDF = b"%PDF-1.7\n" + b"what a pump dealer has offered\n" * 30_000


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COUNTERSIGN_DATABASE_URL", f"sqlite:///{tmp_path}/company.db")
    monkeypatch.setenv("COUNTERSIGN_AS", "12")
    runner = CliRunner()

    def run(*line, exits=0):
        ran = runner.invoke(app, [part for word in line for part in word.split("|")])
        assert ran.exit_code == exits, ran.output
        return ran

    (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
    (tmp_path / "quotation.pdf").write_bytes(PDF)
    administrators = "init|--number|1|--name|Hilda|--email|hilda@x.example"
    run(f"{administrators}|--second-number|2|--second-name|Rob|--second-email|rob@x.example")
    run("org|import|people.csv|--as|1|--yes")
    return run


def the_file(shell, noun):
    """The beginning of the id of the only file that a list shows."""
    lines = shell(f"{noun}|list").stdout.splitlines()
    return lines[lines.index("") + 2].split()[0]


@pytest.fixture
def item(shell):
    shell("reference|keep|How readers choose")
    return shell("reference|list").stdout.splitlines()[1].split()[0]


def test_a_file_is_kept_with_an_item_and_saved_again(shell, item, tmp_path):
    told = shell(f"reference|attach|{item}|quotation.pdf|--title|the offer")
    assert "A file is kept with the reading material." in told.stdout
    assert told.stderr == "", "in a pipe nothing is said of progress"
    copy = the_file(shell, "reference")
    saved = shell(f"reference|file|{copy}|--to|again.pdf")

    assert (tmp_path / "again.pdf").read_bytes() == PDF
    assert "again.pdf" in saved.stdout


def test_it_is_saved_under_its_own_name_into_a_folder(shell, item, tmp_path):
    (tmp_path / "there").mkdir()
    shell(f"reference|attach|{item}|quotation.pdf")
    shell(f"reference|file|{the_file(shell, 'reference')}|--to|there")

    assert [each.name for each in (tmp_path / "there").iterdir()] == ["quotation.pdf"]


def test_what_is_there_is_overwritten_only_when_asked(shell, item, tmp_path):
    shell(f"reference|attach|{item}|quotation.pdf")
    copy, place = the_file(shell, "reference"), tmp_path / "mine.pdf"
    place.write_text("mine")
    told = shell(f"reference|file|{copy}|--to|mine.pdf", exits=2)

    assert "--force" in told.stderr
    assert place.read_text() == "mine"
    shell(f"reference|file|{copy}|--to|mine.pdf|--force")
    assert place.read_bytes() == PDF


def test_a_file_that_is_refused_leaves_no_upload(shell, item, tmp_path):
    (tmp_path / "page.html").write_text("<html><script>x()</script>")
    (tmp_path / "photo.png").write_bytes(PDF)
    (tmp_path / "empty.txt").touch()
    for name, word in (("page.html", "FileUnwelcome"), ("photo.png", "FileContradicts")):
        assert word in shell(f"reference|attach|{item}|{name}", exits=1).stderr
    assert "FileEmpty" in shell(f"reference|attach|{item}|empty.txt", exits=1).stderr
    assert "no file" in shell(f"reference|attach|{item}|nowhere.pdf", exits=2).stderr
    for _ in range(12):
        shell(f"reference|attach|{item}|photo.png", exits=1)


def test_half_a_file_is_never_saved(shell, item, tmp_path):
    shell(f"reference|attach|{item}|quotation.pdf")
    copy = the_file(shell, "reference")
    with sqlite3.connect(tmp_path / "company.db") as tampered:
        tampered.execute("UPDATE cs_chunk SET sealed = zeroblob(length(sealed)) WHERE place = 1")
    before = sorted(each.name for each in tmp_path.iterdir())
    told = shell(f"reference|file|{copy}|--to|again.pdf", exits=1)

    assert "is not the one that was sealed there" in told.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == before


def test_a_file_of_no_result_is_no_evidence(shell):
    shell("plan|start")
    told = shell("result|attach|3f2a81c9|quotation.pdf", exits=1)

    assert "UnknownResult" in told.stderr
