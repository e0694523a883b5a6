"""Given: answers that were given lately, for as long as nothing at all has been written since."""

import threading
from collections.abc import Sequence
from datetime import date
from typing import Any

from ...application.questions import Inbox, PlanBoard, Question, WhoIs
from .copies import Copy

MOST = 512
LONGEST = 1000
"""Items of a list that is kept."""

Asked = tuple[Question, int | None, date]


class Given:
    """Answers of one state of the live copies; when any of them has moved, all are forgotten.

    They hold references and no text, which is opened for every reader anew, and they are the same
    for every reader: who may see what of them is decided after. Kept is only what is asked for
    most, by an id and without a reason; nothing while a copy is held up, as its rows may then
    change in one place. Nobody changes what they are given.
    """

    def __init__(self) -> None:
        self._state: tuple[Copy, ...] = ()
        self._answers: dict[Asked, Any] = {}
        self._lock = threading.Lock()

    def get(self, state: Sequence[Copy], asked: Asked) -> Any | None:
        with self._lock:
            return self._answers.get(asked) if self._state == tuple(state) else None

    def put(self, state: Sequence[Copy], asked: Asked, answer: Any) -> None:
        if not _is_kept(asked[0], answer) or any(c.attempts or c.quarantined for c in state):
            return
        with self._lock:
            if self._state != tuple(state) or len(self._answers) >= MOST:
                self._state, self._answers = tuple(state), {}
            self._answers[asked] = answer


def alike(question: Question) -> Question:
    """The question without what is only chosen from its answer."""
    return Inbox(person=question.person) if isinstance(question, Inbox) else question


def _is_kept(question: Question, answer: Any) -> bool:
    match question:
        case PlanBoard(reason=None):
            return True
        case WhoIs(known_as=known_as):
            return bool(answer.person == known_as)
        case Inbox():
            return len(answer) <= LONGEST
    return False
