"""Every command and every question has its address, and no address is like another."""

import re

import pytest

from countersign.application.commands import COMMANDS
from countersign.application.questions import QUESTIONS
from countersign.interfaces.http.actions import body_model
from countersign.interfaces.http.examples import EXAMPLES
from countersign.interfaces.http.router import actions, reads, watches

ELSEWHERE = {
    "Initialise": "the first run is for whoever sits at the machine: `countersign init`",
    "AskQuietPlan": "the engine alone",
    "CloseCases": "the engine alone",
    "NoticeReading": "the engine alone",
    "SweepReading": "the engine alone",
    "SweepAccessLog": "the engine alone",
    "ResumeErasure": "the engine alone",
    "CertifyDisposal": "the engine alone",
}

OF_THE_ENGINE = {"ReadingToGo", "SuspendedErasures"}
"""Questions that nobody else asks."""

WORD = re.compile(r"[a-z]+(-[a-z]+)*|{[a-z]+}")


def test_every_command_of_a_person_has_a_route():
    reached = [action.command.__name__ for action in actions()]

    assert len(reached) == len(set(reached))
    assert set(COMMANDS) - set(reached) == set(ELSEWHERE)


def test_every_question_has_a_route():
    assert {read.asks.__name__ for read in reads()} == set(QUESTIONS) - OF_THE_ENGINE


def test_no_two_routes_are_the_same():
    every = [(action.method, action.path) for action in actions()]
    every += [("GET", read.path) for read in reads()]
    every += [("GET", watch.path) for watch in watches()]

    assert len(every) == len(set(every))


def test_addresses_are_lower_case_words_with_hyphens():
    paths = {action.path for action in actions()} | {read.path for read in reads()}
    paths |= {watch.path for watch in watches()}

    assert [
        each for path in paths for each in path[1:].split("/") if not WORD.fullmatch(each)
    ] == []


def test_what_replaces_something_must_have_been_looked_at():
    replacing = [action for action in actions() if action.method == "PUT"]

    unguarded = {each.path for each in replacing if not each.must_match}
    assert unguarded == {"/people/{person}/roles/{role}"}, "it has no content to replace"


@pytest.mark.parametrize("action", list(actions()), ids=lambda action: action.command.__name__)
def test_every_body_has_an_example_that_fits(action):
    model = body_model(action)
    example = EXAMPLES.get(action.command.__name__)

    assert (example is None) == (not model.model_fields)
    if example is not None:
        model.model_validate(example)
