"""A month is judged by the version of a contract that was in force in it, not by the newest (P-07)."""

from __future__ import annotations

from pathlib import Path

import yaml
from psycopg import Connection

from hearth.database import Role, connect
from hearth.settings import PROJECT_ROOT, Settings
from ingestion.raw_tables import migrate
from tests.integration.two_versions import ranger

COUNTY = "530524"
SUITE = Path(PROJECT_ROOT, "expectations", "suites", "completeness.yaml")


def in_force_where_refused(connection: Connection, period: str, version: str, feed: str = "ranger") -> list[str]:
    """What the gate says was in force, of a month that was built from one file read by ``version``."""
    number = f"{period}-{version}-{feed}"
    connection.execute(
        "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, inbox_key,"
        " sha256, byte_count, state, contract_version) values (%s, %s, 'forestry', %s, %s, 'f', 'k', %s, 1,"
        " 'rejected', %s)",
        [number, COUNTY, feed, period, number, version],
    )
    (build_id,) = connection.execute(
        "insert into ops.build (county_code, period, code_version) values (%s, %s, 'x') returning build_id",
        [COUNTY, period],
    ).fetchone() or (0,)
    connection.execute(
        "insert into ops.build_input values (%s, 'forestry', %s, %s, %s, false, 0)", [build_id, feed, number, period]
    )
    entries = yaml.safe_load(SUITE.read_text(encoding="utf-8"))["expectations"]
    (entry,) = [entry for entry in entries if entry["meta"]["rule_id"] == "P-07"]
    query = entry["query"].replace(":build_id", str(build_id)).replace(":period", f"'{period}'")
    asked = entry["kwargs"]["unexpected_rows_query"].format(batch=f"({query}) as subselect")
    return [row[-1] for row in connection.execute(asked.encode())]


def test_each_month_has_its_version(warehouse: Settings, tmp_path: Path) -> None:
    contract = ranger(tmp_path, is_new=True)
    with connect(Role.OWNER) as connection:
        migrate(connection, {contract.feed_id: contract})

        def refused(period: str, version: str, feed: str = "ranger") -> list[str]:
            return in_force_where_refused(connection, period, version, feed)

        assert refused("2026-08", "1.0.0") == []
        assert refused("2026-08", "1.1.0") == ["1.0.0"]
        assert refused("2026-09", "1.1.0") == []
        assert refused("2026-12", "1.0.0") == ["1.1.0"]
        assert refused("2025-01", "1.0.0") == [], "months before the first version are read by it"
        assert refused("2026-10", "1.1.0", "forestry.ranger") == []
        assert refused("2026-10", "7.0.0", "elsewhere") == [], "no contract says what was in force"
        connection.rollback()
