"""Every file of the corpus loads to the same rows."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.unit.ingestion.corpus import KINDS, LAYOUTS, corpus
from tests.unit.ingestion.reader_files import HEADER, csv_text, people, typed


@pytest.fixture(scope="module")
def expected() -> pa.Table:
    table = typed(csv_text([HEADER, *people(6)]).encode())
    assert table.findings == ()
    assert table.data.num_rows == 6
    return table.data


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_rows_from_every_file(layout: str, kind: str, expected: pa.Table) -> None:
    table = typed(corpus()[f"{layout}/{kind}"])
    assert [(finding.row, finding.rule_id, finding.message) for finding in table.findings] == []
    assert table.data.equals(expected)


def test_the_corpus_is_large_and_its_files_small() -> None:
    assert len(corpus()) >= 60
    assert max(map(len, corpus().values())) < 20_000
