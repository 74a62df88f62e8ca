"""Counts and pictures of a sample county, made from its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hearth.period import Period
from ingestion.commands import app
from ingestion.contract import contracts
from ingestion.sample.county import write_county
from ingestion.sample.key_tables import read_table
from ingestion.sample.plots import PICTURES
from ingestion.sample.portrait import BEGIN, END, portrait, put_into, stage_of

HOUSEHOLDS, SEED = 120, 7
PAGE = Path(__file__).parents[3] / "docs" / "guides" / "sample-county.md"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("portrait")
    write_county([Period(2026, 9), Period(2026, 10)], HOUSEHOLDS, SEED, root / "bucket", key=root / "key")
    return root / "key"


def test_counts_are_those_of_the_key(key: Path) -> None:
    found = portrait(key)
    assert [month["period"] for month in found.months] == ["2026-09", "2026-10"]
    assert sum(kind["number"] for kind in found.kinds) == len(read_table(key, "defects"))
    assert sum(row["total"] for row in found.feeds) == len(read_table(key, "links"))
    assert {row["feed_id"] for row in found.feeds} <= contracts().keys()
    active = sum(row["is_active"] for row in read_table(key, "households") if row["period"] == "2026-10")
    assert found.months[-1]["active"] == active
    assert sum(row["number"] for row in found.places if row["what"] == "House grade") == active


def test_a_rule_nobody_knows_has_no_stage() -> None:
    assert (stage_of("F-01"), stage_of("S-10"), stage_of("R-ALL-02"), stage_of("R-REG-01")) == (
        "file",
        "schema",
        "row",
        "row",
    )
    with pytest.raises(KeyError):
        stage_of("R-NOBODY-01")


def test_the_command_fills_the_page_and_draws_the_pictures(key: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nstale\n{END}\nafter\n", encoding="utf-8")
    words = ["sample-report", "--key", str(key), "--page", str(page), "--images", str(tmp_path / "images")]
    for _ in range(2):  # the second time changes nothing
        ran = CliRunner().invoke(app, words)
        assert ran.exit_code == 0, ran.output
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "stale" not in text
    assert "| numeric | schema |" in text
    pictures = sorted((tmp_path / "images").iterdir())
    assert [path.stem for path in pictures] == sorted(PICTURES)
    assert all(path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 10_000 for path in pictures)


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing to fill", encoding="utf-8")
    with pytest.raises(ValueError, match="has no stretch"):
        put_into(page, "counts")


def test_the_guide_has_its_marks_and_every_picture() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    for name in PICTURES:
        assert f"../images/{name}.png" in text
        assert (PAGE.parents[1] / "images" / f"{name}.png").exists()
