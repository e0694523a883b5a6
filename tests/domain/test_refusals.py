"""Every refusal says, in one whole sentence, what a person can do with it."""

import ast
from collections import defaultdict
from pathlib import Path
from string import Formatter

import pytest

from countersign.domain import refusals
from countersign.domain.refusals import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    Refusal,
    Stale,
    StaleEvidence,
    StepNotReached,
)

BRANCHES = (NotFound, NotAllowed, Stale, Invalid, Conflict)
REFUSALS = {
    name: value
    for name, value in vars(refusals).items()
    if isinstance(value, type) and issubclass(value, Refusal)
}
LEAVES = {name: kind for name, kind in REFUSALS.items() if kind not in (Refusal, *BRANCHES)}
LAYERS = [Path(refusals.__file__).parent, Path(refusals.__file__).parents[1] / "application"]


def placeholders(kind):
    return {field for _, field, _, _ in Formatter().parse(kind.says) if field}


def made(tree):
    """Each refusal that a module makes: its name, the names of its details, and the line."""
    calls = {node.func: node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", None)
        if name not in REFUSALS or not isinstance(getattr(node, "ctx", None), ast.Load):
            continue
        if node in calls:
            details = {keyword.arg for keyword in calls[node].keywords}
            yield name, frozenset(details - {None}), None in details, node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name | ast.Attribute):
            name = getattr(node.exc, "id", getattr(node.exc, "attr", ""))
            if name in REFUSALS:
                yield name, frozenset(), False, node.lineno


SITES = [
    (f"{path.parent.name}/{path.name}:{line}", name, details, open_ended)
    for layer in LAYERS
    for path in sorted(layer.glob("*.py"))
    for name, details, open_ended, line in made(ast.parse(path.read_text("utf-8")))
]


def test_the_refusals_are_found_where_they_are_made():
    found = {name for _, name, _, _ in SITES}
    assert {"OwnWork", "StaleEvidence", "MonthNotMet", "TooManyTasks", "UnknownPerson"} <= found


def test_wherever_a_refusal_is_made_it_has_the_details_that_its_sentence_needs():
    lacking = {
        where: (name, placeholders(REFUSALS[name]) - details)
        for where, name, details, open_ended in SITES
        if not open_ended and placeholders(REFUSALS[name]) - details
    }
    assert lacking == {}


def test_a_refusal_has_the_same_details_wherever_it_is_made():
    given = defaultdict(set)
    for where, name, details, open_ended in SITES:
        if where.startswith("domain/") and not open_ended:
            given[name].add(details)
    assert {name: ways for name, ways in given.items() if len(ways) > 1} == {}


def test_the_domain_refuses_with_a_leaf_and_never_with_a_branch():
    made_here = {name for where, name, _, _ in SITES if where.startswith("domain/")}
    assert made_here - set(LEAVES) == set()


@pytest.mark.parametrize("name", LEAVES)
def test_a_refusal_stands_on_one_of_the_five_branches(name):
    assert sum(issubclass(LEAVES[name], branch) for branch in BRANCHES) == 1


@pytest.mark.parametrize("name", sorted(REFUSALS.keys() - {"Refusal"}))
def test_a_refusal_speaks_in_sentences(name):
    says = REFUSALS[name].says
    assert says == says.strip()
    assert says.startswith("{") or says[0].isupper()
    assert says.endswith((".", "}"))


@pytest.mark.parametrize("name", LEAVES)
def test_a_refusal_has_words_of_its_own(name):
    assert "says" in vars(LEAVES[name])
    assert [other for other in LEAVES if LEAVES[other].says == LEAVES[name].says] == [name]


def test_the_details_are_filled_in():
    refused = StaleEvidence(seen=1, current=2)
    assert str(refused) == refused.sentence
    assert "version 1;" in refused.sentence
    assert "version 2 now" in refused.sentence


def test_a_detail_that_nobody_gave_is_shown_by_its_name():
    assert "step (now) still needs (needs)" in StepNotReached(step=4).sentence


def test_the_tree_that_is_drawn_is_the_tree_that_grows():
    drawn = refusals.__doc__
    assert [branch.__name__ in drawn for branch in BRANCHES] == [True] * 5
    assert {kind for kind in REFUSALS.values() if Refusal in kind.__bases__} == set(BRANCHES)
