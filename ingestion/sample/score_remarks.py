"""Scores what is said in rows that are taken: warnings that are due, and look-alikes that nobody may mind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ingestion.sample.score_model import RemarkScore, Score

WARNED, ACCEPTED = "warned", "accepted"

Address = tuple[str, str, int]
"""sha256 of the file, sheet, row."""


def score_remarks(
    score: Score,
    remarks: Iterable[Mapping[str, Any]],
    *,
    findings: frozenset[tuple[Address, str]],
    warnings: frozenset[tuple[Address, str]],
    received: frozenset[str],
) -> None:
    """Count the remarks of the key by kind. The other side of a contradiction says what is so: it is no remark.

    A warning is due at the row itself, by the rule of the remark. Of a look-alike neither an error nor a warning of
    the rule that it must not mislead may be found, and its file may not be refused by it.
    """
    both = findings | warnings
    for row in remarks:
        if row["sha256"] not in received or row["side"] == "true":
            continue
        one = score.remarks.setdefault(row["kind"], RemarkScore(row["effect"]))
        one.planted += 1
        address = (row["sha256"], row["sheet"] or "", row["row"] or 0)
        where = f"[{row['kind']}] {row['path']} sheet [{row['sheet']}] row [{row['row']}]"
        if row["effect"] == ACCEPTED:
            is_accused = (address, row["not_rule_id"]) in both or ((row["sha256"], "", 0), row["not_rule_id"]) in both
            one.said += is_accused
            if is_accused:
                score.note("look-alike accused", f"[{row['not_rule_id']}] {where}")
        else:
            is_said = (address, row["rule_id"]) in both
            one.said += is_said
            if row["effect"] == WARNED and not is_said:
                score.note("warning missed", f"[{row['rule_id']}] {where}")
