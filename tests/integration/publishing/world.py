"""Builds that passed, and a reader of two shared views; no dbt and no Great Expectations in it."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from hearth.database import Role, connect
from hearth.rulebook import rules_digest
from publishing.policy import LockWait, Policy, policy
from publishing.tables import kept_tables, read_tables
from tests.integration.expectations.candidate import COUNTY, PERIOD, make_build, make_candidate

NEXT = "2026-11"
IMPATIENT = policy().model_copy(
    update={"lock_timeout_ms": 20, "lock_attempts": 3, "lock_wait_seconds": LockWait(shortest=0.005, longest=0.01)}
)
PATIENT: Policy = IMPATIENT.model_copy(update={"lock_attempts": 2000})
BUSY = policy().model_copy(
    update={"lock_timeout_ms": 100, "lock_attempts": 200, "lock_wait_seconds": LockWait(shortest=0.01, longest=0.05)}
)

STAMPS = """
select array_agg(distinct stamp order by stamp), count(*)
from (
    select stamp from shared.v_household where period = %(period)s
    union all select stamp from shared.v_region where period = %(period)s
    union all select stamp from shared.v_known_household
) as everything
"""
"""What a reader sees of one month: every stamp in three tables. One stamp = one publication, not a mixture."""


def passed_build(stamp: int, period: str = PERIOD) -> int:
    """A candidate with ``stamp`` in every table and a build whose gate decision is pass."""
    make_candidate(period, stamp)
    build_id = make_build(period, state="passed")
    judge(build_id)
    return build_id


def judge(build_id: int, verdict: str = "pass") -> None:
    """Write the gate's decision and the identity of what it judged, as the gate does."""
    with connect(Role.BUILDER) as connection:
        tables = {name: table.oid for name, table in read_tables(connection, "candidate").items()}
        tables |= {name: oid for name, (oid, _) in kept_tables(connection, build_id).items()}
        connection.execute(
            "insert into ops.gate_decision (build_id, verdict, expectations_run, failures, reason, rules_digest) "
            "values (%s, %s, 1, 0, 'test', %s)",
            [build_id, verdict, rules_digest(connection)],
        )
        connection.execute(
            "insert into ops.gate_result (build_id, suite, rule_id, expectation, severity, success, observed) "
            "values (%s, 'gate', 'P-21', 'candidate_identity', 'block', true, %s)",
            [build_id, Jsonb({"tables": tables})],
        )


def open_views() -> None:
    """Views as dbt makes them, once the parents exist; the reader may read what they show."""
    views = {
        "v_household": "fct_household_month",
        "v_region": "fct_guarantee_region_month",
        "v_known_household": "dim_household",
    }
    with connect(Role.OWNER) as connection:
        connection.execute("grant usage on schema marts to shared_reader")
        for view, table in views.items():
            connection.execute(
                f"create view shared.{view} with (security_invoker = true) as select * from marts.{table}"
            )
            connection.execute(f"grant select on shared.{view}, marts.{table} to shared_reader")


def seen(period: str = PERIOD) -> list[int]:
    """The stamps that the reader role sees."""
    with connect(Role.READER) as connection:
        row = connection.execute(STAMPS, {"period": period}).fetchone()
    assert row is not None
    return list(row[0] or [])


def ledger(period: str = PERIOD) -> list[tuple[Any, ...]]:
    """(publication, state, replaces) of a month, oldest first."""
    with connect(Role.OWNER) as connection:
        return connection.execute(
            "select publication_id, state, replaces from ops.publication where county_code = %s and period = %s "
            "order by publication_id",
            [COUNTY, period],
        ).fetchall()


def tables_in(schema: str) -> set[str]:
    with connect(Role.OWNER) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = %s", [schema]).fetchall()
    return {name for (name,) in rows}
