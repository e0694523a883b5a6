"""Disposals: an approved run is carried out to its certificate; what goes by itself is swept."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from ..domain.disposal import CertificateIssued, DisposalRun, RunDrafted
from ..domain.event import Id
from ..domain.refusals import NothingToDispose, Stale
from .aggregates import RUN
from .commands import (
    CertifyDisposal,
    Command,
    DestroyNext,
    ItemRef,
    NoticeReading,
    SweepAccessLog,
    SweepReading,
)
from .desk import THE_ENGINE
from .ports import Answers, Journal, Receipt
from .questions import ReadingToGo, RegisterItem

AT_ONCE = 100
"""Items that the sweep takes in one run."""


def carry_out(
    journal: Journal,
    handle: Callable[[Command], Receipt],
    run: Id,
    told: Callable[[int, int], None],
) -> None:
    """Items first, then what lies outside the transaction, then the certificate.

    A crash between any two of these is made good by doing it again.
    """
    state = _state(journal, run)
    while state.left and not state.is_certified:
        with suppress(Stale):  # somebody else carries it out too, or a hold came in between
            handle(DestroyNext(run=run))
        state = _state(journal, run)
        told(len(state.done), len(state.entries))
    if state.is_certified:
        return
    residues = journal.look_for(state, run)
    receipt = handle(CertifyDisposal(run=run, residues=residues))
    for recorded in receipt.events:
        if isinstance(recorded.event, CertificateIssued):
            journal.hand_out(recorded.event)


def _state(journal: Journal, run: Id) -> DisposalRun:
    with journal.session() as session:
        return session.recall(RUN, run)[1]


def sweep(answers: Answers, handle: Callable[..., Receipt], now: datetime) -> int:
    """Gives notice of what will go, and takes what has had it; returns how many items."""
    today = now.date()
    going: Sequence[RegisterItem] = answers.answer(ReadingToGo(on=today), at=None, on=today)
    noticed = [each for each in going if each.is_noticed]
    for each in going:
        if not each.is_noticed:
            command = NoticeReading(item=each.item)
            handle(command, THE_ENGINE, command_id=f"notice:{each.item}")
    for start in range(0, len(noticed), AT_ONCE):
        _take(handle, noticed[start : start + AT_ONCE], today)
    return len(going)


def sweep_access_log(handle: Callable[..., Receipt], ground: tuple[object, ...]) -> int:
    """Takes the months whose time is over; `ground` is all that it rests on, and goes once."""
    try:
        receipt = handle(
            SweepAccessLog(), THE_ENGINE, command_id=":".join(map(str, ("sweep-log", *ground)))
        )
    except NothingToDispose:
        return 0
    return sum(
        len(each.event.entries) for each in receipt.events if isinstance(each.event, RunDrafted)
    )


def _take(handle: Callable[..., Receipt], part: Sequence[Any], today: date) -> None:
    refs = tuple(ItemRef(kind=each.kind, item=each.item, stream=each.stream) for each in part)
    first, last = part[0].item, part[-1].item
    try:
        handle(SweepReading(items=refs), THE_ENGINE, command_id=f"sweep:{today}:{first}:{last}")
    except NothingToDispose:
        return
