"""Bearers: the resolver that the settings ask for."""

from pathlib import Path

from ...application.engine import Engine
from .development import DevelopmentTokens, development_key
from .identity import Bearers
from .settings import HttpSettings
from .tokens import OidcTokens


def bearers(engine: Engine, settings: HttpSettings | None = None) -> Bearers:
    """Tokens of the identity provider. Raises NotConfigured where the settings name none."""
    return Bearers(engine, OidcTokens(settings or HttpSettings()))


def development_tokens(settings: HttpSettings | None = None) -> DevelopmentTokens:
    """Tokens signed with the key on this machine, which is made when it is missing."""
    file = Path((settings or HttpSettings()).development_key_file)
    return DevelopmentTokens(development_key(file))
