"""A few hundred worsened files, always the same; `make fuzz` tries a hundred thousand."""

from __future__ import annotations

import pytest

from ingestion.table import FileProblem
from tests.fuzz import run as fuzz
from tests.fuzz.run import Budget, run, verdict
from tests.unit.ingestion.corpus import corpus


def test_every_worsened_file_gets_a_verdict() -> None:
    said = {number: text for number, _, text in run(seed=7, first=0, count=400)}
    assert sorted(said) == list(range(400))
    assert {number: text for number, text in said.items() if text.startswith("FAULT")} == {}
    assert {"F-01", "F-07", "rows"} <= set(said.values())


def test_the_watch_sees_what_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes) -> str:
        size = len(data) % 4
        if size == 0:
            raise ValueError("untyped")
        if size == 1:
            return "x" * (8 << 30)  # more memory than it may have
        while size == 2:
            pass
        return verdict(data)

    monkeypatch.setattr(fuzz, "verdict", broken)
    said = [text for _, _, text in run(seed=1, first=0, count=12, budget=Budget(cpu_seconds=0.2, memory_gb=4))]
    assert len(said) == 12
    assert any("ValueError" in text for text in said)
    assert any("MemoryError" in text for text in said)
    assert any("process ended: signal" in text for text in said)


def test_a_long_number_in_a_message_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def loud(*_: object) -> None:
        raise FileProblem("F-11", "表头520099198001010000", "改")

    monkeypatch.setattr(fuzz, "read_table", loud)
    with pytest.raises(AssertionError, match="too much"):
        verdict(corpus()["plain/xlsx"])
