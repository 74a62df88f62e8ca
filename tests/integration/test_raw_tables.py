"""Raw and reference tables on a real server: made from the contracts, extended in place, never changed in type."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hearth.database import Role, connect
from hearth.settings import Settings
from ingestion.contract import contracts
from ingestion.raw_tables import migrate, raw_columns
from ingestion.reference_data import code_lists, regions, thresholds


def test_every_column_and_table_is_there_and_commented(warehouse: Settings) -> None:
    with connect(Role.OWNER) as connection:
        for contract in contracts().values():
            table = f'raw."{contract.raw_table}"'
            rows = connection.execute(
                "select attname, col_description(attrelid, attnum) from pg_attribute"
                " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
                [table],
            ).fetchall()
            assert rows == [(column.name, column.comment) for column in raw_columns(contract)]
            described = connection.execute("select obj_description(%s::regclass)", [table]).fetchone()
            assert described is not None
            assert described[0].startswith(contract.title)


def test_migration_again_changes_nothing(warehouse: Settings) -> None:
    def counts() -> tuple[int, ...]:
        names = ("region", "code_list", "threshold", "feed", "feed_version")
        found = [connection.execute(f"select count(*) from reference.{name}").fetchone() for name in names]
        return tuple(row[0] for row in found if row is not None)

    wanted = (len(regions()), sum(len(codes.codes) for codes in code_lists().values()), len(thresholds()))
    with connect(Role.OWNER) as connection:
        assert counts() == (*wanted, len(contracts()), len(contracts()))
        migrate(connection)
        assert counts() == (*wanted, len(contracts()), len(contracts()))
        connection.rollback()


def test_a_new_column_is_added_and_a_changed_type_refused(warehouse: Settings) -> None:
    feed_id, contract = next(iter(contracts().items()))
    last = contract.columns[-1]
    column = next(column for column in contract.columns if column.physical_type == "integer" and column.loaded)
    longer = replace(contract, columns=(*contract.columns, replace(column, name="count_of_tomorrow")))
    changed = replace(contract, columns=(replace(column, physical_type="date"), last))
    with connect(Role.OWNER) as connection:
        migrate(connection, {feed_id: longer})
        connection.execute(f'select count_of_tomorrow from raw."{contract.raw_table}"')
        with pytest.raises(ValueError, match="a column never changes its type"):
            migrate(connection, {feed_id: changed})
        connection.rollback()
