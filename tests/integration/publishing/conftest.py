"""The county of the access tests, made once a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hearth.settings import Settings
from publishing.access.apply import apply
from publishing.parents import prepare_parents
from tests.conftest import empty
from tests.integration.expectations.candidate import drop_submissions, make_candidate, make_submissions
from tests.integration.publishing.readers import ACCESS, forget_readers, make_views, publish_stamp


@pytest.fixture(scope="module")
def county(warehouse: Settings) -> Iterator[None]:
    empty(warehouse)
    make_submissions()
    make_candidate()
    prepare_parents()
    make_views()
    apply(ACCESS)
    publish_stamp(1)
    yield
    drop_submissions()
    forget_readers()
