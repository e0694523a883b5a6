"""Keeping: schedule, holds, and disposal runs with their lists, as of any moment.

An index: what a run or a certificate says stays in the journal, in streams that never shrink.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from ...application.ports import Recorded
from ...application.questions import (
    CertificateOf,
    CertificateView,
    Disposal,
    DisposalRuns,
    HoldView,
    LegalHolds,
    Question,
    RunSummary,
    RunView,
    Schedule,
    ScheduleView,
    SeriesView,
    SuspendedErasures,
)
from ...domain.disposal import (
    CertificateIssued,
    DisposalRun,
    Fate,
    Ground,
    RunDrafted,
    RunKind,
    RunPhase,
    evolve,
)
from ...domain.event import Id, PersonId, fold
from ...domain.hold import Hold, Scope
from ...domain.items import Item
from ...domain.refusals import UnknownRun, UnknownSchedule
from ...domain.schedule import Series, Version
from .. import codec
from ..database import Tx
from ..pages import some
from ..recorder import ROW, StoredRow
from .intervals import Book, Doc, Pages, Parted, Spread, held, read_doc

VERSION = Book("cs_p_schedule")
HOLD = Book("cs_p_hold", ("state",))
RUN = Book(
    "cs_p_run",
    ("kind", "phase", "person", "certificate", "follows"),
    (("certificate",), ("person",), ("follows",)),
    listed=True,
    current=(("phase",),),
)
ENTRY = Book(
    "cs_p_run_entry",
    ("run", "item", "owner", "fate", "certificate", "gone_on"),
    (("run",), ("item",), ("owner",), ("certificate",)),
    current=(("fate", "key"),),
)

PROPOSAL = "proposal"
AT_ONCE = 500
ALL = 2**31


class KeepingProjection:
    name = "keeping"
    version = 1
    books = (VERSION, HOLD, RUN, ENTRY)

    answers: tuple[type[Question], ...] = (
        *(Schedule, LegalHolds, DisposalRuns, Disposal, CertificateOf, SuspendedErasures),
    )
    stops = False
    reads = ("keeping",)

    def concerns(self, name: str) -> bool:
        return name.startswith(("schedule.", "hold.", "disposal."))

    def parted(self, name: str) -> Parted:
        return Parted.BY_STREAM

    def fold(self, pages: Spread, recorded: Recorded) -> None:
        kind, _, rest = recorded.name.removesuffix(".v1").partition(".")
        match kind:
            case "schedule":
                _schedule(pages[VERSION], recorded, rest)
            case "hold":
                _hold(pages[HOLD], recorded, rest)
            case "disposal":
                _run(pages[RUN], recorded, rest)
                _entries(pages, recorded, rest)

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        match question:
            case Schedule(version=version):
                return _schedule_view(tx, at, version)
            case LegalHolds(released=released):
                return _holds(tx, at, released=released)
            case DisposalRuns():
                return _runs(tx, at, question)
            case Disposal(run=run):
                return _whole(tx, at, run)
            case CertificateOf(certificate=certificate):
                return _certificate(tx, at, certificate)
            case SuspendedErasures(hold=hold):
                return _suspended(tx, at, hold)
        return None


# The schedule


def _schedule(versions: Pages, recorded: Recorded, rest: str) -> None:
    said, at = recorded.said, recorded.position
    match rest:
        case "proposed":
            versions.put(PROPOSAL, said, at)
        case "adopted":
            versions.put(str(said["version"]["number"]), said, at)
            versions.end(PROPOSAL, at)
        case "proposal_withdrawn":
            versions.end(PROPOSAL, at)


def version_in_force(tx: Tx, at: int | None) -> Version:
    """Version 1 ships, and was never adopted by anybody."""
    found = _in_force(tx, at)
    return Version() if found is None else Version.model_validate(found["version"])


def _in_force(tx: Tx, at: int | None) -> Doc | None:
    adopted = VERSION.rows(tx, at, f"key <> '{PROPOSAL}'")
    return max((doc for _, doc in adopted), key=lambda doc: doc["version"]["number"], default=None)


def proposal(tx: Tx, at: int | None) -> Doc | None:
    """The version that waits for approval, as it was proposed."""
    return VERSION.row(tx, at, PROPOSAL)


def _schedule_view(tx: Tx, at: int | None, number: int | None) -> ScheduleView:
    now, waiting = _in_force(tx, at), proposal(tx, at)
    current = now["version"]["number"] if now else 1
    proposed = waiting["version"]["number"] if waiting else None
    number = number or current
    if number == proposed:
        said = waiting
    else:
        said = now if number == current else VERSION.row(tx, at, str(number))
    if said is None and number != 1:
        raise UnknownSchedule(version=number)
    version = Version.model_validate(said["version"]) if said else Version()
    said = said or {}
    is_proposal = number == proposed
    return ScheduleView(
        version=number,
        digest=said.get("digest"),
        adopted_on=None if is_proposal else said.get("on"),
        proposed_by=said.get("by"),
        approved_by=said.get("approved_by"),
        rows=tuple(series_view(row) for row in version.rows),
        open_series=version.open_series,
        in_force=number == current,
        proposal=proposed,
        earlier=said.get("earlier", ()),
        reason=said.get("reason"),
    )


def series_view(row: Series) -> SeriesView:
    return SeriesView(
        code=row.code,
        covers=row.covers,
        trigger=row.trigger,
        cutoff=row.cutoff,
        minimum=str(row.minimum) if row.minimum else None,
        maximum=str(row.maximum) if row.maximum else None,
        action=row.action,
        confirm=row.confirm,
        descriptive=row.descriptive,
        is_open=row.is_open,
        words=row.words,
    )


# Holds


def _hold(holds: Pages, recorded: Recorded, rest: str) -> None:
    said, at = recorded.said, recorded.position
    if rest == "placed":
        about = {name: said[name] for name in ("hold", "scope", "matter", "authority", "review_by")}
        about |= {"placed_by": said["by"], "placed_on": said["on"]}
        holds.put(said["hold"], about, at, "active")
        return
    doc = holds.get(said["hold"])
    if doc is not None:
        doc |= {"released_by": said["by"], "released_on": said["on"]}
        holds.put(said["hold"], doc | {"release_reason": said["reason"]}, at, "released")


def _holds(tx: Tx, at: int | None, *, released: bool) -> list[HoldView]:
    rows = HOLD.rows(tx, at, "" if released else "state = 'active'")
    found = [HoldView.model_validate(doc) for _, doc in rows]
    return sorted(found, key=lambda each: (each.placed_on, each.hold))


def holds_in_force(tx: Tx, at: int | None) -> tuple[Hold, ...]:
    return tuple(
        Hold(
            hold=each.hold,
            scope=each.scope,
            by=each.placed_by,
            placed_on=each.placed_on,
            review_by=each.review_by,
        )
        for each in _holds(tx, at, released=False)
    )


# Runs


def _run(runs: Pages, recorded: Recorded, rest: str) -> None:
    said, at, run = recorded.said, recorded.position, recorded.stream
    if rest == "drafted":
        doc = _drafted(said)
    else:
        doc = runs.get(run) or {}
        change = _run_change(doc, rest, said)
        if not doc or not change:
            return
        doc |= change
    columns = (doc["kind"], doc["phase"], doc["person"], doc["certificate"], doc["follows"])
    runs.put(run, doc, at, *columns)


DRAFTED = ("run", "kind", "certificate", "needed", "person", "follows")


def _drafted(said: Doc) -> Doc:
    doc = {name: said[name] for name in DRAFTED}
    return doc | {
        "phase": RunPhase.DRAFTED if said["needed"] else RunPhase.APPROVED,
        "entries": len(said["entries"]),
        "drafted_by": said["by"],
        "drafted_on": said["on"],
        "approved_by": [],
    }


def _run_change(doc: Doc, rest: str, said: Doc) -> Doc:
    match rest:
        case "approved":
            approvals = [*doc["approved_by"], said["by"]]
            enough = len(approvals) >= doc["needed"]
            return {"approved_by": approvals} | ({"phase": RunPhase.APPROVED} if enough else {})
        case "abandoned":
            return {"phase": RunPhase.ABANDONED}
        case "certificate_issued":
            done = said["certificate"]["completed_on"]
            return {"phase": RunPhase.COMPLETED, "completed_on": done}
    return {}


def _entries(pages: Spread, recorded: Recorded, rest: str) -> None:
    """What stood on the list, and what has become of it; for the register, and to look it up."""
    said, at, run = recorded.said, recorded.position, recorded.stream
    match rest:
        case "drafted":
            about = {"run": run, "kind": said["kind"], "person": said["person"]}
            for entry in said["entries"]:
                item = {name: value for name, value in entry["item"].items() if value}
                columns = (run, item["item"], item["owner"], None, None, None)
                pages[ENTRY].put(f"{run}:{item['item']}", {"item": item} | about, at, *columns)
        case "item_destroyed" | "item_spared":
            key = f"{run}:{said['done']['item']}"
            doc = pages[ENTRY].get(key)
            if doc is not None:
                _done(pages[ENTRY], key, doc, recorded)


def _done(entries: Pages, key: str, doc: Doc, recorded: Recorded) -> None:
    said, done = recorded.said, recorded.said["done"]
    told = {name: done[name] for name in ("evaluation", "withheld", "cells") if done[name]}
    entries.put(
        key,
        doc | told,
        recorded.position,
        recorded.stream,
        done["item"],
        doc["item"]["owner"],
        done["fate"],
        said.get("certificate"),
        done["on"],
    )


HAS_A_PART = (
    "(person = :person OR EXISTS (SELECT 1 FROM cs_p_run_entry AS e"
    " WHERE e.run = cs_p_run.key AND e.owner = :person))"
)


def _runs(tx: Tx, at: int | None, question: DisposalRuns) -> list[RunSummary]:
    where, params = ["1 = 1"], dict[str, object]()
    wanted = {"phase": question.phase, "kind": question.kind}
    for name, value in wanted.items():
        if value is not None:
            where.append(f"{name} = :{name}")
            params[name] = value.value
    if question.person is not None:
        where.append(HAS_A_PART)
        params["person"] = question.person
    limit = ALL if question.limit is None else question.limit
    rows = RUN.part(
        tx, at, " AND ".join(where), params, order="id DESC", limit=limit, skip=question.skip
    )
    return list(_summaries(tx, at, [doc for _, doc in rows]))


OWN_ITEM = (
    "NOT EXISTS (SELECT 1 FROM cs_p_run_entry AS e WHERE e.run = cs_p_run.key AND e.owner = :me)"
)


def runs_waiting(tx: Tx, at: int | None, me: PersonId) -> list[Doc]:
    """Lists that somebody else has drafted, and on which nothing is mine (RULES G3)."""
    where = f"phase = '{RunPhase.DRAFTED}' AND (person IS NULL OR person <> :me) AND {OWN_ITEM}"
    rows = RUN.rows(tx, at, where, me=me)
    return [doc for _, doc in rows if me not in (doc["drafted_by"], *doc["approved_by"])]


def _summaries(tx: Tx, at: int | None, docs: list[Doc]) -> Iterator[RunSummary]:
    fates = _fates(tx, at, [doc["run"] for doc in docs])
    for doc in docs:
        counts = fates.get(doc["run"], {})
        shown = {name: value for name, value in doc.items() if name != "needed"}
        yield RunSummary.model_validate(
            shown
            | {
                "destroyed": counts.get(Fate.DESTROYED, 0),
                "spared": counts.get(Fate.SPARED, 0) + counts.get(Fate.GONE_ALREADY, 0),
                "withheld": counts.get(Fate.WITHHELD, 0),
            }
        )


def _fates(tx: Tx, at: int | None, runs: Iterable[Id]) -> Mapping[Id, Mapping[str, int]]:
    """By run, what has become of how many."""
    found: dict[Id, dict[str, int]] = {}
    for run in runs:
        rows = tx.all(
            "SELECT fate, count(*) FROM cs_p_run_entry WHERE run = :run AND fate IS NOT NULL"
            f" AND {held(at)} GROUP BY fate",
            run=run,
            **({} if at is None else {"at": at}),
        )
        found[run] = dict(rows)
    return found


def _whole(tx: Tx, at: int | None, run: Id) -> RunView:
    doc = RUN.row(tx, at, run)
    if doc is None:
        raise UnknownRun
    said = _said_by(tx, at, run)
    drafted = said[0].event
    assert isinstance(drafted, RunDrafted)
    state = fold(evolve, DisposalRun(), (each.event for each in said))
    (summary,) = _summaries(tx, at, [doc])
    return RunView(
        summary=summary,
        fingerprint=state.fingerprint,
        schedule=state.schedule,
        evaluated_on=drafted.evaluated_on,
        needed=state.needed,
        reason=drafted.reason,
        entries=state.entries,
        done=state.done,
        transfer=state.transfer,
    )


def _certificate(tx: Tx, at: int | None, certificate: Id) -> CertificateView:
    """As it was signed: nothing of it is kept a second time."""
    rows = RUN.rows(tx, at, "certificate = :certificate", certificate=certificate)
    for run, doc in rows:
        if doc["phase"] == RunPhase.COMPLETED:
            issued = _said_by(tx, at, run)[-1].event
            assert isinstance(issued, CertificateIssued)
            return CertificateView(
                certificate=issued.certificate, signature=issued.signature, key=issued.key
            )
    raise UnknownRun


def _said_by(tx: Tx, at: int | None, run: Id) -> list[Recorded]:
    until = "" if at is None else " AND position <= :at"
    rows = tx.all(
        f"SELECT {ROW} FROM cs_event WHERE stream = :run{until} ORDER BY version",
        run=run,
        **({} if at is None else {"at": at}),
    )
    return [codec.recorded(StoredRow(*row)) for row in rows]


def _suspended(tx: Tx, at: int | None, hold: Id) -> tuple[Id, ...]:
    """Runs of which something stayed because of this hold, and no later run has taken it up.

    The hold may be younger than the run: it has then kept what another had withheld.
    """
    doc = HOLD.row(tx, at, hold)
    scope = Scope.model_validate(doc["scope"]) if doc else Scope()
    found: dict[Id, None] = {}
    for key, entry in ENTRY.rows(tx, at, "fate = 'withheld'"):
        run = key.partition(":")[0]
        if run not in found and _kept_by(entry, hold, scope) and _is_left(tx, at, run, entry):
            found[run] = None
    return tuple(found)


def _kept_by(entry: Doc, hold: Id, scope: Scope) -> bool:
    grounds = [each for each in entry["withheld"] if each["ground"] == Ground.ON_HOLD]
    if any(each["hold"] == hold for each in grounds):
        return True
    return bool(grounds) and scope != Scope() and scope.covers(Item.model_validate(entry["item"]))


def _is_left(tx: Tx, at: int | None, run: Id, entry: Doc) -> bool:
    """Whether it is an erasure that nobody has given up, and nothing follows it for this item."""
    doc = RUN.row(tx, at, run) or {}
    if doc.get("kind") != RunKind.ERASURE or doc["phase"] == RunPhase.ABANDONED:
        return False
    return not any(
        ENTRY.row(tx, at, f"{later}:{entry['item']['item']}")
        for later, follows in RUN.rows(tx, at, "follows = :run", run=run)
        if follows["phase"] != RunPhase.ABANDONED
    )


# For others


ENDS = "SELECT item, certificate, gone_on, doc, from_position FROM cs_p_run_entry"
ENDED = "until_position IS NULL AND fate = 'destroyed'"


def destroyed(tx: Tx, items: Iterable[Id]) -> dict[Id, tuple[Id, Doc]]:
    """The newest destruction of each item that had one: certificate, and the entry with its day.

    Whatever moment is asked about: what has been destroyed since is known as such.
    """
    rows = some(tx, f"{ENDS} WHERE {ENDED} AND item", items)
    newest = sorted(rows, key=lambda row: row[4])
    return {row[0]: (row[1], read_doc(row[3]) | {"on": row[2]}) for row in newest}


def ends(tx: Tx, owner: PersonId | None) -> Iterator[tuple[Id, Doc]]:
    """The newest destruction of everything, or of all that was somebody's, a page at a time."""
    last, whose = "", "" if owner is None else " AND owner = :owner"
    params = {} if owner is None else {"owner": owner}
    while True:
        rows = tx.all(
            f"SELECT key, item FROM cs_p_run_entry WHERE {ENDED}{whose} AND key > :last"
            f" ORDER BY key LIMIT {AT_ONCE}",
            last=last,
            **params,
        )
        newest = destroyed(tx, (item for _, item in rows))
        for key, item in rows:
            certificate, end = newest[item]
            if key == f"{end['run']}:{item}":
                yield certificate, end
        if len(rows) < AT_ONCE:
            return
        last = rows[-1][0]


def days(tx: Tx, certificates: Iterable[Id]) -> dict[Id, date]:
    """The day on which what went under a certificate began to go; none of what is unknown."""
    first = (
        "SELECT min(e.gone_on) FROM cs_p_run_entry AS e WHERE e.certificate = r.certificate"
        " AND e.until_position IS NULL AND e.fate = 'destroyed'"
    )
    select = (
        f"SELECT r.certificate, ({first}) FROM cs_p_run AS r"
        " WHERE r.until_position IS NULL AND r.certificate"
    )
    rows = some(tx, select, certificates)
    return {certificate: date.fromisoformat(on) for certificate, on in rows if on}
