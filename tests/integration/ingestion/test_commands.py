"""`hearth intake`, `hearth submissions` and `hearth reopen`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ingestion import intake
from ingestion.arrivals import code_key
from ingestion.commands import app
from ingestion.receipt import Receipt
from tests.integration.ingestion.dibao_files import FOLDER, KEY, PERIOD, drop, good, workbook

pytestmark = pytest.mark.usefixtures("clean_warehouse")
WIDE = {"COLUMNS": "240"}


def test_everything_ready_is_taken_and_listed() -> None:
    drop(KEY, workbook(good()))
    drop("inbox/stray.xlsx", b"x")
    result = CliRunner().invoke(app, ["intake"], env=WIDE)
    assert result.exit_code == 0, result.output
    assert "accepted" in result.output
    assert "F-04" in result.output
    listed = CliRunner().invoke(app, ["submissions", "--period", str(PERIOD)], env=WIDE)
    assert f"530524-{PERIOD}-civil_affairs.dibao-" in listed.output
    assert "unassigned" not in listed.output
    assert "nothing is ready" in CliRunner().invoke(app, ["intake"], env=WIDE).output


def test_one_broken_file_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    drop(f"{FOLDER}/低保a.xlsx", workbook(good(20)))
    drop(f"{FOLDER}/低保b.xlsx", workbook(good(21)))
    original = intake.take

    def sometimes(key: str) -> Receipt:
        if key == code_key(f"{FOLDER}/低保a.xlsx"):
            raise intake.IntakeFault("submission [x] broke in step [load]")
        return original(key)

    monkeypatch.setattr(intake, "take", sometimes)
    result = CliRunner().invoke(app, ["intake"], env=WIDE)
    assert result.exit_code == 1
    assert "broke in step [load]" in result.output
    assert "accepted" in result.output


def test_bad_month_is_named() -> None:
    result = CliRunner().invoke(app, ["submissions", "--period", "2026-13"])
    assert result.exit_code != 0
    assert "2026-13" in str(result.exception)
