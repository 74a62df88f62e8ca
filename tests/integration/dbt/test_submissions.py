"""fct_submission: one row a file that came, however often it was judged; the model's own SQL, without a dbt run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hearth.database import Role, connect
from hearth.dbt import PROJECT_DIR
from hearth.settings import Settings
from tests.integration.dbt.county import COUNTY
from tests.integration.dbt.rendering import render

MODELS = Path(PROJECT_DIR) / "models"
VALUES = {"period": "2026-10", "county_code": COUNTY}
Entry = tuple[str, str, str, str | None]
"""Number, bytes, state, what it was judged anew of."""


def facts(entries: list[Entry], used: str) -> dict[str, tuple[Any, ...]]:
    """Number -> version, state, whether used and late, of files that came two days after the due date."""

    def rendered(path: str) -> str:
        text = (MODELS / path).read_text(encoding="utf-8")
        return render(text, ref=ref, source=lambda schema, name: f"{schema}.{name}", var=VALUES.__getitem__)

    def ref(name: str) -> str:
        if name == "stg_ops__submission":
            return f"({rendered('staging/ops/stg_ops__submission.sql')}) as stg"
        return {
            "base_ops__build_input": f"(select '{used}' as submission_id) as input",
            "dim_month": "(select '2026-10' as period, date '2026-11-08' as due_date) as month",
        }[name]

    with connect(Role.OWNER) as connection:
        for version, (number, sha256, state, rejudged_of) in enumerate(entries, start=1):
            connection.execute(
                "insert into ops.submission (submission_id, county_code, department, feed, period, file_name,"
                " inbox_key, sha256, byte_count, state, version, rejudged_of, received_at)"
                " values (%s, %s, 'water', 'supply', '2026-10', 'f', 'k', %s, 1, %s, %s, %s, '2026-11-10 09:00+08')",
                [number, COUNTY, sha256, state, version, rejudged_of],
            )
        found = connection.execute(rendered("marts/operations/fct_submission.sql").encode())
        names = [column.name for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found]
        connection.rollback()
    assert all(row["days_late"] == 2 for row in rows)
    return {row["submission_id"]: (row["version"], row["state"], row["is_used"], row["is_late"]) for row in rows}


def test_what_was_judged_anew_came_once(clean_warehouse: Settings) -> None:
    entries: list[Entry] = [("a", "A", "superseded", None), ("a-r2", "A", "accepted", "a")]
    assert facts(entries, used="a-r2") == {"a-r2": (1, "accepted", True, True)}
    assert facts(entries, used="a") == {"a-r2": (1, "accepted", True, True)}, "the build was planned before"


def test_files_are_numbered_in_the_order_they_came(clean_warehouse: Settings) -> None:
    entries: list[Entry] = [
        ("a", "A", "rejected", None),
        ("b", "B", "superseded", None),
        ("b-r2", "B", "superseded", "b"),
        ("b-r3", "B", "superseded", "b-r2"),
        ("c", "C", "partially_accepted", None),
    ]
    assert facts(entries, used="c") == {
        "a": (1, "rejected", False, True),
        "b-r3": (2, "superseded", False, True),
        "c": (3, "partially_accepted", True, True),
    }


def test_a_new_judgement_that_is_not_done_changes_nothing(clean_warehouse: Settings) -> None:
    entries: list[Entry] = [("a", "A", "accepted", None), ("a-r2", "A", "claimed", "a")]
    assert facts(entries, used="a") == {"a": (1, "accepted", True, True)}
