"""The ledger's leaves, byte for byte."""

from hashlib import sha256

from countersign.infrastructure.ledger import content_hash, leaf_hash

STREAM = "0b9f1f7e-6d0c-4f0e-9c39-0d8a3c1d2e4f"


def test_content_is_hashed_with_each_part_behind_its_length():
    said = bytes.fromhex("0000000000000024") + STREAM.encode()
    said += bytes.fromhex("0000000000000003")
    said += bytes.fromhex("0000000000000006") + "plän.".encode()
    said += bytes.fromhex("0000000000000002") + b"{}"
    assert content_hash(STREAM, 3, "plän.", b"{}") == sha256(said).digest()


def test_no_two_contents_run_into_each_other():
    assert content_hash(STREAM, 1, "ab", b"c") != content_hash(STREAM, 1, "a", b"bc")


def test_a_leaf_stands_over_salt_position_time_and_content():
    salt, content = bytes(range(16)), bytes(32)
    said = b"\x00" + salt + (7).to_bytes(8) + (1_700_000_000_000_000).to_bytes(8) + content
    assert leaf_hash(salt, 7, 1_700_000_000_000_000, content) == sha256(said).digest()
