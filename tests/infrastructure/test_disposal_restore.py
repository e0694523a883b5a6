"""A restored backup brings nothing back: what had gone goes again before anybody reads."""

import json

import pytest

from countersign.application import questions as q
from countersign.domain.refusals import UnknownPerson
from countersign.infrastructure.assembly import CertificateRefused

from .backups import Backup, reapplied


@pytest.fixture
def settings(settings, tmp_path):
    return settings.model_copy(update={"certificate_folder": str(tmp_path / "certificates")})


@pytest.fixture
def story(company, records, place, tmp_path):
    return Story(company, records, Backup(place, tmp_path))


class Story:
    """A case and Ada's profile go; the backup is from before."""

    def __init__(self, company, records, backup):
        self.backup = backup
        self.case = records.closed_case()
        self.ada = company.person("Ada")
        company.leaves("Ada")
        records.in_years()
        self.streams = (self.case.plan, self.case.result)
        self.units = records.units(*self.streams, self.ada)
        self.run = records.drafted(*records.refs(self.case))
        backup.take(company.house)
        self.issued = records.disposed(self.run)
        self.erased = records.disposed(records.erasure("Ada"))
        company.house.close()

    def check_gone(self, company, records):
        assert set(records.units(*self.streams, self.ada).values()) == {"destroyed"}
        assert records.keys(self.units) == set()
        assert [records.told(stream) for stream in self.streams] == [[], []]
        with pytest.raises(UnknownPerson):
            company.ask("engine", q.WhoIs(known_as="Ada"))
        records.all_as_rebuilt()


def test_an_older_main_database_is_put_right_by_its_fences(
    company, story, also, records_of, tmp_path
):
    """Also where no certificate was kept: the keyring is newer, and knows."""
    for file in (tmp_path / "certificates").rglob("*.json"):
        file.unlink()
    story.backup.restore_main()

    twin = also(company)

    story.check_gone(twin, records_of(twin))
    assert {each.certificate for each in reapplied(twin)} == {
        story.issued.certificate.certificate,
        story.erased.certificate.certificate,
    }


def test_when_all_is_old_the_certificates_tell_what_had_gone(company, story, also, records_of):
    story.backup.restore_main()
    story.backup.restore_keys()

    twin = also(company)

    story.check_gone(twin, records_of(twin))
    told = {each.certificate: each for each in reapplied(twin)}
    certificate = story.issued.certificate.certificate
    assert told[certificate].issued == story.issued.certificate
    assert told[certificate].signature == story.issued.signature
    assert set(told[certificate].residue) == set(story.streams)
    assert records_of(twin).state(story.run.run).is_certified


def test_an_older_keyring_alone_loses_the_keys_again(company, story, also, records_of):
    story.backup.restore_keys()

    twin = also(company)

    story.check_gone(twin, records_of(twin))
    assert reapplied(twin) == []
    assert twin.house.keyring.fenced([f"stream:{story.case.plan}"])


def test_putting_right_is_done_once(company, story, also):
    story.backup.restore_main()
    story.backup.restore_keys()
    also(company)
    twin = also(company)

    assert len(reapplied(twin)) == 2


def test_a_start_with_nothing_restored_writes_nothing(company, story, also):
    before = also(company).engine.position()

    assert also(company).engine.position() == before


def test_a_forged_certificate_stops_the_start_and_destroys_nothing(
    company, records, also, records_of, tmp_path
):
    case = records.closed_case()
    units = records.units(case.plan, case.result)
    records.in_years()
    issued = records.disposed(records.drafted(records.refs(case)[1]))
    (file,) = (tmp_path / "certificates").rglob("*.json")
    forged = json.loads(file.read_text())
    forged["certificate"]["certificate"] = "5e9d4c1a-8d0a-4b57-9a55-6d3c0c2f7f10"
    forged["certificate"]["done"][0]["units"] = sorted(units)
    fake = file.with_name("5e9d4c1a-8d0a-4b57-9a55-6d3c0c2f7f10.json")
    fake.write_text(json.dumps(forged))

    with pytest.raises(CertificateRefused, match=fake.name):
        also(company)

    assert "live" in records.units(case.plan).values()
    fake.unlink()
    assert issued.certificate.certificate == file.stem
    also(company)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"certificate": 1}', "no JSON"])
def test_what_is_no_certificate_is_named(company, also, tmp_path, content):
    folder = tmp_path / "certificates" / (company.house.database.schema.partition("_")[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stray.json").write_text(content)

    with pytest.raises(CertificateRefused, match="stray"):
        also(company)


def test_what_a_crash_left_half_written_is_no_certificate(company, also, tmp_path):
    folder = tmp_path / "certificates" / (company.house.database.schema.partition("_")[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".5e9d4c1a.json.new").write_text("{")

    also(company)


def test_certificates_of_before_are_handed_out_once_there_is_a_folder(
    company, records, also, settings, tmp_path
):
    case = records.closed_case()
    records.in_years()
    issued = records.disposed_case(case)
    elsewhere = settings.model_copy(update={"certificate_folder": str(tmp_path / "elsewhere")})

    also(company, settings=elsewhere)

    (file,) = (tmp_path / "elsewhere").rglob("*.json")
    told = json.loads(file.read_text())
    assert told["certificate"] == issued.certificate.model_dump(mode="json")
    assert told["public_key"] == company.house.public_key()
