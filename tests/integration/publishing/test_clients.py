"""psqlODBC and the JDBC driver as a village's reader: own rows, keys, comments, Chinese, types."""

from __future__ import annotations

import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from hearth.secrets import secret
from hearth.settings import settings
from tests.integration.publishing.readers import VILLAGE

pytestmark = pytest.mark.usefixtures("county")
READER = "r_village"
DRIVER = "PostgreSQL Unicode"
JAR = Path(os.environ.get("HEARTH_JDBC_JAR", "/usr/share/java/postgresql.jar"))
"""Where Debian's libpostgresql-jdbc-java puts it."""


def test_odbc() -> None:
    pyodbc = pytest.importorskip("pyodbc", reason="pyodbc is not installed", exc_type=ImportError)
    if DRIVER not in pyodbc.drivers():
        pytest.skip(f"the ODBC driver [{DRIVER}] is not installed (Debian: odbc-postgresql)")
    config = settings()
    with pyodbc.connect(
        f"DRIVER={{{DRIVER}}};SERVER={config.pg_host};PORT={config.pg_port};DATABASE={config.pg_database};"
        f"UID={READER};PWD={secret(f'pg_{READER}')}"
    ) as connection:
        cursor = connection.cursor()
        assert {row.table_name for row in cursor.tables(schema="shared")} >= {"v_household", "v_region"}
        columns = {row.column_name: row for row in cursor.columns(table="v_household", schema="shared")}
        comment = cursor.execute(
            "select col_description('shared.v_household'::regclass, ?)", columns["village_code"].ordinal_position
        ).fetchone()
        assert comment[0] == "行政村代码 | code of the village", "this driver's catalogue leaves comments out"
        assert {name: column.type_name for name, column in columns.items()}["stamp"] == "int4"
        keys = {row.column_name for row in cursor.primaryKeys(table="fct_household_month", schema="marts")}
        assert keys == {"household_key", "county_code", "period"}
        rows = cursor.execute("select village_code, stamp from shared.v_household").fetchall()
        assert {tuple(row) for row in rows} == {(VILLAGE, 1)}
        assert len(rows) == 8
        text, number, day = cursor.execute(
            "select '昌宁县田园镇'::text, 0.123456::numeric(9, 6), date '2026-10-31'"
        ).fetchone()
        assert (text, number, str(day)) == ("昌宁县田园镇", Decimal("0.123456"), "2026-10-31")


def test_jdbc() -> None:
    java = shutil.which("java")
    if java is None or not JAR.exists():
        pytest.skip(f"no java, or no driver at [{JAR}] (Debian: libpostgresql-jdbc-java)")
    config = settings()
    finished = subprocess.run(
        [
            java,
            "-cp",
            str(JAR),
            str(Path(__file__).with_name("Look.java")),
            f"jdbc:postgresql://{config.pg_host}:{config.pg_port}/{config.pg_database}",
            READER,
        ],
        env={**os.environ, "LOOK_PASSWORD": secret(f"pg_{READER}"), "JAVA_TOOL_OPTIONS": "-Dfile.encoding=UTF-8"},
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert finished.returncode == 0, finished.stderr
    said = finished.stdout.splitlines()
    assert "view|v_household|一户一月 | Key: household, county_code, period" in said
    assert "column|village_code|text|行政村代码 | code of the village" in said
    assert {line for line in said if line.startswith("key|")} == {"key|household_key", "key|county_code", "key|period"}
    assert f"row|{VILLAGE}|Integer|8" in said
    assert "text|昌宁县田园镇" in said
