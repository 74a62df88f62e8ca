import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from hearth.lock import add_plain_pins
from hearth.secrets import secret
from hearth.settings import PROJECT_ROOT, Settings, settings


def test_a_secret_is_made_once_and_is_private(hearth_home: Path) -> None:
    first = secret("of_a_test")
    path = settings().secrets_dir / "of_a_test"
    assert secret("of_a_test") == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_two_processes_that_ask_at_once_get_the_same_secret(hearth_home: Path) -> None:
    code = "from hearth.secrets import secret; print(secret('raced'))"
    askers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {asker.communicate()[0] for asker in askers}
    assert len(answers) == 1


def test_settings_refuse_what_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_COUNTY_CODE", "5305")
    with pytest.raises(ValidationError, match="county_code"):
        Settings()


def test_lock_states_packages_with_extras_a_second_time_without() -> None:
    block = "fastapi[standard]==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    assert add_plain_pins("a==1 \\\n    --hash=sha256:cc\n" + block) == (
        "a==1 \\\n    --hash=sha256:cc\n" + block.replace("[standard]", "") + block
    )


def test_locks_name_no_package_index() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (PROJECT_ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "index-url" not in text


def test_rooms_do_not_import_one_another() -> None:
    """Arrows point one way: dags -> rooms -> kernel (the rooms meet in the database)."""
    rooms = {"ingestion", "expectations", "publishing"}
    allowed = {room: {"hearth", room} for room in rooms} | {"hearth": {"hearth"}, "dags": rooms | {"hearth", "dags"}}
    ours = rooms | {"hearth", "dags"}
    found = []
    for room, may in allowed.items():
        for path in sorted((PROJECT_ROOT / room).rglob("*.py")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                words = line.split()
                if len(words) > 1 and words[0] in ("import", "from"):
                    target = words[1].split(".")[0]
                    if target in ours and target not in may:
                        found.append(f"{path.relative_to(PROJECT_ROOT)}:{number} {line.strip()}")
    assert found == []


def test_no_department_is_named_in_python() -> None:
    names = {path.name for path in (PROJECT_ROOT / "ingestion" / "contracts").iterdir() if path.is_dir()}
    shapes = re.compile("|".join(rf"""["']{name}(\.|__|/|["'])""" for name in sorted(names)))
    found = []
    for room in ("hearth", "ingestion", "expectations", "publishing", "dags"):
        for path in sorted((PROJECT_ROOT / room).rglob("*.py")):
            if (PROJECT_ROOT / "ingestion" / "sample") in path.parents:
                continue  # the invented county has offices; what they send is theirs
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if shapes.search(line):
                    found.append(f"{path.relative_to(PROJECT_ROOT)}:{number} {line.strip()}")
    assert found == []


def test_cli_answers_without_loading_heavy_libraries() -> None:
    code = (
        "import sys; from hearth.cli import _add_rooms; _add_rooms(); "
        "print([m for m in ('airflow', 'great_expectations', 'dbt', 'pandas') if m in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert finished.stdout.strip() == "[]"
