"""One department whose staging fails is left out and carried forward; the others go on."""

from __future__ import annotations

import pytest

from hearth.database import Role, connect
from hearth.dbt import StagingFailed, build_layer
from hearth.settings import Settings
from publishing.left_out import leave_out
from publishing.tables import PublicationError
from tests.integration.dbt import county

SEPTEMBER, OCTOBER = "2026-09", "2026-10"


def staging(build_id: int) -> None:
    build_layer("staging", build_id=build_id, county_code=county.COUNTY, period=OCTOBER)


def test_a_department_that_lost_rows_is_left_out_and_its_last_month_stands_in(warehouse: Settings) -> None:
    county.empty()
    published = county.load(SEPTEMBER, county.feeds())
    september = county.plan(SEPTEMBER, {feed: (name, SEPTEMBER, 0) for feed, name in published.items()})
    content = county.feeds()
    given = county.load(OCTOBER, content)
    october = county.plan(OCTOBER, {feed: (name, OCTOBER, 0) for feed, name in given.items()})
    lost = given["power.connection"]
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.publication (build_id, county_code, period, household_count) values (%s, %s, %s, 12)",
            [september, county.COUNTY, SEPTEMBER],
        )
        connection.execute("delete from raw.power__connection where submission_id = %s and source_row = 2", [lost])
    with pytest.raises(StagingFailed, match="all_rows_of_the_ledger") as failure:
        staging(october)
    assert (set(failure.value.departments), failure.value.broken) == ({"power"}, ())

    feeds = leave_out(october, failure.value.departments, str(failure.value))
    assert feeds == ["power.connection", "power.outage", "power.transformer", "power.voltage"]
    staging(october)
    with connect(Role.BUILDER) as connection:
        inputs = {
            f"{department}.{feed}": (source_period, is_carried, age)
            for department, feed, source_period, is_carried, age in connection.execute(
                "select department, feed, source_period, is_carried, age_periods from ops.build_input"
                " where build_id = %s",
                [october],
            ).fetchall()
        }
        said = connection.execute(
            "select feed, submission_id, carried_submission_id from ops.build_left_out where build_id = %s"
            " and feed = 'connection'",
            [october],
        ).fetchall()
        shown = connection.execute(
            "select count(*), bool_and(is_carried), min(source_period) from staging.stg_power__connection"
        ).fetchone()
    assert inputs["power.connection"] == (SEPTEMBER, True, 1)
    assert inputs["water.supply"] == (OCTOBER, False, 0)
    assert "power.outage" not in inputs, "what happened in September did not happen again"
    assert said == [("connection", lost, published["power.connection"])]
    assert shown == (len(content["power.connection"]), True, SEPTEMBER)
    with pytest.raises(PublicationError, match="no month without them"):
        leave_out(october, {"register"}, "rows lost")
