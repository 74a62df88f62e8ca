"""The switch under readers, under locks, and killed half-way; then the way back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from hearth.database import Role, connect
from publishing import locking, switch
from publishing.publications import publications
from publishing.switch import publish, rollback
from publishing.tables import PublicationError
from tests.integration.expectations.candidate import (
    COUNTY,
    HOUSEHOLDS,
    PERIOD,
    TABLES,
    make_build,
    make_candidate,
)
from tests.integration.publishing.world import (
    BUSY,
    IMPATIENT,
    NEXT,
    PATIENT,
    STAMPS,
    judge,
    ledger,
    passed_build,
    seen,
    tables_in,
)


class Reader(threading.Thread):
    """Polls as the reader role until told to stop: one statement over three tables, or one transaction of three."""

    QUERIES = tuple(
        f"select stamp from shared.{view} group by stamp" for view in ("v_region", "v_household", "v_known_household")
    )

    def __init__(self, *, by_transaction: bool) -> None:
        super().__init__(daemon=True)
        self.by_transaction = by_transaction
        self.stop = threading.Event()
        self.first_answer = threading.Event()
        self.results: list[list[int]] = []
        self.errors: list[Exception] = []
        self.slowest = 0.0

    def run(self) -> None:
        with connect(Role.READER, autocommit=True) as connection:
            while not self.stop.is_set():
                started = time.monotonic()
                try:
                    self.results.append(self._look(connection))
                except psycopg.Error as error:
                    self.errors.append(error)
                self.slowest = max(self.slowest, time.monotonic() - started)
                self.first_answer.set()
                self.stop.wait(0.002)

    def _look(self, connection: psycopg.Connection[Any]) -> list[int]:
        if not self.by_transaction:
            row = connection.execute(STAMPS, {"period": PERIOD}).fetchone()
            return list(row[0]) if row else []
        with connection.transaction():
            return sorted({stamp for query in self.QUERIES for (stamp,) in connection.execute(query)})


def test_fifty_switches_under_readers(published: int) -> None:
    readers = [Reader(by_transaction=False), Reader(by_transaction=True)]
    for reader in readers:
        reader.start()
        assert reader.first_answer.wait(30)
    for stamp in range(2, 52):
        publish(passed_build(stamp), policy=BUSY)
    for reader in readers:
        reader.stop.set()
        reader.join(30)
        assert reader.errors == []
        assert [found for found in reader.results if len(found) != 1] == []
        assert len({found[0] for found in reader.results}) > 10, "the readers must have watched many switches"
    print("slowest look [s]:", [round(reader.slowest, 3) for reader in readers])
    assert seen() == [51]
    assert [state for _, state, _ in ledger()].count("live") == 1


def test_the_first_publication(published: int) -> None:
    assert seen() == [1]
    assert ledger() == [(published, "live", None)]
    (item,) = publications(COUNTY)
    assert (item.household_count, item.table_count, item.period) == (HOUSEHOLDS, TABLES, PERIOD)
    assert tables_in("candidate") == set()
    assert tables_in("previous") == set()
    with connect(Role.OWNER) as connection:
        owners = connection.execute("select distinct tableowner from pg_tables where schemaname = 'marts'").fetchall()
        comment = connection.execute(
            "select obj_description('marts.fct_household_month'::regclass, 'pg_class'), state from ops.build"
        ).fetchone()
    assert owners == [("hearth_publisher",)]
    assert comment == ("户月核心视图 | one row per active household", "published")


def test_publishing_again_is_the_same_publication(published: int) -> None:
    (item,) = publications(COUNTY)
    assert publish(item.build_id) == published
    assert len(ledger()) == 1


def test_two_months_live_side_by_side(published: int) -> None:
    publish(passed_build(2, NEXT))
    with connect(Role.READER) as connection:
        rows = connection.execute("select period, min(stamp), max(stamp) from shared.v_household group by 1").fetchall()
    assert sorted(rows) == [(PERIOD, 1, 1), (NEXT, 2, 2)]


@contextmanager
def long_reader() -> Iterator[psycopg.Connection[Any]]:
    """A report that holds the published tables: a transaction left open after reading."""
    with connect(Role.READER) as connection:
        connection.execute(STAMPS, {"period": PERIOD}).fetchall()
        yield connection


def test_a_long_reader_is_waited_for(published: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = threading.Event()

    class Log:
        def warning(self, *_: object, **__: object) -> None:
            waited.set()

    monkeypatch.setattr(locking, "_log", Log())
    build_id = passed_build(2)
    with long_reader() as reader, ThreadPoolExecutor(max_workers=1) as pool:
        switched = pool.submit(publish, build_id, policy=PATIENT)
        assert waited.wait(30)
        assert seen() == [1], "while the switch waits, others read on"
        reader.commit()
        switched.result(timeout=60)
    assert seen() == [2]


def test_a_reader_that_never_ends_leaves_everything_old(published: int) -> None:
    build_id = passed_build(2)
    with long_reader(), pytest.raises(PublicationError, match="through 3 attempts"):
        publish(build_id, policy=IMPATIENT)
    assert seen() == [1]
    assert ledger() == [(published, "live", None)]
    assert "fct_household_month" in tables_in("candidate")
    # Nothing is spoiled: the same build goes through once the reader is gone.
    publish(build_id)
    assert seen() == [2]


STOPPED_BEFORE_COMMIT = """
import sys
from publishing import switch

def stop(*_: object, **__: object) -> None:
    print("stopped", flush=True)
    sys.stdin.read()

switch.{step} = stop
switch.publish({build_id})
"""


@pytest.mark.parametrize("step", ["lock_parents", "_swap", "record_publication"])
def test_a_killed_switch_leaves_the_old_month(published: int, step: str) -> None:
    build_id = passed_build(2)
    code = STOPPED_BEFORE_COMMIT.format(step=step, build_id=build_id)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any(line.strip() == "stopped" for line in process.stdout)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    assert process.returncode == -signal.SIGKILL
    assert seen() == [1]
    assert ledger() == [(published, "live", None)]
    publish(build_id, policy=PATIENT)
    assert seen() == [2]


def test_a_terminated_backend_leaves_the_old_month(published: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def terminate(connection: psycopg.Connection[Any], *_: object) -> None:
        with connect(Role.OWNER, autocommit=True) as owner:
            owner.execute("select pg_terminate_backend(%s, 10000)", [connection.info.backend_pid])
        connection.execute("select 1")

    monkeypatch.setattr(switch, "record_publication", terminate)
    build_id = passed_build(2)
    with pytest.raises(psycopg.OperationalError):
        publish(build_id)
    assert seen() == [1]
    assert ledger() == [(published, "live", None)]


def test_attaching_scans_nothing_under_lock(published: int, monkeypatch: pytest.MonkeyPatch) -> None:
    notices: list[str] = []

    @contextmanager
    def noisy(role: Role, **options: Any) -> Iterator[psycopg.Connection[Any]]:
        with connect(role, options="-c client_min_messages=debug1", **options) as connection:
            connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
            yield connection

    monkeypatch.setattr(switch, "connect", noisy)
    publish(passed_build(2))
    implied = [text for text in notices if "is implied by existing constraints" in text]
    assert len(implied) == TABLES
    notices.clear()
    rollback(COUNTY, PERIOD)
    assert len([text for text in notices if "is implied by existing constraints" in text]) == TABLES


@pytest.mark.parametrize(("state", "verdict"), [("blocked", "block"), ("built", None), ("passed", None)])
def test_a_build_that_did_not_pass_is_refused(published: int, state: str, verdict: str | None) -> None:
    make_candidate(stamp=2)
    build_id = make_build(state=state)
    if verdict is not None:
        judge(build_id, verdict)
    with pytest.raises(PublicationError, match="only a build that passed"):
        publish(build_id)
    assert seen() == [1]


def test_a_candidate_rebuilt_after_the_gate_is_refused(published: int) -> None:
    build_id = passed_build(2)
    make_candidate(stamp=3)
    with pytest.raises(PublicationError, match="not what the gate judged"):
        publish(build_id)
    assert seen() == [1]


def test_rows_of_another_month_cannot_be_published(published: int) -> None:
    build_id = passed_build(2)
    with connect(Role.BUILDER) as connection:
        connection.execute("update candidate.fct_dibao set period = '2026-09' where household_key = 7001")
    with pytest.raises(psycopg.errors.CheckViolation):
        publish(build_id)
    assert seen() == [1]


def test_rollback_returns_the_old_data(published: int) -> None:
    second = publish(passed_build(2))
    assert rollback(COUNTY, PERIOD) == published
    assert seen() == [1]
    assert ledger() == [(published, "live", None), (second, "rolled_back", published)]
    with pytest.raises(PublicationError, match="nothing to go back to"):
        rollback(COUNTY, PERIOD)
    third = publish(passed_build(3))
    assert seen() == [3]
    assert ledger()[-1] == (third, "live", published)
    assert not any(name.endswith(f"_p{second}") for name in tables_in("previous")), "rolled back tables are dropped"
    assert rollback(COUNTY, PERIOD) == published
    assert seen() == [1]


def test_rollback_of_an_older_month_keeps_newer_dimensions(published: int) -> None:
    publish(passed_build(2))
    publish(passed_build(3, NEXT))
    rollback(COUNTY, PERIOD)
    with connect(Role.READER) as connection:
        facts = connection.execute("select period, max(stamp) from shared.v_household group by 1 order by 1").fetchall()
        dimension = connection.execute("select distinct stamp from shared.v_known_household").fetchall()
    assert facts == [(PERIOD, 1), (NEXT, 3)]
    assert dimension == [(3,)]


def test_rollback_of_a_restated_month_brings_back_the_dimension_it_replaced(published: int) -> None:
    publish(passed_build(2, NEXT))
    publish(passed_build(3))
    rollback(COUNTY, PERIOD)
    with connect(Role.READER) as connection:
        facts = connection.execute("select period, max(stamp) from shared.v_household group by 1 order by 1").fetchall()
        dimension = connection.execute("select distinct stamp from shared.v_known_household").fetchall()
    assert facts == [(PERIOD, 1), (NEXT, 2)]
    assert dimension == [(2,)], "the dimension of the other month knows its households too"


def test_rollback_without_a_publication_is_refused(readable: None) -> None:
    with pytest.raises(PublicationError, match="no live publication"):
        rollback(COUNTY, PERIOD)


def test_retention_keeps_two_replaced_publications(published: int) -> None:
    ids = [published, *(publish(passed_build(stamp)) for stamp in range(2, 6))]
    facts = {name for name in tables_in("previous") if name.startswith("fct_household_month")}
    assert {int(name.rpartition("_p")[2]) for name in facts} == set(ids[2:4])
    rollback(COUNTY, PERIOD)
    rollback(COUNTY, PERIOD)
    assert seen() == [3]
    with pytest.raises(PublicationError, match="no longer kept"):
        rollback(COUNTY, PERIOD)
    assert seen() == [3]


def test_a_new_column_reaches_the_parent_and_an_old_month_comes_back_with_it_empty(published: int) -> None:
    build_id = passed_build(2)
    with connect(Role.BUILDER) as connection:
        connection.execute("alter table candidate.fct_dibao add column card_no text")
        connection.execute("comment on column candidate.fct_dibao.card_no is '卡号令牌 | token'")
        connection.execute("update candidate.fct_dibao set card_no = 'x'")
    publish(build_id)
    rollback(COUNTY, PERIOD)
    with connect(Role.PUBLISHER) as connection:
        cards = connection.execute("select distinct card_no from marts.fct_dibao").fetchall()
        comment = connection.execute(
            "select col_description(attrelid, attnum) from pg_attribute "
            "where attrelid = 'marts.fct_dibao'::regclass and attname = 'card_no'"
        ).fetchone()
    assert cards == [(None,)]
    assert comment == ("卡号令牌 | token",)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            "alter table candidate.fct_dibao drop column covered_count",
            r"fct_dibao\.covered_count\] is published but gone",
        ),
        ("alter table candidate.fct_dibao alter covered_count type bigint", r"published as \[integer\]"),
        ("alter table candidate.fct_dibao drop constraint fct_dibao_pkey", "has no primary key"),
        ("drop table candidate.fct_dibao", "not what the gate judged"),
    ],
)
def test_a_candidate_that_does_not_fit_is_refused(published: int, change: str, complaint: str) -> None:
    build_id = passed_build(2)
    with connect(Role.BUILDER) as connection:
        connection.execute(change)
    with pytest.raises(PublicationError, match=complaint):
        publish(build_id)
    assert seen() == [1]
