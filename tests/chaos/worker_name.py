"""How a Celery worker of a test calls itself where Airflow wants to know the host: two run on one."""

from __future__ import annotations

import os
import socket


def worker_name() -> str:
    """The name that the test gave; the host's for the processes beside the workers."""
    return os.environ.get("HEARTH_TEST_WORKER", socket.gethostname())
