"""Deletion when the time that a contract allows is over, with a proof of each deletion.

What goes: the rows of a submission in ``raw`` and ``quarantine``, its bytes in the archive, what was sent back for it,
and the clear values of the vault that no remaining row points to. What stays: the ledger, which holds no personal
data, and what was published, which follows the retention of publications.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog
import yaml
from psycopg import sql

from hearth.bucket import bucket
from hearth.counties import serving
from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import PROJECT_ROOT
from publishing.tables import Connection

CONTRACTS = PROJECT_ROOT / "ingestion" / "contracts"
_MONTHS = {"m": 1, "y": 12}
_SEALED = ("row", "aside", "near_number")
_HOLDERS = [("quarantine", "near_number"), ("ops", "link_decision")]
"""Tables beside ``raw`` whose tokens the vault must be able to replace."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Expired:
    """A submission whose time is over."""

    submission_id: str
    county_code: str
    department: str
    feed: str
    period: str
    archive_key: str | None
    keep_months: int
    ground: str
    """Who says so, in the words of the contract."""

    @property
    def name(self) -> str:
        return f"{self.period}  {self.department}.{self.feed}  {self.submission_id}"


@dataclass(frozen=True, slots=True)
class Kept:
    """How long rows of a feed may be kept, and on what ground: a default names the rule it is taken from."""

    months: int
    ground: str


def keep_months(folder: Path = CONTRACTS) -> dict[str, Kept]:
    """By feed id, from ``slaProperties`` of each contract: retention, with unit m or y, and a description.

    Raises ValueError for a contract that does not say how long its rows may be kept, and on what ground.
    """
    kept = {}
    for path in sorted(folder.glob("*/*.yaml")):
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
        stated = [entry for entry in contract.get("slaProperties", []) if entry["property"] == "retention"]
        if len(stated) != 1 or stated[0].get("unit") not in _MONTHS or not stated[0].get("description"):
            raise ValueError(
                f"[{path.name}] needs one slaProperties entry retention, with unit m or y, and a description that says"
                " on what ground"
            )
        months = int(stated[0]["value"]) * _MONTHS[stated[0]["unit"]]
        kept[contract["id"]] = Kept(months, " ".join(str(stated[0]["description"]).split()))
    return kept


def expired(connection: Connection, today: date, kept: dict[str, Kept]) -> list[Expired]:
    """Submissions older than their contract allows and not yet deleted, oldest first."""
    found = []
    present = Period(today.year, today.month)
    for submission_id, county_code, department, feed, period, archive_key in connection.execute(
        "select submission_id, county_code, department, feed, period, archive_key from ops.submission as s"
        " where department is not null and feed is not null and period is not null and state <> 'claimed'"
        " and not exists (select from ops.deletion as d where d.submission_id = s.submission_id)"
        " order by period, submission_id"
    ).fetchall():
        rule = kept.get(f"{department}.{feed}")
        if rule is not None and Period.parse(period).shift(rule.months) < present:
            found.append(
                Expired(submission_id, county_code, department, feed, period, archive_key, rule.months, rule.ground)
            )
    return found


def delete_expired(today: date, *, kept: dict[str, Kept] | None = None) -> list[tuple[Expired, dict[str, int]]]:
    """Delete what is expired, each submission in a transaction with its proof; {place: how much} of each.

    Files go first: if the process dies, the rows and the ledger still say that the submission is due, and the next run
    deletes the rest.
    """
    done = []
    with connect(Role.OWNER) as connection:
        due = expired(connection, today, keep_months() if kept is None else kept)
    for item in due:
        files = _delete_files(item)
        with connect(Role.OWNER) as connection:
            proofs = {**files, **dict(_delete_rows(connection, item))}
            for place, (count, checksum) in proofs.items():
                connection.execute(
                    "insert into ops.deletion (county_code, department, feed, submission_id, period, place,"
                    " keep_months, ground, deleted_rows, checksum) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    [
                        item.county_code, item.department, item.feed, item.submission_id, item.period, place,
                        item.keep_months, item.ground, count, checksum,
                    ],
                )  # fmt: skip
        counts = {place: count for place, (count, _) in proofs.items()}
        _log.info("deleted", submission=item.submission_id, feed=f"{item.department}.{item.feed}", **counts)
        done.append((item, counts))
    return done


def _delete_files(item: Expired) -> dict[str, tuple[int, str]]:
    """The archived bytes, unless a submission that stays has the same, and everything that was sent back."""
    with connect(Role.OWNER) as connection:
        (others,) = connection.execute(
            "select count(*) from ops.submission as s where archive_key = %s and submission_id <> %s"
            " and not exists (select from ops.deletion as d where d.submission_id = s.submission_id)",
            [item.archive_key, item.submission_id],
        ).fetchone() or (0,)
    with serving(item.county_code):
        root = bucket()
    folders = {"outbox": root / "outbox" / item.department / item.period / item.submission_id}
    proofs = {}
    paths: dict[str, list[Any]] = {place: list(_files(folder)) for place, folder in folders.items()}
    if item.archive_key and not others:
        archived = root / item.archive_key
        paths["archive"] = [archived] if archived.exists() else []
    for place, found in paths.items():
        digest = hashlib.sha256()
        for path in found:
            digest.update(path.read_bytes())
            path.unlink()
        if found:
            proofs[place] = (len(found), digest.hexdigest())
    return proofs


def _files(folder: Any) -> Iterator[Any]:
    """Files beneath a folder of the bucket, sorted; none if there is no such folder."""
    if folder.exists():
        for path in sorted(folder.iterdir(), key=str):
            yield from _files(path) if path.is_dir() else (path,)


def _delete_rows(connection: Connection, item: Expired) -> Iterator[tuple[str, tuple[int, str]]]:
    tokens: set[str] = set()
    raw = sql.Identifier("raw", f"{item.department}__{item.feed}")
    for schema, table in (("raw", f"{item.department}__{item.feed}"), ("quarantine", "near_number")):
        place = sql.Identifier(schema, table)
        if not (connection.execute("select to_regclass(%s)", [place.as_string(connection)]).fetchone() or (None,))[0]:
            continue
        for column in _token_columns(connection, schema, table):
            tokens |= {
                token
                for (token,) in connection.execute(
                    sql.SQL("select distinct t from ({}) as held (t) where t is not null").format(
                        _tokens_of(place, column, sql.SQL("where submission_id = %s"))
                    ),
                    [item.submission_id],
                )
            }
        if place == raw:
            yield "raw", _delete(connection, raw, item.submission_id)
    for name in _SEALED:
        yield f"quarantine.{name}", _delete(connection, sql.Identifier("quarantine", name), item.submission_id)
    yield "vault", _delete_clear_values(connection, tokens)


def _delete(connection: Connection, table: sql.Identifier, submission_id: str) -> tuple[int, str]:
    """How many rows of the submission there were, and a sha256 over them in a fixed order."""
    row = connection.execute(
        sql.SQL(
            "with gone as (delete from {} as t where submission_id = %s returning t::text as line)"
            " select count(*), encode(sha256(convert_to(coalesce(string_agg(line, chr(10) order by line), ''),"
            " 'UTF8')), 'hex') from gone"
        ).format(table),
        [submission_id],
    ).fetchone()
    return (0, "") if row is None else (int(row[0]), str(row[1]))


def _token_columns(connection: Connection, schema: str, table: str) -> list[tuple[str, bool]]:
    """(column, is it a list) of the columns that hold keyed hashes."""
    return connection.execute(
        "select attname, atttypid = 'text[]'::regtype from pg_attribute"
        " where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass and attnum > 0 and not attisdropped"
        " and attname like '%%\\_hash' order by attnum",
        [schema, table],
    ).fetchall()


def _tokens_of(table: sql.Identifier, column: tuple[str, bool], where: sql.SQL) -> sql.Composed:
    name, is_list = column
    value = sql.SQL("unnest({})" if is_list else "{}").format(sql.Identifier(name))
    return sql.SQL("select {} from {} {}").format(value, table, where)


def _delete_clear_values(connection: Connection, tokens: set[str]) -> tuple[int, str]:
    """Values of the vault whose token stands in no row of ``raw`` any more, and nowhere else that rotation looks."""
    connection.execute("create temporary table loose (token text primary key) on commit drop")
    with connection.cursor() as cursor, cursor.copy("copy loose (token) from stdin") as copy:
        for token in sorted(tokens):
            copy.write_row((token,))
    tables = connection.execute("select schemaname, tablename from pg_tables where schemaname = 'raw'").fetchall()
    for schema, table in (*tables, *_HOLDERS):
        for column in _token_columns(connection, schema, table):
            held = _tokens_of(sql.Identifier(schema, table), column, sql.SQL(""))
            connection.execute(sql.SQL("delete from loose where token in ({})").format(held))
    row = connection.execute(
        "with gone as (delete from vault.entry where token in (select token from loose) returning kind, token)"
        " select count(*), encode(sha256(convert_to(coalesce(string_agg(kind || token, chr(10) order by kind, token),"
        " ''), 'UTF8')), 'hex') from gone"
    ).fetchone()
    connection.execute("drop table loose")
    return (0, "") if row is None else (int(row[0]), str(row[1]))
