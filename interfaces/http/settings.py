"""What can be configured of the HTTP interface, from the environment or by a host."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ...domain.employee import Role

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Asymmetric ones only: with a published key nobody can sign (RFC 8725, section 3.2)."""


class HttpSettings(BaseSettings):
    """Each setting is documented in docs/reference/settings.md; a test holds that."""

    model_config = SettingsConfigDict(env_prefix="COUNTERSIGN_", frozen=True, extra="ignore")

    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    problem_base: str | None = None
    body_bytes: Annotated[int, Field(ge=1024, le=2**30)] = 2**20
    import_bytes: Annotated[int, Field(ge=1024, le=2**30)] = 64 * 2**20
    body_seconds: Annotated[float, Field(gt=0, le=3600)] = 30
    upload_seconds: Annotated[float, Field(gt=0, le=86400)] = 600
    rate_per_second: Annotated[float, Field(ge=0, le=100_000)] = 20
    rate_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    failed_per_second: Annotated[float, Field(ge=0, le=100_000)] = 0.5
    failed_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 30
    head_seconds: Annotated[float, Field(gt=0, le=600)] = 10
    connections: Annotated[int, Field(ge=1, le=1_000_000)] = 4000
    queue_size: Annotated[int, Field(ge=0, le=100_000)] = 500
    queue_seconds: Annotated[float, Field(gt=0, le=600)] = 15
    grace_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = 0
    access_log: bool = True
    traces: bool = True
    metrics: bool = True
    watch_keep_alive_seconds: Annotated[float, Field(gt=0, le=300)] = 15
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_jwks_url: str | None = None
    oidc_algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "ES256")
    oidc_leeway_seconds: Annotated[int, Field(ge=0, le=300)] = 30
    oidc_person_claim: str = "sub"
    oidc_person_kind: Literal["number", "login", "email", "oidc"] = "login"
    oidc_roles_claim: str = "roles"
    oidc_roles: dict[str, Role] = {}
    development_key_file: str = "countersign-development.key"
