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


def test_every_view_file_has_its_entry_and_an_old_version_stays_six_months() -> None:
    files = {path.stem for path in (PROJECT_DIR / "models" / "shared").rglob("v_*.sql")}
    assert files == set(VIEWS)
    for name, entry in BOOK["deprecations"].items():
        assert name in files
        days = date.fromisoformat(entry["gone_after"]) - date.fromisoformat(entry["deprecated_on"])
        assert days >= SIX_MONTHS, name
        if date.fromisoformat(entry["gone_after"]) >= date.today():  # noqa: DTZ011 - likewise
            assert entry["beside"] in files, f"{entry['beside']} must stay until {entry['gone_after']}"
