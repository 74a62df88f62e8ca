"""What the scheduler costs: a whole month's wall time without the time in which some task of Hearth's was at work.

Read off the logs of the tasks themselves: from the moment Airflow hands over (`::endgroup::` of Pre Execute) to the end
of the function. Intake, dbt, the gate, the switch and what goes out with them are work; `discover`, `plan`, `announce`,
Airflow's own start of each task and every wait between them are not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from hearth.bucket import bucket
from ingestion.sample.county import write_county
from tests.end_to_end.conftest import OCTOBER, installed

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(2400)]

HOUSEHOLDS = 3200
WORK = ("take", "build_", "gate", "publish", "pack", "send_back")
LIMIT = 0.30

Span = tuple[float, float]


def _handed_over_and_done(log: Path) -> Span | None:
    """When a task's function began and ended; None for one that never began."""
    began = ended = None
    is_parsed = False
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        moment = datetime.fromisoformat(entry["timestamp"]).timestamp()
        is_parsed |= entry["event"] == "Worker startup parse complete"
        if began is None and is_parsed and entry["event"] == "::endgroup::":
            began = moment
        if entry["event"] == "::group::Post Execute" or str(entry["event"]).startswith("Done. Returned"):
            ended = ended or moment
    return (began, ended) if began is not None and ended is not None else None


def _covered(spans: Iterable[Span]) -> float:
    """Seconds in which at least one of them was going on."""
    total, until = 0.0, 0.0
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [([], 0), ([(1, 3), (2, 4)], 3), ([(1, 2), (5, 6)], 2), ([(1, 9), (2, 3), (8, 10)], 9)],
)
def test_what_goes_on_at_once_counts_once(spans: list[Span], seconds: float) -> None:
    assert _covered(spans) == seconds


def test_the_scheduler_costs_less_than_a_third_of_a_month() -> None:
    with installed(fsync=True) as installation:
        write_county([OCTOBER], households=HOUSEHOLDS, seed=7, target=bucket())
        since = datetime.now(installation.settings.zone)
        assert set(installation.run_intakes().values()) == {"success"}
        installation.wait_for(lambda: str(len(installation.publications())), {"1"})
        assert set(installation.close_is_quiet().values()) == {"success"}
        wall = datetime.now(installation.settings.zone).timestamp() - since.timestamp()
        found: dict[str, list[Span]] = {}
        for log in (installation.settings.log_dir / "airflow").glob("dag_id=*/run_id=*/task_id=*/**/*.log"):
            (task,) = (part.removeprefix("task_id=") for part in log.parts if part.startswith("task_id="))
            span = _handed_over_and_done(log)
            if span is not None and span[0] >= since.timestamp():
                found.setdefault(task, []).append(span)
    work = [span for task, spans in found.items() if task.startswith(WORK) for span in spans]
    overhead = 1 - _covered(work) / wall
    for task, spans in sorted(found.items()):
        print(f"{task:20} {len(spans):4} runs {_covered(spans):7.1f} s{'' if task.startswith(WORK) else '   overhead'}")
    print(f"{HOUSEHOLDS} households: {wall:.0f} s, of which at work {_covered(work):.0f} s: overhead {overhead:.0%}")
    assert overhead < LIMIT
