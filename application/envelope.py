"""The envelope: who, as what, on whose behalf, through what, and on what ground."""

from dataclasses import dataclass, replace
from datetime import datetime

from ..domain.event import PersonId, RecordClass

FORMAT = 1

ENGINE = "engine"
"""The actor of what nobody did: timers and reactions, never the last human."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Design, section 4. Stream, version, position, recorded at, salt and leaf stand in columns.

    `basis` is every (stream, version) that the decision read; the first event of a command
    carries it whole, the others share it by the command id. `rule` is the version of the
    classification that gave the class.
    """

    actor: PersonId
    role: str
    via: str
    command: str
    occurred: datetime
    on_behalf_of: PersonId | None = None
    cause: str | None = None
    correlation: str | None = None
    policy: int | None = None
    case: str | None = None
    id: str = ""
    record_class: RecordClass | None = None
    rule: int = 0
    basis: tuple[tuple[str, int], ...] = ()
    format: int = FORMAT

    def about(
        self,
        *,
        event: str,
        case: str | None,
        record_class: RecordClass,
        rule: int,
        basis: tuple[tuple[str, int], ...],
    ) -> "Envelope":
        """This command's envelope, for one of its events."""
        return replace(self, id=event, case=case, record_class=record_class, rule=rule, basis=basis)
