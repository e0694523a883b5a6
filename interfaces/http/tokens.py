"""Tokens: OpenID Connect bearer tokens, checked against the issuer's keys (RFC 8725, RFC 9068)."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import GuestProtocol, Key

from ...domain.employee import Role
from .identity import Unauthenticated, Vouched
from .keys import KeysUnavailable, PublishedKeys
from .settings import HttpSettings

TYPES = (None, "jwt", "at+jwt", "application/at+jwt")

Clock = Callable[[], float]


class NotConfigured(ValueError):
    """Nobody could be told apart; the sentence says which settings are missing."""


def read(
    token: str,
    key: Callable[[GuestProtocol], Key],
    *,
    algorithms: Iterable[str],
    issuer: str,
    audience: str,
    leeway: int = 0,
    now: Clock = time.time,
) -> dict[str, Any]:
    """The claims of a token that holds. Raises Unauthenticated."""
    required = jwt.JWTClaimsRegistry(
        now=lambda: int(now()),
        leeway=leeway,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        found = jwt.decode(token, key, algorithms=list(algorithms))
        required.validate(found.claims)
    except KeysUnavailable:
        raise
    except ExpiredTokenError:
        raise Unauthenticated("The token has expired.") from None
    except (JoseError, ValueError, TypeError):
        raise Unauthenticated("The token is not valid here.") from None
    kind = found.header.get("typ")
    if (kind.lower() if isinstance(kind, str) else kind) not in TYPES:
        raise Unauthenticated("The token is of another type.")
    return found.claims


class OidcTokens:
    """Tokens of the one issuer that the settings name."""

    def __init__(
        self, settings: HttpSettings, keys: PublishedKeys | None = None, now: Clock = time.time
    ) -> None:
        if not (settings.oidc_issuer and settings.oidc_audience and settings.oidc_jwks_url):
            raise NotConfigured(
                "Set COUNTERSIGN_OIDC_ISSUER, COUNTERSIGN_OIDC_AUDIENCE and"
                " COUNTERSIGN_OIDC_JWKS_URL, or try it out with --development."
            )
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._keys = keys or PublishedKeys(settings.oidc_jwks_url)
        self._now = now

    def __call__(self, token: str) -> Vouched:
        settings = self._settings
        claims = read(
            token,
            lambda guest: self._keys.key(guest.headers().get("kid")),
            algorithms=settings.oidc_algorithms,
            issuer=self._issuer,
            audience=self._audience,
            leeway=settings.oidc_leeway_seconds,
            now=self._now,
        )
        return Vouched(
            kind=settings.oidc_person_kind,
            value=self._identity(claims),
            issuer=self._issuer,
            roles=frozenset(self._roles(claims)),
            until=float(claims["exp"]),
        )

    def _identity(self, claims: dict[str, Any]) -> str:
        """An address counts only when the issuer says that it was verified."""
        value = claims.get(self._settings.oidc_person_claim)
        if not isinstance(value, str) or not value.strip():
            raise Unauthenticated("The token names nobody.")
        if self._settings.oidc_person_kind == "email" and claims.get("email_verified") is not True:
            raise Unauthenticated("The address in the token is not verified.")
        return value

    def _roles(self, claims: dict[str, Any]) -> Iterable[Role]:
        """Names that the settings do not map bring nothing."""
        said = claims.get(self._settings.oidc_roles_claim, ())
        names = said.split() if isinstance(said, str) else said
        if not isinstance(names, list | tuple):
            return
        for name in names:
            if isinstance(name, str) and name in self._settings.oidc_roles:
                yield self._settings.oidc_roles[name]
