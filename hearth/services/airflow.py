"""Airflow's configuration, as environment variables: no airflow.cfg is written or kept."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64encode
from hashlib import sha256

from hearth import lineage
from hearth.database import Role, url
from hearth.secrets import secret
from hearth.settings import PROJECT_ROOT, settings

METADATA_DATABASE = "airflow"
ADMIN = "admin"


def api_url() -> str:
    """Address of Airflow's page and REST API."""
    config = settings()
    return (config.airflow_url or f"http://127.0.0.1:{config.airflow_port}").rstrip("/")


def admin_password() -> str:
    """The generated password of the one login."""
    return secret("airflow_admin", length=12)


def _fernet_key() -> str:
    return urlsafe_b64encode(sha256(secret("airflow_fernet").encode()).digest()).decode()


def environment() -> dict[str, str]:
    """Variables for every Airflow process of this installation, and for whoever uses Airflow's SDK beside it."""
    config = settings()
    home = config.airflow_home
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor" if config.queue_host else "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(config.parallelism),
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": config.timezone,
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": _fernet_key(),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{api_url()}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(config.secrets_dir / "airflow_passwords.json"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url(
            Role.AIRFLOW, driver="postgresql+psycopg2", database=METADATA_DATABASE
        ),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": url(
            Role.AIRFLOW, driver="postgresql+asyncpg", database=METADATA_DATABASE
        ),
        "AIRFLOW__API__HOST": config.airflow_host,
        "AIRFLOW__API__PORT": str(config.airflow_port),
        "AIRFLOW__API__BASE_URL": api_url(),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secret("airflow_api"),
        "AIRFLOW__API_AUTH__JWT_SECRET": secret("airflow_jwt"),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(config.log_dir / "airflow"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": config.log_level,
        "AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "False",
        # What a killed scheduler or worker had in hand is begun again after one or two minutes, not after five. Not
        # sooner: an api-server that starts again takes a minute on a busy machine, and tasks live on (decision 0039).
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
        "AIRFLOW__TRIGGERER__DEFAULT_CAPACITY": "100",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "HEARTH_HOME": str(config.home),
        "NO_PROXY": "127.0.0.1,localhost",
        "TZ": config.timezone,
        "XDG_RUNTIME_DIR": str(config.run_dir),
        **_queue(),
        **_store(),
        **lineage.environment(),
    }


def _queue() -> dict[str, str]:
    """Where Celery's workers hear of tasks and say what became of them."""
    config = settings()
    if config.queue_host is None:
        return {}
    results = url(Role.AIRFLOW, driver="db+postgresql+psycopg2", database=METADATA_DATABASE)
    return {
        "AIRFLOW__CELERY__BROKER_URL": f"redis://:{secret('redis')}@{config.queue_host}:{config.queue_port}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": results,
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "4",
        # A killed worker takes with it what it had fetched and not begun, and Redis gives that to another after a day:
        # it is sent again after three minutes in the queue, as often as a queue that is merely long may need it.
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "180",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "30",
        "AIRFLOW__SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES": "100",
    }


def _store() -> dict[str, str]:
    """The Airflow connection of an S3-compatible store; its keys are secrets, its name is the setting's."""
    config = settings()
    if config.bucket_endpoint is None or config.bucket_conn_id is None:
        return {}
    connection = {
        "conn_type": "aws",
        "login": secret("bucket_access_key"),
        "password": secret("bucket_secret_key"),
        "extra": {"endpoint_url": config.bucket_endpoint, "region_name": "us-east-1"},
    }
    return {f"AIRFLOW_CONN_{config.bucket_conn_id.upper()}": json.dumps(connection)}


def use_environment() -> None:
    """Let this process use Airflow's SDK with this installation's settings. Variables that are set stay as they are."""
    for name, value in environment().items():
        os.environ.setdefault(name, value)


def write_passwords() -> None:
    """The login of Airflow's page, where its simple auth manager looks for it; mode 0600."""
    path = settings().secrets_dir / "airflow_passwords.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({ADMIN: admin_password()}, file)
