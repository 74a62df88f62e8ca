"""One file through the whole of intake, against a real PostgreSQL and a folder as the bucket."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openpyxl
import pytest
from psycopg import sql

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import Settings, settings
from ingestion import arrivals, intake, judgement, ledger, vault
from ingestion.arrivals import code_key
from ingestion.intake import IntakeFault, discover, take
from ingestion.receipt import Receipt
from tests.integration.ingestion.dibao_files import (
    FOLDER,
    KEY,
    PERIOD,
    drop,
    good,
    id_number,
    locked,
    name,
    person,
    secrets_of,
    workbook,
)

pytestmark = pytest.mark.usefixtures("clean_warehouse")
RAW = "civil_affairs__dibao"


def query(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connect(Role.OWNER) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def raw_count(submission_id: str | None = None) -> int:
    if submission_id is None:
        return int(query(f"select count(*) from raw.{RAW}")[0][0])
    return int(query(f"select count(*) from raw.{RAW} where submission_id = %s", submission_id)[0][0])


def states() -> dict[str, str]:
    return dict(query("select submission_id, state from ops.submission"))


def outbox_json(receipt: Receipt) -> Receipt:
    return Receipt.from_json((bucket() / receipt.folder_key / "receipt.json").read_text(encoding="utf-8"))


def outbox_book(receipt: Receipt) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO((bucket() / receipt.folder_key / "回执.xlsx").read_bytes()))


def returned_book(receipt: Receipt) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO((bucket() / receipt.folder_key / "更正表.xlsx").read_bytes()))


def two_wrong() -> list[dict[str, Any]]:
    """Thirty rows, two of them wrong: below the threshold of the contract."""
    rows = good(30)
    rows[4]["covered_count"] = "三个人"
    rows[9]["covered_count"] = "9"  # more than the family has: R-CIV-01
    return rows


# ---------------------------------------------------------------- verdicts
def test_good_file_is_accepted() -> None:
    data = workbook(good())
    receipt = take(drop(KEY, data))
    assert receipt.reason is None, receipt
    assert (receipt.state, receipt.rows_received, receipt.rows_accepted, receipt.rows_rejected) == (
        "accepted",
        20,
        20,
        0,
    )
    digest = hashlib.sha256(data).hexdigest()
    assert receipt.submission_id == f"530524-{PERIOD}-civil_affairs.dibao-{digest[:8]}"
    assert raw_count(receipt.submission_id) == 20
    assert not (bucket() / KEY).exists()
    assert (bucket() / f"archive/{digest[:2]}/{digest}").read_bytes() == data
    assert outbox_json(receipt) == receipt
    row = query(
        f"select head_id_number_hash, category_code, covered_count, sex_from_id, id_link, report_month, county_code,"
        f" source_row, started_month from raw.{RAW} where household_no = %s",
        "5305240000000001",
    )[0]
    assert row[0] == vault.token("id_number", id_number(1))
    assert row[1:] == ("02", 2, "1", "usable", str(PERIOD), "530524", 2, "2019-03")


def test_wrong_rows_come_back_and_the_rest_is_loaded() -> None:
    receipt = take(drop(KEY, workbook(two_wrong())))
    assert (receipt.state, receipt.rows_received, receipt.rows_accepted, receipt.rows_rejected) == (
        "partially_accepted",
        30,
        28,
        2,
    )
    assert raw_count() == 28
    assert query("select source_row from quarantine.row order by 1") == [(6,), (11,)]
    sheet = returned_book(receipt)["Sheet"]
    rows = list(sheet.iter_rows(values_only=True))
    head = rows[0]
    assert head[:3] == ("退回原因", "怎么改", "原行号")
    assert [row[2] for row in rows[1:]] == ["6", "11"]
    assert rows[1][head.index("户主姓名")] == name(5)
    assert rows[1][head.index("户主证件号")] == id_number(5)
    assert rows[1][head.index("保障人口")] == "三个人"
    coloured = {title for title, cell in zip(head, sheet[2], strict=True) if cell.fill.fgColor.rgb == "FFFFD966"}
    assert coloured == {"保障人口"}
    failed = query(
        "select failed, passed + failed + not_judged + not_applicable from ops.rule_result where rule_id = 'R-CIV-01'"
    )
    assert failed == [(1, 29)]
    said = {line.rule_id: (line.row_count, line.message) for line in receipt.lines if line.severity == "error"}
    assert set(said) == {"S-07", "R-CIV-01"}
    assert said["S-07"][0] == 1
    assert said["S-07"][1].startswith("“保障人口”")


def test_too_many_wrong_rows_reject_the_whole_file() -> None:
    rows = good(10)
    for row in rows[:2]:
        row["covered_count"] = "9"
    receipt = take(drop(KEY, workbook(rows)))
    assert receipt.reason is not None
    assert (receipt.state, receipt.reason.rule_id) == ("rejected", "F-17")
    assert (receipt.rows_received, receipt.rows_accepted, receipt.rows_rejected) == (10, 0, 10)
    assert raw_count() == 0
    assert query("select count(*) from quarantine.row") == [(2,)]
    assert query("select count(*) from vault.entry") == [(0,)]
    assert returned_book(receipt)["Sheet"].max_row == 3


def test_same_bytes_again_change_nothing_and_give_the_old_receipt() -> None:
    data = workbook(two_wrong())
    first = take(drop(KEY, data))
    before = query("select * from ops.submission")
    again = take(drop(f"{FOLDER}/低保 重报.xlsx", data))
    assert again == first
    assert query("select * from ops.submission") == before
    assert raw_count() == 28
    assert discover("civil_affairs") == []


def test_better_resend_supersedes() -> None:
    first = take(drop(KEY, workbook(two_wrong())))
    second = take(drop(KEY, workbook(good(30))))
    assert states() == {first.submission_id: "superseded", second.submission_id: "accepted"}
    assert query("select superseded_by from ops.submission where state = 'superseded'") == [(second.submission_id,)]
    assert raw_count() == 58  # append-only


def test_worse_resend_is_rejected_and_the_old_one_stays() -> None:
    first = take(drop(KEY, workbook(good(30))))
    second = take(drop(KEY, workbook(good(30), without=["covered_count"])))
    assert states() == {first.submission_id: "accepted", second.submission_id: "rejected"}


def test_earlier_bytes_sent_again_after_a_replacement_are_live_again() -> None:
    wanted, mistaken = workbook(good(30)), workbook(good(30, start=2))
    first = take(drop(KEY, wanted))
    second = take(drop(KEY, mistaken))
    time.sleep(0.02)  # file times are coarser than the clock of the database
    third = take(drop(KEY, wanted))
    assert third.submission_id == first.submission_id
    assert states() == {first.submission_id: "accepted", second.submission_id: "superseded"}
    assert raw_count(first.submission_id) == 30


def test_leftover_of_an_earlier_file_does_not_come_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook(good(30))
    drop(KEY, data)
    with monkeypatch.context() as patch:
        patch.setattr(intake, "_clear", lambda *_: None)  # the power went before the inbox was cleared
        first = take(KEY)
    second = take(drop(f"{FOLDER}/低保新.xlsx", workbook(good(31))))
    assert take(KEY).submission_id == first.submission_id
    assert states() == {first.submission_id: "superseded", second.submission_id: "accepted"}
    assert not (bucket() / KEY).exists()


# ---------------------------------------------------------------- whole files that cannot be taken
def _truncated() -> bytes:
    return workbook(good())[:900]


CASES: list[tuple[str, Callable[[], bytes], set[str]]] = [
    ("unreadable", _truncated, {"F-01"}),
    ("rubbish", lambda: bytes(range(256)) * 8, {"F-01", "F-07"}),
    ("no bytes", lambda: b"", {"F-01", "F-08"}),
    ("header only", lambda: workbook([]), {"F-08"}),
    ("password", lambda: locked(workbook(good())), {"F-01"}),
    ("missing column", lambda: workbook(good(), without=["covered_count"]), {"F-11", "S-01"}),
    (
        "other month in the title",
        lambda: workbook(good(), title=f"农村低保在保名单（{PERIOD.shift(-3).year}年{PERIOD.shift(-3).month}月）"),
        {"F-05"},
    ),
]


@pytest.mark.parametrize(("build", "rules"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_file_problem_is_a_rejected_receipt(build: Callable[[], bytes], rules: set[str]) -> None:
    receipt = take(drop(KEY, build()))
    assert receipt.state == "rejected"
    assert receipt.reason is not None
    assert receipt.reason.rule_id in rules
    assert receipt.reason.fix
    assert receipt.rows_received == 0
    assert outbox_json(receipt) == receipt
    assert outbox_book(receipt).sheetnames == ["回执", "提示"]
    assert not (bucket() / KEY).exists()


@pytest.mark.parametrize(
    ("key", "rule_id", "folder"),
    [
        ("inbox/某单位/2026-10/低保.xlsx", "F-04", "outbox/_unassigned/"),
        ("inbox/低保.xlsx", "F-04", "outbox/_unassigned/"),
        ("inbox/civil_affairs/十月/低保.xlsx", "F-04", "outbox/civil_affairs/_unassigned/"),
        (f"{FOLDER}/名单.xlsx", "F-04", f"outbox/civil_affairs/{PERIOD}/"),
        (f"{FOLDER}/危房鉴定.xlsx", "F-15", f"outbox/civil_affairs/{PERIOD}/"),
        (f"inbox/civil_affairs/{PERIOD.shift(3)}/低保.xlsx", "F-14", f"outbox/civil_affairs/{PERIOD.shift(3)}/"),
    ],
)
def test_wrong_place_is_a_rejected_receipt(key: str, rule_id: str, folder: str) -> None:
    receipt = take(drop(key, workbook(good())))
    assert receipt.reason is not None
    assert (receipt.state, receipt.reason.rule_id) == ("rejected", rule_id)
    assert receipt.folder_key.startswith(folder)
    assert outbox_json(receipt) == receipt
    assert not (bucket() / key).exists()


def test_the_same_stray_bytes_in_two_places_are_two_submissions() -> None:
    data = workbook(good())
    numbers = {
        take(drop(key, data)).submission_id
        for key in ("inbox/a.xlsx", "inbox/civil_affairs/a.xlsx", f"{FOLDER}/a.xlsx", f"{FOLDER}/低保.xlsx")
    }
    assert len(numbers) == 4


def test_late_file_is_accepted_and_noted_and_a_correction_of_a_timely_one_is_not_late() -> None:
    old = PERIOD.shift(-6)
    receipt = take(drop(f"inbox/civil_affairs/{old}/低保.xlsx", workbook(good())))
    assert (receipt.state, receipt.is_late) == ("accepted", True)
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.first_arrival set received_at = received_at - interval '1 year'")
    correction = take(drop(f"inbox/civil_affairs/{old}/低保.xlsx", workbook(good(25))))
    assert (correction.state, correction.is_late) == ("accepted", False)


def test_refusal_for_the_future_is_judged_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    data, future = workbook(good()), PERIOD.shift(2)
    key = f"inbox/civil_affairs/{future}/低保.xlsx"
    first = take(drop(key, data))
    received = query("select received_at from ops.submission")
    assert first.state == "rejected"
    monkeypatch.setattr(Period, "containing", lambda _: future)
    second = take(drop(key, data))
    assert (second.submission_id, second.state) == (first.submission_id, "accepted")
    assert query("select received_at from ops.submission") == received


# ---------------------------------------------------------------- discovery
def test_half_uploaded_files_wait(clean_warehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = clean_warehouse.model_copy(update={"stable_seconds": 60})
    monkeypatch.setattr(arrivals, "settings", lambda: patient)
    data = workbook(good())
    drop(KEY, data)
    assert discover("civil_affairs") == []
    drop(f"{KEY}.sha256", f"{'0' * 64}  x".encode())
    assert discover("civil_affairs") == []
    drop(f"{KEY}.sha256", f"{hashlib.sha256(data).hexdigest()} *低保.xlsx\n".encode())
    assert discover("civil_affairs") == [code_key(KEY)]
    take(KEY)
    assert not (bucket() / f"{KEY}.sha256").exists()


def test_lasting_mismatch_is_refused_and_the_right_sum_heals_it(clean_warehouse: Settings) -> None:
    data = workbook(good())
    drop(KEY, data)
    drop(f"{KEY}.sha256", f"{'0' * 64}  x".encode())
    (key,) = discover("civil_affairs")
    refused = take(key)
    assert refused.reason is not None
    assert refused.reason.rule_id == "F-03"
    drop(KEY, data)
    drop(f"{KEY}.sha256", hashlib.sha256(data).hexdigest().encode())
    assert take(KEY).state == "accepted"


def test_discovery_skips_lock_files_and_finds_strays_by_age() -> None:
    for number, key in enumerate(["inbox/y/2026-10/b.xlsx", "inbox/x.xlsx"]):
        drop(key, b"x")
        os.utime(settings().home / "bucket" / key, (1_000_000 - number, 1_000_000 - number))
    for hidden in ("~$低保.xlsx", ".x", "低保.xlsx.part", "低保.tmp", "Thumbs.db"):
        drop(f"{FOLDER}/{hidden}", b"x")
    drop(f"{FOLDER}/dibao/a.xlsx", b"x")
    assert discover("civil_affairs") == [code_key(f"{FOLDER}/dibao/a.xlsx")]
    assert discover(None) == [code_key("inbox/x.xlsx"), code_key("inbox/y/2026-10/b.xlsx")]
    with pytest.raises(ValueError, match=r"\[nobody\]"):
        discover("nobody")


# ---------------------------------------------------------------- faults
def test_two_workers_on_one_key_load_it_once() -> None:
    drop(KEY, workbook(two_wrong()))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(take, [KEY, KEY])
    assert first == second
    assert raw_count() == 28
    assert len(states()) == 1


STEPS = [
    (intake, "_claim"),
    (intake, "_archive"),
    (intake, "judge"),
    (vault, "store"),
    (ledger, "record"),
    (ledger, "write_findings"),
    (intake, "issue"),
    (intake, "_clear"),
]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("module", "step"), STEPS, ids=[step for _, step in STEPS])
def test_crash_at_any_step_then_again(module: Any, step: str, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = getattr(module, step)

    def crash(*args: Any, **options: Any) -> Any:
        if moment == "after":
            original(*args, **options)
        raise RuntimeError("power cut")

    drop(KEY, workbook(two_wrong()))
    with monkeypatch.context() as patch:
        patch.setattr(module, step, crash)
        with pytest.raises(RuntimeError):
            take(KEY)
    receipt = take(KEY)
    assert (receipt.state, receipt.rows_accepted, receipt.rows_rejected) == ("partially_accepted", 28, 2)
    assert raw_count() == 28
    assert query("select count(*) from quarantine.row") == [(2,)]
    assert len(states()) == 1
    assert outbox_json(receipt) == receipt
    assert not (bucket() / KEY).exists()
    assert take(KEY) == receipt


def test_fault_names_the_place_and_never_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise MemoryError(f"cannot hold {id_number(1)} {name(1)}")

    monkeypatch.setattr(judgement, "type_table", broken)
    drop(KEY, workbook(good()))
    with pytest.raises(IntakeFault) as caught:
        take(KEY)
    text = str(caught.value)
    assert "MemoryError" in text
    assert "test_intake.py" in text
    assert id_number(1) not in text
    assert name(1) not in text
    assert caught.value.__context__ is None
    assert (bucket() / KEY).exists()


def test_withdrawn_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="never claimed"):
        take(KEY)


# ---------------------------------------------------------------- personal data
def _everything_outside_the_vault() -> str:
    with connect(Role.OWNER) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('raw', 'ops', 'quarantine', 'vault')"
        ).fetchall()
        texts = [
            row[0]
            for schema, table in tables
            for row in connection.execute(
                sql.SQL("select t::text from {} as t").format(sql.Identifier(schema, table))
            ).fetchall()
        ]
    return "\n".join(texts)


def test_no_clear_personal_data_outside_the_vault(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = good(40)
    rows[3]["covered_count"] = rows[3]["head_name"]  # a shifted cell
    rows[7]["head_id_number"] = rows[7]["head_id_number"][:-1] + ("1" if rows[7]["head_id_number"][-1] != "1" else "2")
    rows[8]["category_code"] = rows[8]["head_id_number"]
    with caplog.at_level("DEBUG"):
        receipt = take(drop(KEY, workbook(rows)))
    assert (receipt.rows_received, receipt.rows_rejected) == (40, 3)
    kept = _everything_outside_the_vault()
    assert receipt.submission_id in kept
    said = caplog.text + "".join(capsys.readouterr())
    for secret in secrets_of(rows):
        assert secret not in kept
        assert secret not in receipt.to_json()
        assert secret not in said
    sound = rows[0]
    token = vault.token("id_number", sound["head_id_number"])
    assert vault.open_values([token, "0" * 64], "id_number", who="test", purpose="proof") == {
        token: sound["head_id_number"]
    }
    assert query("select who, purpose, kind, entry_count from ops.access_log order by access_id") == [
        ("intake", f"return to the sender of {receipt.submission_id}", "returned_row", 3),
        ("test", "proof", "id_number", 1),
    ]
    rejected = vault.token("id_number", rows[7]["head_id_number"])
    held = vault.open_values([rejected], "id_number", who="test", purpose="proof")
    assert held == {rejected: rows[7]["head_id_number"]}, "its token stands beside the refused row: rotation needs it"


def test_vault_keeps_a_value_once() -> None:
    take(drop(KEY, workbook(good(5))))
    entries = query("select kind, token, first_submission_id from vault.entry order by 1, 2")
    take(drop(KEY, workbook([*good(5), person(6)])))
    again = query("select kind, token, first_submission_id from vault.entry order by 1, 2")
    assert set(entries) < set(again)


def test_receipt_json_is_plain() -> None:
    receipt = take(drop(KEY, workbook(good())))
    content = json.loads((bucket() / receipt.folder_key / "receipt.json").read_text(encoding="utf-8"))
    assert content["verdict"] == "检查通过，已全部接收。"
    assert content["rows_received"] == content["rows_accepted"] + content["rows_rejected"]
