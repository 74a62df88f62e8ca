"""The ledger of publications: what each was made of, what let it through, what it holds. Written once.

The database refuses to rewrite it, whoever asks (`hearth/sql/60_publication.sql`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from hearth.checksums import Content, content
from hearth.rulebook import rules_digest
from publishing.tables import Connection, PublicationError, Slice, Table


@dataclass(frozen=True, slots=True)
class Prepared:
    """A candidate table that is ready to be attached."""

    table: Table
    partition: str
    content: Content


def unfit(connection: Connection, publication_id: int) -> dict[str, str]:
    """Tables of a publication that no longer hold what the ledger says of them, and in what way.

    Of a table that is no longer kept nothing is said. After a rotation of the token key the tokens are other ones:
    ``ops.publication_rekeyed`` has the sums that fit since then, and the sum without tokens has to fit as ever.
    """
    rows = connection.execute(
        """
        select t.table_name, n.nspname, t.partition_name, t.column_names, t.checksum, t.lasting_checksum,
            (
                select k.checksum from ops.publication_rekeyed as k
                where k.publication_id = t.publication_id and k.table_name = t.table_name
                order by k.rekeyed_id desc limit 1
            )
        from ops.publication_table as t
        join pg_class as c on c.relname = t.partition_name
        join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('marts', 'previous')
        where t.publication_id = %s and t.column_names is not null
        order by t.table_name
        """,
        [publication_id],
    ).fetchall()
    found = {}
    for name, schema, partition, columns, checksum, lasting, rekeyed in rows:
        try:
            with connection.transaction():
                held = content(connection, schema, partition, columns)
        except psycopg.errors.UndefinedColumn:
            found[name] = "a column is gone"
            continue
        if held.lasting != lasting:
            found[name] = "other rows"
        elif held.checksum != (rekeyed or checksum):
            found[name] = "other tokens"
    return found


def refuse_stale_verdict(connection: Connection, build_id: int, part: Slice, judged_by: str | None) -> None:
    """Raise PublicationError when rules, waivers or the live publication are no longer those of the verdict."""
    if judged_by != rules_digest(connection):
        raise PublicationError(
            f"the rules have changed since the gate judged build [{build_id}]; run the gate again before publishing"
        )
    ended = connection.execute(
        "select distinct w.waiver_id, w.rule_id from ops.gate_result as r join ops.waiver as w using (waiver_id) "
        "left join ops.waiver_withdrawal as gone using (waiver_id) "
        "where r.build_id = %s and (w.valid_until <= now() or gone.waiver_id is not null) order by 1",
        [build_id],
    ).fetchall()
    if ended:
        raise PublicationError(
            f"build [{build_id}] passed by waivers that no longer hold {[f'#{i} {rule}' for i, rule in ended]}; "
            "run the gate again"
        )
    foreseen = connection.execute(
        "select against_publication_id, (select p.publication_id from ops.publication as p where p.county_code = %s "
        "and p.period <= %s and p.state = 'live' order by p.period desc limit 1) from ops.blast_radius "
        "where build_id = %s",
        [part.county_code, str(part.period), build_id],
    ).fetchone()
    if foreseen is not None and foreseen[0] != foreseen[1]:
        raise PublicationError(
            f"what would change was worked out against publication [{foreseen[0]}], and [{foreseen[1]}] is live now; "
            f"run the gate for build [{build_id}] again"
        )


def open_publication(connection: Connection, build_id: int, part: Slice, universe_table: str) -> tuple[int, int | None]:
    """End the live publication of the month and begin the one of ``build_id``: their ids, (new, replaced or None)."""
    replaced = connection.execute(
        "update ops.publication set state = 'replaced', ended_at = now() "
        "where county_code = %s and period = %s and state = 'live' returning publication_id",
        [part.county_code, str(part.period)],
    ).fetchone()
    replaces = None if replaced is None else int(replaced[0])
    row = connection.execute(
        sql.SQL(
            "insert into ops.publication (build_id, county_code, period, replaces, household_count, code_version, "
            "project_digest, rules_digest) select build_id, county_code, period, %s, (select count(*) from {}), "
            "code_version, (select fingerprint from ops.deployment order by deployed_at desc limit 1), rules_digest "
            "from ops.build join ops.gate_decision using (build_id) where build_id = %s returning publication_id"
        ).format(sql.Identifier("candidate", universe_table)),
        [replaces, build_id],
    ).fetchone()
    if row is None:
        raise RuntimeError("the ledger returned no publication id")
    events = {} if replaces is None else {replaces: "replaced"}
    record_events(connection, {**events, int(row[0]): "published"})
    return int(row[0]), replaces


def record_events(connection: Connection, events: Mapping[int, str]) -> None:
    """Write what happened to which publication; from these any day of the past can be told."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.publication_event (publication_id, event) values (%s, %s)", list(events.items())
        )


def record_kept(connection: Connection, publication_id: int, kept: Mapping[str, tuple[int, str]]) -> None:
    """Write the tables that a publication has from the one that made them: the same partition, the same sums."""
    for name, (_, partition) in kept.items():
        written = connection.execute(
            "insert into ops.publication_table (publication_id, table_name, partition_name, row_count, checksum, "
            "lasting_checksum, column_names) select %s, table_name, partition_name, row_count, checksum, "
            "lasting_checksum, column_names from ops.publication_table where table_name = %s and partition_name = %s "
            "order by publication_id limit 1",
            [publication_id, name, partition],
        )
        if written.rowcount != 1:
            raise PublicationError(f"[{partition}] was kept and is in no earlier publication; plan a whole build")


def record_publication(
    connection: Connection, publication_id: int, build_id: int, prepared: Sequence[Prepared]
) -> None:
    """Write tables with checksums, the submissions behind them, the waivers used; the build is published then."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.publication_table (publication_id, table_name, partition_name, row_count, checksum, "
            "lasting_checksum, column_names) values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    publication_id,
                    item.table.name,
                    item.partition,
                    item.content.rows,
                    item.content.checksum,
                    item.content.lasting,
                    list(item.content.columns),
                )
                for item in prepared
            ],
        )
    connection.execute(
        "insert into ops.publication_input (publication_id, department, feed, submission_id, source_period, "
        "is_carried, sha256, contract_version, reader_version, rows_accepted) "
        "select %s, i.department, i.feed, i.submission_id, i.source_period, i.is_carried, s.sha256, "
        "s.contract_version, s.reader_version, s.rows_accepted "
        "from ops.build_input as i join ops.submission as s using (submission_id) where i.build_id = %s",
        [publication_id, build_id],
    )
    connection.execute(
        "insert into ops.publication_waiver (publication_id, waiver_id, suite, expectation, rule_id, failing_count, "
        "reason, given_by, valid_until) select %s, w.waiver_id, r.suite, r.expectation, r.rule_id, r.failing_count, "
        "w.reason, w.given_by, w.valid_until from ops.gate_result as r join ops.waiver as w using (waiver_id) "
        "where r.build_id = %s",
        [publication_id, build_id],
    )
    connection.execute("update ops.build set state = 'published', finished_at = now() where build_id = %s", [build_id])
