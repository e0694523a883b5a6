"""Houses that run other code: projections of a newer version, or with a fault in them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from countersign.infrastructure import assembly
from countersign.infrastructure.projections.every import projections
from countersign.infrastructure.projector.follower import Projector


@pytest.fixture
def with_code(also: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The same company in a house with these projections; `now` is its projector's clock."""

    def opened(company: Any, code: Any, *, now: Any = None, **options: Any) -> Any:
        with monkeypatch.context() as other:
            other.setattr(assembly, "projections", code)
            if now is not None:
                other.setattr(assembly, "Projector", partial(Projector, now=now))
            return also(company, **options)

    return opened


@pytest.fixture
def numbered_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever number a projection has come to: a story of versions begins with 1."""
    for each in projections(lambda tx, known_as: None):
        monkeypatch.setattr(type(each), "version", 1)
