"""The disposer: the one path by which anything is destroyed, and where it is looked for afterwards.

Units, rows and projections go in the transaction of the append that says so; keys, which lie in a
database of their own, right after it, and at the next start if a crash came between.
"""

import hashlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..application.ports import Decided, LiveUnit, Signature
from ..domain.disposal import Certificate, CertificateIssued, DisposalRun, Residue
from ..domain.event import Id, PersonId
from . import codec
from .database import Database, Tx
from .keyring import Keyring
from .projector.follower import Projector
from .recorder import Recorder

LIVE = (
    "SELECT u.unit, u.stream, u.subject, count(c.sealed), coalesce(sum(length(c.sealed)), 0)"
    " FROM cs_unit u LEFT JOIN cs_cell c ON c.unit = u.unit WHERE u.state = 'live' AND {which}"
    " GROUP BY u.unit, u.stream, u.subject ORDER BY u.unit"
)


class Disposer:
    """Knows every place in which something of an item could lie."""

    def __init__(
        self, database: Database, recorder: Recorder, keyring: Keyring, projector: Projector
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._keyring = keyring
        self._projector = projector

    def live_units(self, tx: Tx, streams: Sequence[str]) -> tuple[LiveUnit, ...]:
        rows = tx.all(
            LIVE.format(which=f"u.stream {self._recorder.streams_asked}"),
            streams=self._recorder.asked(streams),
        )
        return tuple(LiveUnit(*row) for row in rows)

    def live_units_about(self, tx: Tx, person: PersonId) -> tuple[LiveUnit, ...]:
        rows = tx.all(LIVE.format(which="u.subject = :person"), person=person)
        return tuple(LiveUnit(*row) for row in rows)

    def certificates(self, tx: Tx, streams: Sequence[str]) -> dict[str, str]:
        """Those of the streams that have shrunk, each with the certificate."""
        if not streams:
            return {}
        found = tx.all(
            f"SELECT stream, certificate FROM cs_gone WHERE stream {self._recorder.streams_asked}",
            streams=self._recorder.asked(streams),
        )
        return dict(found)

    def within(self, tx: Tx, decided: Decided) -> None:
        """What goes in the very transaction in which it is recorded that it went."""
        for stream, certificate in decided.residue:
            tx.run(
                "INSERT INTO cs_gone (stream, certificate) VALUES (:stream, :certificate)"
                " ON CONFLICT DO NOTHING",
                stream=stream,
                certificate=certificate,
            )
            self._recorder.shrink(tx, stream, certificate)

    def public_key(self) -> bytes:
        return self._key().public_key().public_bytes_raw()

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._keyring.keyed("certificates", b"1"))

    def sign(self, certificate: Certificate) -> Signature:
        key, public = self._key(), self.public_key()
        said = codec.canonical(certificate.model_dump(mode="json"))
        return Signature(key.sign(said).hex(), hashlib.sha256(public).hexdigest()[:16])

    def look_for(self, state: DisposalRun, run: Id) -> tuple[Residue, ...]:
        return ()

    def hand_out(self, issued: CertificateIssued) -> None:
        return
