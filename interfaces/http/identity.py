"""Identity: from a request to the actor in whose name the engine is asked."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from starlette.requests import Request

from ...application.desk import THE_ENGINE, Actor
from ...application.engine import Engine
from ...application.questions import PersonView, WhoIs
from ...domain.employee import Role
from ...domain.event import PersonId
from ...domain.refusals import UnknownActor, UnknownPerson
from .problems import Trouble

VIA = "http"
REALM = 'Bearer realm="countersign"'
LONGEST_TOKEN = 16_384
REMEMBERED = 4096
TRUSTED_SECONDS = 5.0
"""How long what was looked up of a person is believed: a leaver is out after that."""

Resolver = Callable[[Request], Actor | Awaitable[Actor]]
"""A host's own: whom it has signed in. Raises Unauthenticated for nobody."""


class Unauthenticated(Trouble):
    """Nobody is signed in; `why` is told, and a bearer token asked for (RFC 6750, section 3)."""

    def __init__(self, why: str | None = None) -> None:
        challenge = f'{REALM}, error="invalid_token"' if why else REALM
        super().__init__("unauthenticated", why, headers={"WWW-Authenticate": challenge})


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a token says: who, by which kind of identity, with which roles, and until when."""

    kind: str
    value: str
    until: float
    issuer: str | None = None
    roles: frozenset[Role] = frozenset()


Verify = Callable[[str], Vouched]
"""Checks a token. Raises Unauthenticated."""

Name = TypeVar("Name")
Thing = TypeVar("Thing")


class Remembered(Generic[Name, Thing]):
    """Things until a time each (monotonic or not, as the caller counts); the oldest go first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._things: OrderedDict[Name, tuple[float, Thing]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Name, now: float) -> Thing | None:
        with self._lock:
            found = self._things.get(name)
            if found is not None and found[0] <= now:
                del self._things[name]
        return found[1] if found is not None and found[0] > now else None

    def put(self, name: Name, thing: Thing, until: float) -> None:
        with self._lock:
            self._things.pop(name, None)
            self._things[name] = (until, thing)
            if len(self._things) > self._size:
                self._things.popitem(last=False)


class Bearers:
    """Bearer tokens to actors. A token is checked once, then remembered until it expires."""

    def __init__(
        self, engine: Engine, verify: Verify, now: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._verify = verify
        self._now = now
        self._vouched: Remembered[bytes, Vouched] = Remembered(REMEMBERED)

    def __call__(self, request: Request) -> Actor:
        vouched = self._checked(token_of(request))
        person = self._person(vouched)
        if person is None:
            raise UnknownActor
        return Actor(person, via=VIA, roles=vouched.roles)

    def seconds_left(self, request: Request) -> float:
        """How long the token of a request still holds; less than none where it is only let pass."""
        return self._checked(token_of(request)).until - self._now()

    def _checked(self, token: str) -> Vouched:
        now, digest = self._now(), hashlib.sha256(token.encode()).digest()
        known = self._vouched.get(digest, now)
        if known is None:
            known = self._verify(token)
            self._vouched.put(digest, known, known.until)
        return known

    def _person(self, vouched: Vouched) -> PersonId | None:
        if vouched.kind == "person":
            return vouched.value
        return self._engine.whose(vouched.kind, vouched.value, vouched.issuer)


def token_of(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    if len(token) > LONGEST_TOKEN:
        raise Unauthenticated("The token is too long.")
    return token.strip()


class InService:
    """Lets through whoever is in service today, and nobody who passes for the engine."""

    def __init__(self, engine: Engine, now: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._now = now
        self._known: Remembered[PersonId, bool] = Remembered(REMEMBERED)

    def admit(self, actor: Actor, *, anew: bool = False) -> Actor:
        """`anew`: whatever was known of them. Raises UnknownActor."""
        if actor.is_engine or not self._serves(actor.person, anew=anew):
            raise UnknownActor
        return actor if actor.via != "library" else replace(actor, via=VIA)

    def _serves(self, person: PersonId, *, anew: bool) -> bool:
        now = self._now()
        serves = None if anew else self._known.get(person, now)
        if serves is None:
            serves = self._asked(person)
            self._known.put(person, serves, now + TRUSTED_SECONDS)
        return serves

    def _asked(self, person: PersonId) -> bool:
        try:
            view: PersonView = self._engine.ask(WhoIs(known_as=person), THE_ENGINE)
        except UnknownPerson:
            return False
        return view.serves and view.person == person
