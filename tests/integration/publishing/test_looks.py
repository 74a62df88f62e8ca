"""A look at a named household leaves a line; what is over is deleted with a proof."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from hearth.bucket import bucket
from hearth.database import Role, connect
from publishing.access.looks import who_saw
from publishing.commands import app
from publishing.expiry import Kept, delete_expired, keep_months
from tests.integration.expectations.candidate import COUNTY, PERIOD
from tests.integration.publishing.readers import OTHER_VILLAGE, VILLAGE, ask

pytestmark = pytest.mark.usefixtures("county")
LOOK = "select period, household ->> 'village_code' from ops.look_at_household(%s, %s, %s, %s)"


def household_in(village: str) -> str:
    with connect(Role.OWNER) as connection:
        (number,) = connection.execute(
            "select min(household_no) from marts.fct_household_month where village_code = %s", [village]
        ).fetchone() or ("",)
    return str(number)


def test_every_look_is_logged_with_its_purpose() -> None:
    own, foreign = household_in(VILLAGE), household_in(OTHER_VILLAGE)
    assert ask("r_village", LOOK, COUNTY, own, "王某", "入户核实") == [(PERIOD, VILLAGE)]
    assert ask("r_village", LOOK, COUNTY, foreign, "王某", "好奇") == []
    assert [(look.who, look.database_user, look.purpose, look.entry_count) for look in who_saw(COUNTY, own)] == [
        ("王某", "r_village", "入户核实", 1)
    ]
    assert [look.entry_count for look in who_saw(COUNTY, foreign)] == [0], "an attempt is logged too"
    said = CliRunner().invoke(app, ["who-saw", own]).stdout
    assert "王某（r_village）  入户核实  看到1个月" in said
    assert "没有人" in CliRunner().invoke(app, ["who-saw", "none"]).stdout


def test_no_look_without_a_purpose_or_a_name() -> None:
    own = household_in(VILLAGE)
    for who, why in (("王某", "  "), ("", "入户核实")):
        with pytest.raises(psycopg.errors.CheckViolation):
            ask("r_village", LOOK, COUNTY, own, who, why)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask("r_health", LOOK, COUNTY, own, "李某", "入户核实")


@pytest.mark.parametrize("table", ["ops.access_log", "ops.deletion"])
def test_the_log_is_written_once_even_for_the_owner(table: str) -> None:
    for statement in (f"delete from {table}", f"update {table} set county_code = 'x'"):
        with connect(Role.OWNER) as connection, pytest.raises(psycopg.errors.RaiseException, match="written once"):
            connection.execute(statement.encode())


def test_what_is_over_is_deleted_with_proof() -> None:
    with connect(Role.OWNER) as connection:
        connection.execute("alter table raw.demo__household add column if not exists head_hash text")
        connection.execute("update raw.demo__household set head_hash = 'token-' || source_row")
        connection.execute(
            "insert into raw.demo__household select 'S-2027-01-household', 99, 'token-1' on conflict do nothing"
        )
        connection.execute(
            "insert into vault.data_key (scope, wrapping_version, wrapped) values ('test of retention', 1, '')"
        )
        connection.execute(
            "insert into vault.entry (kind, token, key_id, ciphertext, first_submission_id)"
            " select 'person_name', 'token-' || n, (select max(key_id) from vault.data_key), '', 'S' from"
            " generate_series(1, 5) as n"
        )
        connection.execute(
            "insert into quarantine.near_number (submission_id, source_sheet, source_row, rule_id, sent_hash,"
            " candidate_hash, person_name_hash) select submission_id, 'S', 30, 'R-ALL-02', case when submission_id = %s"
            " then 'token-4' end, '{}', 'token-5' from ops.submission",
            [f"S-{PERIOD}-household"],
        )
        connection.execute("update ops.submission set archive_key = 'archive/ab/' || submission_id")
    submission = f"S-{PERIOD}-household"
    root = bucket()
    for path in (root / "archive/ab" / submission, root / "outbox/demo" / PERIOD / submission / "receipt.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    kept = {"demo.household": Kept(12, "decided by the owner")}
    assert delete_expired(date(2027, 10, 31), kept=kept) == [], "twelve months are not over"
    ((item, counts),) = delete_expired(date(2027, 11, 1), kept=kept)
    assert item.submission_id == submission
    assert {place: count for place, count in counts.items() if count} == {
        "raw": 24, "quarantine.near_number": 1, "vault": 3, "archive": 1, "outbox": 1,
    }  # fmt: skip
    assert delete_expired(date(2027, 11, 1), kept=kept) == []
    assert not (root / "archive/ab" / submission).exists()
    with connect(Role.OWNER) as connection:
        left = connection.execute("select submission_id, source_row from raw.demo__household").fetchall()
        clear = connection.execute("select token from vault.entry where token like 'token-%' order by 1").fetchall()
        proofs = connection.execute("select place, deleted_rows, length(checksum), ground from ops.deletion").fetchall()
        near = connection.execute("select submission_id from quarantine.near_number").fetchall()
    assert left == [("S-2027-01-household", 99)]
    assert near
    assert (submission,) not in near
    assert clear == [("token-1",), ("token-5",)], "a value that a younger row points to stays"
    assert ("raw", 24, 64, "decided by the owner") in proofs


def test_every_contract_says_how_long_and_why(tmp_path: Path) -> None:
    kept = keep_months()
    assert len(kept) == 19
    assert min(rule.months for rule in kept.values()) >= 12
    assert all("依据" in rule.ground or "决定" in rule.ground for rule in kept.values())
    (tmp_path / "office").mkdir()
    (tmp_path / "office" / "feed.yaml").write_text(
        "id: office.feed\nslaProperties: [{property: retention, value: 10, unit: y}]", encoding="utf-8"
    )
    with pytest.raises(ValueError, match="on what ground"):
        keep_months(tmp_path)
