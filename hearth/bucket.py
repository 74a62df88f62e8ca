"""The bucket in which files arrive, are kept and are answered: a folder, or S3-compatible storage by settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hearth.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

ROOMS = ("inbox", "archive", "outbox", "packs", "reports")


def bucket() -> ObjectStoragePath:
    """Root of the bucket. Below it lie the folders of ROOMS.

    The import is slow (seconds) and wants AIRFLOW_HOME, so it happens here and not with the module.
    """
    from hearth.services.airflow import use_environment

    use_environment()
    from airflow.sdk import ObjectStoragePath

    config = settings()
    root = ObjectStoragePath(config.bucket, conn_id=config.bucket_conn_id)
    if (listings := getattr(root.fs, "dircache", None)) is not None:
        listings.use_listings_cache = False  # senders write into the store; what it held a minute ago is no answer
    if config.bucket.startswith("file://"):
        root_folder = Path(config.bucket.removeprefix("file://"))
        root_folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # the senders' files name people
        for room in ROOMS:
            Path(root_folder, room).mkdir(parents=True, exist_ok=True)
    return root
