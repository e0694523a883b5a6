"""The eight steps, in the author's order, and what must be true to leave each of them."""

from enum import IntEnum


class Step(IntEnum):
    """Design, section 2. Stored by its number in the author's order, which is part of the rule."""

    EXAMINE_JOB = 1
    PINPOINT_USE = 2
    KEEP_SIMPLE = 3
    KEEP_UP = 4
    CHECK_RESULTS = 5
    NOTE_RESULTS = 6
    REVIEW_ACTIVITIES = 7
    SETTLE = 8

    @property
    def code(self) -> str:
        return self.name.lower()

    @property
    def says(self) -> str:
        return SAYS[self]


SAYS = {
    Step.EXAMINE_JOB: "Examine the job",
    Step.PINPOINT_USE: "Pinpoint the use",
    Step.KEEP_SIMPLE: "Keep it simple",
    Step.KEEP_UP: "Keep it up",
    Step.CHECK_RESULTS: "Check the results",
    Step.NOTE_RESULTS: "Note the results",
    Step.REVIEW_ACTIVITIES: "Review the activities",
    Step.SETTLE: "Settle",
}

NEEDS = {
    Step.EXAMINE_JOB: "the daily activities, and one or two tasks with the result needed",
    Step.PINPOINT_USE: "for each task: where in the work, what for, on which channels",
    Step.KEEP_SIMPLE: "for each task a short routine",
    Step.KEEP_UP: "for each task a month of dated practice",
    Step.CHECK_RESULTS: "for each task: keep, adjust or drop",
    Step.NOTE_RESULTS: "for each task a tangible result, or the word to go on without one",
    Step.REVIEW_ACTIVITIES: "the daily activities looked at again",
    Step.SETTLE: "the word that the scope is settled, or what to begin next",
}
"""What a person is asked for, step by step."""
