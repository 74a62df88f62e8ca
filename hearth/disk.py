"""The disk guard: stop before the disk is full, with a sentence, not after it with a broken database."""

from __future__ import annotations

import shutil
from pathlib import Path

from hearth.settings import settings

_GIGABYTE = 1_000_000_000


class DiskNearlyFull(RuntimeError):  # noqa: N818 - reads as a sentence where it is caught
    """Too little room is left. Says how much, where, and what makes room."""


def refuse_when_nearly_full() -> float:
    """Gigabytes that are free where data, bucket and backups lie; the least of them.

    Raises DiskNearlyFull below ``disk_free_gb``. A database or bucket on another machine watches its own disk.
    """
    free = {}
    for place in _places():
        existing = next(folder for folder in (place, *place.parents) if folder.exists())
        free[place] = shutil.disk_usage(existing).free / _GIGABYTE
    tightest = min(free, key=lambda place: free[place])
    if free[tightest] < settings().disk_free_gb:
        raise DiskNearlyFull(
            f"[{tightest}] has {free[tightest]:.1f} GB left, {settings().disk_free_gb:g} GB are needed. Nothing was "
            "started. `hearth backup --keep 2` and `hearth retention` make room, or a larger disk; then clear the task"
        )
    return free[tightest]


def _places() -> list[Path]:
    config = settings()
    places = [config.home, config.backups]
    if config.pg_embedded:
        from hearth.services.postgres import data_dir

        places.append(data_dir())
    if config.bucket.startswith("file://"):
        places.append(Path(config.bucket.removeprefix("file://")))
    return places
