"""The scripts of ``hearth/sql``: their order, and that they may run again on a warehouse in use."""

from __future__ import annotations

from hearth.database import Role, connect
from hearth.migrate import migrate, schema_scripts
from hearth.settings import Settings

SHAPE = """
select table_schema, table_name, column_name, data_type
from information_schema.columns
where table_schema in ('ops', 'vault', 'quarantine', 'raw', 'reference')
"""


def test_the_schemas_come_first() -> None:
    names = [script.name for script in schema_scripts()]
    assert names == sorted(names)
    assert names[0] == "10_schemas.sql"


def test_a_second_migration_changes_nothing(clean_warehouse: Settings) -> None:
    with connect(Role.OWNER) as connection:
        before = connection.execute(SHAPE).fetchall()
        connection.execute(
            "insert into ops.build (county_code, period, code_version) values ('530524', '2026-10', 'kept')"
        )
    migrate()
    with connect(Role.OWNER) as connection:
        assert sorted(connection.execute(SHAPE).fetchall()) == sorted(before)
        assert connection.execute("select code_version from ops.build").fetchall() == [("kept",)]


def test_a_column_that_a_later_version_brought_is_added_to_a_table_in_use(clean_warehouse: Settings) -> None:
    with connect(Role.OWNER) as connection:
        connection.execute("alter table ops.submission drop column reader_version")
    migrate()
    with connect(Role.OWNER) as connection:
        connection.execute("select reader_version from ops.submission")
