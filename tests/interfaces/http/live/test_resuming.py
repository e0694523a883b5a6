"""Cut off anywhere, on any server: the pieces make what whoever was never cut off has heard."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from countersign.application import commands as c
from countersign.application import questions as q

WRITERS = ("Ada", "Bob")
ROUNDS = 12


def believing(items, said):
    """The inbox of somebody who believes what they are told; nothing is told twice or left out."""
    assert not [item for item in said.data["came"] if item in items], "told twice"
    kept = [item for item in items if item not in said.data["went"]]
    assert len(kept) == len(items) - len(said.data["went"]), "what went was there"
    return [*kept, *said.data["came"]]


def inbox(company, name):
    items = company.ask(name, q.Inbox(person=company.person(name)))
    bare = [item.model_copy(update={"employee_name": None, "title": None}) for item in items]
    return [item.model_dump(mode="json") for item in bare]


def writes(company, case, name):
    """Asked for, returned, withdrawn: an inbox fills and empties."""
    for number in range(ROUNDS):
        result = case.note(f"lead {number}")
        case.does(c.TellResult(result=result))
        company.does("Max", c.AcknowledgeResult(result=result))
        if number % 3 == 0:
            case.does(c.AskForAcceptance(plan=case.plan, task=case.task))
            case.does(c.WithdrawRequest(task=case.task))


class Cut:
    """One who is cut off after a few events and goes on elsewhere, from the last that they have."""

    def __init__(self, places, name, path, start, chance):
        self.places, self.name, self.path = places, name, path
        self.chance = chance
        self.place = start
        self.heard = []

    def until(self, enough):
        while not enough(self.heard):
            where = self.chance.choice(self.places())
            headers = {"Last-Event-ID": str(self.place)}
            with where.watches(self.name, self.path, **headers) as watching:
                assert watching.event("now").id == self.place
                for _ in range(self.chance.randint(0, 4)):
                    if enough(self.heard):
                        break
                    self.heard.append(watching.event(self.path.split("/")[1].removesuffix("s")))
                    self.place = self.heard[-1].id
        return self.heard


@pytest.fixture(params=[1, 2])
def chance(request):
    return random.Random(request.param)


def test_whoever_is_cut_off_hears_all_and_nothing_twice(company, also, serve, chance):
    cases = {name: company.case(name, until="settled") for name in WRITERS}
    start = company.engine.position()
    plan = cases["Ada"].plan
    events = f"/plans/{plan}/events"
    with (
        serve(company) as one,
        serve(also(company)) as two,
        one.watches("Ada", events) as whole,
        ThreadPoolExecutor(6) as threads,
    ):
        whole.event("now")
        before = inbox(company, "Max")
        writing = [threads.submit(writes, company, cases[name], name) for name in WRITERS]
        written = threading.Event()

        def the_last_word():
            """Whoever has heard everything by then waits for this, and hears it."""
            for each in writing:
                each.result(120)
            last = cases["Ada"].note("the last lead")
            written.set()
            cases["Ada"].does(c.TellResult(result=last))

        last_word = threads.submit(the_last_word)

        def heard_all(heard):
            told = bool(heard) and heard[-1].name == "result.told"
            return written.is_set() and told and heard[-1].id >= last_of_plan()

        def last_of_plan():
            happened = company.engine.news.since(start, 10_000)
            return max(each.position for each in happened if each.case == plan)

        def inbox_is_right(heard):
            now = sorted(inbox(company, "Max"), key=repr)
            return written.is_set() and settled(before, heard) == now

        cut = Cut(lambda: (one, two), "Ada", events, start, random.Random(chance.random()))
        filled = Cut(lambda: (two, one), "Max", "/inbox/events", start, chance)
        told = threads.submit(cut.until, heard_all)
        believed = threads.submit(filled.until, inbox_is_right)
        pieces = told.result(120)
        believed.result(120)
        last_word.result(120)
        entire = [whole.event("plan") for _ in pieces]

    happened = [each for each in company.engine.news.since(start, 10_000) if each.case == plan]
    assert [each.id for each in pieces] == [each.position for each in happened]
    assert pieces == entire


def settled(items, heard):
    for said in heard:
        items = believing(items, said)
    return sorted(items, key=repr)


def test_nothing_is_lost_while_the_server_is_begun_again(company, also, serve):
    case = company.case("Ada", until="noted")
    path = f"/plans/{case.plan}/events"
    with serve(company) as place, place.watches("Ada", path) as ada:
        last = ada.event("now").id
    result = case.note("while nobody listened")
    case.does(c.TellResult(result=result))

    with (
        serve(also(company)) as place,
        place.watches("Ada", path, **{"Last-Event-ID": str(last)}) as ada,
    ):
        ada.event("now")
        case.does(c.RetractResult(result=case.result))
        happened = [each for each in company.engine.news.since(last) if each.case == case.plan]
        heard = [ada.event("plan") for _ in happened]

    assert [each.id for each in heard] == [each.position for each in happened]
    assert {"result.noted", "result.told", "result.retracted"} < {each.name for each in heard}
