"""Items to work retention out from, plain ones and any that there could be."""

from datetime import date

from hypothesis import strategies as st

from countersign.domain.event import RecordClass
from countersign.domain.hold import Hold, Scope
from countersign.domain.items import Item, ItemKind
from countersign.domain.schedule import (
    SHIPPED,
    Action,
    Confirm,
    Cutoff,
    Duration,
    Group,
    Series,
    Trigger,
    Version,
)

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
MAYBE_DAYS = st.none() | DAYS


def reading(**more):
    """Kept by Ada on 2 March 2026."""
    about = {
        "item": "i1",
        "kind": ItemKind.REFERENCE,
        "record_class": RecordClass.REFERENCE_MATERIAL,
        "group": Group.READING,
        "stream": "i1",
        "owner": "ada",
        "persons": ("ada",),
        "created_on": date(2026, 3, 2),
    }
    return Item.model_validate(about | more)


def record(**more):
    """A request of Ada's that ended on 2 March 2026."""
    about = {
        "item": "t1",
        "kind": ItemKind.REQUEST,
        "record_class": RecordClass.PROCESS_RECORD,
        "group": Group.SUBMITTED,
        "stream": "t1",
        "owner": "ada",
        "case": "p1",
        "persons": ("ada",),
        "created_on": date(2026, 1, 2),
        "triggered_on": date(2026, 3, 2),
    }
    return Item.model_validate(about | more)


def version(*rows, number=2):
    """The schedule that ships, with these rows for what they cover."""
    covered = {group for row in rows for group in row.covers}
    others = tuple(row for row in SHIPPED if not covered & set(row.covers))
    return Version(number=number, rows=(*others, *rows))


def series(code="S", group=Group.SUBMITTED, minimum="P7Y", **more):
    about = {
        "code": code,
        "covers": (group,),
        "trigger": Trigger.EVENT,
        "action": Action.DESTROY,
        "minimum": Duration.read(minimum) if isinstance(minimum, str) else minimum,
    }
    return Series.model_validate(about | more)


def items():
    made = st.builds(
        record,
        created_on=MAYBE_DAYS,
        triggered_on=MAYBE_DAYS,
        persons=st.sampled_from([("ada",), ("ada", "bob")]),
        group=st.sampled_from([Group.SUBMITTED, Group.NEVER_SUBMITTED]),
    )
    read = st.builds(reading, created_on=MAYBE_DAYS, noticed_on=MAYBE_DAYS, discarded=st.booleans())
    return made | read


def durations():
    return st.builds(
        Duration, years=st.integers(0, 30), months=st.integers(0, 30), days=st.integers(0, 60)
    )


def any_series(group, code):
    return st.builds(
        Series,
        code=st.just(code),
        covers=st.just((group,)),
        trigger=st.sampled_from(Trigger),
        cutoff=st.sampled_from(Cutoff),
        minimum=st.none() | durations(),
        maximum=st.none() | durations(),
        action=st.sampled_from(Action),
        confirm=st.sampled_from(Confirm),
    )


def versions():
    """Records and reading material by a row or two, whatever they say; the rest as it ships."""
    groups = (Group.SUBMITTED, Group.NEVER_SUBMITTED, Group.READING)
    first = [any_series(group, f"{group.value}-1") for group in groups]
    second = [st.none() | any_series(group, f"{group.value}-2") for group in groups]
    return st.tuples(*first, *second).map(
        lambda found: version(*(row for row in found if row is not None))
    )


def holds():
    scopes = st.sampled_from(
        [
            Scope(persons=("ada",)),
            Scope(persons=("bob",)),
            Scope(cases=("p1",)),
            Scope(made_from=date(2030, 1, 1)),
            Scope(classes=(RecordClass.REFERENCE_MATERIAL,)),
        ]
    )
    made = st.builds(
        Hold, hold=st.sampled_from("abc"), scope=scopes, by=st.just("rita"), placed_on=DAYS
    )
    return st.lists(made, max_size=3)
