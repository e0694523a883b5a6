"""What can be configured, from the environment (`COUNTERSIGN_…`) or by a host."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

LARGEST = 25 * 1024 * 1024


class Settings(BaseSettings):
    """Each setting is documented in docs/reference/settings.md; a test holds that."""

    model_config = SettingsConfigDict(env_prefix="COUNTERSIGN_", frozen=True, extra="ignore")

    database_url: str = "sqlite:///countersign.db"
    tenant: str | None = None
    keyring_url: str | None = None
    master_key: SecretStr | None = None
    master_key_file: str | None = None
    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    attachment_max_bytes: Annotated[int, Field(ge=1, le=2**30)] = LARGEST
    lock_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    certificate_folder: str | None = None
    backup_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    access_log_months: Annotated[int, Field(ge=1, le=240)] = 12
