"""The line: who may decide a level on a day, whatever the chart looks like (RULES E4, E8, E13)."""

from datetime import date

import pytest

from countersign.domain.employee import (
    Employee,
    Kind,
    LineSet,
    PersonJoined,
    PersonLeft,
    PersonReturned,
    StandInAppointed,
    evolve,
)
from countersign.domain.event import fold
from countersign.domain.line import (
    Missing,
    Standing,
    holders_above,
    is_below,
    may_be_named,
    posts_above,
    seat,
)
from countersign.domain.sealed import Sealed

LONG_AGO, TODAY, LATER = date(2020, 1, 1), date(2024, 3, 4), date(2024, 4, 1)


def joined(kind=Kind.EMPLOYEE):
    return PersonJoined(
        kind=kind, effective=LONG_AGO, time_zone="UTC", full_name=Sealed.of("Somebody")
    )


def under(manager, *more, kind=Kind.EMPLOYEE, since=LONG_AGO):
    return joined(kind), LineSet(effective=since, manager=manager), *more


def top(*more):
    return joined(), LineSet(effective=LONG_AGO, manager=None, top=True), *more


def standing_in(stand_in, alternate=None, start=LONG_AGO, end=LATER):
    return StandInAppointed(
        appointment=stand_in, stand_in=stand_in, alternate=alternate, start=start, end=end
    )


def house(**events):
    """`ada` reports to `bob`, he to `cy`, she to `dan`, who is the top; and what differs."""
    usual = {"ada": under("bob"), "bob": under("cy"), "cy": under("dan"), "dan": top()}
    outside = {"out": (joined(Kind.OUTSIDER),)}
    everybody = {**usual, **outside, **events}
    people = {name: fold(evolve, Employee(), each) for name, each in everybody.items()}
    return lambda name: people.get(name, Employee())


def seated(level, people, on=TODAY, **words):
    return seat(level, employee="ada", people=people, on=on, **words)


GONE = PersonLeft(effective=date(2024, 1, 1))


def test_the_line_manager_decides_first_and_the_level_above_second():
    first, second = seated(1, house()), seated(2, house())
    assert (first.holder, first.standing, first.path) == ("bob", Standing.LINE, ("bob",))
    assert (second.holder, second.standing, second.path) == ("cy", Standing.LINE, ("bob", "cy"))


def test_nobody_else_has_a_standing():
    standings = {name: seated(1, house()).standing_of(name) for name in ("ada", "cy", "dan")}
    assert set(standings.values()) == {None}


def test_a_vacant_post_is_climbed_over():
    people = house(bob=under("cy", kind=Kind.VACANCY))
    assert (seated(1, people).holder, seated(2, people).holder) == ("cy", "dan")


def test_the_path_shows_the_posts_that_were_climbed_over():
    assert seated(1, house(bob=under("cy", kind=Kind.VACANCY))).path == ("bob", "cy")


def test_a_leaver_is_climbed_over():
    people = house(bob=under("cy", GONE))
    assert (seated(1, people).holder, seated(2, people).holder) == ("cy", "dan")


def test_a_leaver_decides_until_the_day_of_leaving():
    people = house(bob=under("cy", PersonLeft(effective=LATER)))
    assert seated(1, people, on=TODAY).holder == "bob"
    assert seated(1, people, on=LATER).holder == "cy"


def test_a_returner_is_in_the_line_again():
    people = house(bob=under("cy", GONE, PersonReturned(effective=TODAY)))
    assert seated(1, people).holder == "bob"


def test_somebody_nobody_knows_is_climbed_no_further():
    assert seated(1, house(ada=under("a stranger"))).missing is Missing.NO_MANAGER


def test_without_a_manager_hr_names():
    waiting = seated(1, house(ada=(joined(),)))
    assert (waiting.holder, waiting.missing) == (None, Missing.NO_MANAGER)
    assert waiting.waits_for_hr


def test_when_all_above_are_gone_hr_names():
    gone = {name: under("dan", GONE) for name in ("bob", "cy")}
    people = house(**gone, dan=top(GONE))
    assert seated(1, people).missing is Missing.NO_MANAGER


@pytest.mark.parametrize("level", [1, 2])
def test_at_the_top_of_the_house_both_levels_are_named(level):
    assert seated(level, house(ada=top())).missing is Missing.TOP_OF_THE_HOUSE


def test_under_the_top_the_second_level_is_named():
    people = house(ada=under("dan"))
    assert seated(1, people).holder == "dan"
    assert seated(2, people).missing is Missing.NOBODY_DIFFERENT_ABOVE


def test_a_house_may_have_several_tops():
    people = house(ada=under("eve"), eve=under("fay"), fay=top())
    assert (seated(1, people).holder, seated(2, people).holder) == ("eve", "fay")


def test_who_decided_the_other_level_is_climbed_over():
    people = house(ada=under("cy"))
    assert seated(2, people, decided={1: ("dan",)}).missing is Missing.NOBODY_DIFFERENT_ABOVE
    assert seated(2, house(), decided={1: ("cy",)}).holder == "dan"


def test_when_the_next_level_became_the_same_person_the_first_different_one_decides():
    reorganised = house(ada=under("eve"), eve=under("bob"))
    assert seated(2, reorganised, decided={1: ("bob",)}).holder == "cy"


def test_neither_the_stand_in_who_decided_nor_whom_they_stood_in_for_decides_again():
    assert seated(2, house(), decided={1: ("cy", "bob")}).holder == "dan"
    assert seated(2, house(bob=top()), decided={1: ("eve", "bob")}).holder is None


def test_a_decision_on_a_level_does_not_bar_from_the_same_level():
    assert seated(1, house(), decided={1: ("bob",)}).holder == "bob"


def test_a_loop_above_ends_where_it_began():
    people = house(cy=under("bob"))
    assert list(posts_above("ada", people, TODAY)) == ["bob", "cy"]
    assert (seated(1, people).holder, seated(2, people).holder) == ("bob", "cy")


def test_a_loop_through_the_employee_never_makes_them_their_own_approver():
    people = house(bob=under("ada"))
    assert seated(1, people).holder == "bob"
    assert seated(2, people).missing is Missing.NOBODY_DIFFERENT_ABOVE


def test_who_reports_to_themselves_has_no_manager():
    assert seated(1, house(ada=under("ada"))).missing is Missing.NO_MANAGER


def test_open_levels_follow_the_line_of_the_day():
    moved = under("bob", LineSet(effective=LATER, manager="cy"))
    people = house(ada=moved)
    assert [seated(1, people, on=day).holder for day in (TODAY, LATER)] == ["bob", "cy"]


def test_climbing_uses_the_lines_in_force_all_the_way_up():
    people = house(bob=under("cy", LineSet(effective=LATER, manager="dan")))
    assert [seated(2, people, on=day).holder for day in (TODAY, LATER)] == ["cy", "dan"]


def test_holders_above_are_those_who_serve():
    people = house(bob=under("cy", kind=Kind.VACANCY), cy=under("dan", GONE))
    assert list(holders_above("ada", people, TODAY)) == ["dan"]


def test_below_is_however_far_down():
    people = house()
    assert is_below("ada", "dan", people, TODAY)
    assert not is_below("dan", "ada", people, TODAY)
    assert not is_below("ada", "ada", people, TODAY)


# Stand-ins


def test_a_stand_in_may_decide_and_so_may_the_absent_one():
    found = seated(1, house(bob=under("cy", standing_in("eve")), eve=under("dan")))
    assert (found.holder, found.stand_in) == ("bob", "eve")
    assert found.standing_of("eve") is Standing.STAND_IN
    assert found.standing_of("bob") is Standing.LINE


def test_a_stand_in_decides_within_the_half_open_period():
    period = standing_in("eve", start=date(2024, 3, 1), end=date(2024, 3, 8))
    people = house(bob=under("cy", period), eve=under("dan"))
    days = [date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 7), date(2024, 3, 8)]
    assert [seated(1, people, on=day).stand_in for day in days] == [None, "eve", "eve", None]


def test_a_stand_in_who_is_the_employee_gives_way_to_the_alternate():
    people = house(bob=under("cy", standing_in("ada", alternate="eve")), eve=under("dan"))
    assert seated(1, people).stand_in == "eve"


def test_without_an_alternate_the_absent_ones_own_manager_stands_in():
    assert seated(1, house(bob=under("cy", standing_in("ada")))).stand_in == "cy"


def test_the_own_manager_who_stands_in_is_the_first_who_serves():
    people = house(bob=under("cy", standing_in("ada")), cy=under("dan", kind=Kind.VACANCY))
    assert seated(1, people).stand_in == "dan"


def test_an_appointed_alternate_who_is_barred_is_not_replaced_by_the_manager():
    people = house(bob=under("cy", standing_in("ada", alternate="eve")), eve=under("dan", GONE))
    assert seated(1, people).missing is Missing.NO_ALTERNATE


def test_without_any_possible_alternate_hr_names():
    found = seated(1, house(bob=top(standing_in("ada"))))
    assert (found.stand_in, found.missing, found.waits_for_hr) == (
        None,
        Missing.NO_ALTERNATE,
        True,
    )


def test_the_default_alternate_may_not_be_the_employee_in_a_loop():
    people = house(bob=under("ada", standing_in("ada")))
    assert seated(1, people).missing is Missing.NO_ALTERNATE


def test_a_stand_in_below_the_employee_gives_way():
    people = house(bob=under("cy", standing_in("eve")), eve=under("ada"))
    assert seated(1, people).stand_in == "cy"


def test_a_stand_in_who_left_gives_way():
    people = house(bob=under("cy", standing_in("eve")), eve=under("dan", GONE))
    assert seated(1, people).stand_in == "cy"


def test_a_stand_in_who_decided_the_other_level_gives_way():
    people = house(cy=under("dan", standing_in("eve")), eve=under("dan"))
    assert seated(2, people, decided={1: ("eve", "bob")}).stand_in == "dan"


def test_nobody_stands_in_for_level_two_after_deciding_level_one():
    people = house(cy=under("dan", standing_in("bob")))
    assert seated(2, people, decided={1: ("bob", "bob")}).stand_in == "dan"


def test_stand_ins_do_not_chain():
    people = house(
        bob=under("cy", standing_in("eve")),
        eve=under("dan", standing_in("fay")),
        fay=under("dan"),
    )
    found = seated(1, people)
    assert found.stand_in == "eve"
    assert found.standing_of("fay") is None


def test_the_stand_in_of_a_barred_stand_in_is_not_asked():
    people = house(
        bob=under("cy", standing_in("eve")),
        eve=under("ada", standing_in("fay")),
        fay=under("dan"),
    )
    assert seated(1, people).stand_in == "cy"


def test_an_outsider_may_stand_in():
    assert seated(1, house(bob=under("cy", standing_in("out")))).stand_in == "out"


# Named persons


def test_a_named_person_decides_instead_of_the_line():
    found = seated(1, house(eve=under("dan")), named={1: "eve"})
    assert (found.holder, found.standing) == ("eve", Standing.NAMED)
    assert found.standing_of("bob") is None


def test_naming_one_level_leaves_the_other_to_the_line():
    assert seated(2, house(eve=under("dan")), named={1: "eve"}).holder == "cy"


def test_an_outsider_may_be_named():
    assert seated(2, house(ada=under("dan")), named={2: "out"}).holder == "out"


def test_a_named_person_may_have_a_stand_in():
    people = house(eve=under("dan", standing_in("fay")), fay=under("dan"))
    assert seated(1, people, named={1: "eve"}).stand_in == "fay"


@pytest.mark.parametrize("barred", ["ada", "below", "left", "stranger", "decided", "vacant"])
def test_a_named_person_who_is_barred_by_now_waits_for_hr(barred):
    people = house(
        below=under("ada"),
        left=under("dan", GONE),
        decided=under("dan"),
        vacant=under("dan", kind=Kind.VACANCY),
    )
    found = seated(2, people, named={2: barred}, decided={1: ("decided",)})
    assert (found.holder, found.missing) == (None, Missing.NAMED_PERSON_BARRED)


def test_who_is_above_or_beside_may_be_named():
    people = house(eve=under("dan"))
    fit = [
        may_be_named(name, employee="ada", barred={"ada"}, people=people, on=TODAY)
        for name in ("bob", "dan", "eve", "out")
    ]
    assert fit == [True] * 4


def test_a_manager_who_leaves_after_accepting_does_not_push_level_two_up():
    people = house(bob=under("cy", GONE))

    assert seated(2, people, decided={1: ("bob", "bob")}).holder == "cy"
