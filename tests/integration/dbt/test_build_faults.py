"""What goes wrong while dbt writes candidate: the build says so, nothing is published, and the next run is whole.

The last cells of the fault matrix (``tests/integration/publishing/test_fault_matrix.py``), with one model for a layer.
"""

from __future__ import annotations

import pytest

from hearth import dbt
from hearth.database import Role, connect
from hearth.dbt import BuildFailed, DatabaseAway, DbtKilled, DiskFull, TableLocked, build_layer
from hearth.settings import Settings
from publishing.switch import publish
from publishing.tables import PublicationError
from tests.integration.dbt import county
from tests.integration.faults import FAULTS, fault_at, killed_at

MODEL = "dim_cause"
LAYER = f"stg_reference__code {MODEL}"
PERIOD = "2026-10"


@pytest.fixture
def build_id(warehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> int:
    """A build whose layer is one small table."""
    county.empty()
    monkeypatch.setitem(dbt._SELECTED, "star", LAYER)
    return county.plan(PERIOD, {})


def _state(build_id: int) -> tuple[object, ...]:
    with connect(Role.OWNER) as connection:
        row = connection.execute(
            "select state, to_regclass(%s) is not null, (select count(*) from ops.publication)"
            " from ops.build where build_id = %s",
            [f"candidate.{MODEL}", build_id],
        ).fetchone()
    assert row is not None
    return row


def _goes_through(build_id: int) -> None:
    with pytest.raises(PublicationError, match="only a build that passed the gate"):
        publish(build_id)
    build_layer("star", build_id=build_id, county_code=county.COUNTY, period=PERIOD)
    assert _state(build_id) == ("built", True, 0)


@pytest.mark.parametrize(("fault", "error"), [("disk full", DiskFull), ("connection lost", DatabaseAway)])
def test_a_build_that_meets_a_fault_says_so(build_id: int, fault: str, error: type[Exception]) -> None:
    with fault_at("catalog:create table", FAULTS[fault]), pytest.raises(error):
        build_layer("star", build_id=build_id, county_code=county.COUNTY, period=PERIOD)
    assert _state(build_id) == ("failed" if error is DiskFull else "planned", False, 0)
    _goes_through(build_id)


def test_a_full_disk_leaves_no_department_out(build_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dbt._SELECTED, "staging", "stg_health__contract")
    with fault_at("catalog:create view", FAULTS["disk full"]), pytest.raises(BuildFailed) as caught:
        build_layer("staging", build_id=build_id, county_code=county.COUNTY, period=PERIOD)
    assert type(caught.value) is DiskFull


def test_dbt_ends_with_the_process_that_called_it(build_id: int) -> None:
    code = (
        f"from hearth import dbt; dbt._SELECTED['star'] = {LAYER!r};"
        f" dbt.build_layer('star', build_id={build_id}, county_code={county.COUNTY!r}, period={PERIOD!r})"
    )
    killed_at("catalog:create table", code, "hearth:dbt")
    assert _state(build_id) == ("planned", False, 0)
    _goes_through(build_id)


def test_a_build_that_meets_a_held_lock_gives_up_and_says_so(build_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at the candidate of the run before holds up no close for ever, and blames no department."""
    with connect(Role.BUILDER) as before:
        before.execute(f"create table candidate.{MODEL} ()".encode())
    with monkeypatch.context() as hasty, connect(Role.BUILDER) as holder:
        hasty.setattr(dbt, "PATIENCE", 0.1)
        holder.execute(f"select from candidate.{MODEL}".encode())
        with pytest.raises(TableLocked, match="pg_stat_activity"):
            build_layer("star", build_id=build_id, county_code=county.COUNTY, period=PERIOD)
    _goes_through(build_id)


def test_dbt_that_is_killed_gives_no_verdict(build_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that ran out says nothing about the models: the task is to try again, and no department is left out."""
    kill = ["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    with monkeypatch.context() as patched:
        finished = dbt._finished
        patched.setattr(dbt, "_finished", lambda _: finished(lambda _: kill))
        with pytest.raises(DbtKilled, match="signal 9"):
            build_layer("star", build_id=build_id, county_code=county.COUNTY, period=PERIOD)
    assert _state(build_id) == ("planned", False, 0)


def test_one_build_at_a_time(warehouse: Settings) -> None:
    """A task that was taken for dead may still run when it is tried again."""
    with connect(Role.BUILDER, autocommit=True, options="-c lock_timeout=60s") as other:
        with dbt.alone(1):
            asked = other.execute("select pg_try_advisory_lock(hashtext('hearth.candidate'))").fetchone()
            assert asked == (False,)
        other.execute("select pg_advisory_lock(hashtext('hearth.candidate'))")
