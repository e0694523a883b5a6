"""`countersign serve` and `countersign token`: HTTP, and who one is there while trying it out."""

from typing import Annotated, Any

import typer

from . import render
from .session import Here, Misuse, command

NEEDED = "HTTP needs some packages more: pip install 'countersign[http]'."


def add_to(app: typer.Typer) -> None:
    command(
        app,
        "serve",
        example=("countersign serve --development", "countersign serve --host 0.0.0.0 --port 8080"),
    )(serve)
    command(app, "token", example="countersign token --as 1042")(token)


def serve(
    here: Here,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port.")] = 8000,
    development: Annotated[
        bool,
        typer.Option("--development", help="Take tokens of countersign token; this machine only."),
    ] = False,
) -> None:
    """Serves the HTTP API under /api/v1, until it is stopped."""
    http = _http()
    try:
        http.server.check_address(host, development=development)
        resolver = _resolver(here, http, development=development)
    except (http.server.PublicAddress, http.tokens.NotConfigured) as error:
        raise Misuse(str(error)) from None
    app = http.app.create_app(here.engine, resolver=resolver)
    render.aside(f"countersign listens on http://{host}:{port}/api/v1")
    http.server.serve(app, host=host, port=port)


def _resolver(here: Here, http: Any, *, development: bool) -> Any:
    if development:
        return http.identity.Bearers(here.engine, http.bearers.development_tokens())
    return http.bearers.bearers(here.engine)


def token(
    here: Here,
    hours: Annotated[int, typer.Option("--hours", min=1, max=24, help="How long it holds.")] = 8,
) -> None:
    """Signs a token for whoever acts, good with countersign serve --development on this machine."""
    http = _http()
    try:
        tokens = http.bearers.development_tokens()
    except http.tokens.NotConfigured as error:
        raise Misuse(str(error)) from None
    issued = tokens.issue(here.me.person, seconds=hours * 3600)
    here.show({"token": issued}, lambda: typer.echo(issued))


class _Http:
    """The modules that need the extra, loaded when they are first asked for."""

    def __init__(self) -> None:
        from ..http import app, bearers, identity, server, tokens

        self.app, self.bearers, self.identity = app, bearers, identity
        self.server, self.tokens = server, tokens


def _http() -> Any:
    try:
        return _Http()
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("countersign"):
            raise
        raise Misuse(NEEDED) from None
