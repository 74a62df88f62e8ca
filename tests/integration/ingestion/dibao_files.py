"""Small files of one feed for the tests of intake. Every person is invented."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msoffcrypto.format.ooxml
import openpyxl

from hearth.bucket import bucket
from hearth.period import Period, last_complete_period
from ingestion.contract import contracts
from ingestion.normalise.ids import check_character

PERIOD: Period = last_complete_period(datetime.now(UTC).date())
FOLDER = f"inbox/civil_affairs/{PERIOD}"
KEY = f"{FOLDER}/低保名单（当月）(2).xlsx"

HEADERS: Mapping[str, str] = {
    column.name: column.title for column in contracts()["civil_affairs.dibao"].columns if column.name != "hamlet_name"
}


def id_number(serial: int) -> str:
    """A number with a true check character and a region prefix that was never given out: nobody has it."""
    first = f"520099{1950 + serial % 40}0101{serial % 1000:03d}"
    return first + check_character(first)


def name(serial: int) -> str:
    return "慕容" + "甲乙丙丁戊己庚辛壬癸"[serial % 10] + "赤橙黄绿青蓝紫"[serial // 10 % 7]


def person(serial: int, **changes: Any) -> dict[str, Any]:
    """One row as a clerk types it; all text, as in the template."""
    values: dict[str, Any] = {
        "serial_no": str(serial),
        "county_name": "昌宁县",
        "township_name": "田园镇",
        "village_name": "新城社区村民委员会",
        "region_code": "530524101201",
        "household_no": f"53052400{serial:08d}",
        "head_name": name(serial),
        "head_id_number": id_number(serial),
        "card_no": f"D{serial:08d}",
        "category_code": "农村低保",
        "member_count": "3",
        "covered_count": "2",
        "monthly_amount_yuan": "600",
        "total_amount_yuan": "600",
        "standard_yuan": "560",
        "started_month": "2019-03",
        "phone_number": f"1990{serial:07d}",
        "bank_account_name": name(serial),
        "bank_account_number": f"62179950{serial:011d}",
        "remark": f"由表弟慕容某{serial}代领",
    }
    return values | changes


def workbook(rows: Sequence[Mapping[str, Any]], *, without: Sequence[str] = (), title: str | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if title:
        sheet.append([title])
    names = [column for column in HEADERS if column not in without]
    sheet.append([HEADERS[column] for column in names])
    for row in rows:
        sheet.append([row.get(column) for column in names])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def good(count: int = 20, start: int = 1) -> list[dict[str, Any]]:
    return [person(serial) for serial in range(start, start + count)]


def locked(data: bytes) -> bytes:
    target = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(data)).encrypt("secret", target)
    return target.getvalue()


def drop(key: str, data: bytes) -> str:
    path = bucket() / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return key


def secrets_of(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Every clear value that may stand nowhere outside the vault."""
    direct = ("head_name", "head_id_number", "phone_number", "bank_account_number", "remark")
    return {str(row[column]) for row in rows for column in direct if row.get(column)}
