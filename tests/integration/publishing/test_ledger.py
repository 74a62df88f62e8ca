"""What the ledger of publications keeps, what it refuses, and what the switch refuses by it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from hearth.checksums import content
from hearth.database import Role, connect
from publishing.ledger import unfit
from publishing.switch import publish, rollback
from publishing.tables import PublicationError
from tests.integration.expectations.candidate import COUNTY, HOUSEHOLDS, PERIOD
from tests.integration.publishing.world import passed_build, seen

NEWEST = "build_id = (select max(build_id) from ops.build)"


def owner(statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connect(Role.OWNER) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


def test_a_publication_says_what_it_was_made_of(published: int) -> None:
    assert owner("select feed, submission_id, sha256, rows_accepted from ops.publication_input order by 1") == [
        (feed, f"S-{PERIOD}-{feed}", f"S-{PERIOD}-{feed}", HOUSEHOLDS) for feed in ("household", "member")
    ]
    ((code, rules, households),) = owner("select code_version, rules_digest, household_count from ops.publication")
    assert (code, len(rules), households) == ("test", 64, HOUSEHOLDS)
    assert owner("select event from ops.publication_event") == [("published",)]


def test_the_ledger_tells_other_rows_from_other_tokens(published: int) -> None:
    def wrong() -> dict[str, str]:
        with connect(Role.PUBLISHER) as connection:
            return unfit(connection, published)

    ((partition,),) = owner("select partition_name from ops.publication_table where table_name = 'fct_household_month'")
    assert wrong() == {}
    owner("alter table marts.fct_household_month add column later text")
    assert wrong() == {}, "a column that came later changes nothing"
    owner(f"update marts.{partition} set head_id_number_hash = repeat('cd', 32) where household_key = 7001")
    assert wrong() == {"fct_household_month": "other tokens"}
    ((columns,),) = owner("select column_names from ops.publication_table where table_name = 'fct_household_month'")
    with connect(Role.OWNER) as connection:
        rekeyed = content(connection, "marts", partition, columns).checksum
    owner(
        "insert into ops.publication_rekeyed (publication_id, table_name, checksum, key_version, rekeyed_by, purpose)"
        " values (%s, 'fct_household_month', %s, 2, 'x', 'y')",
        published,
        rekeyed,
    )
    assert wrong() == {}, "a rotation wrote the sums that fit since then"
    owner(f"update marts.{partition} set food_reason = 'other' where household_key = 7001")
    assert wrong() == {"fct_household_month": "other rows"}


def test_the_same_rows_have_the_same_checksum_and_others_another(published: int) -> None:
    same, other = publish(passed_build(stamp=1)), publish(passed_build(stamp=2))
    sums = dict(
        owner("select publication_id, array_agg(checksum order by table_name) from ops.publication_table group by 1")
    )
    assert sums[published] == sums[same]
    assert not set(sums[other]) & set(sums[same])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (f"update ops.gate_decision set rules_digest = 'older' where {NEWEST}", "rules have changed"),
        (f"update ops.gate_decision set rules_digest = null where {NEWEST}", "rules have changed"),
        (
            "update reference.threshold set value = value || '0' where parameter_code = 'blast_share'",
            "rules have changed",
        ),
        (
            "insert into ops.blast_radius select max(build_id), null, null, 0, 1, 1, 0, 0, 0, 0, 0 from ops.build",
            "against publication \\[None\\]",
        ),
        (
            "with ended as (insert into ops.waiver (county_code, rule_id, reason, given_by, given_at, valid_until) "
            "values ('530524', 'P-16', 'x', 'x', now() - interval '2 days', now() - interval '1 day') "
            "returning waiver_id) insert into ops.gate_result select max(build_id), 's', 'P-16', 'e', "
            "'block_unless_waived', false, 1, null, null, now(), (select waiver_id from ended) from ops.build",
            "no longer hold",
        ),
    ],
)
def test_a_stale_verdict_is_refused(published: int, change: str, complaint: str) -> None:
    build_id = passed_build(2)
    before = owner("select value from reference.threshold where parameter_code = 'blast_share'")
    with connect(Role.OWNER) as connection:
        connection.execute(change.encode())
    try:
        with pytest.raises(PublicationError, match=complaint):
            publish(build_id)
    finally:
        owner("update reference.threshold set value = %s where parameter_code = 'blast_share'", before[0][0])
    assert seen() == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "update ops.publication set household_count = 1",
        "delete from ops.publication",
        "update ops.publication_table set row_count = 0",
        "delete from ops.publication_input",
        "update ops.publication_event set event = 'restored'",
        "update ops.gate_decision set verdict = 'block'",
        "delete from ops.gate_result",
        "delete from ops.build_input",
    ],
)
def test_nobody_rewrites_the_ledger(published: int, statement: str) -> None:
    for role in (Role.OWNER, Role.PUBLISHER):
        with (
            connect(role) as connection,
            pytest.raises((psycopg.errors.RaiseException, psycopg.errors.InsufficientPrivilege)),
        ):
            connection.execute(statement.encode())


def test_events_tell_what_readers_saw_on_any_day(published: int) -> None:
    second = publish(passed_build(2))
    rollback(COUNTY, PERIOD)
    assert owner("select publication_id, event from ops.publication_event order by event_id") == [
        (published, "published"),
        (published, "replaced"),
        (second, "published"),
        (second, "rolled_back"),
        (published, "restored"),
    ]
