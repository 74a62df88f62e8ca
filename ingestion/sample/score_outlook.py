"""Scores what the warehouse foresees: signals, candidates, and the villages it asks about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hearth.database import Role, connect
from ingestion.sample.key_tables import load_table, read_table
from ingestion.sample.outlook import known
from ingestion.sample.score_model import OutlookScore, Score
from ingestion.sample.stories import plots

TOP = 0.05
"""A village in which a pattern was planted is to be among so large a share of those asked about first."""

SMALLEST = 3
"""Rows below which a village shows no pattern, whatever is written of it."""

Entry = tuple[str, str, str, str]
"""Signal or list, month, household number, verdict (of a signal: `fires`)."""
Asked = Mapping[tuple[str, str, str], float]
"""Rule, month, village -> its rank among the villages, as a share."""

_KEYS = "inner join identity.household_key_map as home on it.household_key = home.household_key"
_QUERIES = {
    "fct_signal": (
        f"select it.signal_id, it.period, home.household_no, 'fires' from marts.fct_signal as it {_KEYS}"
        " where it.last_seen_period = it.period"
    ),
    "fct_support_candidate": (
        f"select it.list_id, it.period, home.household_no, it.verdict from marts.fct_support_candidate as it {_KEYS}"
        # of a household that the register does not show this month the list says what it said before
        " inner join marts.fct_household_memory as seen on it.household_key = seen.household_key"
        " and it.period = seen.period and seen.last_period = it.period"
        " where it.verdict <> 'not_candidate'"
    ),
}
_VILLAGES = "select rule_id, period, village_code, rank_share from marts.fct_village_question"


def read_outlook() -> tuple[frozenset[Entry] | None, Asked | None]:
    """Signals and candidates of each month, and the ranks of villages; None while the warehouse has none of them."""
    with connect(Role.BUILDER) as connection:
        there = {
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts'"
            )
        }
        found = {
            (str(name), str(period), str(number), str(verdict))
            for table, query in _QUERIES.items()
            if table in there
            for name, period, number, verdict in connection.execute(query.encode())
        }
        asked = None
        if "fct_village_question" in there:
            rows = connection.execute(_VILLAGES.encode())
            asked = {
                (rule, period, village): float(share) for rule, period, village, share in rows if share is not None
            }
    return (frozenset(found) if there & _QUERIES.keys() else None), asked


def _patterns(key: Path, months: set[str]) -> Iterator[tuple[Mapping[str, Any], set[str]]]:
    """Stories of villages that can be seen, and in which months: enough rows tell them, and no later one of the village
    writes over the same column.
    """
    rows: Counter[tuple[str, str]] = Counter()
    for month in months:
        told = load_table(key, "remarks", months={month}, columns=["story"])
        rows.update((month, story) for story in told["story"].to_pylist())
    stories = [
        story for story in read_table(key, "stories") if story["family"] == "history" and story["told_of"] == "village"
    ]
    for story in stories:
        told_in = months & set(story["said_in"])
        for other in stories:
            is_later = (other["opened"], other["story"]) > (story["opened"], story["story"])
            if other["village_code"] == story["village_code"] and is_later and _told(other) & _told(story):
                told_in -= set(other["said_in"])
        told_in = {month for month in told_in if rows[month, story["story"]] >= SMALLEST}
        if told_in:
            yield story, told_in


def _told(story: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(subject, column) for subject, change in plots()[story["kind"]].tells.items() for column in change}


def score_outlook(score: Score, said: Iterable[Entry] | None, asked: Asked | None, key: Path) -> None:
    """Count by signal and list what follows from the accepted rows, and by rule the villages with a planted pattern.

    Only published months count. A list or signal that the warehouse never names is not computed; lists that the key
    does not answer are left alone.
    """
    months = set(score.periods)
    expected: set[Entry] = {
        (row["signal_id"], row["period"], row["household_no"], "fires")
        for row in read_table(key, "signals", months=months)
        if row["is_expected"]
    } | {
        (row["list_id"], row["period"], row["household_no"], row["expected_verdict"])
        for row in read_table(key, "candidates", months=months)
        if row["expected_verdict"] is not None
    }
    answered = known()
    ours = {entry for entry in said or () if entry[1] in months and entry[0] in answered}
    scores: dict[str, OutlookScore] = defaultdict(OutlookScore)
    for name, _, _, _ in expected:
        scores[name].expected += 1
    for entry in ours:
        scores[entry[0]].said += 1
        scores[entry[0]].right += entry in expected
    for entry in sorted(expected ^ ours):
        if scores[entry[0]].said:
            word = "missed" if entry in expected else "not expected"
            score.note(f"{entry[0]} {word}", f"{entry[1]} household [{entry[2]}]: {entry[3]}")
    for story, told_in in _patterns(key, months):
        one, rule = scores[story["rule_id"]], story["rule_id"]
        one.expected += 1
        if asked is None or all(name != rule for name, _, _ in asked):
            continue
        one.said += 1
        is_first = any(asked.get((rule, month, story["village_code"]), 1.0) <= TOP for month in told_in)
        one.right += is_first
        if not is_first:
            score.note(f"{rule} missed", f"{story['story']}: not among the first villages")
    score.outlook = dict(scores)
