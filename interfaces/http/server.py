"""The server: one process that answers HTTP, on this machine unless it is told otherwise."""

import uvicorn
from fastapi import FastAPI

from .loopback import is_loopback
from .open_files import raise_limit


class PublicAddress(ValueError):
    """Development tokens would be worth something to strangers."""


def check_address(host: str, *, development: bool) -> None:
    """Raises PublicAddress where development mode could be reached from elsewhere."""
    if development and not is_loopback(host):
        raise PublicAddress(
            f"{host} can be reached from elsewhere: --development serves 127.0.0.1, ::1 or"
            " localhost only. Set COUNTERSIGN_OIDC_ISSUER and its companions to serve others."
        )


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Until it is told to stop; what was accepted is answered first."""
    raise_limit()
    config = uvicorn.Config(
        app, host=host, port=port, access_log=False, server_header=False, log_level="warning"
    )
    uvicorn.Server(config).run()
