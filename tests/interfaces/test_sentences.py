"""Sentences: whatever can have happened can be told to people."""

import pytest

from countersign.infrastructure.event_names import EVENTS
from countersign.interfaces.cli.sentences import SENTENCES, dotted, sentence


def test_every_event_has_a_sentence_and_no_sentence_is_left_over():
    assert SENTENCES.keys() == set(EVENTS)


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_names_only_what_the_event_says(name):
    fields = EVENTS[name].model_fields
    named = [part.partition("}")[0] for part in SENTENCES[name].split("{")[1:]]

    assert [each for each in named if each.split(".")[0] not in {*fields, "step_says"}] == []


def test_the_words_people_see():
    assert sentence("approval.declined.v1", {"card.level": 2}) == "not accepted for now, by level 2"
    assert sentence("plan.step_completed.v1", {"step": 4}) == "step 4 is done: Keep it up"
    assert "your month begins again; your entries stay" in SENTENCES.values()


def test_a_nested_body_is_read_by_dotted_path():
    assert dotted({"card": {"level": 1}, "on": "x"}) == {"card.level": 1, "on": "x"}
