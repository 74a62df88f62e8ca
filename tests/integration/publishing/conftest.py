"""The county of the access tests, made once a file; a warehouse whose readers have their views, for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hearth.settings import Settings
from publishing.access.apply import apply
from publishing.parents import prepare_parents
from publishing.switch import publish
from tests.conftest import empty
from tests.integration.expectations.candidate import drop_submissions, make_candidate, make_submissions
from tests.integration.publishing.readers import ACCESS, forget_readers, make_views, publish_stamp
from tests.integration.publishing.world import NEXT, open_views, passed_build


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


@pytest.fixture
def readable(clean_warehouse: Settings) -> Iterator[None]:
    """Parents and views exist before anything was published, as after a deployment."""
    make_submissions()
    make_submissions(NEXT)
    make_candidate()
    prepare_parents()
    open_views()
    yield
    drop_submissions()


@pytest.fixture
def published(readable: None) -> int:
    return publish(passed_build(stamp=1))
