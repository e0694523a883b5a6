"""What a request costs over HTTP: beside bare FastAPI endpoints that answer the same, in turn."""

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from countersign.application.commands import KeepItem
from countersign.application.questions import WhoIs
from countersign.interfaces.http.development import DevelopmentTokens

from .conftest import FIRST_PRACTICE, Company

SECRET = bytes(range(32))
PREFIX = "/api/v1"
HOST = "127.0.0.1"
PATIENCE_SECONDS = 60
IDLE_SECONDS = 3
LATER = 3600

ROUNDS = 7
READS = 60
WRITES = 12
DECISIONS = 6
WAITING = 52
"""Tasks that wait for one manager; every decision takes one away."""

PAGE = 50
LIFECYCLES = ROUNDS + 1
PEOPLE = WAITING + LIFECYCLES + 1

OURS = """
import json, sys
from datetime import datetime

from countersign import open_engine
from countersign.infrastructure.settings import Settings
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.development import DevelopmentTokens
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.server import serve
from countersign.interfaces.http.settings import HttpSettings

told = json.loads(sys.argv[1])
now = datetime.fromisoformat(told["now"])
settings = Settings(master_key_file=told["key_file"])
with open_engine(
    told["url"], tenant=told["tenant"], settings=settings, clock=lambda: now
) as engine:
    resolver = Bearers(engine, DevelopmentTokens(bytes.fromhex(told["secret"])))
    app = create_app(engine, resolver=resolver, settings=HttpSettings(rate_per_second=0))
    serve(app, host=told["host"], port=told["port"])
"""
"""The product's own settings, but for the limit on one caller."""

BARE = """
import json, sys
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI

from countersign.application.questions import InboxItem, PlanView
from countersign.interfaces.http.documents import Page, ReceiptDocument

told = json.loads(sys.argv[1])
plan = PlanView.model_validate_json(told["plan"])
inbox = Page[InboxItem].model_validate_json(told["inbox"])
receipt = ReceiptDocument.model_validate_json(told["receipt"])
app = FastAPI()

@app.get("/threaded/plans/{plan_id}")
def get_plan(plan_id: str) -> PlanView:
    return plan

@app.get("/threaded/inbox")
def get_inbox(limit: int = 50) -> Page[InboxItem]:
    return inbox

@app.post("/threaded/commands/{name}")
def command(name: str, body: Annotated[dict[str, Any], Body()]) -> ReceiptDocument:
    return receipt

@app.get("/async/plans/{plan_id}")
async def get_plan_at_once(plan_id: str) -> PlanView:
    return plan

@app.get("/async/inbox")
async def get_inbox_at_once(limit: int = 50) -> Page[InboxItem]:
    return inbox

@app.post("/async/commands/{name}")
async def command_at_once(name: str, body: Annotated[dict[str, Any], Body()]) -> ReceiptDocument:
    return receipt

uvicorn.run(app, host=told["host"], port=told["port"], access_log=False, log_level="warning")
"""
"""The same answers, made beforehand; nobody is asked who they are, and nothing is kept.

Once as endpoints that run in a thread, as all do that ask a database by a driver that blocks; once
as `async` ones, which ask nobody anything.
"""

KINDS = ("/threaded", "/async")


@dataclass
class Answered:
    status: int
    body: Any
    etag: str | None


class Caller:
    """One connection that is kept; what it is told for it is kept beside the time it took."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self._http = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._last = 0.0
        self.took: list[float] = []

    def close(self) -> None:
        self._http.close()

    def get(self, path: str) -> bytes:
        return self._send("GET", path, None, self._headers)[1]

    def read(self, path: str) -> Answered:
        status, body, etag = self._send("GET", path, None, self._headers)
        return Answered(status, json.loads(body), etag)

    def put(self, path: str, body: Any) -> Answered:
        return self.command("PUT", path, body, match="*")

    def post(self, path: str, body: Any = None, *, match: str | None = None) -> Answered:
        return self.command("POST", path, body, match=match)

    def command(self, method: str, path: str, body: Any, *, match: str | None) -> Answered:
        headers = self._headers | {"Content-Type": "application/json"}
        headers |= {"If-Match": match} if match else {}
        status, told, etag = self._send(method, path, json.dumps(body or {}).encode(), headers)
        return Answered(status, json.loads(told), etag)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, str | None]:
        began = time.perf_counter()
        if began - self._last > IDLE_SECONDS:
            self._http.close()  # and is opened anew: the server would do so soon
        self._http.request(method, path, body, headers)
        response = self._http.getresponse()
        told = response.read()
        self._last = time.perf_counter()
        self.took.append(self._last - began)
        assert response.status < 300, told
        return response.status, told, response.headers["etag"]


@dataclass
class Served:
    """A server in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    callers: list[Caller] = field(default_factory=list)

    def caller(self, token: str | None = None) -> Caller:
        self.callers.append(Caller(self.port, token))
        return self.callers[-1]

    def cpu(self) -> float:
        """Seconds of processor time of all its threads, user and system, as the kernel counts.

        The clock behind the figures of /proc/PID/stat, which come in hundredths only.
        """
        return time.clock_gettime((~self.process.pid << 3) | 2)


@contextmanager
def served(program: str, told: dict[str, Any], log: Path) -> Iterator[Served]:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    words = json.dumps(told | {"host": HOST, "port": port})
    with log.open("wb") as kept:
        process = subprocess.Popen([sys.executable, "-c", program, words], stdout=kept, stderr=kept)
    try:
        until_it_listens(process, port, log)
        server = Served(process, port)
        yield server
        for caller in server.callers:
            caller.close()
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        with socket.socket() as caller:
            if caller.connect_ex((HOST, port)) == 0:
                return
        with suppress(subprocess.TimeoutExpired):
            raise RuntimeError(f"The server ended ({process.wait(0.05)}): {log.read_text()}")
    raise RuntimeError(log.read_text())


@dataclass
class Side:
    """What one of the two took: processor time by round, and how long each answer."""

    cpu: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def measure(
        self, server: Served, callers: Sequence[Caller], work: Callable[[], object]
    ) -> None:
        for caller in callers:
            caller.took.clear()
        began = server.cpu()
        work()
        told = [each for caller in callers for each in caller.took]
        self.cpu.append((server.cpu() - began) / len(told))
        self.took += told

    def words(self) -> str:
        cpu = sorted(1e6 * each for each in self.cpu)
        took = sorted(1e3 * each for each in self.took)
        p50, p99 = statistics.median(took), took[int(0.99 * (len(took) - 1))]
        return f"{statistics.median(cpu):,.0f} / {cpu[0]:,.0f} | {p50:.2f} / {p99:.2f}"


Work = Callable[[], object]
Asked = tuple[Sequence[Caller], Work]


class Comparison:
    """Ours and the bare endpoints in turn; a row for each thing that is asked."""

    def __init__(self, ours: Served, bare: Served, plain: Caller) -> None:
        self._ours, self._bare, self._plain = ours, bare, plain
        print(f"\nload {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        print("| per request | CPU µs, median / best | p50 / p99 ms |", end="")
        for kind in KINDS:
            print(
                f" bare {kind} CPU µs | p50 / p99 ms | CPU ratio, median (range) | best |", end=""
            )
        print("\n|" + "---|" * (3 + 4 * len(KINDS)))

    def __call__(self, what: str, ours: Asked, bare: Callable[[str], object]) -> None:
        """`bare` is handed where a kind of endpoint begins. The first round only warms up."""
        told, raw = Side(), {kind: Side() for kind in KINDS}
        ours[1]()
        for kind in KINDS:
            bare(kind)
        for _ in range(ROUNDS):
            for kind, side in raw.items():
                side.measure(self._bare, [self._plain], partial(bare, kind))
            told.measure(self._ours, *ours)
        print(f"| {what} | {told.words()} |", end="")
        for side in raw.values():
            ratios = sorted(a / b for a, b in zip(told.cpu, side.cpu, strict=True))
            print(f" {side.words()} | {statistics.median(ratios):.2f}", end="")
            print(f" ({ratios[0]:.2f} to {ratios[-1]:.2f})", end="")
            print(f" | {min(told.cpu) / min(side.cpu):.2f} |", end="")
        print()


def bench_http_on_sqlite(company, tmp_path):
    compare("SQLite", company(f"sqlite:///{tmp_path}/http.db", people=PEOPLE), tmp_path)


def bench_http_on_postgresql(company, durable_postgres_url, tmp_path):
    ours = company(durable_postgres_url, people=PEOPLE, tenant="http")
    compare("PostgreSQL", ours, tmp_path)


@dataclass
class Case:
    """A plan whose task waits for its first acceptance."""

    plan: str
    task: str
    result: str

    @property
    def accept(self) -> str:
        return f"{PREFIX}/plans/{self.plan}/tasks/{self.task}/request/accept"

    @property
    def decision(self) -> dict[str, Any]:
        return {"evidence": 1, "result": self.result, "value_perceived": "direct"}


def compare(place_kind: str, company: Company, folder: Path) -> None:
    place = company.place | {"now": company.now.isoformat(), "secret": SECRET.hex()}
    token = DevelopmentTokens(SECRET).issue
    with served(OURS, place, folder / "ours.log") as ours:
        people = iter(company.employees)
        tokens = {each.person: token(each.person, seconds=LATER) for each in company.employees}
        middle = ours.caller(token(company.middle.person, seconds=LATER))
        top = ours.caller(token(company.top.person, seconds=LATER))
        reader = next(people)
        enabled = lifecycle(ours.caller(tokens[reader.person]), middle, top)
        cases = [asked(ours.caller(tokens[next(people).person])) for _ in range(WAITING)]
        read = f"{PREFIX}/plans/{enabled.plan}"
        page = f"{PREFIX}/inbox?limit={PAGE}"
        own = ours.caller(tokens[reader.person])
        answers = {"plan": own.get(read).decode(), "inbox": middle.get(page).decode()}
        assert len(json.loads(answers["inbox"])["items"]) == PAGE
        answers["receipt"] = receipt_of(middle, cases.pop())
        with served(BARE, answers, folder / "bare.log") as bare:
            plain = bare.caller()
            assert json.loads(plain.get("/async/plans/1")) == json.loads(answers["plan"])
            beside = Comparison(ours, bare, plain)

            def bare_plan(kind: str) -> None:
                times(READS, plain.get, f"{kind}/plans/1")

            def bare_page(kind: str) -> None:
                times(READS // 4, plain.get, f"{kind}/inbox?limit={PAGE}")

            beside(
                f"plan read, {place_kind}",
                ([own], lambda: times(READS, own.get, read)),
                bare_plan,
            )
            beside(
                f"plan read after a write, {place_kind}",
                ([own], lambda: after_writes(company, own, read)),
                bare_plan,
            )
            beside(
                f"plan read by the deciding manager, {place_kind}",
                ([middle], lambda: times(READS, middle.get, f"{PREFIX}/plans/{cases[0].plan}")),
                bare_plan,
            )
            beside(
                f"inbox page of {PAGE}, {place_kind}",
                ([middle], lambda: times(READS // 4, middle.get, page)),
                bare_page,
            )
            decision = cases[0].decision
            beside(
                f"decision, {place_kind}",
                ([middle], lambda: decide(middle, cases)),
                lambda kind: times(READS, plain.post, f"{kind}/commands/accept", decision),
            )
            walkers = [ours.caller(tokens[each.person]) for each in people]
            waiting = iter(walkers)
            beside(
                f"lifecycle, each of its 12 commands and 2 reads, {place_kind}",
                ([*walkers, middle, top], lambda: lifecycle(next(waiting), middle, top)),
                lambda kind: bare_lifecycle(plain, kind, decision),
            )


def times(count: int, call: Callable[..., object], *args: object) -> None:
    for _ in range(count):
        call(*args)


def after_writes(company: Company, reader: Caller, path: str) -> None:
    """Each after somebody has written something, in another process, that is shown already."""
    writer = company.employees[0]
    for _ in range(WRITES):
        written = company.engine.handle(KeepItem(title="An article"), writer)
        company.engine.ask(WhoIs(known_as=writer.person), writer, after=written)
        reader.get(path)


def decide(manager: Caller, cases: list[Case]) -> None:
    for _ in range(DECISIONS):
        case = cases.pop()
        manager.post(case.accept, case.decision, match="*")


def receipt_of(manager: Caller, case: Case) -> str:
    return json.dumps(manager.post(case.accept, case.decision, match="*").body)


def bare_lifecycle(plain: Caller, kind: str, body: dict[str, Any]) -> None:
    """As many commands and reads, ten times over."""
    for _ in range(10):
        times(12, plain.post, f"{kind}/commands/any", body)
        times(2, plain.get, f"{kind}/plans/1")


def lifecycle(employee: Caller, manager: Caller, next_level: Caller) -> Case:
    """Twelve commands; before deciding, each approver reads what they decide on."""
    case = asked(employee)
    request = case.accept.removesuffix("/accept")
    for approver in (manager, next_level):
        seen = approver.read(request)
        approver.post(case.accept, case.decision, match=seen.etag)
    return case


def asked(employee: Caller) -> Case:
    """Ten commands: start, eight steps, asking."""
    plan: str = employee.post(f"{PREFIX}/plans").body["made"]
    base = f"{PREFIX}/plans/{plan}"
    wish = {"title": "Find leads", "need": "Three leads a month"}
    examine = {"activities": ["Mail", "Calls", "Quotes"], "tasks": [wish]}
    examined = employee.post(f"{base}/examine-job", examine).body["events"]
    (task,) = (e["says"]["task"] for e in examined if "task_identified" in e["name"])
    use = {"point": "Before calls", "purpose": "Leads", "channels": ["LinkedIn"]}
    employee.put(f"{base}/tasks/{task}/use", use)
    employee.put(f"{base}/tasks/{task}/routine", {"actions": ["Search", "Ask the group"]})
    days = [
        {"on": (FIRST_PRACTICE + timedelta(days=n)).isoformat(), "note": "Asked the group"}
        for n in range(0, 36, 7)
    ]
    employee.post(f"{base}/entries", {"days": days})
    employee.post(f"{base}/tasks/{task}/check-results", {"verdict": "keep"})
    finding = {
        "kind": "lead",
        "route": "search",
        "channel": "LinkedIn",
        "what": "A lead at a machine builder",
        "confirmable_by": "Bo",
    }
    noted = employee.post(f"{base}/results", {"task": task, "finding": finding})
    employee.post(f"{base}/review-activities", {"activities": ["Mail"]})
    employee.post(f"{base}/settle")
    employee.post(f"{base}/tasks/{task}/request")
    return Case(plan, task, noted.body["made"])
