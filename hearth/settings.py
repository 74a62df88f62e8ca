"""Every setting of a Hearth installation, from the environment (prefix ``HEARTH_``) or an ``.env`` file.

Defaults are safe on a laptop: loopback only, a folder as the bucket, generated passwords in files of mode 0600.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """One installation of Hearth. Paths are absolute after validation."""

    model_config = SettingsConfigDict(env_prefix="HEARTH_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(default=PROJECT_ROOT / ".hearth", description="Data folder: database, bucket, secrets, logs.")
    county_code: str = Field(default="530524", pattern=r"^\d{6}$", description="GB/T 2260 code of the county served.")
    county_codes: str = Field(
        default="",
        pattern=r"^(\d{6}(,\d{6})*)?$",
        description="All counties of the warehouse, comma between them; of the first the bucket is the root.",
    )
    timezone: str = Field(default="Asia/Shanghai", description="Zone of due dates and of schedules.")

    bucket_url: str | None = Field(default=None, description="Where inbox/, archive/ and outbox/ live. None: a folder.")
    bucket_conn_id: str | None = Field(default=None, description="Airflow connection of the bucket, for S3.")
    bucket_endpoint: str | None = Field(
        default=None, description="Address of an S3-compatible store; keys are secrets."
    )
    stable_seconds: int = Field(default=60, ge=0, description="A file without a .sha256 beside it must be this old.")
    intake_schedule: str = Field(default="*/10 * * * *", description="Cron of every intake DAG.")
    cutoff_schedule: str = Field(
        default="0 8 * * *", description="Cron of the morning look for months past their cut-off."
    )
    reminder_schedule: str = Field(default="0 9 * * *", description="Cron of reminders and escalation.")
    cutoff_day: int = Field(default=12, ge=1, le=28, description="Day of the next month after which a month closes.")

    intake_slots: int = Field(default=4, ge=1, description="Files that intake checks and loads at once.")

    reopening: Literal["required", "automatic"] = Field(
        default="required", description="A file for a closed month waits for a named reopening, or restates the month."
    )

    intake_patience_minutes: int = Field(
        default=30, ge=1, description="An intake silent for so long is taken for hung; its claim goes to the next one."
    )
    housekeeping_schedule: str = Field(default="0 2 * * *", description="Cron of backup, drill, clean-up, deletion.")
    backup_dir: Path | None = Field(default=None, description="Where backups lie; best another disk. None: in home.")
    backups_kept: int = Field(default=7, ge=1, description="Older backups are deleted after a new one.")
    disk_free_gb: float = Field(default=2, ge=0, description="Below it nothing heavy is started.")
    airflow_keep_days: int = Field(default=90, ge=7, description="Runs and logs that Airflow keeps.")

    pg_host: str = "127.0.0.1"
    pg_port: int = Field(default=54330, ge=1, le=65535)
    pg_database: str = "hearth"
    pg_embedded: bool = Field(default=True, description="False: use a server that somebody else runs.")
    pg_fsync: bool = Field(default=True, description="Off only in tests.")

    airflow_port: int = Field(default=18080, ge=1, le=65535)
    airflow_host: str = Field(default="127.0.0.1", description="Where Airflow's page listens.")
    airflow_url: str | None = Field(default=None, description="How others reach Airflow's page. None: on this machine.")
    queue_host: str | None = Field(default=None, description="Redis, for Celery workers. None: tasks run in place.")
    queue_port: int = Field(default=6379, ge=1, le=65535)
    parallelism: int = Field(default=4, ge=1, description="Tasks at once, over all workers.")
    log_level: str = "INFO"
    lineage: str | None = Field(default=None, description="OpenLineage: file, or the address of a server. None: off.")

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @model_validator(mode="after")
    def _serves_one_of_its_counties(self) -> Settings:
        if self.county_code not in self.counties:
            raise ValueError(f"county_code [{self.county_code}] is none of county_codes {list(self.counties)}")
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def counties(self) -> tuple[str, ...]:
        """Codes of all counties of the warehouse; `county_code` is the one that this process serves."""
        return tuple(self.county_codes.split(",")) if self.county_codes else (self.county_code,)

    @property
    def bucket(self) -> str:
        """URL of the served county's bucket, without a trailing slash; others than the first have a folder of it."""
        root = (self.bucket_url or f"file://{self.home}/bucket").rstrip("/")
        return root if self.county_code == self.counties[0] else f"{root}/county/{self.county_code}"

    @property
    def secrets_dir(self) -> Path:
        return self.home / "secrets"

    @property
    def log_dir(self) -> Path:
        return self.home / "logs"

    @property
    def run_dir(self) -> Path:
        return self.home / "run"

    @property
    def backups(self) -> Path:
        return self.backup_dir or self.home / "backups"

    @property
    def airflow_home(self) -> Path:
        return self.home / "airflow"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process; read once."""
    return Settings()
