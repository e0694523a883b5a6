"""One run of the command line: which database, who acts, and how the answer is given."""

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from datetime import date
from types import TracebackType
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from ...application.commands import Command
from ...application.desk import Actor
from ...application.engine import Engine
from ...application.ports import Receipt
from ...application.questions import PersonView, PlanBoard, PlanView, Question
from ...domain.event import PlanId
from ...domain.plan import TaskStanding
from ...domain.refusals import Refusal
from ...domain.zones import day_in
from ...infrastructure import assembly
from . import finding, progress, render

REFUSED = 1
"""The exit code when a rule, or the state of things, says no."""

MISUSED = 2
"""The exit code when the command line or a file cannot be understood."""

Database = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL",
        help="The database [COUNTERSIGN_DATABASE_URL, else sqlite:///countersign.db].",
    ),
]
Person = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="COUNTERSIGN_AS",
        metavar="PERSON",
        help="Who acts: HR number, e-mail, login, id or the first 8 characters of the id.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


class Misuse(Exception):
    """The command line or a file cannot be understood; the sentence says what to do."""


class Here:
    """What every command works with; opens the database when first asked."""

    def __init__(self, url: str | None, person: str | None, as_json: bool) -> None:
        self.url = url
        self.acting_as = person
        self.as_json = as_json
        self.out = render.console()
        self._house: assembly.House | None = None
        self._me: PersonView | None = None

    @property
    def house(self) -> assembly.House:
        return self._house or self._found()

    @property
    def still(self) -> assembly.House:
        """The same, opened only to look or to mend: nothing is built, followed or fired."""
        return self._house or self._found(start=False)

    def _found(self, **options: Any) -> assembly.House:
        if not assembly.is_there(self.url):
            raise Misuse(
                "There is no countersign in this database yet. Begin with `countersign init`, "
                "or see one at work with `countersign demo`."
            )
        return self.open(**options)

    def open(self, **options: Any) -> assembly.House:
        """Opens the database, and makes it where there is none; says so if that takes long."""
        with progress.shown(render.console(error=True), as_json=self.as_json) as report:
            self._house = assembly.open_house(
                self.url, announce=render.aside, report=report, **options
            )
        return self._house

    @property
    def engine(self) -> Engine:
        return self.house.engine

    @property
    def me(self) -> PersonView:
        if self._me is None:
            if not self.acting_as:
                raise Misuse("Say who acts: --as PERSON, or set COUNTERSIGN_AS.")
            self._me = finding.person(self.engine, self.acting_as)
        return self._me

    @property
    def actor(self) -> Actor:
        return Actor(self.me.person, via="cli")

    def person(self, known_as: str | None) -> str:
        """Somebody's id; whoever acts, when nobody is named."""
        return finding.person(self.engine, known_as).person if known_as else self.me.person

    def ask(self, question: Question, **when: Any) -> Any:
        return self.engine.ask(question, self.actor, **when)

    def do(self, command: Command) -> Receipt:
        """Has the engine do it, and says what came of it."""
        receipt = self.engine.handle(command, self.actor)
        if self.as_json:
            render.as_json(render.receipt(receipt))
        else:
            render.events(self.out, receipt)
        return receipt

    def plan_id(self, text: str | None) -> PlanId:
        return finding.plan(self.engine, self.actor, text)

    def plan(self, text: str | None = None) -> PlanView:
        """One's own plan, or the one that is named, as this reader sees it."""
        found: PlanView = self.ask(PlanBoard(plan=self.plan_id(text)))
        return found

    def running_task(self, text: str | None) -> tuple[PlanView, str]:
        """A task of one's own plan, by default the only one that is running."""
        board = self.plan()
        running = [task for task in board.tasks if task.standing is TaskStanding.RUNNING]
        return board, finding.task(board, text, running).task

    def hint(self, text: str) -> None:
        """What to do next; never in JSON."""
        if not self.as_json:
            render.say(self.out, text, "dim")

    def show(self, answer: object, text: Callable[[], None]) -> None:
        """An answer, in JSON or as text."""
        if self.as_json:
            render.as_json(answer)
        else:
            text()

    def today(self, person: PersonView | None = None) -> date:
        """The date that somebody's own clock shows; by default, whoever acts."""
        return day_in((person or self.me).time_zone, self.engine.now())

    def confirm(self, question: str, *, yes: bool) -> None:
        """Asks on a terminal; in a pipe the word must have been given beforehand."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise Misuse("Say --yes to do it without being asked.")
        if not typer.confirm(question):
            raise typer.Exit(REFUSED)

    def close(self) -> None:
        if self._house is not None:
            self._house.close()

    def __enter__(self) -> "Here":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def command(
    group: typer.Typer, name: str, *, example: str | Sequence[str]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Puts a function among a group's commands, with the options that all of them share.

    The function takes a `Here` first; what it raises is told without a traceback.
    """
    examples = (example,) if isinstance(example, str) else tuple(example)

    def register(function: Callable[..., None]) -> Callable[..., None]:
        epilog = "\n".join(("\b", "Example:", *(f"  {each}" for each in examples)))
        group.command(name, epilog=epilog)(_shared(function))
        return function

    return register


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def run(
        ctx: typer.Context, *, db: str | None, person_as: str | None, as_json: bool, **given: Any
    ) -> None:
        before: Here | None = ctx.obj
        before = before or Here(None, None, False)
        here = Here(db or before.url, person_as or before.acting_as, as_json or before.as_json)
        with here:
            _guarded(here, functools.partial(function, here, **given))

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    _face(run, own)
    return run


def _face(run: Callable[..., None], own: list[inspect.Parameter]) -> None:
    """What Typer reads of a function: its own parameters, and the shared ones after them."""
    kind = inspect.Parameter.KEYWORD_ONLY
    shared = {"db": (Database, None), "person_as": (Person, None), "as_json": (AsJson, False)}
    parameters = [
        inspect.Parameter("ctx", kind, annotation=typer.Context),
        *(parameter.replace(kind=kind) for parameter in own),
        *(
            inspect.Parameter(name, kind, annotation=annotation, default=default)
            for name, (annotation, default) in shared.items()
        ),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    del run.__wrapped__  # type: ignore[attr-defined]


def _guarded(here: Here, work: Callable[[], None]) -> None:
    """A refusal, a misuse and a foreseeable trouble each end in a sentence and an exit code."""
    try:
        work()
    except Refusal as refusal:
        render.refusal(refusal, as_json=here.as_json)
        raise typer.Exit(REFUSED) from None
    except Misuse as misuse:
        _ends(here, str(misuse), MISUSED)
    except ValidationError as error:
        _ends(here, render.invalid(error), MISUSED)
    except assembly.PackFaulty as error:
        _ends(here, str(error), MISUSED)
    except assembly.SAYS_NO as error:
        _ends(here, str(error), REFUSED)
    except Exception as error:
        sentence = assembly.explained(error)
        if sentence is None:
            raise
        _ends(here, sentence, MISUSED)


def _ends(here: Here, sentence: str, code: int) -> None:
    render.complaint(sentence, as_json=here.as_json)
    raise typer.Exit(code) from None
