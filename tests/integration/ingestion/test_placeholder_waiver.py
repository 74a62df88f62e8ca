"""A waiver ends the asking about a placeholder number, for its household and its months only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from ingestion.commands import app
from ingestion.intake import take
from tests.integration.ingestion.dibao_files import FOLDER, PERIOD, drop, good, person, workbook
from tests.integration.ingestion.returned import query

pytestmark = pytest.mark.usefixtures("clean_warehouse")
LAST = PERIOD.last_day
DAYS = ("--since", str(PERIOD.first_day), "--until", str(LAST))


def waive(household: str, *days: str, by: str = "登记办慕容某") -> int:
    arguments = ["waive-placeholder", household, "--reason", "新生儿尚未办证", "--by", by, *days]
    return CliRunner().invoke(app, arguments).exit_code


def test_only_the_waived_household_and_month_is_not_asked() -> None:
    babies = [person(serial, head_id_number=f"999999{serial:012d}") for serial in (31, 32, 33)]
    households = [baby["household_no"] for baby in babies]
    assert waive(households[0], *DAYS) == 0
    assert waive(households[1], "--since", str(PERIOD.first_day), "--until", str(LAST - timedelta(days=1))) == 0
    receipt = take(drop(f"{FOLDER}/低保.xlsx", workbook([*good(20), *babies])))
    assert (receipt.state, receipt.rows_accepted) == ("accepted", 23)
    asked = query("select source_row from ops.row_finding where rule_id = 'R-ALL-04' order by source_row")
    assert asked == [(23,), (24,)]
    said = {(line.severity, line.row_count) for line in receipt.lines if line.rule_id == "R-ALL-04"}
    assert said == {("warning", 2), ("info", 0)}
    assert query("select granted_by, reason from ops.placeholder_waiver limit 1") == [
        ("登记办慕容某", "新生儿尚未办证")
    ]


@pytest.mark.parametrize("days", [("--since", str(LAST), "--until", str(PERIOD.first_day))])
def test_a_waiver_without_an_end_or_a_name_is_none(days: tuple[str, ...]) -> None:
    assert waive("5305240000000031", *days) != 0
    assert waive("5305240000000031", *DAYS, by=" ") != 0
    assert waive("5305240000000031") != 0
    assert query("select * from ops.placeholder_waiver") == []
