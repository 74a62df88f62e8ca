"""The single-file program says of every file what intake says: verdict, counts, every finding by row and column."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import Settings
from ingestion.check import check_file
from ingestion.checker_build import build
from ingestion.contract import Contract, contracts
from ingestion.intake import take
from ingestion.judgement import NEEDS_LEDGER
from ingestion.sample.county import write_county
from tests.integration.ingestion.dibao_files import HEADERS, drop, good, workbook
from tests.unit.ingestion.reader_files import csv_text, html_table, xls, xml2003

COUNTY, MONTH = "530524", Period(2026, 9)
WHOLLY_BAD = "全错"


@dataclass(frozen=True)
class Case:
    """A file in the inbox of the server and on the disk of the clerk."""

    key: str
    feed_id: str | None
    """None: the name of the file says it."""


def all_wrong(contract: Contract) -> bytes:
    """The right header over cells none of which means anything."""
    text = io.StringIO()
    titles = [column.title for column in contract.columns]
    csv.writer(text).writerows([titles, *([f"错误{row}" for _ in titles] for row in range(4))])
    return text.getvalue().encode("gb18030")


def layouts() -> dict[str, bytes]:
    rows: list[list[Any]] = [list(HEADERS.values()), *([row.get(name, "") for name in HEADERS] for row in good(12))]
    rows[3][list(HEADERS).index("covered_count")] = "三个人"
    wide = [["昌宁县农村低保名单"], [], *rows, ["合计", *[""] * 8, "99"], ["填表人：慕容甲"]]
    return {
        "低保名单（老格式）.xls": xls(rows),
        "低保名单（网页）.xls": html_table(rows).encode(),
        "低保名单（旧版XML）.xls": xml2003(rows).encode(),
        "低保名单（文本）.csv": csv_text(rows).encode("gb18030"),
        "低保名单（标题合计）.csv": csv_text(wide).encode("utf-8-sig"),
        "低保名单（只有表头）.xlsx": workbook([]),
        "低保名单（缺列）.xlsx": workbook(good(3), without=["head_id_number"]),
        "低保名单（不是表）.xlsx": b"PK\x03\x04 and nothing more",
        "低保名单（照片）.xlsx": b"\x89PNG\r\n\x1a\n" + bytes(64),
    }


@pytest.fixture(scope="module")
def cases(warehouse: Settings) -> list[Case]:
    with connect(Role.OWNER) as connection:
        connection.execute("truncate ops.submission cascade")
    shutil.rmtree(warehouse.home / "bucket", ignore_errors=True)
    manifest = write_county([MONTH], 40, 7, bucket())
    found = [Case(file.path, f"{file.department}.{file.feed}") for file in manifest.files if file.feed is not None]
    for contract in contracts().values():
        key = f"inbox/{contract.department}/{MONTH}/{contract.feed}/{contract.feed}{WHOLLY_BAD}.csv"
        found.append(Case(drop(key, all_wrong(contract)), contract.feed_id))
    for name, data in layouts().items():
        found.append(Case(drop(f"inbox/civil_affairs/{MONTH}/{name}", data), None))
    return found


@pytest.fixture(scope="module")
def clerk(cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files on a computer that has never seen the server."""
    folder = tmp_path_factory.mktemp("clerk")
    for case in cases:
        target = folder / case.key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((bucket() / case.key).read_bytes())
    return folder


@pytest.fixture(scope="module")
def served(cases: list[Case], clerk: Path) -> dict[str, dict[str, Any]]:
    """What intake says, by inbox key, in the form of the check."""
    return {case.key: _served(case.key) for case in cases}


def _served(key: str) -> dict[str, Any]:
    receipt = take(key)
    with connect(Role.OWNER) as connection:
        findings = connection.execute(
            "select source_sheet, source_row, rule_id, column_name, severity from ops.row_finding"
            " where submission_id = %s",
            [receipt.submission_id],
        ).fetchall()
        notes = connection.execute(
            "select distinct note ->> 'rule_id' from ops.submission, jsonb_array_elements(notes) as note"
            " where submission_id = %s",
            [receipt.submission_id],
        ).fetchall()
    return {
        "feed_id": f"{receipt.department}.{receipt.feed}",
        "contract_version": receipt.contract_version,
        "period": receipt.period,
        "state": receipt.state,
        "rows_received": receipt.rows_received,
        "rows_accepted": receipt.rows_accepted,
        "rows_rejected": receipt.rows_rejected,
        "rows_excluded": receipt.rows_excluded,
        "reason_rule_id": receipt.reason.rule_id if receipt.reason else None,
        "notes": sorted(rule for (rule,) in notes if rule not in NEEDS_LEDGER),
        "findings": sorted([list(finding) for finding in findings]),
    }


_BY_LEDGER = ("state", "rows_accepted", "rows_rejected", "reason_rule_id")


def compare(said: dict[str, Any], served: dict[str, Any]) -> None:
    """All equal; of a file that the ledger alone refused, what the file itself says."""
    skipped = _BY_LEDGER if served["reason_rule_id"] in NEEDS_LEDGER else ()
    expected = {name: value for name, value in served.items() if name not in skipped}
    assert {name: said[name] for name in expected} == expected


def test_the_cases_are_of_every_kind(cases: list[Case], served: dict[str, dict[str, Any]]) -> None:
    assert {case.feed_id for case in cases} >= set(contracts())
    whole = {one["feed_id"] for one in served.values() if one["state"] in {"accepted", "partially_accepted"}}
    assert whole == set(contracts())
    bad = [one for key, one in served.items() if WHOLLY_BAD in key]
    assert len(bad) == len(contracts())
    assert {one["state"] for one in bad} == {"rejected"}
    assert sum(bool(one["findings"]) for one in served.values()) > 20
    assert sum(one["reason_rule_id"] in NEEDS_LEDGER for one in served.values()) < 5


def test_the_check_in_this_process_agrees(cases: list[Case], clerk: Path, served: dict[str, dict[str, Any]]) -> None:
    for case in cases:
        checked = check_file(clerk / case.key, feed_id=case.feed_id, period=str(MONTH), county_code=COUNTY)
        compare(json.loads(json.dumps(checked.as_dict())), served[case.key])


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"), COUNTY)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _cut_off() -> tuple[str, ...]:
    """What runs a program without a network, where this machine permits it."""
    if shutil.which("unshare") is None or os.name != "posix":
        return ()
    tried = subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True)
    return ("unshare", "-n") if tried.returncode == 0 else ()


def run_program(program: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """With an empty environment and home, isolated from every installed package but Python's own, without network."""
    return subprocess.run(
        [*_cut_off(), sys.executable, "-I", "-S", "-X", "utf8", str(program), *words],
        env={"HOME": str(home), "PATH": os.defpath},
        cwd=home,
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def test_the_single_file_program_agrees(
    program: Path, home: Path, cases: list[Case], clerk: Path, served: dict[str, dict[str, Any]]
) -> None:
    groups: dict[str | None, list[str]] = defaultdict(list)
    for case in cases:
        groups[case.feed_id].append(case.key)
    for feed_id, keys in groups.items():
        feed = ("--feed", feed_id) if feed_id else ()
        files = [str(clerk / key) for key in keys]
        done = run_program(program, home, *feed, "--period", str(MONTH), "--out", str(home / "out"), "--json", *files)
        assert done.returncode in {0, 1}, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(lines) == len(keys), done.stderr
        for key, said in zip(keys, lines, strict=True):
            compare(said, served[key])


def test_the_program_speaks_to_a_clerk(program: Path, home: Path) -> None:
    rows = good(30)
    rows[4]["covered_count"] = "三个人"
    path = home / "低保名单10月.xlsx"
    path.write_bytes(workbook(rows))
    done = run_program(program, home, str(path), "--period", "2026-10")
    assert done.returncode == 1, done.stderr
    assert "共30行，可接收29行，要退回1行" in done.stdout
    assert "F-18" in done.stdout
    assert rows[4]["head_name"] not in done.stdout
    path.write_bytes(workbook(good(30)))
    assert run_program(program, home, str(path), "--period", "2026-10").returncode == 0
    unknown = run_program(program, home, str(path.rename(home / "新建表格.xlsx")))
    assert unknown.returncode == 2
    assert "--feed" in unknown.stderr
