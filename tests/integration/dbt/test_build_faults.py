"""What goes wrong while dbt writes candidate: the build says so, nothing is published, and the next run is whole.

The last cells of the fault matrix (``tests/integration/publishing/test_fault_matrix.py``), with one model for a layer.
"""

from __future__ import annotations

import pytest

from hearth import dbt
from hearth.database import Role, connect
from hearth.dbt import BuildFailed, DatabaseAway, DiskFull, build_layer
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
