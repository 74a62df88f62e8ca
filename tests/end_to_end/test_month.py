"""From files in the inbox to rows a reader sees, with a real Airflow, and what stops a month on its way."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import psycopg
import pytest

from hearth.backup import backups
from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.period import Period
from hearth.services import postgres, supervisor
from hearth.services.airflow import environment
from ingestion.contract import contracts, departments
from ingestion.ledger import waiting_periods
from ingestion.reopening import reopen
from ingestion.sample.county import write_county
from publishing.scorecard import FILE_NAME
from tests.end_to_end.conftest import OCTOBER, SEPTEMBER, Installation, Reader

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(2700),  # the first test waits for two months through a whole Airflow
]

ANSWER = """
    select count(*), count(distinct household_no), min(period), max(period),
        md5(string_agg(concat_ws('|', v.*), e'\\n' order by household_no, period))
    from shared.v_two_no_worries_three_guarantees as v
    where period = '2026-10'
"""


def test_two_months_are_published_and_every_department_was_answered(published: Installation) -> None:
    assert [row[0] for row in published.publications()] == [str(SEPTEMBER), str(OCTOBER)]
    live = published.rows(
        "select feed, period from ops.submission where state in ('accepted', 'partially_accepted') order by 1, 2"
    )
    assert len(live) == 2 * len(contracts())
    rejected = published.rows("select distinct department from ops.submission where state = 'rejected'")
    assert {row[0] for row in rejected} >= set(departments())
    unbalanced = published.rows(
        "select count(*) from ops.submission where rows_received <> rows_accepted + rows_rejected"
    )
    assert unbalanced == [(0,)]
    for submission_id, key in published.rows("select submission_id, receipt_key from ops.submission"):
        receipt = json.loads((bucket() / str(key)).read_text(encoding="utf-8"))
        assert receipt["submission_id"] == submission_id


def test_nothing_is_left_in_the_inbox(published: Installation) -> None:
    inbox = Path(published.settings.bucket.removeprefix("file://")) / "inbox"
    assert [path for path in inbox.rglob("*") if path.is_file()] == []


def test_the_reader_sees_every_household_once_and_all_three_states(published: Installation) -> None:
    (row,) = published.rows(ANSWER, role=Role.READER)
    assert row[0] == row[1] == published.publications()[1][2]
    states = published.rows(
        "select distinct unnest(array[food_state, clothing_state, education_state, medical_state, housing_state, "
        "water_state, power_state]) from shared.v_two_no_worries_three_guarantees",
        role=Role.READER,
    )
    assert {state for (state,) in states} == {"met", "unmet", "unknown"}


@pytest.mark.parametrize(
    "query",
    [
        "select * from marts.fct_household_month",
        "select * from raw.register__member",
        "select * from vault.entry",
        "select * from ops.submission",
        "select * from quarantine.row",
        "select * from candidate.fct_household_month",
        "select * from identity.person_key_map",
        "create table shared.mine (a int)",
        "create temporary table mine (a int)",
        "set role hearth_builder",
    ],
)
def test_the_reader_sees_shared_and_nothing_else(published: Installation, query: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        published.rows(query, role=Role.READER)


def test_the_same_files_again_change_nothing(published: Installation) -> None:
    def state() -> list[tuple[object, ...]]:
        counts = [
            published.rows(f"select count(*) from raw.{contract.raw_table}")[0] for contract in contracts().values()
        ]
        return [*counts, *published.publications(), *published.rows("select count(*) from ops.submission")]

    before = state()
    write_county([OCTOBER], households=300, seed=11, target=bucket())
    assert set(published.run_intakes().values()) == {"success"}
    assert set(published.close_is_quiet().values()) == {"success"}
    assert state() == before


HOUSEHOLD_TWICE = (
    "insert into candidate.fct_household_month "
    "select (jsonb_populate_record(f, jsonb_build_object('household_key', f.household_key + 1))).* "
    "from candidate.fct_household_month as f order by household_key limit 1"
)
BROKEN_ROLL_UP = (
    "update candidate.fct_guarantee_region_month set met = met + 1, universe = universe + 1 "
    "where level_code = 'township' and guarantee = 'housing' and region_code = "
    "(select min(region_code) from candidate.fct_guarantee_region_month where level_code = 'township')"
)


def _plant(statement: str) -> None:
    """Damage `candidate` the moment dbt has finished its last layer: what a wrong model would have left there."""
    with connect(Role.OWNER) as connection:
        connection.execute(
            f"""
            create or replace function ops.planted_fault() returns trigger language plpgsql as $body$
            begin
                {statement};
                return null;
            end $body$;
            create or replace trigger planted_fault after update of state on ops.build
            for each row when (new.state = 'built') execute function ops.planted_fault();
            """.encode()
        )


def _pull_out() -> None:
    with connect(Role.OWNER) as connection:
        connection.execute("drop trigger planted_fault on ops.build")


def _resend(installation: Installation, department: str, feed: str, period: str) -> None:
    """The department sends its month again: the same rows in a workbook with other bytes."""
    (found,) = installation.rows(
        "select archive_key, file_name from ops.submission where department = %s and feed = %s and period = %s "
        "and state in ('accepted', 'partially_accepted')",
        *(department, feed, period),
    )
    workbook = openpyxl.load_workbook(io.BytesIO((bucket() / str(found[0])).read_bytes()))
    workbook.create_sheet("更正说明")
    target = bucket() / "inbox" / department / period / str(found[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    workbook.save(buffer)
    target.write_bytes(buffer.getvalue())
    reopen(
        installation.settings.county_code,
        Period.parse(period),
        department=department,
        feed=feed,
        reason="更正",
        by="登记办",
        until=datetime.now(installation.settings.zone) + timedelta(days=1),
    )
    assert installation.run(f"intake__{department}") == "success"


def test_what_passes_intake_but_not_the_gate_is_never_seen(published: Installation) -> None:
    before = published.publications()
    (answer,) = published.rows(ANSWER, role=Role.READER)
    closes = set(published.close_is_quiet())
    reader = Reader(ANSWER)
    _plant(f"{HOUSEHOLD_TWICE}; {BROKEN_ROLL_UP}")
    try:
        with reader.polling():
            _resend(published, "water", "supply", "2026-10")
            published.wait_for(
                lambda: "woken" if set(published.airflow.run_states("close", published.started)) - closes else None,
                {"woken"},
            )
            (state,) = {run: state for run, state in published.close_is_quiet().items() if run not in closes}.values()
            assert state == "failed"
    finally:
        _pull_out()
    assert published.publications() == before
    assert reader.errors == []
    assert len(reader.answers) > 20
    assert set(reader.answers) == {answer}
    blocked = published.rows(
        "select distinct g.suite from ops.gate_result as g where g.build_id = (select max(build_id) from ops.build) "
        "and not g.success and g.severity = 'block'"
    )
    assert {("integrity",), ("rollup",)} <= set(blocked), "the gate itself must have said no, to each fault"
    assert published.rows("select state from ops.build order by build_id desc limit 1") == [("blocked",)]


def test_postgres_stopped_in_mid_run_loses_nothing(published: Installation) -> None:
    """The database, Airflow's own included, goes away while files are being taken; tasks try again and finish."""
    august = str(SEPTEMBER.shift(-1))
    write_county([SEPTEMBER.shift(-1)], households=300, seed=11, target=bucket())
    runs = {dag_id: published.airflow.trigger(dag_id) for dag_id in published.airflow.intake_dags()}
    claimed = "select 1 from ops.submission where period = %s limit 1"
    published.wait_for(lambda: "claimed" if published.rows(claimed, august) else None, {"claimed"})
    supervisor.stop("postgres")
    with pytest.raises(psycopg.OperationalError):
        published.rows(claimed, august)
    supervisor.start("postgres")
    postgres.wait_ready()
    for dag_id, run_id in runs.items():
        assert published.end_of(dag_id, run_id) == "success", dag_id
    live = published.rows(
        "select department, feed, submission_id, rows_accepted from ops.submission "
        "where period = %s and state in ('accepted', 'partially_accepted')",
        august,
    )
    assert len(live) == len(contracts())
    for department, feed, submission_id, accepted in live:
        table = contracts()[f"{department}.{feed}"].raw_table
        (loaded,) = published.rows(f"select count(*) from raw.{table} where submission_id = %s", submission_id)
        assert loaded == (accepted,), table
    published.wait_for(lambda: "there" if august in {row[0] for row in published.publications()} else None, {"there"})


def test_a_month_that_came_late_restates_those_that_read_it_in_order(published: Installation) -> None:
    """August came after September and October, which read a year of water supply: each is published once more, October
    with the file that the gate stopped when the fault was in it."""
    (blocked,) = published.rows("select max(build_id) from ops.build where period = '2026-10' and state = 'blocked'")
    published.wait_for(
        lambda: str(
            published.rows(
                "select array_agg(period order by publication_id) from ops.publication where publication_id >= ("
                " select min(publication_id) from ops.publication where period = '2026-08')"
            )[0][0]
        ),
        {str(["2026-08", "2026-09", "2026-10"])},
    )
    assert set(published.close_is_quiet().values()) <= {"success", "failed"}
    assert waiting_periods(published.settings.county_code, datetime.now(published.settings.zone)) == []
    restated = published.rows("select max(build_id) from ops.publication where period = '2026-10' and state = 'live'")
    assert restated[0] > blocked
    published.wait_for(
        lambda: "quiet" if set(published.airflow.run_states("scorecards", published.started).values()) == {"success"}
        else None,
        {"quiet"},
    )  # fmt: skip
    assert (bucket() / "outbox" / departments()[0] / "2026-08" / FILE_NAME).exists()
    events = {(event["source_task_id"], event["partition_key"]) for event in published.airflow.asset_events()}
    assert ("publish", "2026-08") in events
    assert ("loaded", "2026-08") in events, "a department-month is a partition of its department's asset"


def test_one_backfill_command_asks_about_every_month_and_builds_nothing_that_is_there(published: Installation) -> None:
    before = published.publications()
    words = ["backfill", "create", "--dag-id", "backfill", "--from-date", "2026-08-01", "--to-date", "2026-10-01"]
    finished = subprocess.run(
        [sys.executable, "-m", "airflow", *words, "--max-active-runs", "1"],
        env={**os.environ, **environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]

    def asked() -> str | None:
        """The schedule may have asked about the month that runs by itself."""
        states = published.airflow.partition_states("backfill")
        return " ".join(states.get(period, "to come") for period in ("2026-08", "2026-09", "2026-10"))

    published.wait_for(asked, {"success success success"})
    assert set(published.close_is_quiet().values()) <= {"success", "failed"}
    assert published.publications() == before


def test_housekeeping_goes_back_to_its_own_backup(published: Installation) -> None:
    """Disk, dump, restore aside, deletion of what is over, Airflow's own old runs: all by the real scheduler."""
    before = published.rows("select count(*) from ops.submission")
    assert published.run("housekeeping") == "success"
    assert len(backups()) == 1
    assert published.rows("select count(*) from ops.submission") == before, "nothing is over"
    assert published.rows("select 1 from pg_database where datname = 'hearth_drill'") == []


NEVER_RECEIVED = "2020-01"
"""A month of which there is no file: the close that an approval wakes finds nothing to build."""


def _blocked(county_code: str) -> None:
    """A build that only a waiver could let through."""
    with connect(Role.OWNER) as connection:
        connection.execute(
            "with build as (insert into ops.build (county_code, period, state, code_version)"
            " values (%s, %s, 'blocked', 'test') returning build_id), result as (insert into ops.gate_result (build_id,"
            " suite, rule_id, expectation, severity, success, message) select build_id, 'volume', 'P-16',"
            " 'near_history[fct_dibao]', 'block_unless_waived', false, '低保户数骤降' from build)"
            " insert into ops.gate_decision (build_id, verdict, expectations_run, failures, waivable, reason)"
            " select build_id, 'block', 1, 1, 1, 'test' from build",
            [county_code, NEVER_RECEIVED],
        )


def test_a_person_approves_in_airflow_and_the_waiver_is_written(installation: Installation) -> None:
    _blocked(installation.settings.county_code)
    airflow = installation.airflow
    airflow.intake_dags()  # waits until the DAGs are there
    run_id = airflow.trigger("waive", {"period": NEVER_RECEIVED})
    installation.wait_for(
        lambda: airflow.task_states("waive", run_id).get("approve"), {"awaiting_input", "up_for_retry", "failed"}
    )
    (asked,) = airflow.required_actions("waive", run_id)
    assert "低保户数骤降" in asked["body"]
    given: dict[str, object] = {"name": "张审核", "reason": "人口普查后核减", "days": 7}
    assert set(asked["params"]) == set(given)

    def answered() -> str | None:
        """An answer given before Airflow has put the task aside is forgotten, and asked for again."""
        if airflow.required_actions("waive", run_id):
            airflow.answer("waive", run_id, "approve", given, options=["Approve"])
        return airflow.run_states("waive", installation.started).get(run_id)

    assert installation.wait_for(answered, {"success", "failed"}) == "success", airflow.task_states("waive", run_id)
    waivers = installation.rows(
        "select rule_id, scope, period, reason, given_by, valid_until::date - given_at::date from ops.waiver"
    )
    assert waivers == [("P-16", "volume.near_history[fct_dibao]", NEVER_RECEIVED, "人口普查后核减", "张审核", 7)]
    woken = [(event["source_dag_id"], event["partition_key"]) for event in airflow.asset_events()]
    assert ("waive", NEVER_RECEIVED) in woken, "the close is woken to judge the month again"
