"""The ledger: words, versions, first arrivals, same bytes, stuck claims, and two intakes at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.settings import PROJECT_ROOT
from ingestion import ledger, versions
from ingestion.arrivals import code_key
from ingestion.commands import app
from ingestion.intake import discover, take
from ingestion.judgement import Judged, judge
from ingestion.ledger_upgrade import neutralise_names
from ingestion.submission import Slot, State, Submission, Verdict
from tests.integration.ingestion.dibao_files import FOLDER, KEY, PERIOD, drop, good, workbook
from tests.integration.ingestion.dibao_files import name as invented_name
from tests.integration.ingestion.returned import mend, query, raw_rows, send_back, states, wrong

pytestmark = pytest.mark.usefixtures("clean_warehouse")


def test_the_database_knows_exactly_the_states_of_the_program() -> None:
    ((text,),) = query(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'submission_state_check'"
        " and conrelid = 'ops.submission'::regclass"
    )
    assert {word for word in text.split("'") if word.isidentifier()} == {state.value for state in State}


def test_versions_and_first_arrival_outlive_every_correction() -> None:
    bad = take(drop(KEY, workbook(wrong(20, range(1, 9)))))
    first = take(drop(KEY, workbook(wrong())))
    arrival = query("select received_at, submission_id from ops.first_arrival")
    assert arrival == [(ledger.find(first.submission_id).received_at, first.submission_id)]
    second = send_back(mend(first, {(6, "保障人口"): "2"}))
    third = take(drop(KEY, workbook(good(41))))
    worse = take(drop(KEY, workbook(good(30), without=["covered_count"])))
    assert query("select received_at, submission_id from ops.first_arrival") == arrival
    assert query("select submission_id, version, state, superseded_by from ops.submission order by version") == [
        (bad.submission_id, 1, "rejected", None),
        (first.submission_id, 2, "superseded", second.submission_id),
        (second.submission_id, 3, "superseded", third.submission_id),
        (third.submission_id, 4, "accepted", None),
        (worse.submission_id, 5, "rejected", None),
    ]
    assert third.first_received_at == first.received_at


def test_clear_file_names_of_earlier_days_leave_the_ledger() -> None:
    person = invented_name(3)
    key = f"{FOLDER}/低保{person}.xlsx"
    data = workbook(good())
    before = take(drop(key, data))
    stray = take(drop(f"inbox/{person}.xlsx", b"x"))
    with connect(Role.OWNER) as connection:
        for number, clear in ((before.submission_id, key), (stray.submission_id, f"inbox/{person}.xlsx")):
            connection.execute(
                "update ops.submission set inbox_key = %s, file_name = %s where submission_id = %s",
                [clear, clear.rpartition("/")[2], number],
            )
        path = bucket() / before.folder_key / "receipt.json"
        path.write_bytes(path.read_bytes().replace(before.file_name.encode(), f"低保{person}.xlsx".encode()))
        assert neutralise_names(connection) == 2
        assert neutralise_names(connection) == 0
    assert query("select file_name, inbox_key from ops.submission where submission_id = %s", before.submission_id) == [
        (before.file_name, code_key(key))
    ]
    assert person not in str(query("select submission::text from ops.submission as submission"))
    assert take(drop(key, data)) == before
    assert ledger.find_by_key(code_key(f"inbox/{person}.xlsx")) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "update ops.submission set received_at = now()",
        "update ops.submission set version = 9",
        "update ops.first_arrival set received_at = now()",
        "delete from ops.first_arrival",
        "delete from ops.submission",
        "update ops.reopening set reason = 'x'",
    ],
)
def test_the_loader_may_not_rewrite_what_came_when(statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(Role.LOADER) as connection:
        connection.execute(statement.encode())


def test_refused_bytes_are_judged_anew_by_another_reader_only(monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook(wrong(20, range(1, 9)))
    first = take(drop(KEY, data))
    judged = query("select verdict_at from ops.submission")
    assert take(drop(KEY, data)).submission_id == first.submission_id
    assert query("select verdict_at from ops.submission") == judged
    monkeypatch.setattr("ingestion.intake.reader_version", lambda: "another")
    take(drop(KEY, data))
    assert query("select verdict_at from ops.submission") != judged
    assert query("select reader_version from ops.submission") == [("another",)]
    assert versions.reader_version() != "another"


def test_the_same_bytes_elsewhere_are_said_without_telling_on_others() -> None:
    data = workbook(good(40))
    first = take(drop(KEY, data))
    again = take(drop(f"inbox/civil_affairs/{PERIOD.shift(-1)}/低保.xlsx", data))
    (line,) = [line for line in again.lines if line.rule_id == "F-19"]
    assert first.submission_id in line.message
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.submission set department = 'education'")
    other = take(drop(KEY, data))
    (line,) = [line for line in other.lines if line.rule_id == "F-19"]
    assert "另一单位" in line.message
    assert "education" not in other.to_json()


# ---------------------------------------------------------------- processes that die
KILLED = """
import os, signal, sys
from ingestion import intake, ledger, vault
from ingestion.receipt import issue
module, step, moment, key = sys.argv[1:]
target = {"intake": intake, "ledger": ledger, "vault": vault}[module]
original = getattr(target, step)
def dying(*args, **options):
    if moment == "after":
        original(*args, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(target, step, dying)
intake.take(key)
"""


def run(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("module", "step", "moment"),
    [
        ("intake", "_claim", "after"),
        ("intake", "_archive", "after"),
        ("vault", "store", "after"),
        ("ledger", "write_findings", "after"),
        ("ledger", "record", "after"),
        ("intake", "_clear", "before"),
    ],
)
def test_a_killed_intake_is_found_and_ends_as_if_nothing_had_been(module: str, step: str, moment: str) -> None:
    drop(KEY, workbook(wrong()))
    process = run(KILLED, module, step, moment, KEY)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert discover("civil_affairs") == [code_key(KEY)]
    receipt = take(KEY)
    assert (receipt.state, receipt.rows_accepted, receipt.rows_rejected) == ("partially_accepted", 38, 2)
    assert len(raw_rows(receipt.submission_id)) == 38
    assert query("select count(*) from quarantine.row") == [(2,)]
    assert query("select count(*), max(version) from ops.submission") == [(1, 1)]
    assert discover("civil_affairs") == []


def test_a_stuck_claim_without_its_file_is_released_from_the_archive() -> None:
    drop(KEY, workbook(wrong()))
    run(KILLED, "vault", "store", "before", KEY).communicate(timeout=120)
    (bucket() / KEY).unlink()  # the sender has taken it back
    ((number, holder),) = query("select submission_id, claimed_by from ops.submission where state = 'claimed'")
    assert holder
    assert discover("civil_affairs") == [f"submission/{number}"]
    result = CliRunner().invoke(app, ["intake", "--release"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert states() == {number: "partially_accepted"}
    assert "no claim is without its holder" in CliRunner().invoke(app, ["intake", "--release"]).output


def test_a_claim_that_never_reached_the_archive_ends_as_a_torn_file() -> None:
    drop(KEY, workbook(good(20)))
    run(KILLED, "intake", "_claim", "after", KEY).communicate(timeout=120)
    (bucket() / KEY).unlink()
    (key,) = discover("civil_affairs")
    receipt = take(key)
    assert receipt.state == "rejected"
    assert receipt.reason is not None
    assert receipt.reason.rule_id == "F-03"


def test_a_claim_in_work_is_not_stuck() -> None:
    drop(KEY, workbook(good(20)))
    run(KILLED, "vault", "store", "before", KEY).communicate(timeout=120)
    (entry,) = ledger.stuck()
    with ledger.hold(entry.slot):
        assert ledger.stuck() == []


# ---------------------------------------------------------------- two at once
@pytest.fixture
def two() -> list[str]:
    keys = [f"{FOLDER}/低保甲.xlsx", f"{FOLDER}/低保乙.xlsx"]
    drop(keys[0], workbook(good(40)))
    drop(keys[1], workbook(wrong(41)))
    return keys


def test_two_processes_on_one_feed_end_as_one_after_the_other(two: list[str]) -> None:
    processes = [run("import sys; from ingestion.intake import take; take(sys.argv[1])", key) for key in two]
    for process in processes:
        _, errors = process.communicate(timeout=180)
        assert process.returncode == 0, errors.decode()
    found: list[tuple[Any, ...]] = query(
        "select version, state, superseded_by is null, rows_received = rows_accepted + rows_rejected"
        " from ops.submission order by version"
    )
    assert [row[0] for row in found] == [1, 2]
    assert found[0][1:] == ("superseded", False, True)
    assert found[1][1] in ("accepted", "partially_accepted")
    assert found[1][2:] == (True, True)
    for number, accepted in query("select submission_id, rows_accepted from ops.submission"):
        assert len(raw_rows(number)) == accepted
    assert discover("civil_affairs") == []


def test_a_hung_intake_loses_its_claim_and_writes_nothing_after_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lives and holds its lock; a silent one is passed over, and what it does when it wakes up is fenced off."""
    reached, may_go_on = threading.Event(), threading.Event()
    hung: list[BaseException] = []

    def slow(*arguments: Any) -> Judged:
        if threading.current_thread() is not threading.main_thread():
            reached.set()
            assert may_go_on.wait(60)
        return judge(*arguments)

    def work() -> None:
        try:
            take(KEY)
        except BaseException as error:  # noqa: BLE001 - whatever ends it is looked at below
            hung.append(error)

    monkeypatch.setattr("ingestion.intake.judge", slow)
    drop(KEY, workbook(good()))
    thread = threading.Thread(target=work)
    thread.start()
    assert reached.wait(60)
    assert ledger.release_hung(30) == []  # heard of a moment ago
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.submission set claimed_at = now() - interval '31 minutes'")
    (key,) = discover("civil_affairs")
    receipt = take(key)
    assert (receipt.state, len(raw_rows(receipt.submission_id))) == ("accepted", 20)
    may_go_on.set()
    thread.join(60)
    assert [type(error) for error in hung] == [ledger.ClaimLost]
    assert len(raw_rows(receipt.submission_id)) == 20
    assert take(f"submission/{receipt.submission_id}") == receipt


def test_of_two_claims_only_the_later_one_is_written() -> None:
    def claimed() -> Submission:
        slot = Slot("530524", "civil_affairs", "dibao", str(PERIOD))
        return ledger.claim(
            slot, sha256="0" * 64, byte_count=1, file_name="x", inbox_key="x", archive_key="x", contract_version="1",
            reader_version="1", due_at=None,
        )  # fmt: skip

    early, late = claimed(), claimed()
    verdict = Verdict(State.REJECTED)
    with pytest.raises(ledger.ClaimLost):
        ledger.beat(early)
    with pytest.raises(ledger.ClaimLost):
        ledger.record(early, verdict, None)
    ledger.beat(late)
    ledger.record(late, verdict, None)
    assert set(states().values()) == {"rejected"}
