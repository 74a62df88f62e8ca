"""A good candidate with its ledger rows, ready to be judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hearth.settings import Settings
from tests.integration.expectations.candidate import drop_submissions, make_build, make_candidate, make_submissions


@pytest.fixture
def build(clean_warehouse: Settings) -> Iterator[int]:
    make_submissions()
    make_candidate()
    yield make_build()
    drop_submissions()
