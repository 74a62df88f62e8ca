"""Whose month a partition names, and whom a process serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from hearth.counties import key_of, of_key, serve, serving
from hearth.settings import Settings, settings

FIRST, OTHER = "530524", "530599"


@pytest.fixture
def two_counties(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HEARTH_COUNTY_CODES", f"{FIRST},{OTHER}")
    monkeypatch.setenv("HEARTH_COUNTY_CODE", FIRST)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("two_counties")
def test_a_partition_names_county_and_month() -> None:
    assert key_of(FIRST, "2026-10") == "2026-10", "what an installation of one county has had so far"
    assert key_of(OTHER, "2026-10") == "530599:2026-10"
    assert [of_key(key_of(county, "2026-10")) for county in settings().counties] == [
        (FIRST, "2026-10"),
        (OTHER, "2026-10"),
    ]


@pytest.mark.usefixtures("two_counties")
def test_the_other_county_has_its_own_bucket_and_the_first_is_served_again() -> None:
    before = settings()
    with serving(OTHER):
        assert settings().county_code == OTHER
        assert settings().bucket == f"{before.bucket}/county/{OTHER}"
        assert settings().counties == (FIRST, OTHER)
    assert settings() == before


@pytest.mark.usefixtures("two_counties")
def test_a_county_of_another_warehouse_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[530525\] is none of the counties"):
        serve("530525")
    with pytest.raises(ValidationError, match="none of county_codes"):
        Settings(county_code="530525", county_codes=f"{FIRST},{OTHER}")


def test_one_county_needs_no_list() -> None:
    assert Settings(county_code=OTHER).counties == (OTHER,)
    assert not Settings(county_code=OTHER).bucket.endswith(OTHER)
