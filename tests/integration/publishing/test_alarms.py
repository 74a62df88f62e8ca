"""Who is told when a run stops, through a real web server; and that Airflow's callback says it all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from hearth.services.airflow import use_environment
from hearth.settings import settings
from publishing.alarms import Alarm, tell
from publishing.reminders import ReminderError
from tests.integration.publishing.test_reminders import tell as write_contacts
from tests.integration.publishing.test_reminders import webhook

ALARM = Alarm("intake__water", "take", "run 1", "water", "2026-10", "OperationalError", "Mend it, then *clear* it.")


@pytest.fixture
def home(hearth_home: Path) -> Iterator[Path]:
    yield hearth_home
    (hearth_home / "contacts.yaml").unlink(missing_ok=True)
    for mark in (hearth_home / "run" / "alarms").glob("*"):
        mark.unlink()


def test_engineer_is_told_once_a_run_and_task_what_to_do(home: Path) -> None:
    with webhook() as (address, got):
        write_contacts(
            home,
            {"owner": "数据工程师", "departments": ["warehouse"], "channels": [address]},
            {"owner": "水务联络员", "departments": ["water"], "channels": [address]},
        )
        assert tell(ALARM) == ["数据工程师"]
        assert tell(ALARM) == [], "the other files of the run"
        assert tell(replace(ALARM, run_id="run 2")) == ["数据工程师"]
    assert len(got) == 2
    assert got[0]["title"] == "【运行告警】intake__water.take 2026-10"
    for said in ("water", "2026-10", "下一步：Mend it, then *clear* it."):
        assert said in got[0]["message"]


def test_message_that_did_not_go_out_is_sent_by_the_next_failure(home: Path) -> None:
    with webhook(500) as (address, _):
        write_contacts(home, {"owner": "数据工程师", "departments": ["warehouse"], "channels": [address]})
        with pytest.raises(ReminderError, match="数据工程师"):
            tell(ALARM)
    with webhook() as (address, got):
        write_contacts(home, {"owner": "数据工程师", "departments": ["warehouse"], "channels": [address]})
        assert tell(ALARM) == ["数据工程师"]
    assert len(got) == 1


def test_nobody_to_tell_is_no_error(home: Path) -> None:
    assert tell(ALARM) == []


def test_callback_of_a_task_names_department_month_and_next_step(home: Path) -> None:
    use_environment()
    from dags.common import tell_failure
    from dags.intake import intake_dag

    with webhook() as (address, got):
        write_contacts(home, {"owner": "数据工程师", "departments": ["warehouse"], "channels": [address]})
        tell_failure(
            {
                "task": intake_dag("water", settings().county_code).get_task("take"),
                "dag_run": SimpleNamespace(dag_id="intake__water", run_id="run 3", partition_key=None),
                "params": {},
                "taken": "water/2026-10",  # type: ignore[typeddict-unknown-key]  # our own word
                "exception": ConnectionError("away"),
            }
        )
    (message,) = [entry["message"] for entry in got]
    for said in ("部门：water", "月份：water/2026-10", "问题：ConnectionError", "*clear* this task"):
        assert said in message
