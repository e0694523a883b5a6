"""Rates: how often somebody may ask; a bucket of tokens each, which fills again with time."""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable

REMEMBERED = 10_000
"""Callers; whoever was not heard of for longest begins with a full bucket again."""


class Rates:
    """So many a second, and so many at once; none a second: there is no limit.

    They are kept in this process alone: several processes give as many times as much.
    """

    def __init__(
        self,
        per_second: float,
        burst: int,
        now: Callable[[], float],
        *,
        remembered: int = REMEMBERED,
    ) -> None:
        self._rate = per_second
        self._burst = float(burst)
        self._now = now
        self._most = remembered
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> bool:
        """Whether there was one left, which is gone now."""
        if not self._rate:
            return True
        with self._lock:
            left = self._left(name)
            self._put(name, max(0.0, left - 1) if left >= 1 else left)
        return left >= 1

    def left(self, name: str) -> float:
        if not self._rate:
            return self._burst
        with self._lock:
            return self._left(name)

    def wait(self, name: str) -> float:
        """In how many seconds there will be one."""
        return max(0.0, (1 - self.left(name)) / self._rate) if self._rate else 0.0

    def told(self, name: str, policy: str) -> dict[str, str]:
        """What there is and what is left of it, as draft-ietf-httpapi-ratelimit-headers-11 says."""
        if not self._rate:
            return {}
        left = self.left(name)
        whole, full = self._burst / self._rate, (self._burst - left) / self._rate
        return {
            "RateLimit-Policy": f'"{policy}";q={self._burst:.0f};w={math.ceil(whole)}',
            "RateLimit": f'"{policy}";r={math.floor(left)};t={math.ceil(full)}',
        }

    def _left(self, name: str) -> float:
        left, at = self._buckets.get(name, (self._burst, self._now()))
        return min(self._burst, left + (self._now() - at) * self._rate)

    def _put(self, name: str, left: float) -> None:
        self._buckets[name] = (left, self._now())
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
