"""What a container of the full deployment does: ``python -m hearth.services.container <words>``.

secrets             make the secrets that the other containers need before they start
prepare             bring databases and pools to the present shape, then end
<airflow's words>   become that process of Airflow: api-server, scheduler, dag-processor, triggerer, celery worker
healthy <part>      exit code 0 if Airflow says that this part lives; healthy worker: if this worker answers
"""

from __future__ import annotations

import json
import os
import socket
import sys
from urllib.request import urlopen

from hearth.database import Role, password
from hearth.secrets import secret
from hearth.services import airflow

NEEDED_BEFORE = ("redis", "bucket_access_key", "bucket_secret_key")
"""Secrets of other images, beside the database owner's password."""
_CELERY = "airflow.providers.celery.executors.celery_executor.app"


def make_secrets() -> None:
    """Make what Postgres, Redis and the store read from files when they start for the first time."""
    password(Role.OWNER)
    for name in NEEDED_BEFORE:
        secret(name)


def is_healthy(part: str) -> bool:
    """Whether Airflow's health page calls ``part`` healthy (metadatabase, scheduler, triggerer, dag_processor)."""
    with urlopen(f"{airflow.api_url()}/api/v2/monitor/health", timeout=10) as answer:  # noqa: S310 - our own address
        return bool(json.load(answer)[part]["status"] == "healthy")


def _become(module: str, *words: str) -> None:
    environment = {**airflow.environment(), **os.environ}  # what the operator sets wins
    os.execve(sys.executable, [sys.executable, "-m", module, *words], environment)  # noqa: S606 - no shell


def main(words: list[str]) -> None:
    """Do what the words say; see above. Raises SystemExit for no words at all."""
    match words:
        case ["secrets"]:
            make_secrets()
        case ["prepare"]:
            from hearth.services import stack

            airflow.use_environment()
            stack.prepare()
        case ["healthy", "worker"]:
            answers = ["inspect", "ping", "--destination", f"celery@{socket.gethostname()}"]
            _become("celery", "--app", _CELERY, *answers)
        case ["healthy", part]:
            sys.exit(0 if is_healthy(part) else 1)
        case []:
            sys.exit(__doc__)
        case _:
            _become("airflow", *words)


if __name__ == "__main__":
    main(sys.argv[1:])
