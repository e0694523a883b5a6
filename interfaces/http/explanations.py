"""Explanations: what stands at the address of a problem's type."""

from collections.abc import Iterator
from functools import cache
from html import escape

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ...domain.refusals import Refusal
from .documents import ProblemKind
from .heads import add_get
from .openapi import carrying_problem
from .problems import KINDS, Problems, Trouble, reason, slug, status, title

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<p>{says}</p>
<p>It comes with the status {status} ({phrase}).</p>
</html>
"""


@cache
def known() -> dict[str, type[Refusal]]:
    """Every refusal that the engine can give, by its slug."""
    return {slug(kind): kind for kind in _below(Refusal) if _is_ours(kind)}


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _is_ours(kind: type[Refusal]) -> bool:
    return ".interfaces." not in kind.__module__


def kinds(base: str) -> Iterator[ProblemKind]:
    """Refusals first, by name, then the others by status."""
    for name, kind in sorted(known().items()):
        yield ProblemKind(type=base + name, title=title(kind), status=status(kind), says=kind.says)
    for each in KINDS.values():
        yield ProblemKind(
            type=base + each.slug, title=each.title, status=each.status, says=each.says
        )


def add_explanations(router: APIRouter, problems: Problems) -> None:
    """Open to anybody: whoever is refused for want of a token may read why."""

    async def list_problems(request: Request) -> list[ProblemKind]:
        return list(kinds(problems.base_at(request)))

    async def explain(name: str) -> HTMLResponse:
        for each in kinds(""):
            if each.type == name:
                page = PAGE.format(
                    title=escape(each.title),
                    says=escape(each.says),
                    status=each.status,
                    phrase=reason(each.status),
                )
                return HTMLResponse(page)
        raise Trouble("no-such-address")

    add_get(
        router,
        "/problems",
        list_problems,
        name="list_problems",
        summary="Every kind of problem",
        response_model=list[ProblemKind],
        responses=carrying_problem(),
    )
    both = ["GET", "HEAD"]
    router.add_api_route("/problems/{name}", explain, methods=both, include_in_schema=False)
