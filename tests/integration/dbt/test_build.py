"""dbt on a real PostgreSQL: twelve households whose states are known beforehand."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.gate import run_gate
from hearth import lineage
from hearth.checksums import content
from hearth.database import Role, connect, password
from hearth.dbt import LAYERS as DBT_LAYERS
from hearth.dbt import PROJECT_DIR, BuildFailed, environment, run_dbt
from hearth.settings import Settings, settings
from ingestion.contract import contracts
from publishing.left_out import build_without_who_fails
from publishing.parents import prepare_parents
from publishing.switch import publish, rollback
from publishing.tables import read_tables
from tests.benchmarks.close import world
from tests.integration.dbt import county
from tests.integration.dbt.metric_queries import metric_queries
from tests.integration.dbt.rendering import macros, render
from tests.integration.publishing.world import judge

LAYERS = "tag:staging tag:identity tag:marts"
GUARANTEES = ("food", "clothing", "education", "medical", "housing", "water", "power")
LATE = "civil_affairs.dibao"
WATER_OLD = "2026-06"
"""The water bureau reported four months ago: past its limit of three."""

# household: states of food, clothing, education, medical, housing, water, power, then five, seven, on_dibao
EXPECTED = {
    1: "met met met met met unknown met | met unknown no",
    2: "unmet met met met met unknown met | unmet unmet no",
    3: "met met unmet met met unknown met | unmet unmet no",
    4: "met met met unmet met unknown met | unmet unmet no",
    5: "met met met met unmet unknown met | unmet unmet no",
    6: "met met met met met unmet met | met unmet no",
    7: "met met met met met unknown unmet | met unmet no",
    8: "met met unknown unknown unknown unknown unknown | unknown unknown no",
    9: "met met met met unknown unknown met | unknown unknown no",
    12: "unknown unknown met met met unknown met | unknown unknown yes",
}


THIRD: dict[str, Any] = {"household_no": county.household_no(3), "contract_year": 2026, "is_signed": True}


def rows(query: str) -> list[tuple[Any, ...]]:
    with connect(Role.BUILDER) as connection:
        return connection.execute(query.encode()).fetchall()


def build(period: str, inputs: dict[str, tuple[str, str, int]]) -> int:
    build_id = county.plan(period, inputs)
    run_dbt("build", LAYERS, build_id=build_id, county_code=county.COUNTY, period=period)
    return build_id


def _refuse(submission_id: str) -> None:
    """Rows that were refused for their ID number: a slip in one of household 1, a lost one of household 2."""
    place = ["漭水镇", "漭水社区"]
    with connect(Role.OWNER) as connection:
        connection.cursor().executemany(
            "insert into quarantine.near_number values (%s, 'Sheet1', %s, %s, %s, %s, %s, %s, %s)",
            [
                [submission_id, 90, "R-ALL-02", "a slip", [county.adult(1), "nobody"], "name of adult-01", *place],
                [submission_id, 91, "S-05", None, [], "name of child-02", *place],
                [submission_id, 92, "R-ALL-02", "another", ["nobody"], "name of child-01", *place],
                [submission_id, 93, "R-ALL-02", "third", [county.adult(3), county.adult(4)], None, None, None],
                [submission_id, 94, "R-ALL-02", "fourth", [county.adult(5)], "name of nobody", *place],
            ],
        )
        connection.cursor().executemany(
            "insert into ops.link_decision (county_code, feed_id, id_number_hash, household_no, verdict, decided_by,"
            " reason) values (%s, %s, %s, %s, 'not_same', '甲', '核实')",
            [
                [county.COUNTY, "health.insurance", "third", county.household_no(4)],
                [county.COUNTY, "housing.renovation", county.adult(1), county.household_no(2)],
                [county.COUNTY, "health.contract", "stranger", county.household_no(3)],
            ],
        )


@pytest.fixture(scope="module")
def october(warehouse: Settings) -> int:
    assert warehouse.county_code == county.COUNTY
    county.empty()
    content = county.feeds()
    water = content.pop("water.supply")
    content["health.contract"].append({"id_number_hash": "stranger", "id_link": "usable"} | THIRD)
    content["health.settlement"] += [
        {"settlement_no": name, "id_number_hash": county.adult(3), "id_link": "raised", "person_name_hash": name}
        for name in ("name of adult-03", "name of nobody")
    ]
    given = {feed_id: (name, "2026-10", 0) for feed_id, name in county.load("2026-10", content).items()}
    old = county.load(WATER_OLD, {"water.supply": water})["water.supply"]
    _refuse(given["health.insurance"][0])
    build_id = county.plan("2026-10", {**given, "water.supply": (old, WATER_OLD, 4)})
    close(build_id)
    return build_id


def states() -> dict[int, str]:
    columns = ", ".join(f"{guarantee}_state" for guarantee in GUARANTEES)
    found = rows(
        f"select household_no, concat_ws(' ', {columns}, '|', five_state, seven_state, on_dibao)"
        " from candidate.fct_household_month"
    )
    return {int(number[-2:]): text for number, text in found}


def test_every_active_household_has_the_states_its_evidence_gives(october: int) -> None:
    assert states() == EXPECTED


def test_lineage_of_a_build_says_which_table_comes_from_which(october: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the artifacts that the build left; off unless a setting says where events go."""
    assert lineage.emit_dbt(PROJECT_DIR, "build", environment()) == 0
    monkeypatch.setenv("HEARTH_LINEAGE", "file")
    settings.cache_clear()
    try:
        assert lineage.emit_dbt(PROJECT_DIR, "build", environment()) > 100
        events = [json.loads(line) for line in lineage.lineage_file().read_text(encoding="utf-8").splitlines()]
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    made = {
        output["name"].split(".", 1)[1]: {source["name"].split(".", 1)[1] for source in event["inputs"]}
        for event in events
        if event["eventType"] == "COMPLETE"
        for output in event.get("outputs", ())
    }
    assert {"candidate.fct_register_household", "staging.stg_published__water_supply"} <= (
        made["candidate.fct_household_month"] | made["identity.int_guarantee__water"]
    )
    assert "staging.stg_water__supply" in made["candidate.fct_water_supply"]
    assert "password" not in json.dumps(events).lower()
    assert password(Role.BUILDER) not in json.dumps(events)


def test_reasons_and_source_months_stand_beside_the_states(october: int) -> None:
    (first,) = rows(
        "select water_reason, water_source_period, water_is_carried,"
        " power_reason, power_source_period, power_is_carried"
        " from candidate.fct_household_month where household_no like '%01'"
    )
    assert first == ("stale", WATER_OLD, True, "connected", "2026-10", False)
    reasons = dict(rows("select right(household_no, 2), housing_reason from candidate.fct_household_month"))
    assert (reasons["05"], reasons["08"], reasons["09"]) == ("dangerous", "no_certificate", "conflict")


def test_two_departments_that_say_two_things_are_in_the_ledger(october: int) -> None:
    found = rows(
        "select rule_id, right(household_no, 2), feed_a, statement_a, statement_b, state"
        " from candidate.fct_contradiction where rule_id in ('XD-01', 'XD-03', 'XD-37', 'XD-38', 'XD-44', 'XD-48')"
        " order by 1, 2"
    )
    assert found == [
        ("XD-01", None, "civil_affairs.dibao", "claimed", "no such household", "open"),
        ("XD-03", "02", "civil_affairs.dibao", "a household number", "another household", "open"),
        ("XD-37", "05", "register.household", "safe", "D", "open"),
        ("XD-38", "09", "housing.assessment", "A", "dangerous", "open"),
        # that the renovation is not of household 2, and the contract not of household 3, was decided
        # the water bureau is silent since June: XD-44 is not judged, and of its scheme nobody can say whom it serves
    ]
    counts = rows(
        "select rule_id, pass_count, fail_count, na_count, null_count from candidate.fct_rule_month"
        " where rule_id in ('XD-37', 'XD-44', 'XD-48', 'XD-15') order by 1"
    )
    assert counts == [("XD-15", 0, 0, 0, 0), ("XD-37", 0, 1, 10, 1), ("XD-44", 0, 0, 0, 12), ("XD-48", 0, 0, 0, 1)]
    # Masks hide the column household_no alone: no number of a household or a person may stand in a statement.
    assert rows("select rule_id from candidate.fct_contradiction where statement_a || statement_b ~ '[0-9]{12}'") == []
    seen = rows(
        "select feed_id, sees, other_statement from candidate.fct_contradiction_side where rule_id = 'XD-37' order by 1"
    )
    assert seen == [("housing.assessment", "D1", None), ("register.household", "D2", "D")]


def test_no_row_is_lost_or_multiplied(october: int) -> None:
    found = {
        row[0]: row[1:]
        for row in rows(
            "select feed_id, accepted_rows, staged_rows, linked_rows, unlinked_rows, fact_rows, reached_households"
            " from candidate.fct_feed_reconciliation"
        )
    }
    assert set(found) == set(contracts())
    assert found["civil_affairs.dibao"] == (3, 3, 1, 2, 1, 1)
    assert found["health.insurance"] == (23, 23, 22, 1, 22, 9)
    assert found["register.member"] == (24, 24, 24, 0, 24, 10)
    assert {feed_id: found[feed_id][2:5] for feed_id in sorted(found) if feed_id not in county.GUARANTEE_FEEDS} == {
        "civil_affairs.disability_subsidy": (1, 1, 1),
        "civil_affairs.tekun": (1, 1, 1),
        "education.aid": (2, 0, 2),
        "health.contract": (2, 1, 2),
        "health.settlement": (3, 2, 3),
        "housing.renovation": (2, 0, 2),
        "power.outage": (1, 1, 1),
        "power.transformer": (1, 1, 1),
        "power.voltage": (1, 1, 1),
        "water.scheme": (1, 1, 1),
    }
    statuses = rows("select link_status, count(*) from identity.int_link__dibao group by 1 order by 1")
    assert statuses == [("conflict", 1), ("linked", 1), ("not_in_register", 1)]
    assert rows("select link_status from identity.int_link__insurance where household_key is null") == [("no_key",)]
    rates = rows(
        "select link_status, link_path, row_count, feed_row_count from candidate.fct_link_rate"
        " where feed_id = 'civil_affairs.dibao' order by 1"
    )
    assert rates == [("conflict", "none", 1, 3), ("linked", "head", 1, 3), ("not_in_register", "none", 1, 3)]


def test_rows_without_a_household_get_candidates_and_no_link(october: int) -> None:
    found = rows(
        "select feed_id, source_row, right(household_no, 2), path_code, score::text, array_to_string(evidence, ' '),"
        " candidate_rank from candidate.fct_link_suggestion join candidate.dim_household using (household_key)"
        " order by 1, 2, 7"
    )
    assert found == [
        ("civil_affairs.dibao", 3, "01", "two_households", "0.400", "", 1),
        ("civil_affairs.dibao", 3, "02", "two_households", "0.400", "", 2),
        ("health.insurance", 90, "01", "typo", "0.980", "id_number name", 1),
        ("health.insurance", 91, "02", "name_village", "0.600", "name village", 1),
        ("health.insurance", 93, "03", "typo", "0.700", "id_number", 1),
        ("health.insurance", 94, "05", "typo", "0.100", "id_number", 1),
        ("health.settlement", 6, "03", "fifteen_digit", "0.300", "id_number", 1),
    ], found
    linked = rows("select count(*) from identity.int_link__insurance where source_row >= 90")
    assert linked == [(0,)], "a candidate joins nothing"


def test_a_household_without_a_village_shows_as_a_difference_between_levels(october: int) -> None:
    found = rows(
        "select level_code, sum(universe), sum(met), sum(unmet), sum(unknown) from candidate.fct_guarantee_region_month"
        " where guarantee = 'five' group by 1 order by 1"
    )
    assert [tuple(map(str, row)) for row in found] == [
        ("county", "10", "3", "4", "3"),
        ("township", "9", "3", "4", "2"),
        ("village", "9", "3", "4", "2"),
    ]
    (rates,) = rows(
        "select rate_min, rate_max from candidate.fct_guarantee_region_month"
        " where guarantee = 'five' and level_code = 'county'"
    )
    assert [str(rate) for rate in rates] == ["0.300000", "0.600000"]


def test_published_tables_say_what_they_are(october: int) -> None:
    silent = rows(
        "select c.relname, a.attname from pg_class as c join pg_attribute as a on a.attrelid = c.oid"
        " where c.relnamespace = 'candidate'::regnamespace and c.relkind = 'r' and a.attnum > 0"
        " and not a.attisdropped and col_description(c.oid, a.attnum) is null"
    )
    assert silent == []
    keyless = rows(
        "select relname from pg_class as c where relnamespace = 'candidate'::regnamespace and relkind = 'r'"
        " and not exists (select from pg_constraint where conrelid = c.oid and contype = 'p')"
    )
    assert keyless == []


def test_every_metric_runs_as_metricflow_writes_it(october: int) -> None:
    manifest = Path(environment()["DBT_TARGET_PATH"]) / "semantic_manifest.json"
    found = {name: rows(query) for name, query in metric_queries(manifest, ["metric_time__month"]).items()}
    (households,), (met,), (unknown,) = found["households"], found["water_met"], found["water_unknown_share"]
    assert (households[1], met[1], float(unknown[1])) == (10, 0, 0.9)
    assert len(found) > 50
    assert [name for name, answer in found.items() if len(answer) != 1] == ["status_changes"], "nothing has changed yet"
    by_township = rows(metric_queries(manifest, ["region__township_name"], ["households"])["households"])
    assert sum(count for _, count in by_township) == 10
    assert len(by_township) == 3, "two townships and the household without a village"


def erring(build_id: int) -> list[tuple[Any, ...]]:
    """Checks of the gate that could not judge the build."""
    run_gate(build_id)
    return rows(
        f"select expectation, message from ops.gate_result where build_id = {build_id} and message ~ '运行出错'"
    )


def test_the_suites_fit_what_dbt_builds(october: int) -> None:
    """Every check of the gate runs on real candidate tables, and says of this county what is wrong with it."""
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.build set state = 'built' where build_id = %s", [october])
        connection.execute(
            "update ops.submission as s set contract_version = f.contract_version from reference.feed as f "
            "where f.feed_id in (s.feed, s.department || '.' || s.feed)"
        )
    assert erring(october) == []
    failed = rows(
        f"select suite || '.' || expectation from ops.gate_result where build_id = {october} and not success "
        "and severity <> 'warn' and suite <> 'gate' order by 1"
    )
    # Household 12 names a village that nobody knows: it is in the county's figures and in those of no village.
    unplaced = {
        "integrity.village_known[fct_household_month]",
        "rollup.books_equal_archive[fct_book_month]",
        "rollup.cards_equal_registers[fct_book_month]",
        "rollup.indicator_levels_equal_county[fct_indicator_month]",
        "rollup.levels_equal_county[fct_guarantee_region_month]",
        "rollup.villages_equal_states[fct_guarantee_region_month]",
    }
    assert {name for (name,) in failed} == unplaced


def close(build_id: int) -> tuple[set[str], set[str]]:
    """Build with what is there already; which models were made, and which kept."""
    for layer in DBT_LAYERS:
        build_without_who_fails(layer, build_id=build_id, county_code=county.COUNTY, period="2026-10")
    made = rows(
        "select split_part(node_id, '.', 3) from ops.build_result"
        f" where build_id = {build_id} and node_id like 'model.%' and node_id !~ '[.](stg|base)_'"
    )
    kept = rows(f"select table_name from ops.build_table where build_id = {build_id} and is_kept")
    return {name for (name,) in made}, {name for (name,) in kept}


def publish_unjudged(build_id: int) -> int:
    """Whatever the gate says of it: household 12 has no village."""
    with connect(Role.OWNER) as connection:
        for table in ("gate_result", "gate_decision"):
            connection.execute(f"delete from ops.{table} where build_id = %s".encode(), [build_id])
        connection.execute("update ops.build set state = 'passed' where build_id = %s", [build_id])
    judge(build_id)
    prepare_parents()
    return publish(build_id)


def published(publication_id: int) -> dict[str, tuple[str, str]]:
    """Table -> its partition and its sum, as the ledger has them."""
    found = rows(
        "select table_name, partition_name, checksum from ops.publication_table"
        f" where publication_id = {publication_id}"
    )
    return {name: (partition, checksum) for name, partition, checksum in found}


def test_after_a_late_feed_what_depends_on_it_is_built_and_the_month_is_that_of_a_whole_close(october: int) -> None:
    """P-19 and more: what is kept, and what is built again, has the rows and keys of a close that builds everything."""
    keys = "select * from identity.household_key_map order by household_key"
    known = rows(keys)
    first = publish_unjudged(october)
    given = {f"{department}.{feed}": (name, month, age) for department, feed, name, month, age in rows(
        "select department, feed, submission_id, source_period, age_periods from ops.build_input"
        f" where build_id = {october}"
    )}  # fmt: skip
    late = world.late("2026-10", LATE, {LATE: given[LATE][0]})[LATE]
    with connect(Role.OWNER) as connection:
        connection.execute(
            "update raw.civil_affairs__dibao set head_id_number_hash = %s where submission_id = %s"
            " and head_id_number_hash = %s",
            [county.adult(1), late, county.adult(12)],
        )
    inputs = {**given, LATE: (late, "2026-10", 0)}
    again = county.plan("2026-10", inputs)
    made, kept = close(again)
    assert "fct_dibao" in made
    assert {"int_household", "fct_register_household", "fct_water_supply", "dim_household"} <= set(kept)
    assert len(made) < len(kept)
    assert made.isdisjoint(kept)
    assert rows(f"select count(*) from ops.candidate_table({again}) where is_kept")[0][0] > 30
    assert erring(again) == [], "the gate judges what is kept, too"
    second = publish_unjudged(again)
    before, after = published(first), published(second)
    assert before.keys() == after.keys()
    same = {name for name in after if before[name][0] == after[name][0]}
    assert same == {name for name in kept if name in after}
    assert before["fct_dibao"][1] != after["fct_dibao"][1]
    assert rows("select relname from pg_class where relnamespace = 'candidate'::regnamespace and relkind = 'v'") == []

    whole = county.plan("2026-10", inputs)
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.build set is_whole = true where build_id = %s", [whole])
    assert close(whole)[1] == set()
    with connect(Role.BUILDER) as connection:
        sums = {name: content(connection, "candidate", name).checksum for name in read_tables(connection, "candidate")}
    assert sums == {name: checksum for name, (_, checksum) in after.items()}
    assert rows(keys) == known
    rollback(county.COUNTY, "2026-10")
    assert dict(
        rows("select relname, 1 from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'r'")
    ) == (dict.fromkeys((partition for partition, _ in before.values()), 1))


def bounds() -> dict[str, tuple[Any, Any]]:
    """Least and greatest value of the county's rates of guarantees, as they were built last."""
    found = rows(
        "select indicator_code, value_min, value_max from candidate.fct_indicator_month"
        " where level_code = 'county' and indicator_code between 'GUA-01' and 'GUA-09'"
    )
    return {code: (least, most) for code, least, most in found}


def test_feeds_that_never_came_give_unknown_never_met(october: int) -> None:
    known = bounds()
    given = county.load(
        "2026-11", {feed: rows_ for feed, rows_ in county.feeds().items() if feed.startswith("register.")}
    )
    build("2026-11", {feed_id: (name, "2026-11", 0) for feed_id, name in given.items()})
    assert states()[1] == "met met unknown unknown unknown unknown unknown | unknown unknown unknown"
    assert states()[7] == "met met unknown unknown unknown unknown unmet | unknown unmet unknown"
    assert rows("select count(*), min(first_period) from identity.household_key_map") == [(12, "2026-10")]
    # the same county with departments silent: what each rate is lies between its bounds
    silent = bounds()
    assert len(silent) == len(known) == 9
    assert [code for code in known if not silent[code][0] <= known[code][0] <= known[code][1] <= silent[code][1]] == []
    assert silent["GUA-04"] == (0, 1) != known["GUA-04"], "nobody sent a row about insurance"


def test_a_parameter_without_a_row_stops_the_build(october: int) -> None:
    with connect(Role.OWNER) as connection:
        connection.execute(
            "update reference.threshold set valid_from = '2999-01-01' where parameter_code = 'carry_water'"
        )
    try:
        with pytest.raises(BuildFailed, match="carry_water"):
            run_dbt("build", "int_build_parameter", build_id=october, county_code=county.COUNTY, period="2026-10")
    finally:
        with connect(Role.OWNER) as connection:
            connection.execute(
                "update reference.threshold set valid_from = '2014-01-01' where parameter_code = 'carry_water'"
            )


def test_every_row_of_every_truth_table(october: int) -> None:
    variables = {"build_id": 0, "county_code": county.COUNTY, "period": "2026-10", "unit_tests": True}
    outcome = run_dbt(
        "test",
        "test_type:unit",
        build_id=0,
        county_code=county.COUNTY,
        period="2026-10",
        flags=("--vars", json.dumps(variables)),  # the last --vars counts
    )
    files = (Path(PROJECT_DIR) / "models").rglob("*unit_tests.yml")
    assert outcome.nodes == sum(len(yaml.safe_load(file.read_text(encoding="utf-8"))["unit_tests"]) for file in files)


def test_kleene_over_all_combinations(october: int) -> None:
    """FX-14: all 3^7 states of seven guarantees, and all 3^5 of five."""
    macro = macros("three_values")["kleene_and"]
    for size, expected in (
        (7, {"met": 1, "unmet": 2059, "unknown": 127}),
        (5, {"met": 1, "unmet": 211, "unknown": 31}),
    ):
        columns = [f"s{number}" for number in range(size)]
        values = ", ".join(str(states) for states in product(("met", "unmet", "unknown"), repeat=size))
        query = (
            f"select {macro(columns)} as state, count(*) from (values {values}) as v ({', '.join(columns)}) group by 1"
        )
        assert dict(rows(query)) == expected


def test_after_a_merger_villages_sum_up_as_it_was_and_as_it_is(october: int) -> None:
    """The township of one village is merged into the other's a month later: what was published of this month stays, and
    is read by the divisions of today beside it."""
    (township, into) = (f"{village[:9]}000" for village in county.VILLAGES)
    (period,) = rows("select distinct period from candidate.fct_household_month")[0]
    with connect(Role.OWNER) as connection:
        connection.execute("create temporary table divisions as table reference.region")
        connection.execute(
            "insert into reference.region (region_code, name, level_code, parent_code, valid_from, source)"
            " select region_code, name, level_code, %s, '2099-01-01', source from reference.region"
            " where parent_code = %s",
            [into, township],
        )
        connection.execute(
            "update reference.region set valid_to = '2098-12-31', successor_code = %s where region_code = %s",
            [into, township],
        )
        connection.execute(
            "update reference.region set valid_to = '2098-12-31' where parent_code = %s and valid_from < '2099-01-01'",
            [township],
        )
        connection.commit()
        try:
            run_dbt("run", "dim_region_version", build_id=october, county_code=county.COUNTY, period=period)
        finally:
            connection.execute("truncate reference.region")
            connection.execute("insert into reference.region select * from divisions")
    source = (Path(PROJECT_DIR) / "models" / "shared" / "county" / "v_guarantee_by_region.sql").read_text("utf-8")
    by_region = render(source, published=lambda table: f"candidate.{table}")

    def sums(township_column: str) -> dict[str, int]:
        return dict(
            rows(
                f"select {township_column}, sum(universe)::int from ({by_region}) as v"
                " where guarantee = 'food' and level_code = 'village' group by 1"
            )
        )

    published = dict(
        rows(
            "select region_code, universe from candidate.fct_guarantee_region_month"
            " where guarantee = 'food' and level_code = 'township'"
        )
    )
    names = dict(rows("select region_code, name from candidate.dim_region where level_code = 'township'"))
    assert sums("township_name") == {names[code]: count for code, count in published.items()}
    assert sums("current_township_code") == {into: sum(published.values())}
    assert len(published) == 2
