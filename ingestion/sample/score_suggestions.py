"""Scores the households suggested for rows that reached none: how often the true one is first, among them, missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hearth.database import Role, connect
from ingestion.sample.key_tables import load_table
from ingestion.sample.score_model import Score, SuggestionScore

Address = tuple[str, str, int]
"""sha256 of the file, sheet, row."""
Suggested = Mapping[Address, Sequence[tuple[str, str]]]
"""Row -> (household number, path) of its candidates, the best first."""
_COLUMNS = ["sha256", "path", "sheet", "row", "household_no", "hint"]


def read_suggestions() -> tuple[Suggested, frozenset[str]]:
    """Candidates of all published months; and the files that count (sha256), which are neither refused nor replaced."""
    with connect(Role.LOADER) as connection:
        files = dict(
            connection.execute(
                "select submission_id, sha256 from ops.submission where state in ('accepted', 'partially_accepted')"
            ).fetchall()
        )
    found: dict[Address, list[tuple[str, str]]] = defaultdict(list)
    with connect(Role.READER) as connection:
        for submission_id, sheet, row, household_no, path in connection.execute(
            "select submission_id, source_sheet, source_row, household_no, path_code from shared.v_link_suggestion"
            " order by submission_id, source_sheet, source_row, candidate_rank"
        ):
            if submission_id in files:
                found[files[submission_id], sheet, row].append((household_no, path))
    return dict(found), frozenset(files.values())


def score_suggestions(score: Score, suggested: Suggested, counting: Iterable[str], key: Path) -> None:
    """Count by path, over the published months: of the rows that a person could still tell, how many are told.

    A row is counted under the path that the key says it can be told by, a candidate under its own.
    """
    files = frozenset(counting)
    paths: dict[str, SuggestionScore] = defaultdict(SuggestionScore)
    numbers = pa.array(sorted({row for _, _, row in suggested}), pa.int64())
    for period in score.periods:
        links = load_table(key, "links", months={period}, columns=_COLUMNS)
        # Few of a month's rows are asked about; which of them exactly is seen below.
        asked = pc.or_(links["hint"].is_valid(), pc.is_in(links["row"].cast(pa.int64()), numbers))
        for row in links.filter(asked.fill_null(False)).to_pylist():
            address = (row["sha256"], row["sheet"] or "", row["row"] or 0)
            truth, found = row["household_no"], suggested.get(address, ())
            if row["sha256"] not in files or not (found or row["hint"]):
                continue
            if row["hint"]:
                one = paths[row["hint"]]
                one.due += 1
                one.first += bool(found) and found[0][0] == truth
                one.among += any(number == truth for number, _ in found)
                if not any(number == truth for number, _ in found):
                    score.note("suggestion missed", f"{row['path']} sheet [{row['sheet']}] row [{row['row']}]")
            if found:
                best = paths[found[0][1]]
                best.said += 1
                best.right += found[0][0] == truth
                best.astray += truth is None
    score.suggestions = dict(paths)
