"""Faults: what nobody foresaw, told by kind and place; messages may quote what somebody wrote."""

import traceback


def whereabouts(error: BaseException) -> str:
    """As a traceback, each cause before what it caused, with no message of any of them."""
    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in chain:
        chain.append(found)
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return "\nthen ".join(_one(each) for each in reversed(chain))


def _one(error: BaseException) -> str:
    kind = type(error)
    places = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    inside = "".join(f"\nin it {_one(each)}" for each in getattr(error, "exceptions", ()))
    return f"{kind.__module__}.{kind.__qualname__}\n{places}{inside}"
