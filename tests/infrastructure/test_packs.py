"""Packs: all of what an approved run lets go, told to whom it concerns, whole or not there."""

import json
import re
import tracemalloc

import bagit
import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.disposal import Fate, Store
from countersign.domain.employee import Role
from countersign.domain.hold import Scope
from countersign.domain.items import ItemKind
from countersign.domain.refusals import RoleNeeded, RunNotApproved, TransferNeeded, UnknownRun
from countersign.domain.schedule import Action
from countersign.infrastructure import chunks
from countersign.infrastructure.access_log import NotLogged
from countersign.infrastructure.assembly import PackFaulty
from countersign.infrastructure.vault import Tampered

LEADS = b"name,town\n" + b"Brandt,Ulm\n" * 60_000
ARTICLE = b"How readers choose\n" * 20_000


class Shelf:
    """Ada's closed case with evidence and a file, and what she has read, with a file too."""

    def __init__(self, records, folder):
        self.company, self.records, self.folder = records.company, records, folder
        self.item = records.kept(title="How readers choose", note="page 4")
        self.case = self.company.case("Ada", "noted")
        self.leads = self.company.uploads("Ada", LEADS)
        article = self.company.uploads("Ada", ARTICLE)
        result, listed = self.case.result, c.EvidenceWish(title="the fair's list")
        for command in (
            c.KeepFile(item=self.item, upload=article, name="Ein Artikel für alle.TXT"),
            c.AttachFile(result=result, upload=self.leads, name="leads.csv", title="all of them"),
            c.AddEvidence(result=result, evidence=listed),
            c.AbandonPlan(plan=self.case.plan),
        ):
            self.case.does(command)

    def refs(self):
        """Everything of hers that may go."""
        found = self.company.ask("Rob", q.Register(may_go=True))
        return [c.ItemRef(kind=each.kind, item=each.item, stream=each.stream) for each in found]

    def ref(self, item):
        return next(each for each in self.refs() if each.item == item)

    def approved(self, *refs):
        run = self.records.drafted(*(refs or self.refs()))
        return self.records.approved(run)

    def pack(self, run, name="Rob"):
        return self.company.house.pack(run.run, self.folder, self.company.actor(name))

    @property
    def transfer(self):
        return self.company.house.packed(self.run()["run"], self.folder)

    def read(self, path):
        return (self.folder / "data" / path).read_bytes()

    def run(self):
        return json.loads(self.read("run.json"))

    def told(self, item):
        """What the pack says of an item, by the place that it has in the run."""
        place = self.run()["items"].index(item) + 1
        return json.loads(self.read(f"items/{place:04}.json"))

    def text(self, item):
        return {
            (event["name"], path): text
            for event in self.told(item)["events"]
            for path, text in event["text"].items()
        }

    def names(self):
        data = self.folder / "data"
        return [each.relative_to(data).as_posix() for each in data.rglob("*") if each.is_file()]

    def beside(self):
        """What lies where the pack was to be."""
        return [each.name for each in self.folder.parent.iterdir()]

    def hold(self, **scope):
        placed = c.PlaceHold(scope=Scope(**scope), matter="a dispute", authority="the court")
        return self.company.does("Rob", placed).events[0].event.hold


@pytest.fixture
def shelf(records, tmp_path):
    """Two years later."""
    found = Shelf(records, tmp_path / "archive" / "2028-1")
    records.in_years()
    return found


def exports(company, name):
    company.house.access_log.flush()
    reads = company.ask(name, q.Reads(person=company.person(name)))
    return [(company.name(each.reader), each.what) for each in reads if each.is_export]


# What is in it


def test_a_pack_holds_every_event_with_text_and_files(company, shelf):
    run = shelf.approved()
    packed = shelf.pack(run)

    for entry in run.entries:
        recorded = shelf.records.told(entry.item.stream)
        assert [each["says"] for each in shelf.told(entry.item.item)["events"]] == [
            each.model_dump(mode="json") for each in recorded
        ]
    assert shelf.text(shelf.case.result)["result.noted.v1", "what"] == "a lead"
    assert shelf.text(shelf.item)["reference.kept.v1", "note"] == "page 4"
    (leads,), (article,) = (shelf.told(each)["files"] for each in (shelf.leads, shelf.item))
    assert (leads["name"], leads["title"]) == ("leads.csv", "all of them")
    assert (leads["media_type"], leads["size"]) == ("text/csv", len(LEADS))
    assert shelf.read(leads["path"]) == LEADS
    assert shelf.read(article["path"]) == ARTICLE
    assert packed.transfer.items == len(run.entries) == len(shelf.run()["items"]) == 5
    assert packed.held == ()


def test_an_outside_judge_finds_it_valid(shelf):
    packed = shelf.pack(shelf.approved())

    assert bagit.Bag(str(shelf.folder)).validate()
    assert shelf.transfer == packed.transfer


def test_every_event_is_packed_with_a_leaf_once(shelf):
    shelf.pack(shelf.approved())

    leaves = [json.loads(each)["position"] for each in shelf.read("leaves.jsonl").splitlines()]
    told = [shelf.told(item)["events"] for item in shelf.run()["items"]]
    assert leaves == sorted({event["position"] for events in told for event in events})


def test_no_name_in_it_was_given_by_anybody(shelf):
    shelf.pack(shelf.approved())

    assert [name for name in shelf.names() if not re.fullmatch(r"[a-z0-9/.]+", name)] == []
    assert {name.rpartition(".")[2] for name in shelf.names() if "/files/" in name} == {
        "csv",
        "txt",
    }


def test_what_belongs_to_another_item_of_the_stream_stays_closed(company, shelf):
    """A copy lies in its result's stream; the result itself does not leave with it."""
    shelf.pack(shelf.approved(shelf.ref(shelf.leads)))

    of_result, of_copy = {"of": shelf.case.result}, "leads.csv"
    text = shelf.text(shelf.leads)
    other = text["result.evidence_added.v1", "evidence.title"]
    assert text["result.noted.v1", "what"] == of_result
    assert text["result.file_attached.v1", "file.name"] == of_copy
    assert other["of"] not in (shelf.leads, shelf.case.result)


def test_a_file_goes_with_its_own_item_and_with_no_other(shelf):
    shelf.pack(shelf.approved(shelf.ref(shelf.case.result)))

    assert shelf.told(shelf.case.result)["files"] == []
    text = shelf.text(shelf.case.result)
    assert text["result.file_attached.v1", "file.name"] == {"of": shelf.leads}
    assert [name for name in shelf.names() if "/files/" in name] == []


def test_memory_stays_flat_however_long_a_file(company, records, tmp_path):
    case, piece, times = company.case("Ada", "noted"), b"a line of a log\n" * 4096, 256
    with company.engine.upload(company.actor("Ada")) as arriving:
        for _ in range(times):
            arriving.write(piece)
        upload = arriving.finish().blob
    case.does(c.AttachFile(result=case.result, upload=upload, name="long.log"))
    case.does(c.AbandonPlan(plan=case.plan))
    records.in_years()
    copy = c.ItemRef(kind=ItemKind.COPY, item=upload, stream=case.result)
    run = records.approved(records.drafted(copy))

    tracemalloc.start()
    packed = company.house.pack(run.run, tmp_path / "pack", company.actor("Rob"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert packed.transfer.octets > times * len(piece)
    assert peak < 12 * chunks.SIZE


# What has gone meanwhile


def test_a_file_that_was_erased_says_under_which_certificate(company, shelf):
    run = shelf.approved()
    discarded = company.does("Ada", c.DiscardItem(item=shelf.item)).events
    (certificate,) = {
        each.event.certificate for each in discarded if each.name == "disposal.drafted.v1"
    }
    packed = shelf.pack(run)

    (article,) = shelf.told(shelf.item)["files"]
    erased = {"erased": certificate}
    assert article["name"] == erased
    assert (article["erased"], article["size"], "path" in article) == (
        certificate,
        len(ARTICLE),
        False,
    )
    assert shelf.text(shelf.item)["reference.kept.v1", "title"] == erased
    assert shelf.transfer == packed.transfer


def test_an_item_of_which_nothing_is_left_says_so_and_is_counted(company, shelf):
    run = shelf.approved()
    company.engine.fire_due()
    company.clock.wait(days=40)
    company.engine.fire_due()
    packed = shelf.pack(run)

    (gone,) = {
        each.certificate
        for each in company.ask("Rob", q.Register(owner=company.person("Ada")))
        if each.item == shelf.item
    }
    told = shelf.told(shelf.item)
    assert (told["gone"], told["events"], told["files"]) == (gone, [], [])
    assert shelf.transfer.items == packed.transfer.items == len(run.entries)


# Holds


def test_what_is_on_hold_is_packed_and_says_so(company, shelf):
    run = shelf.approved()
    hold = shelf.hold(items=(shelf.item,))
    packed = shelf.pack(run)

    assert packed.held == (shelf.item,)
    assert shelf.told(shelf.item)["held"] == [hold]
    assert shelf.told(shelf.case.plan)["held"] == []
    fates = {each.item: each.fate for each in carried_out(company, shelf, run).done}
    assert fates.pop(shelf.item) is Fate.SPARED
    assert set(fates.values()) == {Fate.DESTROYED}


def test_what_is_let_go_between_pack_and_destruction_was_handed_over(company, shelf):
    run = shelf.approved()
    hold = shelf.hold(items=(shelf.item,))
    shelf.pack(run)
    company.does("Rob", c.ReleaseHold(hold=hold, reason="settled"))

    fates = {each.item: each.fate for each in carried_out(company, shelf, run).done}
    (article,) = shelf.told(shelf.item)["files"]
    assert fates[shelf.item] is Fate.DESTROYED
    assert shelf.read(article["path"]) == ARTICLE


# Handed over, and then destroyed


def carried_out(company, shelf, run):
    handed = c.RecordTransfer(run=run.run, transfer=shelf.transfer, receiver="the city archive")
    company.does("Rob", handed)
    company.engine.carry_out(run.run)
    return shelf.records.issued(run.run).certificate


def hands_over(company, series):
    """From now on what this series covers goes to an archive first."""
    rows = [
        c.SeriesRow(
            **each.model_dump(exclude={"words", "is_open", "action"}),
            action=Action.TRANSFER if each.code == series else each.action,
        )
        for each in company.ask("Rob", q.Schedule()).rows
    ]
    company.does("Rob", c.ProposeSchedule(rows=tuple(rows), reason="the archive wants them"))


def test_what_an_archive_is_to_have_is_not_destroyed_before_it_has_it(company, shelf):
    hands_over(company, "PR-SHORT")
    run = shelf.approved()
    with pytest.raises(TransferNeeded):
        company.engine.carry_out(run.run)
    shelf.pack(run)
    with pytest.raises(TransferNeeded):
        company.engine.carry_out(run.run)

    assert carried_out(company, shelf, run).destroyed == len(run.entries)


def test_the_certificate_says_what_was_handed_over(company, shelf):
    run = shelf.approved()
    packed = shelf.pack(run)
    certificate = carried_out(company, shelf, run)

    (transferred,) = (each for each in certificate.residues if each.store is Store.TRANSFERRED)
    assert certificate.transfer == packed.transfer
    assert (transferred.clean, transferred.left) == (False, packed.transfer.items)


def test_a_pack_of_another_run_is_not_taken_for_this_ones(company, shelf):
    shelf.pack(shelf.approved(shelf.ref(shelf.item)))
    other = shelf.approved(shelf.ref(shelf.case.result))

    with pytest.raises(PackFaulty, match="another run"):
        company.house.packed(other.run, shelf.folder)


# Who may, and of which run


def test_only_an_approved_run_is_packed(company, shelf):
    drafted = shelf.records.drafted(*shelf.refs())
    with pytest.raises(RunNotApproved):
        shelf.pack(drafted)
    shelf.records.disposed(drafted)
    with pytest.raises(RunNotApproved):
        shelf.pack(drafted)

    assert exports(company, "Ada") == []


def test_only_a_records_manager_makes_a_pack(company, shelf):
    """Whose item is on the list may see that much of it, and no more."""
    run = shelf.approved()
    company.does("Hilda", c.GrantRole(person=company.person("Carl"), role=Role.AUDITOR))
    for stranger in ("Max", "Carl"):
        with pytest.raises(UnknownRun):
            shelf.pack(run, stranger)
    with pytest.raises(RoleNeeded):
        shelf.pack(run, "Ada")

    assert not shelf.folder.exists()


def test_a_folder_that_is_there_is_left_alone_and_nothing_is_logged(company, shelf):
    shelf.folder.mkdir(parents=True)
    run = shelf.approved()
    with pytest.raises(PackFaulty, match="is there already"):
        shelf.pack(run)

    assert list(shelf.folder.iterdir()) == []
    assert exports(company, "Ada") == []


# It is an export


def test_a_pack_is_an_export_of_everybody_whose_item_is_in_it(company, shelf):
    for _ in range(2):
        shelf.records.closed_case("Bob")
        company.clock.wait(days=1)
    shelf.records.in_years()
    shelf.pack(shelf.approved())

    assert exports(company, "Ada") == exports(company, "Bob") == [("Rob", "transfer_pack")]
    assert exports(company, "Carl") == []


def test_what_cannot_be_logged_is_not_packed(company, shelf):
    run = shelf.approved()
    with company.house.database.writing() as tx:
        tx.run("DROP TABLE cs_access")
    with pytest.raises(NotLogged):
        shelf.pack(run)

    assert not shelf.folder.parent.exists()


# Whole or not there


def test_a_pack_that_is_broken_off_leaves_nothing(company, shelf):
    run = shelf.approved()
    with company.house.database.writing() as tx:
        tx.run(
            "UPDATE cs_chunk SET sealed = :other WHERE blob = :blob AND place = 1",
            other=bytes(chunks.SIZE + chunks.OVERHEAD),
            blob=shelf.leads,
        )
    with pytest.raises(Tampered):
        shelf.pack(run)
    assert shelf.beside() == []

    with pytest.raises(Tampered):
        shelf.pack(run)


def test_what_a_kill_has_left_must_be_removed_first(shelf):
    run = shelf.approved()
    left = shelf.folder.with_name(f".{shelf.folder.name}.unfinished")
    left.mkdir(parents=True)
    with pytest.raises(PackFaulty, match="broken off"):
        shelf.pack(run)
    left.rmdir()

    shelf.pack(run)
    assert shelf.beside() == [shelf.folder.name]


@pytest.mark.parametrize("harm", ["changed", "added", "missing"])
def test_a_pack_that_is_not_as_it_was_written_is_refused(company, shelf, harm):
    run = shelf.approved(shelf.ref(shelf.item))
    shelf.pack(run)
    (path,) = (each["path"] for each in shelf.told(shelf.item)["files"])
    file = shelf.folder / "data" / path
    match harm:
        case "changed":
            file.write_bytes(ARTICLE.replace(b"choose", b"chose "))
        case "added":
            file.with_name("0002.txt").write_bytes(ARTICLE)
        case "missing":
            file.unlink()

    with pytest.raises(PackFaulty, match=r"000[12]\.txt"):
        company.house.packed(run.run, shelf.folder)
