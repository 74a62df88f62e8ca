"""Files that are sent twice, corrected or late, by the calendar; the key answers for the file that counts."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from hearth.period import Period
from hearth.settings import settings
from ingestion.checks import error_rows, run_checks
from ingestion.contract import contracts
from ingestion.judgement import Delivery, History, judge
from ingestion.read import read_table, type_table
from ingestion.reference_data import parameters
from ingestion.sample import county as county_module
from ingestion.sample.corrections import LEFT_EVERY
from ingestion.sample.county import write_county
from ingestion.sample.habits import habits
from ingestion.sample.key_tables import read_table as read_key
from ingestion.sample.manifest import Manifest, SampleFile, read_manifest
from ingestion.submission import LIVE

SPRING = [Period(2026, month) for month in (4, 5, 6)]
HOUSEHOLDS = 2_000
"""Two blocks, so that the corrected file has a seam."""
COUNTY = "530524"


@pytest.fixture(scope="module")
def spring(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest, list[str]]:
    """Bucket and key, manifest, and the order in which the files were put."""
    root = tmp_path_factory.mktemp("spring")
    order: list[str] = []
    put = county_module._put

    def noted(target: Path, key: str, content: bytes | Path, sha256: str) -> None:
        order.append(key)
        put(target, key, content, sha256)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(county_module, "_put", noted)
        made = write_county(SPRING, HOUSEHOLDS, 7, root / "bucket", key=root / "key", processes=1)
    return root, made, order


def _one(manifest: Manifest, kind: str) -> SampleFile:
    (file,) = [file for file in manifest.files if kind in file.of_the_file]
    return file


def _refused(root: Path, file: SampleFile) -> tuple[set[tuple[str, int]], int]:
    contract, period = contracts()[f"{file.department}.{file.feed}"], Period.parse(file.period)
    path = root / "bucket" / file.path
    typed = type_table(read_table(path.read_bytes(), path.name, contract, period), period, COUNTY)
    checked = run_checks(typed, period, parameters(period.last_day, COUNTY))
    return error_rows([*typed.raw.findings, *typed.findings, *checked.findings]), len(typed.raw.rows)


def test_the_months_that_the_demo_closes_have_none() -> None:
    for habit in habits().feeds.values():
        for month in (8, 9, 10):
            assert habit.second(Period(2026, month)) is None
            assert habit.late_month != month
            assert habit.unsent_month != month


def test_twelve_months_have_one_of_each() -> None:
    year = [Period(2025, 11).shift(turn) for turn in range(12)]
    seconds = [again for habit in habits().feeds.values() for period in year if (again := habit.second(period))]
    assert sorted(again.kind for again in seconds) == ["corrected", "same_file_twice"]
    late = [period for habit in habits().feeds.values() for period in year if "late" in habit.of_the_file(period)]
    assert len(late) == 1


def test_a_month_that_never_comes_is_named_and_an_earlier_one_stands_in(tmp_path: Path) -> None:
    """Insurance of January: what is carried is of last year, so nobody is known to be insured."""
    winter = [Period(2025, 12), Period(2026, 1)]
    manifest = write_county(winter, 100, 7, tmp_path / "bucket", key=tmp_path / "key", processes=1)
    assert [month.unsent for month in manifest.months] == [(), ("health.insurance",)]
    manifest.write(tmp_path / "manifest.json")
    assert read_manifest(tmp_path / "manifest.json") == manifest
    assert {file.period for file in manifest.files if file.feed == "insurance" and file.is_counted} == {"2025-12"}
    sources = {row["feed_id"]: row for row in read_key(tmp_path / "key", "sources") if row["period"] == "2026-01"}
    assert sources.keys() == contracts().keys()
    assert [feed_id for feed_id, row in sources.items() if not row["is_sent"]] == ["health.insurance"]
    late = sources["health.insurance"]
    assert (late["source_period"], late["age_periods"], late["is_carried"]) == ("2025-12", 1, True)
    for name in ("links", "remarks", "defects"):
        assert "health.insurance" not in {
            row["feed_id"] for row in read_key(tmp_path / "key", name, months={"2026-01"})
        }
    states = {row["medical_state"] for row in read_key(tmp_path / "key", "guarantees") if row["period"] == "2026-01"}
    reasons = {row["medical_reason"] for row in read_key(tmp_path / "key", "guarantees") if row["period"] == "2026-01"}
    assert "met" not in states
    assert "renewal" in reasons


def test_the_same_bytes_come_under_another_name(spring: tuple[Path, Manifest, list[str]]) -> None:
    root, manifest, _ = spring
    copy = _one(manifest, "same_file_twice")
    (first,) = [file for file in manifest.good("health.insurance") if file.period == copy.period]
    assert copy.sha256 == first.sha256
    assert copy.path != first.path
    assert (root / "bucket" / copy.path).read_bytes() == (root / "bucket" / first.path).read_bytes()
    links = {row["path"] for row in read_key(root / "key", "links") if row["sha256"] == copy.sha256}
    assert links == {first.path}
    faults = [row for row in read_key(root / "key", "defects") if row["sha256"] == copy.sha256]
    assert len(faults) == len(first.defects)
    assert {row["path"] for row in faults} == {first.path}
    times = Counter(file.sha256 for file in manifest.files)
    assert [sha256 for sha256, number in times.items() if number > 1] == [copy.sha256]


def test_a_correction_takes_the_place_of_the_first_version(spring: tuple[Path, Manifest, list[str]]) -> None:
    root, manifest, order = spring
    later = _one(manifest, "corrected")
    (first,) = [file for file in manifest.files if file.is_superseded]
    assert (first.department, first.feed, first.period) == (later.department, later.feed, later.period)
    assert order.index(first.path) < order.index(later.path)
    assert first.path < later.path  # files of one moment are taken in this order
    assert not first.is_counted
    assert later.is_counted
    for file in (first, later):
        refused, rows = _refused(root, file)
        assert rows == file.rows
        assert refused == {(defect.sheet, defect.row) for defect in file.defects}, file.path
        assert len(refused) == file.expected_rejected
    assert 0 < later.expected_rejected <= first.expected_rejected / LEFT_EVERY
    assert later.expected_accepted > first.expected_accepted


def test_a_correction_is_not_taken_for_a_shrunken_file(spring: tuple[Path, Manifest, list[str]]) -> None:
    """F-18 compares with the version in force; a correction lacks no more than what stood there twice."""
    root, manifest, _ = spring
    later, (first,) = _one(manifest, "corrected"), [file for file in manifest.files if file.is_superseded]
    path, period = root / "bucket" / later.path, Period.parse(later.period)
    received = datetime(2026, 7, 3, 9, tzinfo=settings().zone)
    delivery = Delivery(path.name, contracts()["civil_affairs.dibao"], period, COUNTY, received)
    verdict = judge(delivery, path.read_bytes(), History(first.rows, received)).verdict
    assert verdict.state in LIVE
    assert (verdict.rows_accepted, verdict.rows_rejected) == (later.expected_accepted, later.expected_rejected)


def test_the_key_answers_for_the_correction_and_knows_the_faults_of_both(
    spring: tuple[Path, Manifest, list[str]],
) -> None:
    root, manifest, _ = spring
    later, (first,) = _one(manifest, "corrected"), [file for file in manifest.files if file.is_superseded]
    here = {"period": later.period, "feed_id": f"{later.department}.{later.feed}"}

    def mine(table: str) -> list[dict[str, object]]:
        return [row for row in read_key(root / "key", table) if here.items() <= row.items()]

    links = mine("links")
    assert {(row["path"], row["sha256"]) for row in links} == {(later.path, later.sha256)}
    assert len(links) == later.rows
    assert {(row["sheet"], row["row"]) for row in links if row["is_planted"]} == {
        (defect.sheet, defect.row) for defect in later.defects
    }
    faults = {(row["sha256"], row["sheet"], row["row"], row["kind"]) for row in mine("defects")}
    assert faults == {
        (file.sha256, defect.sheet, defect.row, defect.kind) for file in (first, later) for defect in file.defects
    }
    assert {row["sha256"] for row in mine("remarks")} <= {later.sha256}


def test_a_late_file_comes_after_the_next_months(spring: tuple[Path, Manifest, list[str]]) -> None:
    root, manifest, order = spring
    late = _one(manifest, "late")
    following = str(Period.parse(late.period).shift(1))
    others = [key for key in order if f"/{following}/" in key]
    assert others
    assert all(order.index(late.path) > order.index(key) for key in others)
    assert (root / "bucket" / late.path).is_file()
    assert late.is_counted


def test_a_late_file_comes_last_where_the_run_ends_with_its_month(tmp_path: Path) -> None:
    manifest = write_county([SPRING[1]], 60, 7, tmp_path, processes=1)
    assert (tmp_path / _one(manifest, "late").path).is_file()


def test_every_file_of_the_manifest_is_there_and_read_back(
    spring: tuple[Path, Manifest, list[str]], tmp_path: Path
) -> None:
    _, manifest, order = spring
    assert sorted(order) == sorted(file.path for file in manifest.files)
    assert len(set(order)) == len(order)
    manifest.write(tmp_path / "manifest.json")
    assert read_manifest(tmp_path / "manifest.json") == manifest


def test_several_processes_correct_alike(spring: tuple[Path, Manifest, list[str]], tmp_path: Path) -> None:
    _, manifest, _ = spring
    again = write_county([SPRING[2]], HOUSEHOLDS, 7, tmp_path, processes=2)
    june = {(file.path, file.sha256) for file in manifest.good() if file.period == str(SPRING[2])}
    assert {(file.path, file.sha256) for file in again.good()} == june
