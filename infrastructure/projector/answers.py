"""Answers: questions go to the live copies; text is opened by the page."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ...application.questions import Health, ProjectionHealth, Question
from ...domain.sealed import Erased, Sealed
from .. import codec
from ..database import Database, Tx
from ..projections.keeping import days
from ..recorder import UUID_FORM, Recorder
from ..vault import Vault
from . import copies
from .copies import Copy
from .follower import Projector, stands_still
from .given import Given, alike
from .health import health
from .projection import Answering, ProjectionBuilding, ProjectionFaulty

State = Sequence[Copy]
"""The live copies, each as far as it has come."""


class ProjectedAnswers:
    """The projections' side of the engine."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        projector: Projector,
        vault: Vault,
        beside: Sequence[Answering] = (),
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._projector = projector
        self._vault = vault
        self._given = Given()
        self._whose: dict[type[Question], Answering] = {
            question: answering
            for answering in (*projector.projections, *beside)
            for question in answering.answers
        }

    def look(self) -> "ProjectedLook":
        return ProjectedLook(self)

    def answer(self, question: Question, *, at: int | None, on: date) -> Any:
        """Raises ProjectionBuilding or ProjectionFaulty where there is nothing to answer from."""
        return self.answer_of(question, at, on)[0]

    def answer_of(self, question: Question, at: int | None, on: date) -> tuple[Any, State]:
        """The answer, and the state of the live copies that it is of."""
        if isinstance(question, ProjectionHealth):
            return self.health(), ()
        answering = self._whose[type(question)]
        with self._projector.caught_up() as (tx, found):
            _check(answering, {copy.name: copy for copy in found})
            given = self.given(found, question, at, on)
            if given is None:
                given = answering.answer(self._projector.shelf(found).on(tx), question, at, on)
                self._given.put(found, (alike(question), at, on), given)
            return given, found

    def given(self, state: State, question: Question, at: int | None, on: date) -> Any | None:
        """The answer, if it was given in this very state."""
        return self._given.get(state, (alike(question), at, on))

    def place(self, stream: str | None) -> tuple[int, int, State]:
        """The newest position, the stream's version, and the live copies if they are in step."""
        with self._database.reading() as tx:
            if stream is not None and UUID_FORM.fullmatch(stream):
                found, head, version = copies.everything_and_place(tx, stream)
            else:
                (found, head), version = copies.everything_and_head(tx), 0
        return head, version, self._projector.in_step(found, head) or ()

    def health(self) -> Health:
        with self._database.reading() as tx:
            return health(tx, self._recorder, self._projector.projections)

    def position_at(self, moment: datetime) -> int:
        with self._database.reading() as tx:
            return self._recorder.position_at(tx, codec.microseconds(moment))

    def wait_for(self, position: int) -> None:
        self._projector.wait_for(position)

    def open(self, sealed: Sequence[Sealed]) -> dict[Sealed, str | Erased]:
        """What has been destroyed says on which day, where that is on record."""
        with self._database.reading() as tx:
            opened = self._vault.open(tx, sealed)
            gone = {text.certificate for text in opened.values() if isinstance(text, Erased)}
            known = self._days(tx, gone) if gone else {}
        return {key: _dated(text, known) for key, text in opened.items()}

    def _days(self, tx: Tx, certificates: Iterable[str]) -> dict[str, date]:
        """Nothing while the projection that knows is being built."""
        found = {copy.name: copy for copy in self._projector.live_copies(tx)}
        if "keeping" not in found:
            return {}
        return days(self._projector.shelf(tuple(found.values())).on(tx), certificates)


class ProjectedLook:
    """The answers to one request's questions: what is known of the first one's state is not asked.

    Text is opened as it is when it is opened.
    """

    def __init__(self, answers: ProjectedAnswers) -> None:
        self._answers = answers
        self._state: State = ()
        self.position_at = answers.position_at
        self.open = answers.open

    def look(self) -> "ProjectedLook":
        return self

    def place(self, stream: str | None = None) -> tuple[int, int]:
        position, version, self._state = self._answers.place(stream)
        return position, version

    def wait_for(self, position: int) -> None:
        self._state = ()
        self._answers.wait_for(position)

    def answer(self, question: Question, *, at: int | None, on: date) -> Any:
        given = self._answers.given(self._state, question, at, on) if self._state else None
        if given is None:
            given, state = self._answers.answer_of(question, at, on)
            self._state = self._state or state
        return given


def _dated(text: str | Erased, known: Mapping[str, date]) -> str | Erased:
    if isinstance(text, Erased) and text.certificate in known:
        return text.model_copy(update={"on": known[text.certificate]})
    return text


def _check(answering: Answering, live: dict[str, Copy]) -> None:
    for name in answering.reads:
        if name not in live:
            raise ProjectionBuilding(
                f"The projection {name} is being built in its new version; ask again soon"
                " (see `countersign projections status`)."
            )
        if stands_still(live[name]):
            raise ProjectionFaulty(
                f"The projection {name} stands still after position {live[name].position}:"
                f" {live[name].error} (see `countersign projections quarantine list`)."
            )
