"""What was foreseen, what came of it, why figures moved, and the frozen copy that keeps it readable."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from expectations.blast import figures_sql, households_sql, preview
from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.settings import settings
from publishing import commands
from publishing.pack import PackError, as_published, finish, make_pack, read_pack
from publishing.restatement import restate
from publishing.switch import publish, rollback
from tests.integration.expectations.candidate import COUNTY, HOUSEHOLDS, PERIOD, make_build, make_candidate
from tests.integration.publishing.world import judge, passed_build

STATES = ("water_state", "five_state", "seven_state")
CHANGES = """
update candidate.fct_household_month set water_state = 'unmet', seven_state = 'unmet'
where household_key in (7001, 7002);
update candidate.fct_household_month set village_code = '530524100201', township_code = '530524100000'
where household_key = 7006;
delete from candidate.fct_household_month where household_key = 7004;
delete from candidate.fct_guarantee_region_month;
insert into candidate.fct_guarantee_region_month
select household.county_code, household.period, area.region_code, area.level_code, cell.guarantee,
    count(*), count(*) filter (where cell.state = 'met'), count(*) filter (where cell.state = 'unmet'),
    count(*) filter (where cell.state = 'unknown'),
    count(*) filter (where cell.state = 'met')::numeric / count(*),
    count(*) filter (where cell.state <> 'unmet')::numeric / count(*), false, 2
from candidate.fct_household_month as household
cross join lateral (values ('food', food_state), ('clothing', clothing_state), ('education', education_state),
    ('medical', medical_state), ('housing', housing_state), ('water', water_state), ('power', power_state),
    ('five', five_state), ('seven', seven_state)) as cell (guarantee, state)
cross join lateral (values (village_code, 'village'), (township_code, 'township'), (county_code || '000000', 'county'))
    as area (region_code, level_code)
group by household.county_code, household.period, area.region_code, area.level_code, cell.guarantee;
"""
"""Two households lose their water, one moves to another township, one is gone."""


def rows(query: str, *values: object) -> list[tuple[Any, ...]]:
    with connect(Role.OWNER) as connection:
        return connection.execute(query.encode(), values).fetchall()


def restated_build() -> int:
    make_candidate(PERIOD, 2)
    with connect(Role.BUILDER) as connection:
        connection.execute(CHANGES.encode())
    build_id = make_build(PERIOD, state="passed")
    judge(build_id)
    return build_id


@pytest.fixture
def foreseen(published: int) -> int:
    """A build whose blast radius is written, not yet switched in."""
    build_id = restated_build()
    with connect(Role.BUILDER) as connection:
        preview(connection, build_id, COUNTY, PERIOD, STATES)
    return build_id


def test_what_was_foreseen_is_what_comes(published: int, foreseen: int) -> None:
    (radius,) = rows(
        "select against_publication_id, households_before, households_after, households_added, households_removed, "
        "households_changed from ops.blast_radius"
    )
    assert radius == (published, HOUSEHOLDS, HOUSEHOLDS - 1, 0, 1, 2)
    assert rows("select guarantee, measure, households from ops.blast_change where kind = 'state' order by 1, 2") == [
        ("seven", "met>unmet", 2),
        ("water", "met>unmet", 2),
    ]
    new = publish(foreseen)
    was, now = (
        dict(rows("select table_name, partition_name from ops.publication_table where publication_id = %s", number))
        for number in (published, new)
    )
    households = households_sql(f"previous.{was['fct_household_month']}", f"marts.{now['fct_household_month']}", STATES)
    figures = figures_sql(f"previous.{was['fct_guarantee_region_month']}", f"marts.{now['fct_guarantee_region_month']}")
    for real, told in (
        (households, "select household_key, change, states from ops.blast_household"),
        (
            figures,
            "select kind, region_code, guarantee, measure, before, after from ops.blast_change where kind <> 'state'",
        ),
    ):
        assert sorted(rows(real), key=str) == sorted(rows(told), key=str)
    kinds = dict(rows("select kind, count(*) from ops.blast_change group by 1"))
    assert kinds["indicator"] > 10
    assert kinds.get("threshold", 0) == 0
    assert rows("select indicators_changed from ops.blast_radius") == [(kinds["indicator"],)]


@pytest.mark.parametrize("cause", ["rule", "code", "late_file", "identity"])
def test_a_restatement_splits_each_figure_and_the_parts_add_up(published: int, cause: str) -> None:
    differs = {"rule": "rules_digest = 'older'", "code": "code_version = 'older'"}.get(cause)
    if differs is not None:  # the earlier publication is made to look as if other rules or code had made it
        with connect(Role.OWNER) as connection:
            connection.execute("alter table ops.publication disable trigger written_once")
            connection.execute(f"update ops.publication set {differs}".encode())
            connection.execute("alter table ops.publication enable trigger written_once")
    build_id = restated_build()
    if cause == "late_file":
        with connect(Role.OWNER) as connection:
            connection.execute(
                "insert into ops.build_input select %s, 'water', 'supply', submission_id, '2026-10', false, 0 "
                "from ops.submission where submission_id = 'S-2026-10-member'",
                [build_id],
            )
    new = publish(build_id)
    assert restate(new) == restate(new) > 20
    (county,) = rows(
        "select before, after, late_file, correction, rule, identity, code from ops.restatement "
        "where guarantee = 'water' and measure = 'unmet' and region_code = '530524000000'"
    )
    before, after, *parts = county
    assert sum(parts) == after - before == 2
    names = ("late_file", "correction", "rule", "identity", "code")
    assert dict(zip(names, parts, strict=True))[cause] == 2
    figures = rows(
        "select count(*) from ops.restatement where late_file + correction + rule + identity + code <> after - before"
    )
    assert figures == [(0,)]
    key = finish(new)["sheet"]
    assert (bucket() / str(key)).exists()


def test_a_pack_reads_as_published_and_is_the_same_when_made_again(published: int) -> None:
    key = make_pack(published)
    assert make_pack(published) == key
    document, table = read_pack(published, "fct_household_month")
    assert table is not None
    assert table.num_rows == HOUSEHOLDS == document["household_count"]
    assert {entry["feed"] for entry in document["inputs"]} == {"household", "member"}
    again = publish(passed_build(stamp=1))
    make_pack(again)
    first, second = (
        {item["table"]: item["sha256"] for item in read_pack(number)[0]["tables"]} for number in (published, again)
    )
    assert first == second, "the same rows give the same files"


def test_a_pack_that_was_touched_is_not_read(published: int) -> None:
    folder = (bucket() / make_pack(published)).parent
    (folder / "dim_month.parquet").write_bytes(b"touched")
    with pytest.raises(PackError, match=r"\[dim_month.parquet\] is not what was sealed"):
        read_pack(published, "dim_month")
    with pytest.raises(PackError, match="is not in the pack"):
        read_pack(published, "fct_nothing")
    (folder / "manifest.json").write_bytes(b"{}")
    with pytest.raises(PackError, match=r"\[manifest.json\] is not what was sealed"):
        read_pack(published)


def test_any_day_of_the_past_can_be_read(published: int) -> None:
    second = publish(passed_build(2))
    between = datetime.now(settings().zone)
    rollback(COUNTY, PERIOD)
    now = datetime.now(settings().zone)
    assert as_published(COUNTY, PERIOD, between) == second
    assert as_published(COUNTY, PERIOD, now) == published
    assert as_published(COUNTY, PERIOD, now - timedelta(days=1)) is None
    run = CliRunner().invoke
    today = f"{now:%Y-%m-%d}"
    assert run(commands.app, ["pack", str(published)]).exit_code == 0
    told = run(
        commands.app, ["as-of", PERIOD, today, "--table", "dim_month", "--out", str(settings().home / "out.csv")]
    )
    assert told.exit_code == 0, told.output
    assert f"#{published}" in told.output
    assert (settings().home / "out.csv").read_text(encoding="utf-8").count("\n") == 2
    assert run(commands.app, ["as-of", PERIOD, "2000-01-01"]).exit_code == 1
    assert run(commands.app, ["as-of", PERIOD, "never"]).exit_code == 2
