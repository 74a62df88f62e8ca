"""How a department reports: the view against counts made by hand, and the workbook that goes out."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta

import openpyxl
import pytest

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.settings import Settings, settings
from publishing.scorecard import FILE_NAME, scores, send

COUNTY, BEFORE, PERIOD = "530524", "2026-09", "2026-10"


def due(period: str) -> datetime:
    year, month = map(int, period.split("-"))
    return datetime(year, month + 1, 8, 23, 59, 59, tzinfo=settings().zone)


def expect(period: str, feed_id: str, expectation: str = "expected") -> None:
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.calendar values (%s, %s, %s, %s, %s, %s, %s, %s, null, false)",
            [
                COUNTY, period, *feed_id.split("."), expectation, date(2026, 11, 8), due(period),
                due(period) + timedelta(days=4),
            ],
        )  # fmt: skip


def receive(period: str, feed_id: str, *, state: str, received: int, rejected: int, days: int = -3) -> None:
    """A file that came so many days after the due day."""
    department, feed = feed_id.split(".")
    number = f"{feed_id}-{period}-{state}"
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, inbox_key,"
            " sha256, byte_count, state, rows_received, rows_accepted, rows_rejected, received_at)"
            " values (%(n)s, %(c)s, %(d)s, %(f)s, %(p)s, 'x', 'x', %(n)s, 1, %(s)s, %(r)s, %(a)s, %(j)s, %(at)s)",
            {
                "n": number, "c": COUNTY, "d": department, "f": feed, "p": period, "s": state, "r": received,
                "a": received - rejected, "j": rejected, "at": due(period) + timedelta(days=days),
            },
        )  # fmt: skip
        if state in ("accepted", "partially_accepted"):
            connection.execute(
                "insert into ops.first_arrival values (%s, %s, %s, %s, %s, %s)",
                [COUNTY, department, feed, period, due(period) + timedelta(days=days), number],
            )


@pytest.fixture
def reported(clean_warehouse: Settings) -> Settings:
    """Water: complete in September; in October one late with refused rows, one refused whole. Power: not expected."""
    for period in (BEFORE, PERIOD):
        for feed_id in ("water.supply", "water.scheme"):
            expect(period, feed_id)
    expect(PERIOD, "power.outage", "not_expected")
    expect(PERIOD, "housing.assessment")
    for feed_id in ("water.supply", "water.scheme"):
        receive(BEFORE, feed_id, state="accepted", received=100, rejected=0)
    receive(PERIOD, "water.supply", state="partially_accepted", received=200, rejected=30, days=2)
    receive(PERIOD, "water.scheme", state="rejected", received=10, rejected=10)
    return clean_warehouse


def test_scores_are_what_the_ledger_says(reported: Settings) -> None:
    found = {(score.period, score.department): score for score in scores(COUNTY, PERIOD)}
    assert list(found) == [(PERIOD, "housing"), (PERIOD, "power"), (PERIOD, "water"), (BEFORE, "water")]
    before, water = found[BEFORE, "water"], found[PERIOD, "water"]
    assert [float(share or 0) for share in (before.completeness, before.timeliness, before.pass_rate)] == [1, 1, 1]
    assert before.open_issues == 0
    assert before.trend == "new"
    assert (water.expected_feeds, water.received_feeds) == (2, 1)
    assert (float(water.completeness or 0), float(water.timeliness or 0), float(water.pass_rate or 0)) == (0.5, 0, 0.85)
    assert (water.rejected_rows, water.refused_feeds, water.waiting_files) == (30, 1, 0)
    assert water.open_issues == 2
    assert water.trend == "worse"
    assert found[PERIOD, "power"].trend == "not_expected"
    assert found[PERIOD, "power"].completeness is None
    assert found[PERIOD, "housing"].completeness == 0
    assert found[PERIOD, "housing"].pass_rate is None


def test_each_department_gets_its_own_and_the_county_all(reported: Settings) -> None:
    keys = send(COUNTY, PERIOD)
    assert keys == send(COUNTY, PERIOD), "written over"
    assert set(keys) == {f"outbox/{name}/{PERIOD}/{FILE_NAME}" for name in ("county", "housing", "power", "water")}
    own = openpyxl.load_workbook(io.BytesIO((bucket() / f"outbox/water/{PERIOD}/{FILE_NAME}").read_bytes()))
    assert own.sheetnames == ["本月", "近12个月"]
    rows = [[cell.value for cell in row] for row in own["近12个月"].iter_rows(min_row=3)]
    assert [row[1] for row in rows] == [PERIOD, BEFORE]
    assert len({row[0] for row in rows}) == 1, "nobody else stands in it"
    assert rows[0][2:] == [2, 1, 0.5, 0, 200, 170, 0.85, 30, 0, 1, 0, 2, "↓ 变差"]
    county = openpyxl.load_workbook(io.BytesIO((bucket() / f"outbox/county/{PERIOD}/{FILE_NAME}").read_bytes()))
    assert county["本月"].max_row == 2 + 3 + 1 + 4


def test_waivers_of_the_publication_stand_in_every_workbook(reported: Settings) -> None:
    with connect(Role.OWNER) as connection:
        connection.execute(
            """
            with build as (
                insert into ops.build (county_code, period, state, code_version)
                values (%(county)s, %(period)s, 'published', 'x') returning build_id
            ), publication as (
                insert into ops.publication (build_id, county_code, period, household_count)
                select build_id, %(county)s, %(period)s, 1 from build returning publication_id
            ), waiver as (
                insert into ops.waiver (county_code, rule_id, reason, given_by, valid_until)
                values (%(county)s, 'P-07', '=合同刚升级', '王工', '2099-01-31 23:59+08') returning *
            )
            insert into ops.publication_waiver (publication_id, waiver_id, suite, expectation, rule_id, failing_count,
                reason, given_by, valid_until)
            select publication_id, waiver_id, 'completeness', 'checked', rule_id, 3, reason, given_by, valid_until
            from publication cross join waiver
            """,
            {"county": COUNTY, "period": PERIOD},
        )
    send(COUNTY, PERIOD)
    for folder in ("county", "water"):
        book = openpyxl.load_workbook(io.BytesIO((bucket() / f"outbox/{folder}/{PERIOD}/{FILE_NAME}").read_bytes()))
        assert list(book["本月豁免"].values)[2] == (
            "P-07",
            "completeness.checked",
            3,
            "=合同刚升级",
            "王工",
            "2099-01-31",
        )
        assert book["本月豁免"]["D3"].data_type == "s"


def test_month_without_a_calendar_is_named(clean_warehouse: Settings) -> None:
    with pytest.raises(LookupError, match=r"\[2026-10\] has no calendar"):
        send(COUNTY, PERIOD)
