"""Keys and links on a real PostgreSQL: families that merge, split and are listed twice, resends and other counties."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from hearth.database import Role, connect
from hearth.dbt import environment, run_dbt
from hearth.settings import Settings
from tests.integration.dbt import county
from tests.integration.dbt.county import Row, household_no

ELSEWHERE = "520099"
LINKED = ("civil_affairs.dibao", "health.insurance", "health.contract", "water.supply")
LINKS = [f"int_link__{feed_id.partition('.')[2]}" for feed_id in ("register.household", "register.member", *LINKED)]


def household(number: int, **values: Any) -> Row:
    return {"household_no": household_no(number), "region_code": county.VILLAGES[0], **values}


def member(number: int, person: str, code: str | None = None, **values: Any) -> Row:
    stated = {"id_number_hash": person, "id_link": "usable", "member_change_code": code}
    return {"household_no": household_no(number), **stated, **values}


HOUSEHOLDS = [
    household(1, change_code="23"),  # 1 and 2 are merged into 3
    household(2, change_code="23"),
    household(3),
    household(4),  # its child founds 5
    household(5, change_code="13"),
    household(6),  # 6 and 7 both list one person
    household(7),
    household(1, county_code=ELSEWHERE),
]
MEMBERS = [
    *(member(number, f"p{number}", "23") for number in (1, 2)),
    *(member(3, f"p{number}", "13") for number in (1, 2)),
    member(3, "p3"),
    member(4, "p4", person_name_hash="name-4"),
    member(4, "old", id_link="raised", person_name_hash="name-old"),
    member(4, "p5", "24"),
    member(5, "p5", "13"),
    member(6, "p6"),
    member(6, "both"),
    member(7, "both"),
    member(1, "p8", county_code=ELSEWHERE),
    member(6, "999", id_link="placeholder"),
    member(7, "999", id_link="placeholder"),
]
FIFTEEN: dict[int, Row] = {
    2: {"id_link": "raised", "id_number_hash": "p4", "person_name_hash": "name-4"},
    3: {"id_link": "raised", "id_number_hash": "p4", "person_name_hash": "another"},
    4: {"id_link": "raised", "id_number_hash": "p4"},
    5: {"id_link": "raised", "id_number_hash": "p4", "household_no": household_no(4)},
    6: {"id_link": "raised", "id_number_hash": "p4", "household_no": household_no(6), "person_name_hash": "another"},
    7: {"id_link": "raised", "id_number_hash": "p5", "household_no": household_no(5), "person_name_hash": "another"},
    8: {"id_link": "raised", "id_number_hash": "nobody", "person_name_hash": "name-4"},
    9: {"id_link": "usable", "id_number_hash": "old", "person_name_hash": "name-old"},
    10: {"id_link": "usable", "id_number_hash": "old", "person_name_hash": "another"},
    11: {"id_link": "usable", "id_number_hash": "p4", "person_name_hash": "another"},
}
"""Rows of people whose number has 15 digits there, or on the register."""
NAMED = ["p1", "p1", "p2", "p3", "p4", "p5", "p6", "both", "p8", "nobody", None]
"""Persons that the other feeds name, one of them twice."""


@pytest.fixture(scope="module")
def october(warehouse: Settings) -> int:
    county.empty()
    named = [{"id_link": "usable", "id_number_hash": person} for person in NAMED]
    heads = [{"id_link": "usable", "head_id_number_hash": person} for person in NAMED]
    given = county.load(
        "2026-10",
        {
            "register.household": HOUSEHOLDS,
            "register.member": MEMBERS,
            "civil_affairs.dibao": heads,
            "health.insurance": named,
            "health.contract": list(FIFTEEN.values()),
            # by number as well: of a household that is gone, of one in the next county, of nobody's
            "water.supply": [*heads, *({"household_no": household_no(number)} for number in (1, 4, 6, 99))],
        },
    )
    build_id = county.plan("2026-10", {feed_id: (name, "2026-10", 0) for feed_id, name in given.items()})
    selected = " ".join(f"+{name}" for name in (*LINKS, "assert_identity_is_one_to_one"))
    run_dbt("build", selected, build_id=build_id, county_code=county.COUNTY, period="2026-10")
    return build_id


def rows(query: str) -> list[tuple[Any, ...]]:
    with connect(Role.BUILDER) as connection:
        return connection.execute(query.encode()).fetchall()


def test_one_row_out_for_every_row_in(october: int) -> None:
    for feed_id in ("register.household", "register.member", *LINKED):
        department, feed = feed_id.split(".")
        (counts,) = rows(
            f"select (select count(*) from staging.stg_{department}__{feed}), count(*),"
            f" count(distinct (submission_id, source_sheet, source_row)) from identity.int_link__{feed}"
        )
        assert len(set(counts)) == 1, (feed_id, counts)


def test_people_follow_their_household_and_families_keep_apart(october: int) -> None:
    found = {
        person: (status, number)
        for person, status, number in rows(
            "select roll.id_number_hash, link.link_status, key.household_no from staging.stg_health__insurance as roll"
            " join identity.int_link__insurance as link using (submission_id, source_sheet, source_row)"
            " left join identity.household_key_map as key on link.household_key = key.household_key"
        )
    }
    wanted: dict[str | None, tuple[str, str | None]] = {
        "p1": ("linked", household_no(3)),
        "p2": ("linked", household_no(3)),
        "p3": ("linked", household_no(3)),
        "p4": ("linked", household_no(4)),
        "p5": ("linked", household_no(5)),
        "p6": ("linked", household_no(6)),
        "both": ("ambiguous", None),
        "p8": ("not_in_register", None),  # of the next county, whose household 1 is not ours
        "nobody": ("not_in_register", None),
        None: ("no_key", None),
    }
    assert found == wanted


def test_fifteen_digits_link_where_the_name_or_the_household_agrees(october: int) -> None:
    found = rows(
        "select source_row, link_status, link_path, right(key.household_no, 2), person_key is not null"
        " from identity.int_link__contract left join identity.household_key_map as key using (household_key) order by 1"
    )
    assert found == [
        (2, "linked", "fifteen_digit", "04", True),
        (3, "unconfirmed", None, None, False),
        (4, "unconfirmed", None, None, False),
        (5, "linked", "direct", "04", True),
        (6, "conflict", None, None, False),
        (7, "linked", "direct", "05", True),
        (8, "not_in_register", None, None, False),
        (9, "linked", "fifteen_digit", "04", True),
        (10, "unconfirmed", None, None, False),
        (11, "linked", "person", "04", True),  # all 18 digits say who it is, whatever the name
    ]


def test_a_number_of_another_county_is_another_household(october: int) -> None:
    found = rows(
        "select issuing_authority, count(distinct m.person_key) from identity.household_key_map as k"
        f" join identity.int_membership as m using (household_key) where household_no = '{household_no(1)}'"
        " group by household_key, issuing_authority order by 1"
    )
    assert found == [(ELSEWHERE, 1), (county.COUNTY, 1)]
    assert rows("select count(*) from identity.person_key_map where id_number_hash = '999'") == [(2,)]


def compiled(kind: str, name: str) -> bytes:
    """What dbt last made of a model or test."""
    (path,) = (Path(environment()["DBT_TARGET_PATH"]) / "compiled" / "hearth" / kind).rglob(f"{name}.sql")
    return path.read_bytes()


def test_what_would_multiply_a_link_is_named(october: int) -> None:
    test = compiled("tests", "assert_identity_is_one_to_one")
    for table in ("int_household", "int_membership", "int_person_household", "household_key_map"):
        with connect(Role.OWNER) as connection:
            assert connection.execute(test).fetchall() == []
            connection.execute(f"create temp table twin as select * from identity.{table} limit 1".encode())
            if table.endswith("_map"):
                connection.execute(b"update twin set household_key = 1")  # the same number under another key
            connection.execute(f"insert into identity.{table} select * from twin".encode())
            assert [row[0] for row in connection.execute(test).fetchall()] == [table]
            connection.rollback()


ACCOUNTS = {
    "A1": (("2026-09", 3),),
    "A2": (("2026-05", 3), ("2026-09", 4)),
    "A3": (("2026-12", 3),),  # of a month that is not yet
    "A4": (("2026-09", 3),),
    "A5": (("2026-09", 77),),  # of a household that the register no longer lists
}
"""What was published of accounts: since when with which household."""


@pytest.fixture(scope="module")
def november(october: int) -> dict[str, list[tuple[Any, ...]]]:
    """The register once more, with one household and one person more; accounts alone. The key maps before it."""
    maps = ("household_key_map", "person_key_map")
    before = {name: rows(f"select * from identity.{name} order by 1") for name in maps}
    with connect(Role.OWNER) as connection:
        connection.execute(
            "create table marts.dim_account (account_kind text, account_no text, county_code text,"
            " household_key bigint, valid_from text, valid_to text)"
        )
        connection.execute("grant select on marts.dim_account to hearth_builder")
        for account_no, seen in ACCOUNTS.items():
            for since, number in seen:
                connection.execute(
                    "insert into marts.dim_account values ('power', %s, %s, coalesce((select household_key"
                    " from identity.household_key_map where issuing_authority = %s and household_no = %s), 1), %s, '')",
                    [account_no, county.COUNTY, county.COUNTY, household_no(number), since],
                )
    again = county.load(
        "2026-11",
        {
            "register.household": [*HOUSEHOLDS, household(8)],
            "register.member": [*MEMBERS, member(8, "new")],
            "power.connection": [
                {"account_no": account_no, "holder_id_number_hash": "stranger" if account_no == "A4" else None}
                for account_no in (*ACCOUNTS, "A6")
            ],
        },
    )
    build_id = county.plan("2026-11", {feed_id: (name, "2026-11", 0) for feed_id, name in again.items()})
    selected = "+household_key_map +person_key_map +int_link__connection"
    run_dbt("run", selected, build_id=build_id, county_code=county.COUNTY, period="2026-11")
    return before


def test_an_account_alone_belongs_to_the_household_it_was_last_seen_with(november: object) -> None:
    found = rows(
        "select account_no, link_status, link_path, right(key.household_no, 2) from staging.stg_power__connection"
        " join identity.int_link__connection as link using (submission_id, source_sheet, source_row)"
        " left join identity.household_key_map as key on link.household_key = key.household_key order by 1"
    )
    assert found == [
        ("A1", "linked", "account", "03"),
        ("A2", "linked", "account", "04"),
        ("A3", "no_key", None, None),
        ("A4", "not_in_register", None, None),  # a holder whom nobody knows is a new holder
        ("A5", "no_key", None, None),
        ("A6", "no_key", None, None),
    ]


def test_a_resend_adds_the_new_alone_and_two_numbers_never_share_a_key(
    november: dict[str, list[tuple[Any, ...]]],
) -> None:
    for name, before in november.items():
        now = rows(f"select * from identity.{name} order by 1")
        assert set(before) < set(now)
        assert len(now) == len(before) + 1
    with connect(Role.OWNER) as connection:  # household 8 as if another number had its hash
        connection.execute(
            b"update identity.household_key_map set household_no = 'other' where household_no = %s", [household_no(8)]
        )
        with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="stands for two numbers"):
            connection.execute(compiled("models", "household_key_map"))
        connection.rollback()
