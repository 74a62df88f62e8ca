"""Decisions that a row is, or is not, of a household: kept for good, replayed by every build planned later.

A decision is not about one row of one file but about what the row will have next month, too: its ID number, without
one the account, without that name and village. Tokens stand for what is personal; nothing is opened here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import psycopg
from psycopg import sql

from hearth.database import Role, connect
from hearth.settings import settings
from ingestion.contract import contracts
from ingestion.contract_model import Contract, Kind

_LOCK = "hearth.link_decision"
_PLACE = ("township_name", "village_name")


class Verdict(StrEnum):
    """What a person decided."""

    SAME = "same"
    NOT_SAME = "not_same"
    WITHDRAWN = "withdrawn"
    """The decision that it supersedes was a mistake; nothing takes its place."""


class DecisionRefused(ValueError):  # noqa: N818 - reads as what it is
    """The decision cannot be entered; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a decision knows a row by: exactly one of ID number, account, and name with village."""

    feed_id: str
    id_number_hash: str | None = None
    account_no: str | None = None
    person_name_hash: str | None = None
    township_name: str | None = None
    village_name: str | None = None

    @property
    def known_by(self) -> str:
        """For people."""
        return "证件号码" if self.id_number_hash else "户号" if self.account_no else "姓名和村"


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the ledger."""

    decision_id: int
    subject: Subject
    household_no: str
    verdict: Verdict
    decided_by: str
    decided_at: datetime
    reason: str
    supersedes: int | None


def token_column(contract: Contract, vault_kind: str) -> str | None:
    """The column of tokens of the person whom a row is about: the first of its kind that holds one value."""
    for column in contract.columns:
        if column.vault_kind == vault_kind and column.kind is not Kind.ID_LIST:
            return f"{column.name}_hash"
    return None


def account_column(contract: Contract) -> str | None:
    """The number of a meter or account by which a row without a person is known."""
    return "account_no" if "account_no" in contract.by_name else None


def subject_of(connection: psycopg.Connection[Any], submission_id: str, sheet: str, row: int) -> Subject:
    """What a row is known by. Raises DecisionRefused for a row that is not there, or that nothing tells."""
    found = connection.execute(
        "select department, feed from ops.submission where submission_id = %s", [submission_id]
    ).fetchone()
    if found is None:
        raise DecisionRefused(f"submission [{submission_id}] is not known; hearth link review lists rows")
    feed_id = f"{found[0]}.{found[1]}"
    contract = contracts()[feed_id]
    number, name = token_column(contract, "id_number"), token_column(contract, "person_name")
    account = account_column(contract)
    usable = "coalesce(id_link, 'usable') = 'usable'" if contract.person_column is not None else "true"
    columns = [sql.Identifier(column) if column else sql.NULL for column in (number, account, name, *_PLACE)]
    values = connection.execute(
        sql.SQL("select case when {} then {} end, {}, {}, {}, {} from {} where submission_id = %s").format(
            sql.SQL(usable), *columns, sql.Identifier("raw", contract.raw_table)
        )
        + sql.SQL(" and source_sheet = %s and source_row = %s"),
        [submission_id, sheet, row],
    ).fetchone()
    if values is None:
        values = connection.execute(  # a refused row: what intake could tell of it
            "select sent_hash, null, person_name_hash, township_name, village_name from quarantine.near_number"
            " where submission_id = %s and source_sheet = %s and source_row = %s",
            [submission_id, sheet, row],
        ).fetchone()
    if values is None:
        raise DecisionRefused(f"[{submission_id}] has no row [{row}] in sheet [{sheet}] to decide on")
    id_hash, account_no, name_hash, township, village = values
    if id_hash:
        return Subject(feed_id, id_number_hash=id_hash)
    if account_no:
        return Subject(feed_id, account_no=account_no)
    if name_hash and township and village:
        return Subject(feed_id, person_name_hash=name_hash, township_name=township, village_name=village)
    raise DecisionRefused(
        f"row [{row}] of [{submission_id}] has no ID number, no account, and no name with township and village;"
        " nothing would tell it again next month: send it back to the department"
    )


_COLUMNS = (
    "decision_id, feed_id, id_number_hash, account_no, person_name_hash, township_name, village_name, household_no,"
    " verdict, decided_by, decided_at, reason, supersedes"
)


def _decision(row: Sequence[Any]) -> Decision:
    return Decision(row[0], Subject(*row[1:7]), row[7], Verdict(row[8]), *row[9:])


def in_force(connection: psycopg.Connection[Any], subject: Subject | None = None) -> list[Decision]:
    """Decisions that no other one supersedes, of one subject or of all, oldest first."""
    rows = connection.execute(
        f"select {_COLUMNS} from ops.link_decision as d where county_code = %s and verdict <> 'withdrawn'"
        " and not exists (select from ops.link_decision as later where later.supersedes = d.decision_id)"
        " order by decision_id",
        [settings().county_code],
    ).fetchall()
    found = [_decision(row) for row in rows]
    return found if subject is None else [decision for decision in found if decision.subject == subject]


def _must_supersede(held: Sequence[Decision], household_no: str, verdict: Verdict) -> list[Decision]:
    """Decisions in force that the new one contradicts, or repeats."""
    return [
        decision
        for decision in held
        if decision.household_no == household_no or (decision.verdict is Verdict.SAME and verdict is Verdict.SAME)
    ]


def decide(
    subject: Subject, household_no: str, verdict: Verdict, *, by: str, reason: str, supersedes: int | None = None
) -> int:
    """Enter a decision; returns its number. Builds planned from now on replay it.

    Raises DecisionRefused for a blank name or reason, a household that no register file ever had, and a decision that
    contradicts one in force without superseding it.
    """
    if not (by.strip() and reason.strip()):
        raise DecisionRefused("a decision is made by a named person for a stated reason; give --by and --reason")
    with connect(Role.LOADER) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [_LOCK])
        held = in_force(connection, subject)
        against = _must_supersede(held, household_no, verdict)
        if supersedes is not None and supersedes not in {decision.decision_id for decision in held}:
            raise DecisionRefused(f"decision [{supersedes}] is not in force for this row; hearth link decisions")
        if left := [decision for decision in against if decision.decision_id != supersedes]:
            named = ", ".join(f"[{item.decision_id}] {item.verdict.value} {item.household_no}" for item in left)
            raise DecisionRefused(f"already decided: {named}; name it with --supersedes if it no longer holds")
        if verdict is Verdict.WITHDRAWN and supersedes is None:
            raise DecisionRefused("say with --supersedes which decision is withdrawn")
        _known_household(connection, household_no)
        row = connection.execute(
            "insert into ops.link_decision (county_code, feed_id, id_number_hash, account_no, person_name_hash,"
            " township_name, village_name, household_no, verdict, decided_by, reason, supersedes)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning decision_id",
            [
                settings().county_code,
                subject.feed_id,
                subject.id_number_hash,
                subject.account_no,
                subject.person_name_hash,
                subject.township_name,
                subject.village_name,
                household_no,
                verdict.value,
                by.strip(),
                reason.strip(),
                supersedes,
            ],
        ).fetchone()
    if row is None:
        raise RuntimeError("the ledger returned no decision id")
    return int(row[0])


def _known_household(connection: psycopg.Connection[Any], household_no: str) -> None:
    """Raises DecisionRefused unless a register ever had the household: a slip of the pen would wait for ever."""
    definers = [
        contract
        for contract in contracts().values()
        if [column.name for column in contract.key] == ["household_no"] and contract.semantics == "snapshot"
    ]
    for contract in definers:
        found = connection.execute(
            sql.SQL("select 1 from {} where household_no = %s and county_code = %s limit 1").format(
                sql.Identifier("raw", contract.raw_table)
            ),
            [household_no, settings().county_code],
        ).fetchone()
        if found:
            return
    raise DecisionRefused(f"household [{household_no}] was never on the register of [{settings().county_code}]")
