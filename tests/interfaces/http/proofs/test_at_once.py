"""However many ask at once, a decision is taken once; on a real server, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
REPEATS = 200


def test_two_hundred_repeats_at_once_are_one_decision(stage, team):
    case = team.case("Ada", until="asked")
    request = f"/plans/{case.plan}/tasks/{case.task}/request"
    max_, ready = team.api("Max"), Barrier(REPEATS)
    seen = max_.get(request).ok(200).etag
    decision = {"evidence": 1, "result": case.result, "value_perceived": "direct"}
    before = stage.company.engine.position()

    def accept(_):
        ready.wait()
        return max_.post(f"{request}/accept", decision, match=seen, key=KEY).ok(200)

    with ThreadPoolExecutor(REPEATS) as pool:
        answers = list(pool.map(accept, range(REPEATS)))

    assert len({answer.response.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == REPEATS - 1
    assert stage.company.events(after=before) == ["approval.accepted"]


def test_of_two_hundred_different_decisions_at_once_one_is_taken(stage, team):
    """Each under a key of its own: all have looked at the same."""
    case = team.case("Ada", until="asked")
    request = f"/plans/{case.plan}/tasks/{case.task}/request"
    max_, ready = team.api("Max"), Barrier(REPEATS)
    seen = max_.get(request).ok(200).etag
    before = stage.company.engine.position()

    def decide(number):
        ready.wait()
        verb, body = DECISIONS[number % len(DECISIONS)]
        body = body | ({"result": case.result} if verb == "accept" else {})
        return max_.post(f"{request}/{verb}", body, match=seen, key=f"{KEY}-{number}")

    with ThreadPoolExecutor(REPEATS) as pool:
        answers = list(pool.map(decide, range(REPEATS)))

    assert sum(answer.status == 200 for answer in answers) == 1
    assert {answer.status for answer in answers} <= {200, 409, 412}
    (won,) = [answer for answer in answers if answer.status == 200]
    assert stage.company.events(after=before) == won.names


DECISIONS = (
    ("accept", {"evidence": 1, "value_perceived": "direct"}),
    ("decline", {"evidence": 1, "reason": "the sales desk covers it"}),
    ("return", {"evidence": 1, "missing": "which dealer?", "to_step": 6}),
)
