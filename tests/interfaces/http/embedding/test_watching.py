"""Watching a real process: a thousand at once, and all let go when it is told to end."""

import asyncio
import json
import resource
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from countersign.interfaces.http.open_files import raise_limit

HOST = "127.0.0.1"
MANY = 1000
PEOPLE = 100
PATIENCE = 60
LATER = 3600

PROGRAM = """
import json, sys
from datetime import datetime
from pathlib import Path

import uvicorn

told = json.loads(sys.argv[1])
sys.path.insert(0, told["folder"])
from conftest import EMBEDDED

from countersign import open_engine
from countersign.infrastructure.settings import Settings
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.development import DevelopmentTokens
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.server import serve

settings = Settings(**told["settings"])
with open_engine(told["url"], tenant=told["tenant"], settings=settings) as engine:
    resolver = Bearers(engine, DevelopmentTokens(bytes.fromhex(told["secret"])))
    if told["way"] == "server":
        serve(create_app(engine, resolver=resolver), host="127.0.0.1", port=told["port"])
    else:
        make, embed = EMBEDDED[told["way"]]
        host = embed(make(), engine, resolver)
        uvicorn.Server(uvicorn.Config(host, port=told["port"], log_level="warning")).run()
print("ended in good order", flush=True)
"""
"""A server of one's own, or a host's with countersign in it."""

PREFIXES = {
    "server": "/api/v1",
    "router": "/hr/api/v1",
    "mounted": "/hr/api/v1",
    "beside Django": "/hr/api/v1",
}


@pytest.fixture
def begin_on(begin_server, wire):
    """A process on a company's database, with countersign on the wire in one of four ways."""

    def begin(found, way):
        told = {
            "folder": str(Path(__file__).parent),
            "way": way,
            "url": found.place.url,
            "tenant": found.place.tenant,
            "secret": wire.secret.hex(),
            "settings": {
                "master_key": found.settings.master_key.get_secret_value(),
                "keyring_url": found.settings.keyring_url,
            },
        }
        return begin_server(
            lambda port: [sys.executable, "-c", PROGRAM, json.dumps(told | {"port": port})], None
        )

    return begin


class Line:
    """One who watches, on a socket of their own."""

    def __init__(self, name, reader, writer):
        self.name, self.reader, self.writer = name, reader, writer

    async def event(self):
        """The next event's name and data; None where the answer is over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                block = await self._block()
                if block is None:
                    self.writer.close()
                    await self.writer.wait_closed()
                    return None
                if block.startswith("event:"):
                    return dict(line.split(": ", 1) for line in block.splitlines())

    async def _block(self):
        size = int(await self.reader.readline(), 16)
        told = (await self.reader.readexactly(size + 2)).decode()
        return told.strip() if size else None


@pytest.fixture
def watch(wire):
    async def begin(port, company, name, path):
        reader, writer = await asyncio.open_connection(HOST, port)
        token = wire.tokens.issue(company.person(name), seconds=LATER)
        asked = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(asked.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        line = Line(name, reader, writer)
        assert (await line.event())["event"] == "now"
        return line

    return begin


def memory_of(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1])


@contextmanager
def many_files():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > MANY + 100, (
        "a thousand sockets need a limit of open files (ulimit -Hn) of at least 1,200"
    )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_thousand_watch_one_process_and_each_hears_what_concerns_them(
    founded, begin_on, watch, capsys
):
    with founded("sqlite") as found, many_files():
        company = found.company
        names = [f"Clerk {number}" for number in range(PEOPLE)]
        company.import_rows(*(company.row(name, "Tess") for name in names))
        case = company.case("Ada", until="asked")
        server = begin_on(found, "server")

        async def story():
            before = memory_of(server.process)
            waiting = [*names * (MANY // PEOPLE), "Max", "Vera", "Vera"]
            lines = []
            for some in range(0, len(waiting), 50):
                begun = [
                    watch(server.port, company, name, "/api/v1/inbox/events")
                    for name in waiting[some : some + 50]
                ]
                lines += await asyncio.gather(*begun)
            held = (memory_of(server.process) - before) / len(lines)

            await asyncio.to_thread(case.walk, "accepted")
            concerned = [line for line in lines if line.name in ("Max", "Vera")]
            told = [await line.event() for line in concerned]

            server.process.send_signal(signal.SIGTERM)
            rest = await asyncio.gather(*(line.event() for line in lines))
            await asyncio.to_thread(server.process.wait, PATIENCE)
            return held, told, rest

        held, told, rest = asyncio.run(story())

    assert [each["event"] for each in told] == ["inbox"] * 3
    kinds = [[i["kind"] for i in json.loads(each["data"])["came"]] for each in told]
    assert kinds == [[], ["decide"], ["decide"]]
    assert rest == [None] * len(rest), "the others heard nothing, and all were let go"
    with capsys.disabled():
        sys.stdout.write(f"\n{len(rest)} watch: {held:.0f} KiB each\n")


@pytest.mark.parametrize("way", PREFIXES)
def test_all_are_let_go_when_the_process_is_told_to_end(founded, begin_on, watch, way):
    with founded("sqlite") as found:
        case = found.company.case("Ada", until="examined")
        server, prefix = begin_on(found, way), PREFIXES[way]

        async def story():
            ada = await watch(server.port, found.company, "Ada", f"{prefix}/inbox/events")
            max_ = await watch(
                server.port, found.company, "Max", f"{prefix}/plans/{case.plan}/events"
            )
            server.process.send_signal(signal.SIGTERM)
            rest = [await ada.event(), await max_.event()]
            await asyncio.to_thread(server.process.wait, PATIENCE)
            return rest

        assert asyncio.run(story()) == [None, None]
    assert server.process.returncode in (0, -signal.SIGTERM), server.log.read_text()
    assert "Traceback" not in server.log.read_text()
    assert "Cancel" not in server.log.read_text()
