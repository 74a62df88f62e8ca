"""What goes wrong x where, from candidate to published: what readers see, what the ledger says, what a second try does.

A trigger in the database strikes when the step writes its row or changes its table, or the step waits for a lock that
somebody holds. What goes wrong before the gate is in ``tests/integration/dbt/test_build_faults.py``.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from expectations.gate import GateError, run_gate
from hearth.database import Role, connect
from publishing.pack import make_pack, read_pack
from publishing.switch import publish, rollback
from publishing.tables import PublicationError
from tests.integration.expectations.candidate import COUNTY, PERIOD, make_build, make_candidate
from tests.integration.faults import FAULTS, fault_at, killed_at
from tests.integration.publishing.world import IMPATIENT, ledger, passed_build, seen

STEPS = {
    "the month before is ended": "ops.publication:update",
    "the publication is opened": "ops.publication:insert",
    "its first event": "ops.publication_event:insert",
    "its tables are recorded": "ops.publication_table:insert",
    "its submissions are recorded": "ops.publication_input:insert",
    "the build is marked": "ops.build:update",
    "partitions change places": "catalog:alter table",
}
SUITE = """
suite: small
title_zh: 小
expectations:
  - id: somebody_lives_here
    expectation: expect_table_row_count_to_be_between
    table: fct_household_month
    kwargs: {min_value: 1}
    meta: {rule_id: P-08, severity: block, message_zh: 空, fix_zh: 查}
"""


def unchanged(published: int) -> None:
    assert seen() == [1], "readers have the old month, whole"
    assert ledger() == [(published, "live", None)]
    with connect(Role.OWNER) as connection:
        rows = connection.execute("select publication_id, event from ops.publication_event").fetchall()
    assert rows == [(published, "published")]


def goes_through(published: int, build_id: int) -> None:
    new = publish(build_id)
    assert seen() == [2]
    assert ledger() == [(published, "replaced", None), (new, "live", published)]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_switch_that_meets_a_fault_leaves_the_old_month(published: int, fault: str, step: str) -> None:
    build_id = passed_build(2)
    with fault_at(STEPS[step], FAULTS[fault]), pytest.raises((psycopg.errors.DiskFull, psycopg.OperationalError)):
        publish(build_id)
    unchanged(published)
    goes_through(published, build_id)


@pytest.mark.parametrize("step", STEPS)
def test_a_switch_killed_at_a_step_leaves_the_old_month(published: int, step: str) -> None:
    build_id = passed_build(2)
    killed_at(STEPS[step], f"from publishing.switch import publish; publish({build_id})")
    unchanged(published)
    goes_through(published, build_id)


BACK = ("the month before is ended", "partitions change places")
"""Steps of a rollback."""


@pytest.mark.parametrize("step", BACK)
def test_a_rollback_killed_at_a_step_leaves_the_new_month(published: int, step: str) -> None:
    goes_through(published, passed_build(2))
    live = ledger()
    killed_at(STEPS[step], f"from publishing.switch import rollback; rollback({COUNTY!r}, {PERIOD!r})")
    assert (seen(), ledger()) == ([2], live)
    assert rollback(COUNTY, PERIOD) == published
    assert seen() == [1]


@pytest.mark.parametrize("step", BACK)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_rollback_that_meets_a_fault_leaves_the_new_month(published: int, fault: str, step: str) -> None:
    goes_through(published, passed_build(2))
    live = ledger()
    with fault_at(STEPS[step], FAULTS[fault]), pytest.raises((psycopg.errors.DiskFull, psycopg.OperationalError)):
        rollback(COUNTY, PERIOD)
    assert (seen(), ledger()) == ([2], live)
    assert rollback(COUNTY, PERIOD) == published
    assert seen() == [1]


@pytest.mark.parametrize("table", ["marts.fct_dibao", "marts.dim_household", "marts.fct_household_month"])
def test_a_switch_that_meets_a_held_lock_gives_up_and_says_so(published: int, table: str) -> None:
    build_id = passed_build(2)
    with connect(Role.OWNER) as holder:
        holder.execute(f"lock table {table} in access share mode".encode())
        with pytest.raises(PublicationError, match="nothing was changed"):
            publish(build_id, policy=IMPATIENT)
    unchanged(published)
    goes_through(published, build_id)


def test_two_closes_at_once_make_one_publication_each_in_turn(published: int) -> None:
    build_id = passed_build(2)
    with ThreadPoolExecutor(max_workers=2) as pool:
        answers = list(pool.map(publish, [build_id, build_id]))
    assert answers[0] == answers[1]
    assert seen() == [2]
    assert [state for _, state, _ in ledger()] == ["replaced", "live"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", ["ops.gate_result:insert", "ops.gate_decision:insert"])
def test_a_gate_that_crashes_lets_nothing_through(published: int, tmp_path: Path, fault: str, step: str) -> None:
    build_id = small_gate(tmp_path)
    with fault_at(step, FAULTS[fault]), pytest.raises((psycopg.errors.DiskFull, psycopg.OperationalError)):
        run_gate(build_id, suites_dir=tmp_path)
    judged_again(published, build_id, tmp_path)


def small_gate(folder: Path) -> int:
    """A suite in ``folder``, a new candidate, and the build whose gate is to meet a fault."""
    (folder / "small.yaml").write_text(SUITE, encoding="utf-8")
    make_candidate(PERIOD, 2)
    return make_build(PERIOD)


def judged_again(published: int, build_id: int, suites: Path) -> None:
    """Nothing leaves without a verdict, and the next one is as good as the first would have been."""
    with pytest.raises(PublicationError, match="only a build that passed the gate"):
        publish(build_id)
    unchanged(published)
    assert run_gate(build_id, suites_dir=suites).passed
    goes_through(published, build_id)


def test_a_gate_killed_before_its_decision_lets_nothing_through(published: int, tmp_path: Path) -> None:
    build_id = small_gate(tmp_path)
    code = (
        "from pathlib import Path; from expectations.gate import GateError, run_gate;"
        f" run_gate({build_id}, suites_dir=Path({str(tmp_path)!r}))"
    )
    killed_at("ops.gate_decision:insert", code, "hearth:hearth_builder")
    judged_again(published, build_id, tmp_path)


@pytest.mark.parametrize("table", ["candidate.fct_household_month", "ops.gate_decision"])
def test_a_gate_that_meets_a_held_lock_gives_up_and_says_so(published: int, tmp_path: Path, table: str) -> None:
    build_id = small_gate(tmp_path)
    with connect(Role.OWNER) as holder:
        holder.execute(f"lock table {table} in access exclusive mode".encode())
        with pytest.raises(GateError, match="nothing was judged"):
            run_gate(build_id, suites_dir=tmp_path, patience=0.05)
    judged_again(published, build_id, tmp_path)


def test_two_gates_at_once_give_one_verdict(published: int, tmp_path: Path) -> None:
    build_id = small_gate(tmp_path)
    with ThreadPoolExecutor(max_workers=2) as pool:
        verdicts = list(pool.map(lambda build: run_gate(build, suites_dir=tmp_path), [build_id, build_id]))
    assert [verdict.passed for verdict in verdicts] == [True, True]
    with connect(Role.OWNER) as connection:
        rows = connection.execute(
            "select (select count(*) from ops.gate_decision where build_id = %(build)s),"
            " (select count(*) from ops.gate_result where build_id = %(build)s)",
            {"build": build_id},
        ).fetchone()
    assert rows == (1, 3), "one decision, one result, two rows of the gate's own"
    goes_through(published, build_id)


def test_a_pack_that_meets_a_fault_is_no_pack_and_is_made_by_the_next_try(published: int) -> None:
    with fault_at("ops.publication_pack:insert", FAULTS["disk full"]), pytest.raises(psycopg.errors.DiskFull):
        make_pack(published)
    assert seen() == [1]
    make_pack(published)
    assert read_pack(published)[0]["publication_id"] == published
