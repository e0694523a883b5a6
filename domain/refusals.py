"""Every way in which countersign says no.

Refusal
├── NotFound        what was named is not there, or not for this reader
├── NotAllowed      this person may not do this
├── Stale           the ground has moved since it was read
├── Invalid         the request makes no sense as it stands
└── Conflict        it makes sense, but a rule forbids it now
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """The domain said no. `says` is fit to show to a person; `details` are the facts behind it."""

    says: ClassVar[str]

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """What to show: `says` with its details filled in."""
        return self.says.format_map(_Named(self.details))


class _Named(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"({key})"


class NotFound(Refusal):
    says = "There is no such thing here."


class NotAllowed(Refusal):
    says = "This is not yours to do."


class Stale(Refusal):
    says = "This has changed since you looked at it. Look again and repeat what you still want."


class Invalid(Refusal):
    says = "The request cannot be understood as it stands."


class Conflict(Refusal):
    says = "The rules do not allow this now."


# Who may


class NotYours(NotAllowed):
    says = "Only the employee whose it is may do this."


class NotYourReport(NotAllowed):
    says = "Only today's line manager may do this."


class RoleNeeded(NotAllowed):
    says = "This needs the role {role}; ask an administrator."


class EngineOnly(NotAllowed):
    says = "The engine does this by itself when it is due."


class UnknownActor(NotAllowed):
    says = "You are not known here, or no longer in service."


# People and the line


class UnknownPerson(NotFound):
    says = "Nobody is known under that name, number or id. Import the person first."


class AlreadyKnown(Conflict):
    says = "This person is known already; change the profile or the line instead."


class NotInService(Conflict):
    says = "This person is not in service on that day."


class OwnManager(Invalid):
    says = "Nobody reports to themselves. Name another manager, or mark the top of the house."


class TopReportsToNobody(Invalid):
    says = "The top of the house reports to nobody. Name a manager, or mark the top, not both."


class OwnStandIn(Invalid):
    says = "Nobody stands in for themselves, nor as their own alternate."


class PeriodEmpty(Invalid):
    says = "The period from {start} until {end} is empty: it must end after it starts."


class StandInsOverlap(Conflict):
    says = "Between {start} and {end} somebody else already stands in. End that first."


class UnknownStandIn(NotFound):
    says = "There is no such stand-in."


class StandInAppointsNobody(NotAllowed):
    says = "A stand-in appoints no stand-in; the absent person or HR does."


class UnknownTimeZone(Invalid):
    says = "{time_zone} is no time zone. Use an IANA name such as Europe/Amsterdam."


class UnknownYear(Invalid):
    says = "All holidays must lie in {year}."


class IdentityTaken(Conflict):
    says = "This {kind} belongs to somebody else already."


class RowsRefused(Invalid):
    says = "The file was not imported: {count} of its rows need a remedy. Nothing was changed."


class AlreadyInitialised(Conflict):
    says = "This countersign has its administrators already."


class TwoAdministratorsNeeded(Invalid):
    says = "Name two different people as administrators: one alone could approve their own doing."


# Plan and steps


class PlanNotStarted(NotFound):
    says = "There is no plan here yet. Start one: anyone may."


class PlanAlreadyOpen(Conflict):
    says = "There is a plan already; one runs at a time."


class PlanClosedAlready(Conflict):
    says = "This plan is closed. Start a new one."


class NoCycleRunning(Conflict):
    says = "No cycle is running. Begin one when you want to."


class CycleRunning(Conflict):
    says = "Cycle {cycle} is still running; one runs at a time."


class StepNotReached(Conflict):
    says = "Step {step} comes later; step {now} still needs {needs}."


class MonthNotMet(Conflict):
    says = "The month of practice is not proved yet; an entry can complete it on {ready_on}."


class ActivitiesMissing(Invalid):
    says = "List at least one activity of an ordinary day."


class NeedMissing(Invalid):
    says = "Pick one or two tasks, each with the result that your manager needs."


class TooManyTasks(Conflict):
    says = "At most {limit} tasks run at a time. Do not rush: park or drop one first."


class RoutineTooLong(Invalid):
    says = "A routine has one to {limit} actions. Keep it simple."


class UnknownTask(NotFound):
    says = "There is no such task in this plan."


class TaskNotRunning(Conflict):
    says = "This task is {standing}; it would have to be running."


class TaskWithApprovers(Conflict):
    says = "This task is with the approvers, or accepted; withdraw the request before changing it."


class PracticeNotAllowedYet(Conflict):
    says = "Your company asks the manager before practice begins; the manager has not agreed yet."


class EntryInTheFuture(Invalid):
    says = "Practice on {day} has not happened yet."


class EntryTooOld(Conflict):
    says = "Practice can be entered up to {limit} days later; {day} is longer ago."


class UnknownEntry(NotFound):
    says = "There is no practice entry {entry}."


class FoundTasksWaiting(Conflict):
    says = "You found {count} further tasks: park them, or begin the next cycle."


class NothingToSettle(Conflict):
    says = "There is no further task to park or to begin with. None found is fine."


class YoungPlan(Conflict):
    says = "This plan has not been quiet long enough; the question falls due on {due}."


# Results


class UnknownResult(NotFound):
    says = "There is no such result."


class NotTangible(Invalid):
    says = "A tangible result is something another person can look at or confirm: add either."


class ResultRetracted(Conflict):
    says = "This result was retracted."


class ResultNotTold(Conflict):
    says = "This result has not been told to the manager yet."


# Reading material


class UnknownItem(NotFound):
    says = "There is no such item."


class EvidenceUnavailable(Conflict):
    says = "This item is discarded and cannot be cited; keep it again as a new item."


class NotYetDisposable(Conflict):
    says = (
        "Reading material may be discarded from {disposable_from} on, or for personal data in it."
    )


class ItemGone(Conflict):
    says = "This item was thrown away. Keep it again as a new item."


# Files


class UnknownUpload(NotFound):
    says = (
        "There is no such upload: it was attached already, or a day has passed."
        " Send the file again."
    )


class UnknownFile(NotFound):
    says = "There is no such file."


class FileDestroyed(Conflict):
    says = "This file was destroyed under certificate {certificate}."


class FileEmpty(Invalid):
    says = "The file is empty: there is nothing to look at."


class FileTooLarge(Invalid):
    says = "A file has {limit} bytes at most. Send a smaller one, or a link to where it lies."


class FileUnwelcome(Invalid):
    says = (
        "This is {what}. Send a PDF, a picture (PNG, JPEG, GIF, WebP), text in UTF-8, a document"
        " of Office or OpenDocument without macros, or a video (MP4, WebM): {instead}."
    )


class FileContradicts(Invalid):
    says = "It calls itself {declared}, but its bytes are {found}. Send it under its own type."


class TooManyFiles(Conflict):
    says = "There are {limit} files here already, and more are not taken."


class TooManyUploads(Conflict):
    says = "{limit} of your uploads wait to be attached. Attach or withdraw one of them first."


# Records


class Disposed(Conflict):
    says = "This has been disposed of under certificate {certificate}; nothing can be added to it."


class Destroyed(NotFound):
    says = "This was destroyed on {on} under certificate {certificate}."


class DurationUnreadable(Invalid):
    says = "{text} is no period; write P7Y, P18M or P30D."


class GroupUncovered(Invalid):
    says = "A schedule needs a row for each of these too: {groups}."


class SeriesDouble(Invalid):
    says = "Each series stands once in a schedule; these stand twice: {series}."


class SeriesIncomplete(Invalid):
    says = "Series {series} covers {groups} and cannot be computed: {why}."


class UnknownSchedule(NotFound):
    says = "There never was a version {version} of the schedule."


class NothingProposed(Conflict):
    says = "No version of the schedule waits for approval."


class OwnProposal(NotAllowed):
    says = "Somebody else must approve what you have proposed."


class HoldUnbounded(Invalid):
    says = "A hold names what it holds: cases, persons, items, classes or a time."


class UnknownHold(NotFound):
    says = "There is no such hold in force."


class OnHold(Conflict):
    says = "This is on hold and stays until the hold is released."


class NothingToDispose(Conflict):
    says = "Nothing of what was named may go on that day."


class GoneAlready(Conflict):
    says = "All of this is gone already: it was destroyed on {on} under certificate {certificate}."


class DayAhead(Invalid):
    says = "{on} is still to come; a draft is made for today or earlier."


class YearsNotConfirmed(Conflict):
    says = (
        "Nobody has confirmed how long these are kept: {series}. "
        "Propose a schedule with the years, and let another person approve it."
    )


class UnknownRun(NotFound):
    says = "There is no such disposal run or certificate."


class RunNotDrafted(Conflict):
    says = "Only a drafted list can be approved, as it was looked at; this one is {phase}."


class RunNotApproved(Conflict):
    says = "This disposal run is not approved, or not carried out yet."


class RunOver(Conflict):
    says = "This disposal run has begun or is over."


class OwnRun(NotAllowed):
    says = "Somebody else must approve a disposal that you have drafted or approved."


class OwnCaseInRun(NotAllowed):
    says = "Nobody approves the disposal of their own case."


class TransferNeeded(Conflict):
    says = "These items go to an archive: hand the pack over before they are destroyed."


class NotDemotable(Conflict):
    says = (
        "A record copy stays while its result stands or was ever submitted: "
        "retention once promised is never cut."
    )


# Acceptance


class UnknownRequest(NotFound):
    says = "Nobody has asked for acceptance of this task."


class UnknownLevel(Invalid):
    says = "There are two levels: 1, the line manager, and 2, the level above."


class UnknownQuestion(NotFound):
    says = "There is no such open question."


class AlreadyAsked(Conflict):
    says = "Acceptance of this task has been asked for already."


class AlreadyEnabled(Conflict):
    says = "This task is accepted already."


class NotSettledYet(Conflict):
    says = "Acceptance is asked for after step 8; this cycle is still at step {step}."


class NoResultToShow(Conflict):
    says = "Acceptance needs tangible results, noted and told: at least {needed}."


class NothingNew(Conflict):
    says = "Nothing has changed since this was not accepted; bring a new result first."


class EvidenceExpired(Conflict):
    says = "The month and its evidence were valid until {until}; practise again first."


class NothingToDecide(Conflict):
    says = "No request is open here."


class NothingToWithdraw(Conflict):
    says = "There is no request to withdraw."


class CaseFrozen(Conflict):
    says = "The employee has left; this case stands still."


class OwnWork(NotAllowed):
    says = "Nobody accepts their own task."


class OwnQuestion(NotAllowed):
    says = "The other side answers this question."


class DecidedOtherLevel(NotAllowed):
    says = "The two acceptances come from two different people, and you gave the other one."


class NotTheApprover(NotAllowed):
    says = "Level {level} is not yours to decide today."


class NotInEvidence(Conflict):
    says = "An acceptance cites one of the results shown as evidence."


class Outdated(Stale):
    says = "This is at version {current} now, which is not the one you looked at. Look again."


class StaleEvidence(Stale):
    says = "You looked at evidence version {seen}; it is version {current} now. Look again."


class LastRound(Conflict):
    says = "This is the last of {rounds} rounds: only accepting or declining remains."


class LevelAlreadyDecided(Conflict):
    says = "Level {level} has been decided on this evidence."


class CannotBeNamed(Conflict):
    says = "Name somebody else: not the employee, nobody below, nobody who decided already."


class InvolvedInCase(NotAllowed):
    says = "You have a part in this case; another administrator must do this."


# The journal


class CommandReused(Conflict):
    says = "This command id was used for another command. Choose a new one."


# The machinery


class NothingHeldUp(NotFound):
    says = "{projection} is not held up at position {position}; see the list of what is."
