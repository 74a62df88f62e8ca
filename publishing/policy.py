"""The settings of plan and switch, from ``policy.yaml`` beside this file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

POLICY_FILE = Path(__file__).with_name("policy.yaml")


class LockWait(BaseModel):
    """Seconds between two attempts to lock: doubled each time, with a random part, within these bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortest: float = Field(gt=0)
    longest: float = Field(gt=0)


class Policy(BaseModel):
    """One reviewed policy; the file says what each entry is for. Unknown entries fail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    universe_feeds: frozenset[str] = Field(min_length=1)
    keep_publications: int = Field(ge=1)
    keep_dimensions: int = Field(ge=1)
    lock_timeout_ms: int = Field(ge=10, le=900)
    lock_attempts: int = Field(ge=1)
    lock_wait_seconds: LockWait


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The policy of this installation; pydantic.ValidationError names the entry that is wrong."""
    return Policy.model_validate(yaml.safe_load(POLICY_FILE.read_text(encoding="utf-8")))
