"""The manifest is written piece by piece and reads as if it had been written at once."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from hearth.period import Period
from ingestion.sample.manifest import Manifest, MonthFacts, PlantedDefect, SampleFile, read_manifest

SEPTEMBER = Period(2026, 9)


def test_a_stream_is_the_same_text(tmp_path: Path) -> None:
    planted = tuple(PlantedDefect("错“位”", "ALL-08", '页"一\n', number, "defects") for number in (5, 6))
    empty = SampleFile.of("housing", "assessment", SEPTEMBER, '"defects": [].csv')
    files = (
        empty,
        replace(empty, defects=planted[:1], of_the_file=("late",)),
        replace(empty, remarks=planted),
        replace(empty, feed=None, defects=planted, remarks=planted[1:]),
    )
    facts = MonthFacts("2026-09", 4, 3, 12, 15, {"birth": 1}, {"530524001001": (4, 15)})
    for sent in (files, ()):
        manifest = Manifest("530524", 7, 4, (facts,), sent)
        path = tmp_path / "new" / "manifest.json"
        manifest.write(path)
        assert path.read_text("utf-8") == json.dumps(asdict(manifest), ensure_ascii=False, indent=1) + "\n"
        assert read_manifest(path) == manifest
