"""A warehouse whose readers have their views, before and after the first publication."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hearth.settings import Settings
from publishing.parents import prepare_parents
from publishing.switch import publish
from tests.integration.expectations.candidate import drop_submissions, make_candidate, make_submissions
from tests.integration.publishing.world import NEXT, open_views, passed_build


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
