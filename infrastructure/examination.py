"""Examination: whether a certificate holds, believing nothing that it says of itself."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ..domain.disposal import Certificate, Entry, Fate, RunKind, fingerprint
from ..domain.refusals import UnknownSchedule
from ..domain.retention import evaluate
from ..domain.schedule import Version
from .certificates import verify_certificate

Versions = Callable[[int], Version]


def examined(said: Any, public_key: str, versions: Versions) -> list[str]:
    """Everything that is wrong with `{certificate, signature, key}`, each in a sentence."""
    try:
        document, signature = said["certificate"], said["signature"]
        told = Certificate.model_validate(document)
    except (KeyError, TypeError, ValidationError):
        return ["This is no certificate, or one of another format."]
    troubles = []
    if not verify_certificate(document, str(signature), public_key):
        troubles.append("The signature does not hold: it was changed, or signed by somebody else.")
    return troubles + _of_content(told, versions)


def _of_content(told: Certificate, versions: Versions) -> list[str]:
    troubles = []
    if fingerprint(told.entries) != told.fingerprint:
        troubles.append("The list is not the one that was approved.")
    if told.drafted_by in told.approved_by:
        troubles.append("Whoever drafted the list has approved it as well.")
    needs_two = told.kind in (RunKind.SCHEDULE, RunKind.DEMOTION)
    if needs_two and not told.approved_by:
        troubles.append("Nobody has approved the list.")
    listed = {entry.item.item for entry in told.entries}
    troubles += [
        f"{each.item} was not on the list." for each in told.done if each.item not in listed
    ]
    return troubles + [
        trouble for entry in told.entries for trouble in _of_entry(entry, told, versions)
    ]


def _of_entry(entry: Entry, told: Certificate, versions: Versions) -> list[str]:
    """What is recorded of an entry, worked out anew from the facts that it pins."""
    recorded = entry.evaluation
    try:
        version = versions(recorded.schedule)
    except UnknownSchedule:
        return [f"Version {recorded.schedule} of the schedule is not known here."]
    held = any(reason.hold for reason in recorded.reasons)
    again = evaluate(entry.item, version, (), recorded.evaluated_on)
    troubles = []
    if not held and again != recorded:
        troubles.append(f"The outcome of {entry.item.item} does not follow from its facts.")
    fates = [each for each in told.done if each.item == entry.item.item]
    if len(fates) != 1:
        troubles.append(f"What became of {entry.item.item} is not told, or told twice.")
    gone = told.kind is RunKind.SCHEDULE and any(each.fate is Fate.DESTROYED for each in fates)
    if gone and not all(each.evaluation.may_go for each in fates):
        troubles.append(f"{entry.item.item} was destroyed although it could not go.")
    return troubles
