"""One employee of the demo, and what they do at each step: short verbs over the commands."""

from collections.abc import Sequence
from datetime import date

from ...application import commands as c
from ...application.questions import PlanView, TaskView
from ...domain.approval import PerceivedValue
from ...domain.lifecycle import Step
from ...domain.plan import ValueKind, Verdict
from ...domain.result import ResultKind, Route
from .stage import Script, Stage, Story, on, person_of, told

Wish = tuple[str, str, str, str]
"""A task, the result that the manager needs, where it is done, and what comes of it."""

Days = Sequence[tuple[int, int]]


class Player:
    def __init__(self, stage: Stage, story: Story) -> None:
        self.stage = stage
        self.story = story
        self.number = story.number
        self.plan = ""
        self.item: str | None = None

    @property
    def board(self) -> PlanView:
        return self.stage.board(person_of(self.story))

    def task(self, place: int = 1) -> TaskView:
        return self.board.tasks[place - 1]

    def says(self, line: str) -> None:
        self.stage.says(self.story, line)

    def prepares(self, *wishes: Wish, value: ValueKind = ValueKind.DIRECT) -> None:
        """Steps 1 to 3."""
        self.plan = told(self.stage.do(c.StartPlan(), self.number), "plan.started.v1")["stream"]
        tasks = tuple(c.TaskWish(title=wish[0], need=wish[1], value=value) for wish in wishes)
        day = ("mail", "calls", "a walk through the hall")
        self._does(c.ExamineJob(plan=self.plan, activities=day, tasks=tasks))
        for task, wish in zip(self.board.tasks, wishes, strict=True):
            self._pinpoints(task.task, wish)
        for task, wish in zip(self.board.tasks, wishes, strict=True):
            routine = ("search the database", f"look at {wish[2]}", "write down what was found")
            self._does(c.KeepSimple(plan=self.plan, task=task.task, actions=routine))

    def _pinpoints(self, task: str, wish: Wish) -> None:
        _, need, channel, _ = wish
        self._does(
            c.PinpointUse(
                plan=self.plan,
                task=task,
                point="before the first call",
                purpose=need,
                channels=(channel,),
            )
        )

    def practises(self, days: Days) -> Script:
        for month, day in days:
            yield on(month, day, 14)
            self.logs()

    def logs(self) -> list[str]:
        """An entry of today; returns the names of what came of it."""
        entry = c.PracticeDay(on=self.stage.clock.now.date(), note="followed the routine")
        receipt = self.stage.do(c.LogPractice(plan=self.plan, days=(entry,)), self.number)
        return [recorded.name for recorded in receipt.events]

    def keeps(self, title: str, locator: str) -> None:
        """Reading material: to be informed, and disposable after a year."""
        receipt = self.stage.do(c.KeepItem(title=title, locator=locator), self.number)
        self.item = told(receipt, "reference.kept.v1")["stream"]

    def settles(self, *wishes: Wish) -> None:
        """Steps 5 to 8."""
        for place in range(1, len(wishes) + 1):
            task = self.task(place).task
            self._does(c.CheckResults(plan=self.plan, task=task, verdict=Verdict.KEEP))
        for place, wish in enumerate(wishes, 1):
            self._notes(self.task(place).task, wish)
        self._does(c.ReviewActivities(plan=self.plan, activities=("mail", "calls")))
        self._does(c.Settle(plan=self.plan))

    def _notes(self, task: str, wish: Wish) -> None:
        _, _, channel, what = wish
        finding = c.FindingWish(
            kind=ResultKind.LEAD,
            route=Route.SEARCH,
            channel=channel,
            what=what,
            confirmable_by="the account list",
        )
        self._does(c.NoteResult(plan=self.plan, task=task, finding=finding))

    def cites(self) -> None:
        """The kept item becomes evidence: a record copy is made in the same transaction."""
        result = self.task().results[0].result
        self._does(c.AddEvidence(result=result, evidence=c.EvidenceWish(item=self.item)))

    def asks(self, place: int = 1) -> None:
        self._does(c.AskForAcceptance(plan=self.plan, task=self.task(place).task))

    def accepted_by(
        self, number: str, place: int = 1, value: PerceivedValue = PerceivedValue.DIRECT
    ) -> None:
        self.stage.do(self.acceptance(place, value), number)

    def acceptance(
        self, place: int = 1, value: PerceivedValue = PerceivedValue.DIRECT
    ) -> c.AcceptTask:
        task = self.task(place)
        return c.AcceptTask(
            task=task.task,
            evidence=self.evidence(place),
            result=task.results[0].result,
            value_perceived=value,
        )

    def declined_by(self, number: str, reason: str, place: int = 1) -> None:
        task, evidence = self.task(place).task, self.evidence(place)
        self.stage.do(c.DeclineTask(task=task, evidence=evidence, reason=reason), number)

    def returned_by(self, number: str, missing: str, step: Step) -> None:
        task, evidence = self.task().task, self.evidence()
        returned = c.ReturnTask(task=task, evidence=evidence, missing=missing, to_step=step)
        self.stage.do(returned, number)

    def evidence(self, place: int = 1) -> int:
        request = self.task(place).request
        assert request is not None
        assert request.evidence is not None
        return request.evidence.number

    def enabled_until(self, place: int = 1) -> date:
        request = self.task(place).request
        assert request is not None
        assert request.until is not None
        return request.until

    def ready_on(self, place: int = 1) -> date:
        found = self.task(place).month_ready_on
        assert found is not None
        return found

    def _does(self, command: c.Command) -> None:
        self.stage.do(command, self.number)
