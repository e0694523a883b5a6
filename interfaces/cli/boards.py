"""A plan as text: where it stands, its tasks, their month, results and requests."""

from collections.abc import Callable, Sequence

from rich.console import Console

from ...application.questions import People, PersonView, PlanView, RequestView, TaskView
from ...domain.event import PersonId
from ...domain.lifecycle import Step
from .render import say, shown
from .session import Here

Names = Callable[[PersonId | None], str]


def names(here: Here) -> Names:
    """Names by id; an id that nobody goes by is shown in short."""
    people: Sequence[PersonView] = here.ask(People())
    known = {each.person: shown(each.name) for each in people if each.name is not None}

    def name(person: PersonId | None) -> str:
        return known.get(person, person[:8]) if person else "-"

    return name


def step(board: PlanView) -> str:
    if board.closed:
        return f"This plan is closed: {board.closed}."
    if board.step is None:
        return "No cycle is running; begin one when you want to: countersign plan begin-cycle."
    if board.step is Step.EXAMINE_JOB and not board.activities:
        return "List an ordinary day; nobody sees it yet: countersign plan examine."
    return f"Step {int(board.step)} of 8, {board.step.says.lower()}; it needs: {board.needs}."


def plan(out: Console, board: PlanView, name: Names) -> None:
    say(out, f"Plan {board.plan[:8]} of {shown(board.employee_name)}, cycle {board.cycle}", "bold")
    say(out, step(board))
    for place, each in enumerate(board.tasks, 1):
        task(out, place, each, name)
    for entry in board.entries:
        struck = ", struck" if entry.struck else ""
        note = f": {shown(entry.note)}" if entry.note is not None else ""
        say(out, f"  entry {entry.entry} on {entry.practised_on}{struck}{note}")


def task(out: Console, place: int, each: TaskView, name: Names) -> None:
    title = shown(each.title) if each.title is not None else each.task[:8]
    say(out, f"\n{place}. {title}: {each.standing.value}", "bold")
    if each.need is not None:
        say(out, f"  needed: {shown(each.need)}; value expected: {each.value.value}")
    if (how_it_goes := month(each)) is not None:
        say(out, f"  {how_it_goes}")
    for result in each.results:
        told = ", told" if result.told_to else ""
        gone = ", retracted" if result.retracted else ""
        what = shown(result.what)
        say(out, f"  result {result.result[:8]}: {what} ({result.kind.value}{told}{gone})")
        for evidence in result.evidence:
            say(out, f"    evidence: {shown(evidence.title)} {shown(evidence.locator)}")
        for file in result.files:
            what = f"{shown(file.name)}, {file.media_type.value}, {file.size:,} bytes"
            say(out, f"    file {file.copy_id[:8]}: {what}")
    if each.request is not None:
        request(out, each.request, name)


def month(each: TaskView) -> str | None:
    """None for a reader who does not see how it goes, and before there is a routine."""
    if each.month_met_on:
        return f"month met on {each.month_met_on}, {each.practice_days} days of practice"
    if each.month_ready_on:
        return f"month began {each.month_began}; ready from {each.month_ready_on} on"
    return "no practice yet" if each.actions else None


def request(out: Console, asked: RequestView, name: Names) -> None:
    say(out, f"  {standing(asked, name)}")
    for decision in asked.decisions:
        behalf = decision.card.on_behalf_of
        whose = f" on behalf of {name(behalf)}" if behalf else ""
        why = f": {shown(decision.text)}" if decision.text is not None else ""
        verb = "not accepted for now" if decision.verb == "declined" else decision.verb
        level = f"level {decision.card.level}, round {decision.round}"
        say(out, f"    {decision.on} {level}: {verb} by {name(decision.approver)}{whose}{why}")
    for question in asked.questions:
        answer = f"; {shown(question.answer)}" if question.answered_by else "; open"
        say(out, f"    question {question.question[:8]}: {shown(question.text)}{answer}")


def standing(asked: RequestView, name: Names) -> str:
    if asked.enabled_on is not None and asked.phase == "enabled":
        return f"enabled until {asked.until}"
    if asked.seat is None:
        return PHASES.get(asked.phase.value, asked.phase.value)
    version = asked.evidence.number if asked.evidence else "-"
    about = f"evidence version {version}, round {asked.round}"
    if asked.seat.holder is None:
        return f"level {asked.level} waits for HR to name an approver ({about})"
    stands_in = f", or {name(asked.seat.stand_in)} standing in" if asked.seat.stand_in else ""
    return f"level {asked.level} waits for {name(asked.seat.holder)}{stands_in} ({about})"


PHASES = {
    "declined": "not accepted for now",
    "returned": "returned, with what is missing",
    "withdrawn": "the request is withdrawn",
    "ended": "the acceptance has ended",
    "frozen": "the case stands still: the employee has left",
}
