"""`hearth sample`: what it takes, and one clear line for what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hearth.period import Period
from hearth.settings import settings
from ingestion.commands import app
from ingestion.sample.commands import parse_periods


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HEARTH_HOME", str(tmp_path))
    monkeypatch.setenv("HEARTH_BUCKET", f"file://{tmp_path / 'bucket'}")
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def _sample(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["sample", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--households", 0), "[0] households: ask for at least one"),
        (("--households", 2_000_001), "[2000001] households: ask for at least one household and at most 2000000"),
        (("--households", "many"), "--households [many] is not a whole number"),
        (("--periods", "2024-12"), "[2024-12]: the sample county begins in 2025-01"),
        (("--periods", "2026-09,2026-09"), "['2026-09']: name each month once"),
        (("--periods", "2026-09..2026-10,2026-10"), "['2026-10']: name each month once"),
        (("--periods", "2026-10..2026-09"), "[2026-10..2026-09] ends before it begins"),
        (("--periods", "2026-13"), "[2026-13] is not a month"),
        (("--periods", ""), "[] is not a month"),
        (("--processes", 0), "[0] processes: ask for at least one"),
        (("--seed", "x"), "--seed [x] is not a whole number"),
        (("--surrounding", "-1"), "--surrounding [-1] is not a number of 0 or more"),
        (("--surrounding", "nan"), "--surrounding [nan] is not a number of 0 or more"),
        (("--surrounding", "99999"), "[99999.0] households around each of [3200]"),
    ],
)
def test_bad_values_get_one_clear_line(home: Path, arguments: tuple[object, ...], said: str) -> None:
    ran = _sample(*arguments)
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1)
    assert said in ran.output
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("option", ["--key", "--manifest"])
def test_answers_never_lie_in_the_bucket(home: Path, option: str) -> None:
    ran = _sample(option, home / "bucket" / "inbox" / "answers")
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1)
    assert f"[{home / 'bucket' / 'inbox' / 'answers'}] lies below the bucket" in ran.output
    assert list(home.iterdir()) == []


def test_an_unknown_county_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_COUNTY_CODE", "520099")
    settings.cache_clear()
    ran = _sample()
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1)
    assert "no county and villages under [520099]" in ran.output


def test_a_place_that_cannot_be_written_is_named(home: Path) -> None:
    (home / "file").write_text("no folder", encoding="utf-8")
    ran = _sample("--households", 20, "--manifest", home / "file" / "manifest.json")
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1)
    assert f"[{home / 'file'}" in ran.output
    assert "cannot be written" in ran.output
    ran = _sample("--households", 20, "--periods", "2025-02", "--key", home / "file" / "key")
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1)
    assert "cannot be written: Not a directory; make room or name another place" in ran.output


def test_a_strange_manifest_is_not_overwritten(home: Path) -> None:
    strange = home / "manifest.json"
    strange.write_text('{"files": []}', encoding="utf-8")
    ran = _sample("--households", 20, "--manifest", strange)
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1)
    assert f"manifest [{strange}] is not one that hearth sample wrote" in ran.output
    assert strange.read_text(encoding="utf-8") == '{"files": []}'


def test_months_by_name_and_by_range() -> None:
    assert parse_periods("2026-09, 2026-10") == [Period(2026, 9), Period(2026, 10)]
    assert parse_periods("2025-11..2026-01,2026-03") == [
        Period(2025, 11),
        Period(2025, 12),
        Period(2026, 1),
        Period(2026, 3),
    ]


def test_a_county_is_written_and_said(home: Path) -> None:
    ran = _sample("--households", 20, "--periods", "2025-02..2025-03", "--processes", 2)
    assert ran.exit_code == 0, ran.output
    assert "files for 2025-02, 2025-03" in ran.output
    assert sorted(path.name for path in (home / "bucket/inbox/register").iterdir()) == ["2025-02", "2025-03"]
    assert sorted(path.name for path in (home / "sample/key/links").iterdir()) == [
        "2025-02.parquet",
        "2025-03.parquet",
    ]
