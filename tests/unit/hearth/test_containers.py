"""docker/: no daemon here, so every setting is held to the code, the schema and the linters that read it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hearth.services import airflow, container, postgres
from hearth.settings import PROJECT_ROOT, Settings, settings

DOCKER = PROJECT_ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
JOBS = {"secrets", "prepare"}


def tool(*words: str) -> None:
    finished = subprocess.run(
        [str(Path(sys.executable).parent / words[0]), *words[1:]], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The settings as a container has them: compose's environment with the values of .env.example."""
    for name, value in OURS["scheduler"]["environment"].items():
        monkeypatch.setenv(name, substituted(value))
    monkeypatch.setenv("HEARTH_HOME", str(tmp_path))
    settings.cache_clear()
    yield settings()
    monkeypatch.undo()
    settings.cache_clear()


def example() -> dict[str, str]:
    lines = (DOCKER / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def substituted(text: str) -> str:
    return re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: example()[found[1]], text)


def test_linters_of_compose_and_dockerfile_are_content() -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(DOCKER / "compose.yaml"))
    tool("hadolint", str(DOCKER / "Dockerfile"))


def test_every_setting_of_the_example_is_used_and_every_used_one_is_there() -> None:
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == set(example())
    assert all(found == ":?see .env.example" for found in re.findall(r"\$\{\w+([^}]*)\}", text)), "none has a default"


def test_every_variable_is_one_that_hearth_or_airflow_reads(deployed: Settings) -> None:
    known = {f"HEARTH_{name.upper()}" for name in Settings.model_fields}
    for name, service in OURS.items():
        for variable in service["environment"]:
            if variable.startswith("HEARTH_"):
                assert variable in known, f"{name}: {variable}"
            else:
                _, section, option = variable.split("__")
                assert airflow_knows(section.lower(), option.lower()), f"{name}: {variable}"


def airflow_knows(section: str, option: str) -> bool:
    from airflow.configuration import conf

    return conf.get(section, option, fallback=None) is not None


def test_processes_get_what_the_services_listen_to(deployed: Settings) -> None:
    """Host names, ports and secrets of the environment are those of the services beside it."""
    found = airflow.environment()
    assert found["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://api-server:8080/execution/"
    assert "@postgres:5432/airflow" in found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert found["AIRFLOW__CELERY__BROKER_URL"].endswith("@redis:6379/0")
    assert '"endpoint_url": "http://store:9000"' in found["AIRFLOW_CONN_HEARTH_BUCKET"]
    assert deployed.bucket == "s3://hearth"
    assert deployed.counties == tuple(example()["HEARTH_COUNTY_CODES"].split(","))
    assert "HEARTH_COUNTY_CODES" in SERVICES["scheduler"]["environment"], "each county is served by every process"
    assert deployed.bucket_conn_id == "hearth_bucket"
    assert {"postgres", "redis", "store", "api-server"} <= SERVICES.keys()
    assert SERVICES["api-server"]["ports"] == ["127.0.0.1:${HEARTH_PAGE_PORT:?see .env.example}:8080"]
    assert ":9000" in SERVICES["store"]["command"]


def test_one_machine_needs_neither_queue_nor_store(hearth_home: Path) -> None:
    found = airflow.environment()
    assert found["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert not any("CELERY" in name or "CONN_HEARTH" in name for name in found)


def test_secrets_are_files_that_the_first_step_makes(deployed: Settings) -> None:
    container.make_secrets()
    made = {path.name for path in deployed.secrets_dir.iterdir()}
    assert made == set(COMPOSE["secrets"]) == {Path(entry["file"]).name for entry in COMPOSE["secrets"].values()}
    assert all(path.stat().st_mode & 0o077 == 0 for path in deployed.secrets_dir.iterdir())
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|SECRET|KEY", variable) or str(value).startswith("/run/secrets/"), name
    assert not any(re.search("PASSWORD|SECRET|KEY", name) for name in example())


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_bounded_pinned_watched_and_nobody_special(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit", "logging"} <= service.keys()
    assert re.search(r":(\d+\.\d+|RELEASE\.\d|\$\{HEARTH_VERSION)", service["image"]), "a version, never latest"
    assert service["restart"] == ("no" if name in JOBS else "unless-stopped")
    checked = service["healthcheck"]
    assert checked.get("disable") if name in JOBS else {"test", "interval", "timeout", "retries"} <= checked.keys()
    assert ("outside" in service["networks"]) == (name == "api-server")


def test_database_is_made_and_run_as_the_embedded_one(hearth_home: Path) -> None:
    postgres_service = SERVICES["postgres"]
    ours = set(postgres.command()[3:]) - {"-c"}
    ours = {option for option in ours if option.split("=")[0] not in OWN_TO_A_PLACE}
    theirs = {option for option in postgres_service["command"][1:] if option != "-c"}
    assert {option for option in theirs if not option.startswith("shared_buffers=")} == ours
    source = Path(postgres.__file__).read_text(encoding="utf-8")
    for word in postgres_service["environment"]["POSTGRES_INITDB_ARGS"].split():
        assert word.removeprefix("--encoding=") in source, word
    version = subprocess.run([postgres.program("postgres"), "-V"], capture_output=True, text=True, check=True).stdout
    assert f":{version.split()[-1]}-" in postgres_service["image"], "the version that tests run against"


OWN_TO_A_PLACE = {
    "listen_addresses", "port", "unix_socket_directories", "shared_buffers", "fsync", "synchronous_commit",
}  # fmt: skip
"""Where the embedded server listens, how much memory it has, and what tests switch off."""


def test_commands_are_ones_that_the_entry_point_knows() -> None:
    from airflow.cli.cli_parser import airflow_commands

    airflow_words = {command.name for command in airflow_commands}
    for name, service in OURS.items():
        word = service["command"][0]
        assert word in JOBS | {"celery"} or word in airflow_words, name
        assert word in JOBS or service["healthcheck"]["test"][1:4] == ["python", "-m", "hearth.services.container"]
    assert 'ENTRYPOINT ["python", "-m", "hearth.services.container"]' in dockerfile()


def dockerfile() -> str:
    return (DOCKER / "Dockerfile").read_text(encoding="utf-8")


def test_image_holds_the_locked_packages_and_no_root() -> None:
    text = dockerfile()
    assert text.count("--require-hashes") == 2
    assert "USER 10001:10001" in text
    python = set(re.findall(r"FROM python:(\d+\.\d+)\.\d+-slim-bookworm", text))
    assert python == {"3.11"}, "what requirements.lock is made for"
    ignored = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {"docker/.env", "docker/secrets", ".hearth", ".git"} <= set(ignored)
    version = re.search(r'^version = "(.+)"', (PROJECT_ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version is not None
    assert example()["HEARTH_VERSION"] == version[1]


def test_lock_of_the_queue_does_not_move_a_locked_package() -> None:
    pattern = re.compile(r"^([a-z0-9._-]+)(?:\[.*\])?==(\S+)", re.MULTILINE | re.IGNORECASE)
    locked = dict(pattern.findall((PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")))
    added = dict(pattern.findall((DOCKER / "requirements.lock").read_text(encoding="utf-8")))
    assert {"celery", "redis", "apache-airflow-providers-celery"} <= added.keys()
    assert not added.keys() & locked.keys()


def test_health_is_what_airflow_says_of_the_part(deployed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import json
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"scheduler": {"status": "healthy"}, "triggerer": {"status": None}}).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HEARTH_AIRFLOW_URL", f"http://127.0.0.1:{server.server_port}/")
        settings.cache_clear()
        assert container.is_healthy("scheduler")
        assert not container.is_healthy("triggerer")
        server.shutdown()
