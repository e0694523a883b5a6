"""News: everybody is told of exactly what they may see, wherever they go on from."""

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.desk import Actor
from countersign.domain.employee import Role
from countersign.domain.lifecycle import Step
from countersign.domain.refusals import NotFound


@pytest.fixture
def news(on_sqlite):
    return on_sqlite.engine.news


@pytest.fixture
def told(on_sqlite, news):
    """What somebody is told of a plan between two positions, as (position, name)."""

    def tell(name, case, after, until, **words):
        actor = Actor(on_sqlite.person(name))
        changes = news.of_plan(case.plan, actor, after=after, until=until, **words)
        return [(each.position, each.name) for each in changes]

    return tell


def returned_once(company):
    """A case with a question, a return, a stand-in, and both acceptances."""
    case = company.case("Ada", until="asked")
    asked = company.does("Max", c.AskQuestion(task=case.task, text="since when?"))
    question = asked.events[0].event.question
    case.does(c.AnswerQuestion(task=case.task, question=question, text="since March"))
    missing = c.ReturnTask(task=case.task, evidence=1, missing="more", to_step=Step.NOTE_RESULTS)
    company.does("Max", missing)
    case.note("another lead")
    case.does(c.AskForAcceptance(plan=case.plan, task=case.task))
    company.appoints("Max", "Tess")
    return case


def whole(company):
    case = returned_once(company)
    for name, evidence in (("Tess", 2), ("Vera", 2)):
        acceptance = case.acceptance(evidence)
        company.when(name, acceptance)
    return case


def test_the_employee_is_told_every_event_of_their_plan(on_sqlite, news, told):
    case = whole(on_sqlite)
    head = news.position()
    every = [each for each in news.since(0, 1000) if each.case == case.plan]

    assert told("Ada", case, 0, head) == [(each.position, each.name) for each in every]


@pytest.mark.parametrize("name", ["Ada", "Hilda"])
def test_what_is_told_does_not_rest_on_where_one_goes_on(on_sqlite, news, told, name):
    case = whole(on_sqlite)
    head = news.position()
    every = told(name, case, 0, head)

    assert every
    for place in range(head + 1):
        first, rest = told(name, case, 0, place), told(name, case, place, head)
        assert first + rest == every


def test_the_manager_is_told_that_what_they_see_has_changed(on_sqlite, news, told):
    """Which event it was would tell of the log, which is not theirs to see."""
    case = on_sqlite.case("Ada", until="noted")
    before = news.position()
    case.does(c.LogPractice(plan=case.plan, days=(c.PracticeDay(on=on_sqlite.clock.today),)))
    logged = news.position()
    case.does(c.TellResult(result=case.result))

    assert logged > before
    assert told("Max", case, before, logged) == []
    assert told("Max", case, logged, news.position()) == [(news.position(), None)]


@pytest.mark.parametrize("name", ["Bob", "Tess", "Hilda"])
def test_who_may_not_see_a_plan_is_not_told_that_it_is_there(on_sqlite, news, told, name):
    case = on_sqlite.case("Ada", until="noted")

    with pytest.raises(NotFound):
        told(name, case, 0, news.position())


def test_an_auditor_is_told_for_a_reason(on_sqlite, news, told):
    on_sqlite.does("Hilda", c.GrantRole(person=on_sqlite.person("Carl"), role=Role.AUDITOR))
    case = on_sqlite.case("Ada", until="asked")

    with pytest.raises(NotFound):
        told("Carl", case, 0, news.position())
    assert told("Carl", case, 0, news.position(), reason="yearly audit")


def test_who_leaves_the_line_is_not_told_any_more(on_sqlite, news, told):
    case = on_sqlite.case("Ada", until="examined")
    assert told("Max", case, 0, news.position())
    on_sqlite.moves("Ada", "Tess")

    with pytest.raises(NotFound):
        told("Max", case, 0, news.position())
    assert told("Tess", case, 0, news.position())


EVERYBODY = ("Ada", "Bob", "Carl", "Max", "Tess", "Vera", "Hilda", "Rob")


def inbox(company, name, at):
    items = company.ask(name, q.Inbox(person=company.person(name)), as_of=at)
    return [item.model_copy(update={"employee_name": None, "title": None}) for item in items]


def after_news(items, changed):
    """The inbox that somebody has who believes what they are told."""
    if changed is None:
        return items
    assert not [item for item in changed.came if item in items], "told twice"
    kept = [item for item in items if item not in changed.went]
    assert len(kept) == len(items) - len(changed.went), "what went was there"
    return [*kept, *changed.came]


@pytest.mark.parametrize("name", EVERYBODY)
def test_what_came_and_went_leads_from_any_inbox_to_the_newest(on_sqlite, news, name):
    whole(on_sqlite)
    head, actor = news.position(), Actor(on_sqlite.person(name))

    for place in range(head + 1):
        changed = news.of_inbox(actor, after=place, until=head)
        believed = after_news(inbox(on_sqlite, name, place), changed)
        assert sorted(believed, key=repr) == sorted(inbox(on_sqlite, name, head), key=repr)


def test_an_inbox_is_told_event_by_event_too(on_sqlite, news):
    whole(on_sqlite)
    max_ = Actor(on_sqlite.person("Max"))
    kinds = []
    for place in range(news.position()):
        changed = news.of_inbox(max_, after=place, until=place + 1)
        if changed is not None:
            kinds.append(([i.kind for i in changed.came], [i.kind for i in changed.went]))

    assert kinds == [
        (["acknowledge"], []),
        (["decide"], []),
        ([], ["decide"]),
        (["acknowledge"], []),
        (["decide"], []),
        ([], ["decide"]),
    ]


def test_whose_inbox_changes_was_thought_of(on_sqlite, news):
    """An inbox is asked only when an event may concern it; none may be forgotten."""
    whole(on_sqlite)
    named = on_sqlite.case("Vera", until="asked")
    on_sqlite.names_approver(named, 1, "Carl")
    on_sqlite.appoints("Carl", "Bob", alternate=on_sqlite.person("Tess"))
    on_sqlite.when("Bob", named.acceptance())
    on_sqlite.names_approver(named, 2, "Max")
    on_sqlite.when("Max", named.acceptance())
    forgotten = []
    for happened in news.since(0, 10_000):
        people = news.may_concern(happened)
        for name in EVERYBODY:
            person = on_sqlite.person(name)
            if people is None or person in people or news.is_hr(person):
                continue
            place = happened.position
            if news.of_inbox(Actor(person), after=place - 1, until=place) is not None:
                forgotten.append((happened, name))

    assert forgotten == []


def test_few_are_thought_of_where_few_are_concerned(on_sqlite, news):
    on_sqlite.case("Ada", until="asked")
    happened = next(each for each in news.since(0) if each.name == "approval.asked.v1")

    people = news.may_concern(happened)

    assert people == {on_sqlite.person(name) for name in ("Ada", "Max", "Vera")}


def test_news_come_in_pages_and_end(on_sqlite, news):
    on_sqlite.case("Ada", until="asked")
    found, place = [], 0
    while page := news.since(place, 7):
        found += page
        place = page[-1].position

    assert [each.position for each in found] == list(range(1, news.position() + 1))


def test_the_employee_is_told_that_somebody_else_decides_now(on_sqlite, news, told):
    """Of no event of the plan; but what they see has changed."""
    case = on_sqlite.case("Ada", until="asked")
    before = news.position()
    on_sqlite.moves("Ada", "Tess")
    head = news.position()

    assert told("Ada", case, before, head) == [(head, None)]
    assert told("Ada", case, head, head) == []


def test_who_may_be_concerned_is_heard_page_by_page(on_sqlite, news):
    case = on_sqlite.case("Ada", until="settled")
    before = news.position()
    case.walk("asked")

    heard = news.heard(news.since(before))

    assert (heard.until, heard.plans) == (news.position(), {case.plan})
    assert heard.people == {on_sqlite.person(name) for name in ("Ada", "Max", "Vera")}
    assert (heard.hr, heard.everybody) == (True, False)


def test_where_nobody_watches_an_inbox_nobody_is_looked_for(on_sqlite, news):
    case = on_sqlite.case("Ada", until="settled")
    before = news.position()
    case.walk("asked")

    heard = news.heard(news.since(before), inboxes=False)

    assert (heard.plans, heard.people, heard.hr) == ({case.plan}, set(), False)


def test_who_has_moved_may_concern_everybody(on_sqlite, news):
    before = news.position()
    on_sqlite.moves("Ada", "Tess")

    assert news.heard(news.since(before), inboxes=False).everybody
