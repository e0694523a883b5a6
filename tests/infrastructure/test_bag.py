"""A package for an archive is what RFC 8493 asks for, and what was changed in it is seen."""

import bagit
import pytest

from countersign.infrastructure import bag
from countersign.infrastructure.bag import PackFaulty

PAYLOAD = (("items/0001.json", (b'{"a":', b"1}")), ("readme.txt", (b"what this is\n",)))
INFO = {"Source-Organization": "countersign", "Bagging-Date": "2033-01-02"}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "package"


def test_what_was_written_is_found_whole(folder):
    written = bag.write(folder, PAYLOAD, INFO, items=1)

    assert bag.examined(folder) == written
    assert (folder / "data/items/0001.json").read_bytes() == b'{"a":1}'


def test_it_declares_itself_as_the_standard_says(folder):
    """RFC 8493, sections 2.1.1 and 2.2.2."""
    bag.write(folder, PAYLOAD, INFO, items=1)

    declared = (folder / "bagit.txt").read_bytes()
    assert declared == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert "Payload-Oxum: 20.2\n" in (folder / "bag-info.txt").read_text("utf-8")


def test_an_outside_judge_finds_it_valid(folder):
    bag.write(folder, PAYLOAD, INFO, items=1)

    assert bagit.Bag(str(folder)).validate()


@pytest.mark.parametrize("name", ["data/readme.txt", "bag-info.txt", "manifest-sha512.txt"])
def test_what_was_changed_is_named(folder, name):
    bag.write(folder, PAYLOAD, INFO, items=1)
    changed = folder / name
    changed.write_bytes(changed.read_bytes() + b"x")

    with pytest.raises(PackFaulty, match=name.rpartition("/")[2]):
        bag.examined(folder)


def test_what_is_missing_is_named(folder):
    bag.write(folder, PAYLOAD, INFO, items=1)
    (folder / "data/readme.txt").unlink()

    with pytest.raises(PackFaulty, match=r"readme\.txt is missing"):
        bag.examined(folder)


def test_what_was_added_is_named(folder):
    bag.write(folder, PAYLOAD, INFO, items=1)
    (folder / "data/more.txt").write_text("more")

    with pytest.raises(PackFaulty, match=r"more\.txt was added"):
        bag.examined(folder)


def test_a_manifest_leads_nowhere_else(folder, tmp_path):
    bag.write(folder, PAYLOAD, INFO, items=1)
    (tmp_path / "secret").write_text("secret")
    line = f"{'0' * 128}  ../secret\n"
    (folder / "tagmanifest-sha512.txt").write_text(line)

    with pytest.raises(PackFaulty, match="does not lie within"):
        bag.examined(folder)


def test_a_package_overwrites_nothing(folder):
    folder.mkdir()

    with pytest.raises(PackFaulty, match="is there already"):
        bag.write(folder, PAYLOAD, INFO, items=1)


def test_what_is_half_written_is_no_package_and_is_gone_when_it_is_broken_off(folder):
    beside = folder.with_name(".package.unfinished")

    def payload():
        yield PAYLOAD[0]
        assert not folder.exists()
        with pytest.raises(PackFaulty, match="no whole package"):
            bag.examined(beside)
        yield "more.txt", broken_off()

    def broken_off():
        yield b"half of it"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bag.write(folder, payload(), INFO, items=1)
    assert list(folder.parent.iterdir()) == []


def test_what_the_disk_refuses_is_told_and_nothing_is_left(folder):
    clash = (*PAYLOAD, PAYLOAD[0])

    with pytest.raises(PackFaulty, match="cannot be written: File exists"):
        bag.write(folder, clash, INFO, items=1)
    assert list(folder.parent.iterdir()) == []


def test_nobody_else_can_look_into_it(folder):
    bag.write(folder, PAYLOAD, INFO, items=1)

    assert folder.stat().st_mode & 0o077 == 0


def test_files_of_an_item_are_not_counted_as_items(folder):
    files = tuple((f"items/0001/files/000{n}.txt", (b"x",)) for n in (1, 2))
    written = bag.write(folder, (*PAYLOAD, *files), INFO, items=1)

    assert bag.examined(folder) == written
