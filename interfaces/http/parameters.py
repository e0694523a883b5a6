"""Parameters: what an address names and a query asks; FastAPI describes them, we read them.

FastAPI would look at each for every request anew, and at bodies twice; here a model reads all of
them at once.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ValidationError, create_model
from starlette.requests import Request

from ...domain.employee import Role
from .problems import invalid

ID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
EXAMPLE_ID = "3f2a81c9-0a63-4a50-9a5c-3d2cf5a5b0a1"
Id = Annotated[str, Path(pattern=ID, examples=[EXAMPLE_ID])]

IN_PATH: dict[str, Any] = {
    "entry": Annotated[int, Path(ge=1, le=1_000_000)],
    "projection": Annotated[str, Path(pattern="^[a-z_]{1,64}$", examples=["inbox"])],
    "role": Annotated[Role, Path()],
    "version": Annotated[int, Path(ge=1, le=1_000_000)],
    "year": Annotated[int, Path(ge=2000, le=2200)],
}
"""How a parameter of a path is typed; all others are ids."""


class Parameters:
    """Those of one route: the names in its path, and the model of its query, if it has one.

    A query's model forbids what it does not know. Without one, nobody looks at the query.
    """

    def __init__(self, path: str, query: type[BaseModel] | None = None) -> None:
        self.named = tuple(part[1:-1] for part in path.split("/") if part.startswith("{"))
        typed: Mapping[str, Any] = {name: (IN_PATH.get(name, Id), ...) for name in self.named}
        self._path: type[BaseModel] = create_model("Named", **typed)
        self._query = query

    def serve(self, endpoint: Any, body: Sequence[inspect.Parameter] = ()) -> None:
        """The endpoint is described by them, and handed what they read."""
        endpoint.parameters = self
        endpoint.__signature__ = self._signature(body)

    def _signature(self, body: Sequence[inspect.Parameter]) -> inspect.Signature:
        """What FastAPI describes the route by."""
        kind = inspect.Parameter.KEYWORD_ONLY
        typed: dict[str, Any] = {"request": Request}
        typed |= {name: IN_PATH.get(name, Id) for name in self.named}
        typed |= {"query": Annotated[self._query, Query()]} if self._query else {}
        told = [inspect.Parameter(name, kind, annotation=each) for name, each in typed.items()]
        return inspect.Signature([*told, *body])

    def read(self, request: Request) -> dict[str, Any]:
        """By name, and the query as `query`. Raises no-such-address, or not-valid."""
        named = _validated(self._path, request.path_params, "path") if self.named else None
        found = {name: getattr(named, name) for name in self.named}
        if self._query is not None:
            found["query"] = _validated(self._query, _said(request), "query")
        return found


def _said(request: Request) -> Mapping[str, Any]:
    """Of what is said twice, the last counts."""
    return dict(request.query_params) if request.scope.get("query_string") else {}


def _validated(model: type[BaseModel], said: Mapping[str, Any], where: str) -> BaseModel:
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise invalid([{**each, "loc": (where, *each["loc"])} for each in error.errors()]) from None
