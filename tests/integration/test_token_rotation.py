"""The token key is replaced between two months: the same people keep their keys, and everything still joins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from hearth import secrets
from hearth.checksums import TOKEN_SUFFIX
from hearth.database import Role, connect
from hearth.period import Period
from ingestion import keys, vault
from ingestion.commands import app
from ingestion.contract import contracts
from ingestion.intake import take
from ingestion.keys import Purpose, TokensReplaced
from ingestion.raw_tables import raw_columns
from ingestion.rotation import RotationRefused, rotate_token_key
from publishing.ledger import unfit
from tests.integration.ingestion.dibao_files import KEY, drop, good, id_number, workbook
from tests.integration.ingestion.test_vault_keys import own_keys
from tests.integration.test_score import run_months

__all__ = ["own_keys"]
pytestmark = pytest.mark.usefixtures("own_keys")
SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
TOKENS = "select id_number_hash, person_key from identity.person_key_map where issuing_authority = 'id_number'"


def query(statement: str) -> list[tuple[Any, ...]]:
    with connect(Role.OWNER) as connection:
        return connection.execute(statement.encode()).fetchall()


def keys_by_number() -> dict[str, int]:
    """Person keys by clear ID number."""
    known = dict(query(TOKENS))
    clear = vault.open_values(list(known), "id_number", who="test", purpose="compare")
    found = {clear[token]: key for token, key in known.items()}
    assert len(found) == len(known), "a number with two keys"
    return found


def all_tokens() -> set[str]:
    """Every token that stands in any table, alone or in a list."""
    columns = query(
        "select format(case data_type when 'ARRAY' then 'select unnest(%I) from %I.%I' else 'select %I from %I.%I' end,"
        " column_name, table_schema, table_name)"
        f" from information_schema.columns where right(column_name, {len(TOKEN_SUFFIX)}) = '{TOKEN_SUFFIX}'"
        " and table_schema not in ('pg_catalog', 'information_schema')"
    )
    return {value for (statement,) in columns for (value,) in query(statement) if value is not None}


def test_people_keep_their_keys_when_the_token_key_is_replaced(tmp_path: Path) -> None:
    run_months([SEPTEMBER], 60, 7, tmp_path / "key")
    before, tokens = keys_by_number(), all_tokens()
    published = query("select person_key, household_key from marts.fct_register_member order by 1, 2")
    assert len(before) > 150
    told = CliRunner().invoke(app, ["keys", "rotate-hmac", "--who", "保管员甲", "--purpose", "年度更换"])
    assert told.exit_code == 0, told.output
    assert "version 2 is in force" in told.output
    assert not tokens & all_tokens(), "a token of the old key is left"
    assert keys_by_number() == before
    assert query("select person_key, household_key from marts.fct_register_member order by 1, 2") == published
    log = query("select who, purpose, kind, entry_count from ops.access_log where kind = 'every kind'")
    assert log == [("保管员甲", "年度更换", "every kind", query("select count(*) from vault.entry")[0][0])]
    with connect(Role.OWNER) as connection:
        assert unfit(connection, query("select max(publication_id) from ops.publication")[0][0]) == {}
    rekeyed = query("select distinct key_version, rekeyed_by, purpose from ops.publication_rekeyed")
    assert rekeyed == [(2, "保管员甲", "年度更换")]
    keys.retire_key(Purpose.TOKEN, 1)

    run_months([OCTOBER], 60, 7, tmp_path / "key")
    after = keys_by_number()
    assert before.items() <= after.items()
    assert query("select count(distinct person_key) = count(*) from identity.person_key_map") == [(True,)]
    both = query(
        "select count(distinct period) from marts.fct_register_member where person_key is not null"
        " group by person_key having count(distinct period) = 2"
    )
    assert len(both) > 100
    # What was linked under the old key is linked under the new one: the same share of each large feed as before.
    shares = query(
        "select feed_id, max(linked) filter (where period = '2026-09'), max(linked) filter (where period = '2026-10')"
        " from (select feed_id, period, linked_rows::float / (linked_rows + unlinked_rows) as linked"
        " from marts.fct_feed_reconciliation where linked_rows + unlinked_rows > 100) as large"
        " group by feed_id having count(*) = 2 and max(linked) > 0"
    )
    assert len(shares) >= 3
    assert [(feed, old, new) for feed, old, new in shares if new < old - 0.1] == []


def test_a_vault_that_lacks_a_value_refuses() -> None:
    take(drop(KEY, workbook(good(5))))
    with connect(Role.OWNER) as connection:
        connection.execute("delete from vault.entry where token = (select min(token) from vault.entry)")
    before = all_tokens()
    with pytest.raises(RotationRefused, match=r"\[1\] tokens in \[raw\.civil_affairs__dibao\."):
        rotate_token_key(who="保管员甲", purpose="年度更换")
    assert all_tokens() == before
    assert secrets.versions(Purpose.TOKEN) == [1]
    assert query("select version from ops.key_version where purpose = 'token_key'") == [(1,)]


@pytest.mark.parametrize("state", ["planned", "built", "passed"])
def test_a_build_that_has_not_ended_refuses(state: str) -> None:
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.build (county_code, period, state, code_version) values ('530524', '2026-10', %s, 'x')",
            [state],
        )
    with pytest.raises(RotationRefused, match=rf"\[1\] of 530524 2026-10 \({state}\)"):
        rotate_token_key(who="保管员甲", purpose="年度更换")


def test_rows_hashed_before_the_rotation_are_not_written_after_it() -> None:
    take(drop(KEY, workbook(good(5))))
    sealing = vault.sealer("SUB-slow")
    rotate_token_key(who="保管员甲", purpose="年度更换")
    values = sealing.hashed("id_number", pa.array([id_number(99)]))
    with pytest.raises(TokensReplaced, match="take the file again"):
        vault.store({"id_number": values}, sealing)
    with pytest.raises(TokensReplaced), connect(Role.LOADER) as connection:
        keys.hold_tokens(connection, sealing.hashing.version)
    receipt = take(drop(KEY.replace("(2)", "(3)"), workbook(good(6))))
    assert receipt.state == "accepted"
    assert query("select count(*) from vault.entry where kind = 'id_number'") == [(6,)]


def test_lists_of_tokens_keep_their_order() -> None:
    with connect(Role.OWNER) as connection:
        connection.execute("create table raw.a_list (row integer, many_hash text[])")
    try:
        sealing = vault.sealer("SUB-1")
        names = ["慕容甲", "慕容乙", "慕容甲"]
        old = sealing.tokens("person_name", names)
        vault.store({"person_name": sealing.hashed("person_name", pa.array(names).unique())}, sealing)
        with connect(Role.OWNER) as connection:
            connection.execute("insert into raw.a_list values (1, %s), (2, '{}'), (3, null)", [old])
        rotate_token_key(who="保管员甲", purpose="年度更换")
        new = vault.sealer("SUB-2").tokens("person_name", names)
        assert new != old
        assert query("select many_hash from raw.a_list order by row") == [(new,), ([],), (None,)]
    finally:
        with connect(Role.OWNER) as connection:
            connection.execute("drop table raw.a_list")


def test_every_token_column_ends_as_rotation_expects() -> None:
    for contract in contracts().values():
        for column in raw_columns(contract):
            assert column.is_hash == column.name.endswith(TOKEN_SUFFIX), f"{contract.raw_table}.{column.name}"
