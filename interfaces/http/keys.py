"""Keys: an issuer's published key set, fetched with bounds and fetched again when keys rotate."""

import json
import logging
import threading
import time
from collections.abc import Callable
from http.client import HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from .loopback import is_loopback

TIMEOUT_SECONDS = 5.0
MOST_BYTES = 256 * 1024
MOST_KEYS = 100
FRESH_SECONDS = 600.0
COOL_DOWN_SECONDS = 30.0
STALE_SECONDS = 24 * 3600.0
"""How long keys are believed that cannot be fetched again."""

log = logging.getLogger("countersign.http")

Fetch = Callable[[str], bytes]


class KeysUnavailable(TimeoutError):
    """The issuer's keys cannot be had at the moment."""


class _NoRedirect(HTTPRedirectHandler):
    """A key set lives where the settings say and nowhere else."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def fetch(url: str) -> bytes:
    """Over TLS, unless it stays on this machine; bounded in time and size."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    ):
        raise ValueError("A key set is fetched over https.")
    with build_opener(_NoRedirect).open(url, timeout=TIMEOUT_SECONDS) as answer:
        body: bytes = answer.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise ValueError("The key set is too large.")
    return body


class PublishedKeys:
    """The key for an id; an unknown id fetches anew, though not more often than the cool-down."""

    def __init__(
        self,
        url: str,
        *,
        fetch: Fetch = fetch,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._now = now
        self._keys: KeySet | None = None
        self._fetched = self._tried = float("-inf")
        self._lock = threading.Lock()

    def key(self, kid: str | None) -> Key:
        """Raises InvalidKeyIdError for an unknown id, KeysUnavailable without any keys."""
        with self._lock:
            if self._now() - self._fetched > FRESH_SECONDS:
                self._refresh()
            found = self._find(kid)
            if found is None:
                self._refresh()
            if self._keys is None or self._now() - self._fetched > STALE_SECONDS:
                raise KeysUnavailable("The issuer's keys cannot be fetched.")
            return found or self._keys.get_by_kid(kid)

    def _find(self, kid: str | None) -> Key | None:
        try:
            return self._keys.get_by_kid(kid) if self._keys is not None else None
        except JoseError:
            return None

    def _refresh(self) -> None:
        if self._now() - self._tried < COOL_DOWN_SECONDS:
            return
        self._tried = self._now()
        try:
            self._keys = _parsed(self._fetch(self._url))
            self._fetched = self._now()
        except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
            log.warning("the issuer's keys could not be fetched: %s", type(error).__name__)


def _parsed(body: bytes) -> KeySet:
    """Keys for signatures; shared secrets have no place in a published set."""
    said: Any = json.loads(body)
    keys = [
        key
        for key in said["keys"][:MOST_KEYS]
        if key.get("kty") != "oct" and key.get("use", "sig") == "sig"
    ]
    return KeySet.import_key_set({"keys": keys})
