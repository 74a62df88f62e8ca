"""What goes wrong x where, from candidate to published: what readers see, what the ledger says, what a second try does.

The faults are real. A trigger in the database strikes when the step writes its row or changes its table: the disk is
full (the server's own error), the connection is gone (the backend is terminated), or the step stands still while its
process is killed or waits for a lock that somebody holds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from expectations.gate import run_gate
from hearth.database import Role, connect
from publishing.pack import make_pack, read_pack
from publishing.switch import publish, rollback
from publishing.tables import PublicationError
from tests.integration.expectations.candidate import COUNTY, PERIOD, make_build, make_candidate
from tests.integration.publishing.world import IMPATIENT, ledger, passed_build, seen

STEPS = {
    "the month before is ended": ("ops.publication", "update"),
    "the publication is opened": ("ops.publication", "insert"),
    "its first event": ("ops.publication_event", "insert"),
    "its tables are recorded": ("ops.publication_table", "insert"),
    "its submissions are recorded": ("ops.publication_input", "insert"),
    "the build is marked": ("ops.build", "update"),
    "partitions change places": ("catalog", "alter table"),
}
FAULTS = {
    "disk full": "raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'",
    "connection lost": "perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10)",
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
_ALARM = 7_305_813
"""An advisory lock that the test holds and the step waits for."""


@contextmanager
def fault_at(step: str, body: str) -> Iterator[None]:
    """Let ``body`` happen inside the database when the publisher or the builder comes to ``step``."""
    where, verb = STEPS.get(step) or step.split(":")
    is_catalog = where == "catalog"
    returns = "event_trigger" if is_catalog else "trigger"
    last = "" if is_catalog else "return new;"
    with connect(Role.OWNER) as connection:
        connection.execute(
            f"create or replace function ops.strike() returns {returns} language plpgsql security definer as $body$ "
            f"begin if session_user <> 'hearth' then {body}; end if; {last} end $body$".encode()
        )
        target = f"event trigger strike on ddl_command_start when tag in ('{verb.upper()}')"
        if not is_catalog:
            target = f"trigger strike before {verb} on {where} for each row"
        connection.execute(f"create {target} execute function ops.strike()".encode())
    try:
        yield
    finally:
        with connect(Role.OWNER) as connection:
            connection.execute(
                f"drop {'event trigger strike' if is_catalog else f'trigger strike on {where}'}".encode()
            )
            connection.execute("drop function ops.strike()")


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
    with fault_at(step, FAULTS[fault]), pytest.raises((psycopg.errors.DiskFull, psycopg.OperationalError)):
        publish(build_id)
    unchanged(published)
    goes_through(published, build_id)


@pytest.mark.parametrize("step", STEPS)
def test_a_switch_killed_at_a_step_leaves_the_old_month(published: int, step: str) -> None:
    build_id = passed_build(2)
    standing = f"perform pg_advisory_xact_lock({_ALARM})"
    with connect(Role.OWNER) as alarm:
        alarm.execute("select pg_advisory_lock(%s)", [_ALARM])
        with fault_at(step, standing):
            code = f"from publishing.switch import publish; publish({build_id})"
            with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
                _wait_until_it_stands(alarm, process)
                os.kill(process.pid, signal.SIGKILL)
            assert process.returncode == -signal.SIGKILL
            alarm.execute("select pg_advisory_unlock(%s)", [_ALARM])
            alarm.commit()
            _wait_until_it_is_gone(alarm)
    unchanged(published)
    goes_through(published, build_id)


@pytest.mark.parametrize("step", ["the month before is ended", "partitions change places"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_rollback_that_meets_a_fault_leaves_the_new_month(published: int, fault: str, step: str) -> None:
    goes_through(published, passed_build(2))
    live = ledger()
    with fault_at(step, FAULTS[fault]), pytest.raises((psycopg.errors.DiskFull, psycopg.OperationalError)):
        rollback(COUNTY, PERIOD)
    assert (seen(), ledger()) == ([2], live)
    assert rollback(COUNTY, PERIOD) == published
    assert seen() == [1]


def _waiting(alarm: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    found = alarm.execute(
        "select pid from pg_locks where locktype = 'advisory' and objid = %s and not granted", [_ALARM]
    ).fetchall()
    alarm.commit()
    return found


def _wait_until_it_stands(alarm: psycopg.Connection[tuple[object, ...]], process: subprocess.Popen[bytes]) -> None:
    tick = threading.Event()
    while not _waiting(alarm):
        assert process.poll() is None, "the switch ended before it came to the step"
        tick.wait(0.05)


def _wait_until_it_is_gone(
    alarm: psycopg.Connection[tuple[object, ...]], name: str = "hearth:hearth_publisher"
) -> None:
    """The server notices that its client is dead when it next speaks to it."""
    tick = threading.Event()
    while alarm.execute("select 1 from pg_stat_activity where application_name = %s", [name]).fetchall():
        alarm.commit()
        tick.wait(0.05)
    alarm.commit()


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
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    make_candidate(PERIOD, 2)
    build_id = make_build(PERIOD)
    with fault_at(step, FAULTS[fault]), pytest.raises((psycopg.errors.DiskFull, psycopg.OperationalError)):
        run_gate(build_id, suites_dir=tmp_path)
    with pytest.raises(PublicationError, match="only a build that passed the gate"):
        publish(build_id)
    unchanged(published)
    assert run_gate(build_id, suites_dir=tmp_path).passed
    goes_through(published, build_id)


def test_a_gate_killed_before_its_decision_lets_nothing_through(published: int, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    make_candidate(PERIOD, 2)
    build_id = make_build(PERIOD)
    with connect(Role.OWNER) as alarm:
        alarm.execute("select pg_advisory_lock(%s)", [_ALARM])
        with fault_at("ops.gate_decision:insert", f"perform pg_advisory_xact_lock({_ALARM})"):
            code = (
                "from pathlib import Path; from expectations.gate import run_gate;"
                f" run_gate({build_id}, suites_dir=Path({str(tmp_path)!r}))"
            )
            with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
                _wait_until_it_stands(alarm, process)
                os.kill(process.pid, signal.SIGKILL)
            alarm.execute("select pg_advisory_unlock(%s)", [_ALARM])
            alarm.commit()
            _wait_until_it_is_gone(alarm, "hearth:hearth_builder")
    with pytest.raises(PublicationError, match="only a build that passed the gate"):
        publish(build_id)
    unchanged(published)
    assert run_gate(build_id, suites_dir=tmp_path).passed
    goes_through(published, build_id)


def test_a_pack_that_meets_a_fault_is_no_pack_and_is_made_by_the_next_try(published: int) -> None:
    with fault_at("ops.publication_pack:insert", FAULTS["disk full"]), pytest.raises(psycopg.errors.DiskFull):
        make_pack(published)
    assert seen() == [1]
    make_pack(published)
    assert read_pack(published)[0]["publication_id"] == published
