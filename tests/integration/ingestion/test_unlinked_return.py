"""What goes back to a sender about rows without a household: masked, only what it sent itself, once."""

from __future__ import annotations

import io
from collections.abc import Iterator

import openpyxl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.settings import Settings
from ingestion import vault
from ingestion.commands import app
from ingestion.unlinked_return import FILE_NAME, masked_name, masked_number
from tests.integration.ingestion.dibao_files import id_number, name
from tests.integration.ingestion.test_vault_keys import own_keys

__all__ = ["own_keys"]
pytestmark = pytest.mark.usefixtures("own_keys")
FOLDER = "outbox/civil_affairs/2026-10/SUB-1"
# What dbt makes of a build, in the columns that are read here.
_MADE = (
    "create view staging.base_ops__build_input as"
    " select 'civil_affairs.dibao' as feed_id, '2026-10' as period, 'SUB-1' as submission_id, false as is_carried",
    "create table identity.int_link_suggestion (submission_id text, period text, feed_id text, source_sheet text,"
    " source_row integer, link_status text, path_code text, candidate_id_number_hash text, candidate_name_hash text,"
    " evidence text[], candidate_rank integer)",
    "create table identity.int_link__dibao (period text, submission_id text, source_sheet text, source_row integer,"
    " link_status text, has_household_no boolean)",
)
_LINKS = (
    (4, "linked", False),
    (7, "conflict", True),  # has a candidate
    (8, "not_in_register", True),
    (9, "no_key", False),
    (10, "not_in_register", False),  # of somebody whom the register does not list
)


@pytest.fixture
def suggested(clean_warehouse: Settings) -> Iterator[None]:
    sealing = vault.sealer("SUB-0")
    numbers = sealing.hashed("id_number", pa.array([id_number(1), id_number(2)]))
    names = sealing.hashed("person_name", pa.array([name(1), name(2)]))
    vault.store({"id_number": numbers, "person_name": names}, sealing)
    people = list(zip(numbers.tokens.to_pylist(), names.tokens.to_pylist(), strict=True))
    with connect(Role.BUILDER) as connection:
        for statement in _MADE:
            connection.execute(statement.encode())
        connection.cursor().executemany(
            "insert into identity.int_link_suggestion values"
            " ('SUB-1', '2026-10', 'civil_affairs.dibao', 'Sheet1', %s, %s, %s, %s, %s, %s, %s)",
            [
                [4, "refused", "typo", *people[0], ["id_number", "name"], 1],
                [4, "refused", "typo", *people[1], ["id_number"], 2],
                [7, "conflict", "two_households", None, None, [], 1],
            ],
        )
        connection.cursor().executemany(
            "insert into identity.int_link__dibao values ('2026-10', 'SUB-1', 'Sheet1', %s, %s, %s)", _LINKS
        )
    yield
    with connect(Role.OWNER) as connection:
        connection.execute("drop table identity.int_link_suggestion, identity.int_link__dibao")
        connection.execute("drop view staging.base_ops__build_input")


def returned() -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(io.BytesIO((bucket() / FOLDER / FILE_NAME).read_bytes()))
    return list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr]  # it has one sheet


def test_the_sender_sees_its_rows_and_masked_candidates_once(suggested: None) -> None:
    ran = CliRunner().invoke(app, ["link", "return"])
    assert ran.output == f"{FOLDER}/{FILE_NAME}\n", ran.output
    table = returned()
    assert "有4行" in str(table[0][0])
    assert any("另有1行的人不在登记册上" in str(row[0]) for row in table)
    assert table[-4:] == [
        ("Sheet1", "4", "证件号码有误，这一行没有收进来", "号码只差一处 慕*** 5200**********" + id_number(1)[-4:]
         + "\n号码只差一处 5200**********" + id_number(2)[-4:]),
        ("Sheet1", "7", "户编号与证件号码指向不同的农户", "号码所指的农户"),
        ("Sheet1", "8", "登记册上没有这个号码（也可能那一户的行被退回了）", "没有找到相近的农户"),
        ("Sheet1", "9", "没有户编号，也没有可用的证件号码", "没有找到相近的农户"),
    ]  # fmt: skip
    for clear in (id_number(1), id_number(2), name(1), name(2)):
        assert clear not in str(table)
    data = (bucket() / FOLDER / FILE_NAME).read_bytes()
    assert CliRunner().invoke(app, ["link", "return"]).exit_code == 0
    assert (bucket() / FOLDER / FILE_NAME).read_bytes() == data
    assert [path.name for path in (bucket() / FOLDER).iterdir()] == [FILE_NAME]
    with connect(Role.OWNER) as connection:
        looks = connection.execute(
            "select kind, entry_count from ops.access_log where purpose like '%SUB-1'"
        ).fetchall()
        connection.execute("truncate identity.int_link_suggestion")
        connection.execute("delete from identity.int_link__dibao where source_row between 7 and 9")
    assert sorted(looks) == [("id_number", 2)] * 2 + [("person_name", 1)] * 2, "only a name that the sender sent"
    assert "没有待核对的行" in CliRunner().invoke(app, ["link", "return"]).output
    assert not (bucket() / FOLDER / FILE_NAME).exists(), "what waits no more is gone"


def test_masks_leave_ends_only() -> None:
    assert masked_number("520099199001010011") == "5200**********0011"
    assert masked_number("12345678") == "********"
    assert masked_name("李四五") == "李**"
