"""Keep the embedded services running: a supervisord configuration made from the settings, and calls to it.

supervisord restarts what dies (a killed scheduler or database comes back by itself) and turns its logs over.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from hearth.services import airflow, postgres
from hearth.settings import PROJECT_ROOT, settings

AIRFLOW_PROGRAMS = ("api-server", "scheduler", "dag-processor", "triggerer")
_SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107 and supervisor adds a suffix


def _socket() -> Path:
    """supervisord's control socket: in the run folder, or under /tmp when that path is too long for a socket."""
    path = settings().run_dir / "supervisor.sock"
    if len(str(path).encode()) <= _SOCKET_PATH_LIMIT:
        return path
    folder = Path(tempfile.gettempdir()) / f"hearth-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "supervisor.sock"


def _pid_file() -> Path:
    return settings().run_dir / "supervisord.pid"


def _program(name: str, command: list[str], *, environment: Mapping[str, str], user: str | None, stop: str) -> str:
    # Secrets go through the environment of supervisord itself (see start), never into this file.
    lines = {
        "command": " ".join(_quote(part) for part in command),
        "directory": "/" if user else str(PROJECT_ROOT),
        "autostart": "false",
        "autorestart": "true",
        "startsecs": "2",
        # A killed PostgreSQL starts again when the last query of its former life has ended, which may take minutes.
        # supervisord waits a second longer each time: a hundred times are over an hour, after which a person looks.
        "startretries": "100",
        "stopsignal": stop,
        "stopwaitsecs": "30",
        "stopasgroup": "true" if stop == "TERM" else "false",
        "killasgroup": "true" if stop == "TERM" else "false",
        "stdout_logfile": str(settings().log_dir / f"{name}.log"),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "3",
        "redirect_stderr": "true",
        **({"user": user} if user else {}),
        **({"environment": ",".join(f'{key}="{value}"' for key, value in environment.items())} if environment else {}),
    }
    body = "\n".join(f"{key}={value}" for key, value in lines.items())
    return f"[program:{name}]\n{body}\n"


def _quote(part: str) -> str:
    escaped = part.replace("%", "%%").replace('"', '\\"')
    return f'"{escaped}"' if " " in escaped else escaped


def _configuration() -> str:
    config = settings()
    user = "user=root\n" if os.geteuid() == 0 else ""
    head = (
        f"[supervisord]\n{user}logfile={config.log_dir}/supervisord.log\npidfile={_pid_file()}\n"
        f"childlogdir={config.log_dir}\numask=077\n\n"
        f"[unix_http_server]\nfile={_socket()}\nchmod=0600\n\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\n"
    )
    python = str(Path(sys.executable))
    programs = []
    if config.pg_embedded:
        programs.append(_program("postgres", postgres.command(), environment={}, user=postgres.run_as(), stop="INT"))
    programs += [
        _program(name, [python, "-m", "hearth.services.program", name], environment={}, user=None, stop="TERM")
        for name in AIRFLOW_PROGRAMS
    ]
    return head + "\n".join(programs)


def _server() -> Any:
    from supervisor.xmlrpc import SupervisorTransport

    transport = SupervisorTransport(None, None, serverurl=f"unix://{_socket()}")
    return ServerProxy("http://127.0.0.1", transport=transport).supervisor


def running() -> bool:
    """Whether this installation's supervisord answers."""
    try:
        return bool(_server().getState()["statename"] == "RUNNING")
    except (OSError, Fault):
        return False


def start_supervisor() -> None:
    """Start supervisord in the background unless it runs; returns once it answers."""
    config = settings()
    for folder in (config.run_dir, config.log_dir, config.airflow_home):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if running():
        return
    path = config.run_dir / "supervisord.conf"
    path.write_text(_configuration(), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)],
        check=True,
        env={**os.environ, **airflow.environment()},
        capture_output=True,
        text=True,
    )
    _wait_running()


@retry(retry=retry_if_exception_type(AssertionError), stop=stop_after_delay(30), wait=wait_fixed(0.2), reraise=True)
def _wait_running() -> None:
    if not running():
        raise AssertionError(f"the supervisor does not answer; see [{settings().log_dir / 'supervisord.log'}]")


def start(name: str) -> None:
    """Start a program unless it runs. Raises RuntimeError naming its log when it does not stay up."""
    server = _server()
    if server.getProcessInfo(name)["statename"] == "RUNNING":
        return
    try:
        server.startProcess(name)
    except Fault as problem:
        log = settings().log_dir / f"{name}.log"
        raise RuntimeError(f"[{name}] does not start ({problem.faultString}); see [{log}]") from problem


def stop(name: str) -> None:
    """Stop a program and leave it stopped; nothing happens if it does not run."""
    try:
        _server().stopProcess(name)
    except Fault as problem:
        if "NOT_RUNNING" not in problem.faultString and "BAD_NAME" not in problem.faultString:
            raise


def states() -> dict[str, str]:
    """Program -> supervisord's word for its state; empty when nothing runs."""
    if not running():
        return {}
    return {info["name"]: f"{info['statename']} {info['description']}" for info in _server().getAllProcessInfo()}


def process_id(name: str) -> int:
    """Process id of a program that runs; 0 when it does not."""
    return int(_server().getProcessInfo(name)["pid"])


def stop_all() -> bool:
    """Stop every service and supervisord itself; False if nothing was running. Returns when they are gone."""
    if not running():
        return False
    server = _server()
    process = psutil.Process(int(server.getPID()))
    for name in (*AIRFLOW_PROGRAMS, "postgres"):  # the database last: the others still write to it
        stop(name)
    server.shutdown()
    process.wait(timeout=60)
    return True
