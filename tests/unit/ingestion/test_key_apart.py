"""Nothing that works on submissions may know the answers."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
ANSWERS = {
    "accepted_rows",
    "answer_key",
    "conclusions",
    "events",
    "feed_rows",
    "key_folder",
    "indicators",
    "key_tables",
    "outlook",
    "score",
    "score_contradictions",
    "score_events",
    "score_model",
    "score_outlook",
    "score_remarks",
    "score_report",
    "story_table",
}
MAY = {"ingestion/commands.py"}
"""The command line starts the generator and the scorer."""


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_only_the_sample_and_the_command_line_import_the_key() -> None:
    seen = 0
    for room in ("hearth", "ingestion", "expectations", "publishing", "dags"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name in MAY or name.startswith("ingestion/sample/"):
                continue
            seen += 1
            assert not {f"ingestion.sample.{answer}" for answer in ANSWERS} & _imported(path), name
    assert seen > 50


def test_no_query_contract_or_suite_reads_the_key() -> None:
    """What is no Python could only reach the key by its folder or its tables: neither is named anywhere."""
    words = ("sample/key", "answer key", "answer_key", "ingestion.sample", "ingestion/sample", "read_parquet")
    seen = 0
    for room in ("dbt_project", "expectations", "publishing", "dags", "hearth", "ingestion"):
        for path in sorted((ROOT / room).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix not in {".sql", ".yml", ".yaml", ".csv"} or name.startswith("ingestion/sample/"):
                continue
            if name.startswith(("dbt_project/target/", "dbt_project/logs/")):
                continue
            seen += 1
            text = path.read_text(encoding="utf-8").lower()
            assert not [word for word in words if word in text], name
    assert seen > 150


def test_nothing_but_the_command_line_knows_the_sample() -> None:
    for room in ("expectations", "publishing", "dags", "ingestion"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name not in MAY and not name.startswith("ingestion/sample/"):
                assert not [module for module in _imported(path) if module.startswith("ingestion.sample")], name
