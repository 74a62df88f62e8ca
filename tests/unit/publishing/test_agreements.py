"""Shared views are products: each under a sharing agreement, each column described, old versions kept six months."""

from __future__ import annotations

from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from hearth.dbt import PROJECT_DIR
from hearth.settings import PROJECT_ROOT

BOOK = yaml.safe_load((PROJECT_ROOT / "publishing" / "agreements.yaml").read_text(encoding="utf-8"))
VIEWS: dict[str, dict[str, Any]] = {
    model["name"]: model
    for path in sorted((PROJECT_DIR / "models" / "shared").rglob("_*.yml"))
    for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", [])
}
SIX_MONTHS = timedelta(days=182)


def problems(name: str, view: dict[str, Any], today: date) -> list[str]:
    meta = view.get("config", {}).get("meta", {})
    agreement = BOOK["agreements"].get(meta.get("sharing_agreement"))
    if agreement is None:
        return [f"{name} has no sharing agreement"]
    found = [f"{name} says not whose it is or what for" for key in ("owner", "purpose") if not meta.get(key)]
    if not agreement["departments"] or not agreement["purpose"]:
        found.append("the agreement names no department or no purpose")
    if date.fromisoformat(agreement["until"]) < today:
        found.append(f"the agreement of {name} ended on {agreement['until']}")
    found += [
        f"{name}.{column['name']} is not in the agreement"
        for column in view["columns"]
        if any(fnmatchcase(column["name"], pattern) for pattern in agreement["except"])
    ]
    return found


@pytest.mark.parametrize("name", VIEWS)
def test_a_shared_view_is_under_an_agreement_in_force(name: str) -> None:
    assert problems(name, VIEWS[name], date.today()) == []  # noqa: DTZ011 - the day of whoever runs CI


def test_what_is_not_agreed_is_found() -> None:
    good = VIEWS["v_publication"]
    assert problems("v", {**good, "config": {"meta": {}}}, date(2026, 1, 1)) == ["v has no sharing agreement"]
    assert "ended on" in problems("v", good, date(2999, 1, 1))[0]
    assert problems("v", {**good, "columns": [{"name": "head_id_number_hash"}]}, date(2026, 1, 1)) == [
        "v.head_id_number_hash is not in the agreement"
    ]


def version_problems(name: str, entry: dict[str, Any], views: dict[str, dict[str, Any]], today: date) -> list[str]:
    """What is wrong about view ``name`` taking the place of the one it stands ``beside``."""
    old, day, last = entry["beside"], entry["deprecated_on"], entry["gone_after"]
    found = [] if name in views else [f"{name} is no view"]
    if date.fromisoformat(last) - date.fromisoformat(day) < SIX_MONTHS:
        found.append(f"{old} goes within six months of {day}")
    if date.fromisoformat(last) < today:
        return [*found, *([f"{old} was to go after {last}"] if old in views else [])]
    if old not in views:
        return [*found, f"{old} must stay until {last}"]
    return found if last in views[old]["description"] else [*found, f"{old} does not say that it goes after {last}"]


def test_every_view_file_has_its_entry_and_an_old_version_stays_six_months() -> None:
    files = {path.stem for path in (PROJECT_DIR / "models" / "shared").rglob("v_*.sql")}
    assert files == set(VIEWS)
    today = date.today()  # noqa: DTZ011 - likewise
    assert [
        text for name, entry in BOOK["deprecations"].items() for text in version_problems(name, entry, VIEWS, today)
    ] == []


def test_an_old_version_that_goes_too_soon_or_in_silence_is_found() -> None:
    both = {"v_a": {"description": "A. Deprecated, goes after 2027-03-01"}, "v_a_v2": {"description": "A"}}
    entry = {"version": 2, "beside": "v_a", "deprecated_on": "2026-08-31", "gone_after": "2027-03-01"}
    today = date(2026, 12, 1)
    assert version_problems("v_a_v2", entry, both, today) == []
    assert version_problems("v_a_v2", entry, {"v_a_v2": both["v_a_v2"]}, today) == ["v_a must stay until 2027-03-01"]
    assert version_problems("v_a_v2", {**entry, "gone_after": "2027-01-01"}, both, today) == [
        "v_a goes within six months of 2026-08-31",
        "v_a does not say that it goes after 2027-01-01",
    ]
    assert version_problems("v_a_v2", entry, both, date(2027, 3, 2)) == ["v_a was to go after 2027-03-01"]
    assert version_problems("v_b", entry, both, today) == ["v_b is no view"]
