"""What a person may let through names whose file it is about: its receipt tells of the waiver."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.suite import Entry, Severity, load_suite
from hearth.database import Role, connect
from hearth.settings import PROJECT_ROOT, Settings

COUNTY, PERIOD = "530524", "2026-10"
SUITES = sorted(Path(PROJECT_ROOT, "expectations", "suites").glob("*.yaml"))
WAIVABLE = [
    pytest.param(entry, id=f"{path.stem}.{entry.id}")
    for path in SUITES
    for entry in load_suite(path).entries
    if entry.meta.severity is Severity.BLOCK_UNLESS_WAIVED
]


@pytest.mark.parametrize("entry", WAIVABLE)
def test_what_can_be_waived_names_a_feed(entry: Entry) -> None:
    told = entry.failing or entry.kwargs["unexpected_rows_query"]
    assert "feed_id" in told or "select feed," in told


def test_a_restatement_is_about_the_feeds_of_which_another_file_came(clean_warehouse: Settings) -> None:
    path = next(path for path in SUITES if path.stem == "blast")
    (entry,) = [entry for entry in load_suite(path).entries if entry.id == "restatement_needs_a_name"]
    assert entry.query is not None
    assert entry.failing is not None
    inputs = {"supply": ("first", "second"), "scheme": ("same", "same")}
    with connect(Role.OWNER) as connection:
        for feed, numbers in inputs.items():
            for number in dict.fromkeys(numbers):
                connection.execute(
                    "insert into ops.submission (submission_id, county_code, department, feed, period, file_name,"
                    " inbox_key, sha256, byte_count, state)"
                    " values (%s, %s, 'water', %s, %s, 'f', 'k', %s, 1, 'superseded')",
                    [number, COUNTY, feed, PERIOD, number],
                )
        builds = [
            connection.execute(
                "insert into ops.build (county_code, period, code_version, state) values (%s, %s, 'x', 'built')"
                " returning build_id",
                [COUNTY, PERIOD],
            ).fetchone()
            or (0,)
            for _ in range(2)
        ]
        for place, (build_id,) in enumerate(builds):
            for feed, numbers in inputs.items():
                connection.execute(
                    "insert into ops.build_input values (%s, 'water', %s, %s, %s, false, 0)",
                    [build_id, feed, numbers[place], PERIOD],
                )
        (publication_id,) = connection.execute(
            "insert into ops.publication (build_id, county_code, period, household_count) values (%s, %s, %s, 100)"
            " returning publication_id",
            [builds[0][0], COUNTY, PERIOD],
        ).fetchone() or (0,)
        connection.execute(
            "insert into ops.blast_radius (build_id, against_publication_id, against_period, households_before,"
            " households_after, households_added, households_removed, households_changed, indicators_changed,"
            " thresholds_crossed, ranks_moved) values (%s, %s, %s, 100, 100, 0, 0, 100, 1, 0, 0)",
            [builds[1][0], publication_id, PERIOD],
        )
        named = {":build_id": str(builds[1][0]), ":period": f"'{PERIOD}'"}
        query, told = entry.query, entry.failing
        for name, value in named.items():
            query, told = query.replace(name, value), told.replace(name, value)
        rows = connection.execute(told.format(batch=f"({query}) as subselect").encode()).fetchall()
        connection.rollback()
    assert [row[-1] for row in rows] == ["water.supply"]
