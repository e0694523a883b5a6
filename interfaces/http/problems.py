"""Problems: every refusal and every error as RFC 9457, each under an address of its own."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic_core import to_jsonable_python
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from ...application.organisation import RowProblem
from ...domain.refusals import (
    CommandReused,
    Conflict,
    Destroyed,
    FileContradicts,
    FileDestroyed,
    FileTooLarge,
    FileUnwelcome,
    Invalid,
    NotAllowed,
    NotFound,
    Outdated,
    Refusal,
    RowsRefused,
    Stale,
)
from ...infrastructure.assembly import explained
from .documents import FieldError, Problem
from .faults import whereabouts

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1

log = logging.getLogger("countersign.http")

STATUS: dict[type[Refusal], int] = {
    NotFound: 404,
    Destroyed: 410,  # known then, destroyed since (RFC 9110, section 15.5.11)
    NotAllowed: 403,
    Outdated: 412,
    CommandReused: 422,  # as the Idempotency-Key draft asks (-07, section 2.7)
    FileDestroyed: 410,
    FileTooLarge: 413,
    FileUnwelcome: 415,
    FileContradicts: 415,
    Stale: 409,
    Invalid: 422,
    Conflict: 409,
    Refusal: 409,
}
"""Read along a refusal's ancestry: the first that is found."""


@dataclass(frozen=True)
class Kind:
    """A problem that is no refusal: it comes before the engine is asked, or in its place."""

    slug: str
    status: int
    title: str
    says: str


KINDS = {
    kind.slug: kind
    for kind in (
        Kind("malformed-body", 400, "Malformed body", "The body is no JSON in UTF-8."),
        Kind("malformed-header", 400, "Malformed header", "A header cannot be read."),
        Kind("unauthenticated", 401, "Unauthenticated", "Say who you are, with a bearer token."),
        Kind("no-such-address", 404, "No such address", "There is nothing at this address."),
        Kind(
            "method-not-allowed",
            405,
            "Method not allowed",
            "This address does not do that; the header Allow says what it does.",
        ),
        Kind(
            "head-too-slow", 408, "Head too slow", "The head of a request did not arrive in time."
        ),
        Kind("body-too-slow", 408, "Body too slow", "The body did not arrive in time."),
        Kind(
            "position-not-reached",
            412,
            "Position not reached",
            "The journal has not come as far as the position that was asked for.",
        ),
        Kind("body-too-large", 413, "Body too large", "The body is larger than is taken here."),
        Kind(
            "unsupported-media-type",
            415,
            "Unsupported media type",
            "Send the body as application/json.",
        ),
        Kind(
            "range-not-satisfiable",
            416,
            "Range not satisfiable",
            "The file has fewer bytes; the header Content-Range says how many.",
        ),
        Kind("not-valid", 422, "Not valid", "The request does not fit what this address takes."),
        Kind(
            "precondition-required",
            428,
            "Precondition required",
            "Say with If-Match which version you have looked at, or * for whichever there is.",
        ),
        Kind(
            "too-many-requests",
            429,
            "Too many requests",
            "You ask more often than is good for the others; Retry-After says when to go on.",
        ),
        Kind("internal", 500, "Internal", "Something went wrong here; it has been logged."),
        Kind("unavailable", 503, "Unavailable", "This cannot be done at the moment; try again."),
    )
}


class Trouble(Exception):
    """A problem of one of the kinds above; what is not told is the kind's own sentence."""

    def __init__(
        self,
        slug: str,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        self.kind = KINDS[slug]
        self.detail = detail or self.kind.says
        self.headers = dict(headers or {})
        self.errors = tuple(errors)
        super().__init__(self.detail)


@dataclass(frozen=True)
class Problems:
    """Makes the answers. `base` is what a problem's name is put behind to make its address.

    Without one it is where this interface explains its problems, wherever a host has put it.
    """

    prefix: str
    base: str | None = None

    def response(self, error: Exception, request: Request) -> JSONResponse:
        """Whatever went wrong, as a problem."""
        base = self.base_at(request)
        match error:
            case Refusal():
                return _refusal(error, base)
            case RequestValidationError():
                return _trouble(invalid(error.errors()), base)
            case HTTPException():
                return _trouble(_http(error), base)
            case Trouble():
                return _trouble(error, base)
        return _trouble(_unforeseen(error), base)

    def plain(self, trouble: Trouble) -> JSONResponse:
        """For whom there is no request yet."""
        return _trouble(trouble, self.base or f"{self.prefix}/problems/")

    def base_at(self, request: Request) -> str:
        if self.base is not None:
            return self.base
        before, _, _ = str(request.scope["path"]).partition(f"{self.prefix}/")
        host = before if f"{self.prefix}/" in request.scope["path"] else ""
        return f"{host}{self.prefix}/problems/"


def _refusal(refused: Refusal, base: str) -> JSONResponse:
    problem = Problem(
        type=base + slug(type(refused)),
        title=title(type(refused)),
        status=status(type(refused)),
        detail=refused.sentence,
        details=_details(refused),
        errors=tuple(_rows(refused)),
    )
    return _response(problem, {})


def _trouble(trouble: Trouble, base: str) -> JSONResponse:
    problem = Problem(
        type=base + trouble.kind.slug,
        title=trouble.kind.title,
        status=trouble.kind.status,
        detail=trouble.detail,
        errors=trouble.errors,
    )
    return _response(problem, trouble.headers)


def _response(problem: Problem, headers: Mapping[str, str]) -> JSONResponse:
    told = problem.model_dump(mode="json", exclude_defaults=True)
    return JSONResponse(
        told, problem.status, {"Cache-Control": "no-store", **headers}, media_type=MEDIA_TYPE
    )


def status(kind: type[Refusal]) -> int:
    return next(STATUS[each] for each in kind.__mro__ if each in STATUS)


def slug(kind: type[Refusal]) -> str:
    """`OwnWork` is found at `own-work`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def title(kind: type[Refusal]) -> str:
    return slug(kind).replace("-", " ").capitalize()


def _details(refused: Refusal) -> dict[str, Any]:
    """The facts behind a refusal; rows are told as errors instead."""
    facts = {name: value for name, value in refused.details.items() if name != "problems"}
    told: dict[str, Any] = to_jsonable_python(facts, fallback=str)
    return told


def _rows(refused: Refusal) -> Iterator[FieldError]:
    if isinstance(refused, RowsRefused):
        problems: Sequence[RowProblem] = refused.details.get("problems", ())
        for each in problems:
            pointer = f"#/rows/{each.row}/{each.column}"
            yield FieldError(detail=f"{each.problem}; {each.remedy}", pointer=pointer)


def invalid(errors: Sequence[Any]) -> Trouble:
    """What pydantic found, each with where: a JSON pointer (RFC 6901) or a parameter's name."""
    places = [error["loc"][0] if error["loc"] else "body" for error in errors]
    if "path" in places:
        return Trouble("no-such-address", "What is named in the address is not there.")
    if any(error["type"] == "json_invalid" for error in errors):
        return Trouble("malformed-body")
    return Trouble("not-valid", errors=[_field(error) for error in errors])


def _field(error: Any) -> FieldError:
    where, *path = error["loc"] or ("body",)
    detail = str(error["msg"])
    if where == "body":
        return FieldError(detail=detail, pointer="#" + "".join(f"/{_token(each)}" for each in path))
    return FieldError(detail=detail, parameter=str(path[0]) if path else str(where))


def _token(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


BY_STATUS = {
    400: "malformed-body",
    401: "unauthenticated",
    404: "no-such-address",
    405: "method-not-allowed",
    408: "body-too-slow",
    413: "body-too-large",
    415: "unsupported-media-type",
    422: "not-valid",
    429: "too-many-requests",
    503: "unavailable",
}


def _http(error: HTTPException) -> Trouble:
    """What the framework says by itself."""
    return Trouble(BY_STATUS.get(error.status_code, "internal"), headers=error.headers)


def _unforeseen(error: Exception) -> Trouble:
    """A foreseeable trouble passes; anything else is logged and not told to strangers."""
    if isinstance(error, TimeoutError):
        log.warning("unavailable: %s", type(error).__name__)
        return Trouble("unavailable", headers={"Retry-After": str(RETRY_SECONDS)})
    if sentence := explained(error):
        log.error("unavailable: %s", sentence)
        return Trouble("unavailable", headers={"Retry-After": str(RETRY_SECONDS)})
    if isinstance(error, ClientDisconnect):  # nobody hears the answer
        return Trouble("malformed-body")
    log.error("a request failed: %s", whereabouts(error))
    return Trouble("internal")


def reason(status: int) -> str:
    """The standard's own words for a status."""
    return HTTPStatus(status).phrase
