"""Time zones go by their IANA names, and a day is the day on a person's own clock."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def day_in(zone: str, moment: datetime) -> date:
    """The civil date in a zone at a moment (which must bear an offset)."""
    return moment.astimezone(ZoneInfo(zone)).date()
