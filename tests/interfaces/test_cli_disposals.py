"""Disposals by the command line: from what is due to the certificate that a stranger checks."""

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from countersign.application import commands as c
from countersign.infrastructure.assembly import open_house
from countersign.interfaces.cli.app import app
from tests.conftest import Clock, Company

LEADS = b"name,town\nBrandt,Ulm\n"
YEARS = "PR-ENABLE=P7Y|PR-SHORT=P1Y|PR-PEOPLE=P2Y"


def two_years_ago():
    """A Monday, so that a month of practice has the days that it needs."""
    day = datetime.now(UTC).date() - timedelta(days=800)
    return datetime.combine(day - timedelta(days=day.weekday()), time(9), UTC)


@pytest.fixture
def company(tmp_path, monkeypatch):
    """It closes its house before anybody opens another by the command line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COUNTERSIGN_DATABASE_URL", f"sqlite:///{tmp_path}/company.db")
    clock = Clock(two_years_ago())
    house = open_house(clock=clock, announce=lambda text: None)
    yield Company(house, clock).given_a_company()
    house.close()


@pytest.fixture
def case(company):
    """Ada's, with a file and a cited page, given up; and the page itself among her reading."""
    company.item = company.does("Ada", c.KeepItem(title="How readers choose")).events[0].stream
    case = company.case("Ada", "noted")
    company.file = company.uploads("Ada", LEADS)
    case.does(c.AttachFile(result=case.result, upload=company.file, name="Leads für alle.csv"))
    cited = c.EvidenceWish(item=company.item)
    case.does(c.AddEvidence(result=case.result, evidence=cited))
    return case


@pytest.fixture
def shell(case):
    """Years later, with the years settled."""
    case.does(c.AbandonPlan(plan=case.plan))
    return opened(case)


@pytest.fixture
def unsettled(case):
    """Years later, and nobody has said how long anything is kept."""
    case.does(c.AbandonPlan(plan=case.plan))
    return opened(case, settled=False)


def opened(case, *, settled=True):
    case.company.house.close()
    runner = CliRunner()

    def run(line, who="Rob", exits=0):
        ran = runner.invoke(app, [*line.split("|"), "--as", who])
        assert ran.exit_code == exits, ran.output
        assert ran.exception is None or isinstance(ran.exception, SystemExit)
        return ran.output

    if settled:
        run(f"records|schedule|confirm|{YEARS}|--authority|the board|--reason|settled")
        run("records|schedule|approve|2", "Hilda")
    return run


def said(output):
    return json.loads(output)


def rows(table):
    """Kind by the beginning of the id, of the lines that are items."""
    cells = (line.split() for line in table.splitlines())
    return {row[0]: row[1] for row in cells if len(row) > 2 and len(row[0]) == 8}


def line_of(table, item):
    (line,) = (line for line in table.splitlines() if line.startswith(item[:8]))
    return line


def approved(shell):
    shell("records|dispose|draft")
    return shell("records|dispose|approve|--yes", "Hilda")


def executed(shell):
    """The certificate's id."""
    return shell("records|dispose|execute|--yes").split("certificate show ")[1].split()[0]


# What would go


def test_what_would_go_is_shown_for_any_day_before_anything_goes(shell, case):
    long_ago = shell("records|due|--on|2020-01-01")
    today = shell("records|due")
    one = said(shell("records|due|--on|2100-01-01|--limit|1|--json"))

    assert long_ago == "Nothing would go on 2020-01-01.\n"
    assert sorted(rows(today).values()) == ["copy", "copy", "plan", "reference", "result"]
    assert "PR-SHORT" in line_of(today, case.plan)
    assert line_of(today, case.plan).endswith("eligible")
    assert today.endswith("Next: countersign records dispose draft\n")
    assert len(one) == 1


def test_without_years_nothing_of_a_case_goes_and_that_is_why(unsettled, case):
    shown = unsettled("records|due|--on|2020-01-01")

    assert "Years not confirmed yet: PR-ENABLE, PR-SHORT, PR-PEOPLE." in shown
    assert "Next: countersign records schedule confirm" in shown
    plan = case.plan[:8]
    assert "YearsNotConfirmed" in unsettled(f"records|dispose|draft|{plan}", exits=1)
    why = unsettled(f"records|why|{plan}")
    assert "nobody has confirmed how long PR-SHORT is kept" in why


def test_the_register_is_narrowed_down_and_says_why(shell, case):
    copies = shell("records|register|--kind|copy")
    in_json = said(shell("records|register|--owner|Ada|--kind|copy|--json"))

    assert "Outcome" in copies.splitlines()[0]
    assert set(rows(copies)) == {each["item"][:8] for each in in_json}
    assert case.company.file in {each["item"] for each in in_json}
    assert shell("records|register|--outcome|held") == "There is nothing of that kind.\n"
    told = shell(f"records|why|{case.company.file[:8]}")
    assert "is a process record: brought as evidence of a result." in told
    reading = shell(f"records|why|{case.company.item[:8]}")
    assert "is reference material: kept by a reader, for the reader." in reading
    assert said(shell(f"records|why|{case.plan[:8]}|--json"))["item"]["kind"] == "plan"


# From the draft to the certificate


def test_from_what_is_due_to_what_is_certified(shell, case):
    drafted = shell("records|dispose|draft")
    assert "Next: countersign records dispose show; another person approves it." in drafted
    listed = shell("records|dispose|show", "Hilda")
    assert "PR-SHORT has kept it until" in line_of(listed, case.plan)
    assert "Say --yes" in shell("records|dispose|approve", "Hilda", exits=2)
    assert "OwnRun" in shell("records|dispose|approve|--yes", exits=1)
    shown = shell("records|dispose|approve|--yes", "Hilda")
    assert shown.startswith(listed.rstrip())
    assert shown.endswith("Next: countersign records dispose execute\n")

    packed = shell("records|dispose|pack|--to|archive/1")
    assert packed.startswith("5 items, ")
    assert "transfer --pack archive/1" in packed
    (file,) = Path("archive/1/data/items").rglob("*.csv")
    assert file.read_bytes() == LEADS
    handed = shell("records|dispose|transfer|--pack|archive/1|--receiver|the city")
    assert handed.splitlines() == [
        "The pack was handed over.",
        "Next: countersign records dispose execute",
    ]
    assert "Handed over: a pack of 5 items." in shell("records|dispose|show")

    assert "Say --yes" in shell("records|dispose|execute", exits=2)
    certificate = executed(shell)
    shown = shell(f"records|certificate|show|{certificate}")
    for line in ("destroyed         5 of 5 items", "write ahead log  clean"):
        assert line in shown
    assert "cannot be looked into" in line_of(shown, "backups")
    assert "5 handed over" in line_of(shown, "transferred")
    (run,) = rows(shell("records|dispose|list|--phase|completed"))
    assert line_of(shell(f"records|dispose|show|{run}"), case.plan).endswith("destroyed")


def test_each_step_answers_in_json(shell, case):
    (drafted,) = said(shell("records|dispose|draft|--json"))["events"]
    assert drafted["name"] == "disposal.drafted.v1"
    view = said(shell("records|dispose|show|--json", "Hilda"))
    assert [each["item"]["kind"] for each in view["entries"]].count("copy") == 2
    (approval,) = said(shell("records|dispose|approve|--yes|--json", "Hilda"))["events"]
    assert approval["name"] == "disposal.approved.v1"
    packed = said(shell("records|dispose|pack|--to|pack|--json"))
    assert (packed["folder"], packed["items"], packed["held"]) == ("pack", 5, [])
    handed = said(shell("records|dispose|transfer|--pack|pack|--receiver|the city|--json"))
    assert handed["events"][0]["says"] == "the pack was handed over"
    done = said(shell("records|dispose|execute|--yes|--json"))
    assert done["transfer"] == {key: packed[key] for key in ("digest", "items", "octets")}
    (summary,) = said(shell("records|dispose|list|--json"))
    assert (summary["destroyed"], summary["phase"]) == (5, "completed")


def test_what_has_gone_says_when_and_under_which_certificate_and_nothing_else(shell, case):
    approved(shell)
    certificate = executed(shell)

    for item in (case.plan, case.result, case.company.file, case.company.item):
        told = shell(f"records|why|{item[:8]}").splitlines()
        assert told[0].startswith(f"{item} was ")
        assert told[-1].startswith("Destroyed on ")
        assert f" under certificate {certificate}" in told[-1]
        assert "None" not in " ".join(told)
        assert "under schedule version" not in " ".join(told)
    file = shell(f"records|why|{case.company.file[:8]}").splitlines()[0]
    assert file.endswith("was a process record: brought as evidence of a result.")
    register = shell("records|register|--state|destroyed")
    assert "destroyed on " in line_of(register, case.plan)
    assert shell("records|due").startswith("Nothing would go on ")


# Packs


def test_a_pack_that_was_changed_is_named_and_nothing_is_recorded(shell, case):
    approved(shell)
    shell("records|dispose|pack|--to|pack")
    (file,) = Path("pack/data/items").rglob("*.csv")
    file.write_bytes(LEADS + b"x")
    receiver = "--receiver|the city"

    changed = shell(f"records|dispose|transfer|--pack|pack|{receiver}", exits=2)
    assert f"{file.relative_to('pack')} in pack is not what was packed." in changed
    missing = shell(f"records|dispose|transfer|--pack|nowhere|{receiver}", exits=2)
    assert "nowhere is no whole package" in missing
    assert said(shell("records|dispose|show|--json"))["transfer"] is None
    assert "is there already" in shell("records|dispose|pack|--to|pack", exits=2)


def test_what_an_archive_is_to_have_is_handed_over_before_it_is_destroyed(shell, case):
    shell("records|schedule|export|ours.csv")
    file = Path("ours.csv")
    rows_of = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text(
        "".join(
            row.replace("P1Y,,destroy", "P1Y,,transfer") if row.startswith(",PR-SHORT") else row
            for row in rows_of
        ),
        "utf-8",
    )
    shell("records|schedule|import|ours.csv|--reason|the archive wants them")
    assert approved(shell).endswith(
        "Next, for an archive: countersign records dispose pack --to FOLDER\n"
    )

    refused = shell("records|dispose|execute|--yes", exits=1)
    assert "hand the pack over before they are destroyed.  [TransferNeeded]" in refused
    shell("records|dispose|pack|--to|pack")
    shell("records|dispose|transfer|--pack|pack|--receiver|the city")
    executed(shell)


def test_what_is_on_hold_is_named_when_it_is_packed_and_stays(shell, case):
    item = case.company.item[:8]
    approved(shell)
    shell(f"records|hold|place|--item|{item}|--matter|a dispute|--authority|the court")
    packed = shell("records|dispose|pack|--to|pack")
    assert f"{item} is on hold: it is in the pack, and stays here too." in packed

    carried_out = shell("records|dispose|execute|--yes")
    assert "4 destroyed, 1 spared, 0 withheld." in carried_out
    (run,) = rows(shell("records|dispose|list"))
    spared = line_of(shell(f"records|dispose|show|{run}"), item)
    assert " keeps it since " in spared
    assert spared.endswith("spared")


def test_everybody_whose_item_is_packed_can_see_by_whom(shell, case):
    approved(shell)
    shell("records|dispose|pack|--to|pack")

    reads = said(shell("employee|reads|--json", "Ada"))
    assert [each["what"] for each in reads if each["is_export"]] == ["transfer_pack"]


# Given up, erased, demoted


def test_a_run_is_given_up_before_anything_of_it_has_gone(shell, case):
    shell("records|dispose|draft")
    assert shell("records|dispose|abandon|--reason|not now") == "The disposal is given up.\n"

    assert "[NoRunOpen]" in shell("records|dispose|show", exits=1)
    assert "abandoned" in shell("records|dispose|list|--phase|abandoned")
    (run,) = rows(shell("records|dispose|list"))
    refused = shell(f"records|dispose|execute|{run}|--yes", exits=1)
    assert "[RunNotApproved]" in refused
    assert "[RunNotDrafted]" in shell(f"records|dispose|approve|{run}|--yes", "Hilda", exits=1)


def test_an_erasure_lists_what_must_stay_with_the_ground(shell, case):
    shell("records|erase|Ada|--reason|asked for on the phone")
    listed = shell("records|dispose|show", "Hilda")
    assert "Asked for because: asked for on the phone" in listed
    assert line_of(listed, case.plan).endswith("nothing keeps it")
    assert line_of(listed, case.company.person("Ada")).endswith("they are in service")

    shell("records|dispose|approve|--yes", "Hilda")
    carried_out = shell("records|dispose|execute|--yes")
    assert "5 destroyed, 0 spared, 1 withheld." in carried_out
    assert shell(f"records|why|{case.company.person('Ada')[:8]}").count("Destroyed") == 0


def test_what_was_cited_by_mistake_is_demoted_with_a_second_person(case):
    case.does(c.RetractResult(result=case.result))
    case.does(c.AbandonPlan(plan=case.plan))
    shell = opened(case)
    copy = case.company.file[:8]
    drafted = shell(f"records|demote|{copy}|--reason|the wrong file")
    assert "Next: countersign records dispose show; another person approves it." in drafted
    assert "Asked for because: the wrong file" in shell("records|dispose|show", "Hilda")
    assert "[OwnRun]" in shell("records|dispose|approve|--yes", exits=1)
    shell("records|dispose|approve|--yes", "Hilda")
    certificate = executed(shell)

    assert f"under certificate {certificate}" in shell(f"records|why|{copy}")
    assert "Destroyed" not in shell(f"records|why|{case.result[:8]}", "Ada")


def test_a_copy_whose_result_stands_is_not_demoted(shell, case):
    refused = shell(f"records|demote|{case.company.file[:8]}|--reason|a mistake", exits=1)

    assert "A record copy stays while its result stands" in refused


# Certificates


@pytest.fixture
def certificate(shell, case):
    """The file that a stranger is given."""
    approved(shell)
    issued = shell(f"records|certificate|show|{executed(shell)}|--json")
    Path("certificate.json").write_text(issued, "utf-8")
    return said(issued)


def test_a_certificate_is_verified_with_the_public_key(shell, certificate):
    key = shell("records|certificate|key").strip()
    assert said(shell("records|certificate|key|--json")) == {"key": key}
    verified = "Verified: the signature holds, and every outcome is as recorded.\n"

    assert shell("records|certificate|verify|certificate.json") == verified
    assert shell(f"records|certificate|verify|certificate.json|--key|{key}") == verified
    told = said(shell("records|certificate|verify|certificate.json|--json"))
    assert told == {"verified": True, "troubles": []}


def test_what_was_changed_or_signed_by_another_does_not_hold(shell, certificate):
    wrong = shell(f"records|certificate|verify|certificate.json|--key|{'00' * 32}", exits=1)
    certificate["certificate"]["drafted_by"] = certificate["certificate"]["approved_by"][0]
    Path("tampered.json").write_text(json.dumps(certificate), "utf-8")
    tampered = shell("records|certificate|verify|tampered.json", exits=1)
    in_json = said(shell("records|certificate|verify|tampered.json|--json", exits=1))

    does_not_hold = "The signature does not hold: it was changed, or signed by somebody else."
    assert wrong.splitlines() == [does_not_hold]
    assert tampered.splitlines() == [
        does_not_hold,
        "Whoever drafted the list has approved it as well.",
    ]
    assert in_json == {"verified": False, "troubles": tampered.splitlines()}


@pytest.mark.parametrize(
    ("file", "key", "exits", "sentence"),
    [
        ("nowhere.json", "", 2, "nowhere.json: No such file or directory."),
        ("no.json", "", 2, "no.json cannot be read as JSON"),
        ("empty.json", "", 1, "This is no certificate, or one of another format."),
        ("certificate.json", "|--key|8f3a", 2, "8f3a is no public key: those have 64"),
    ],
)
def test_what_cannot_be_verified_says_why(shell, certificate, file, key, exits, sentence):
    Path("no.json").write_text("nothing", "utf-8")
    Path("empty.json").write_text("{}", "utf-8")

    assert sentence in shell(f"records|certificate|verify|{file}{key}", exits=exits)


# What is refused, and what to do


@pytest.mark.parametrize(
    ("line", "who", "sentence"),
    [
        ("why|12345678", "Rob", "There is no such item.  [UnknownItem]"),
        ("dispose|draft|12345678", "Rob", "There is no such item.  [UnknownItem]"),
        ("dispose|draft|--on|2100-01-01", "Rob", "2100-01-01 is still to come"),
        ("dispose|draft", "Max", "Nothing of what was named may go on that day."),
        ("dispose|show", "Rob", "No disposal run is open."),
        ("dispose|show|12345678", "Rob", "There is no such disposal run or certificate."),
        ("dispose|pack|--to|pack", "Rob", "`countersign records dispose list` has those"),
        ("certificate|show|12345678", "Rob", "There is no such disposal run or certificate."),
        ("hold|release|12345678|--reason|settled", "Rob", "There is no such hold in force."),
        ("hold|place|--matter|a claim|--authority|us", "Rob", "A hold names what it holds"),
        ("schedule|approve|2", "Hilda", "No version of the schedule waits for approval."),
        ("schedule|show|--version|9", "Rob", "There never was a version 9 of the schedule."),
        ("schedule|withdraw", "Max", "This needs the role records; ask an administrator."),
        ("register|--owner|Nobody", "Rob", "Nobody is known under that name"),
    ],
)
def test_a_refusal_is_a_sentence(shell, line, who, sentence):
    assert sentence in shell(f"records|{line}", who, exits=1)


@pytest.mark.parametrize("name", ["Ada", "Max"])
def test_who_keeps_no_records_makes_no_pack(shell, case, name):
    """Ada's items are on the list: she may see them there, and no more."""
    approved(shell)
    refused = shell("records|dispose|pack|--to|pack", name, exits=1)

    assert ("[RoleNeeded]" in refused) == (name == "Ada")
    assert ("[NoRunOpen]" in refused) == (name == "Max")
    assert not Path("pack").exists()


def test_of_several_open_runs_one_must_be_named(shell, case):
    for item in (case.plan, case.result):
        shell(f"records|dispose|draft|{item[:8]}")

    refused = shell("records|dispose|show", exits=1)
    open_runs = rows(shell("records|dispose|list"))
    assert "[WhichRun]" in refused
    assert all(run in refused for run in open_runs)
