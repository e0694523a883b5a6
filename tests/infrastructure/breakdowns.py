"""What breaks a disposal off from outside, and how it goes on."""

import sqlite3
from contextlib import closing, contextmanager


@contextmanager
def keyring_held(tmp_path):
    """Somebody else writes to the keyring, and does not end."""
    (file,) = tmp_path.glob("keys*.db")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def resumed(company, also, records_of):
    """By the next start, and nobody else."""
    twin = also(company)
    return twin, records_of(twin)
