"""Days with a time of day (GEN-19, S-06): every spelling, and never a midnight that nobody wrote."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from hearth.period import Period
from ingestion.normalise.dates import DateContext
from ingestion.normalise.moments import parse_moment, shows_time
from ingestion.normalise.problems import CellProblem
from ingestion.table import CellValue

MAY = DateContext(Period(2024, 5))


def at(text: str) -> datetime:
    """Local time: cells have no zone."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2024-05-08 14:05", at("2024-05-08 14:05:00")),
        ("2024/5/8 14:05:00", at("2024-05-08 14:05:00")),
        ("2024.5.8 4:05", at("2024-05-08 04:05:00")),
        ("2024年5月8日14时5分", at("2024-05-08 14:05:00")),
        ("2024年5月8日 14时", at("2024-05-08 14:00:00")),
        ("2024年5月8日14：05", at("2024-05-08 14:05:00")),
        ("2024-05-08T14:05:30.5", at("2024-05-08 14:05:30")),
        (at("2024-05-08 14:05:00"), at("2024-05-08 14:05:00")),
        (45420.586805555555, at("2024-05-08 14:05:00")),
        ("2024-05-31 23:59", at("2024-05-31 23:59:00")),
    ],
)
def test_reads_every_spelling(cell: CellValue, moment: datetime) -> None:
    assert parse_moment(cell, MAY) == moment


@pytest.mark.parametrize(
    "cell", ["2024-05-08", "2024年5月", "14:05", "2024-05-08 25:00", "24-05-08 14:05", "昨天 14:05", 3, True]
)
def test_refuses_what_names_no_moment(cell: CellValue) -> None:
    with pytest.raises(CellProblem, match="S-06"):
        parse_moment(cell, MAY)


def test_what_began_in_the_month_may_end_after_it() -> None:
    with pytest.raises(CellProblem, match="R-ALL-05"):
        parse_moment("2024-06-01 00:10", MAY)
    ends = DateContext(Period(2024, 5), may_follow=True)
    assert parse_moment("2024-06-01 00:10", ends) == at("2024-06-01 00:10:00")
    with pytest.raises(CellProblem, match="S-06"):
        parse_moment("2025-05-08 14:05", ends)


@pytest.mark.parametrize("cell", [date(2024, 5, 8), 45420, 45420.0])
def test_a_typed_day_is_midnight_only_beside_times(cell: CellValue) -> None:
    with pytest.raises(CellProblem, match="S-06"):
        parse_moment(cell, MAY)
    assert shows_time([cell, at("2024-05-09 01:02:00")])
    assert not shows_time([cell, "2024-05-09 01:02"])
    context = DateContext(Period(2024, 5), shows_time=True)
    assert parse_moment(cell, context) == at("2024-05-08 00:00:00")
