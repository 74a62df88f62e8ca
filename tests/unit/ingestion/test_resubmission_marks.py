"""Our own columns in a return workbook are strangers to every contract."""

from __future__ import annotations

import pytest

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.marks import OUR_HEADERS
from ingestion.reader.headers import HeaderIndex, clean
from ingestion.versions import reader_version


@pytest.mark.parametrize("feed_id", list(contracts()))
def test_no_contract_knows_our_columns(feed_id: str) -> None:
    index = HeaderIndex(contracts()[feed_id], Period(2026, 10))
    assert [header for header in OUR_HEADERS if index.match(header)] == []
    assert [header for header in OUR_HEADERS if clean(header) != header] == []


def test_the_reader_has_a_fingerprint() -> None:
    assert len(reader_version()) == 12
    assert reader_version() == reader_version()
