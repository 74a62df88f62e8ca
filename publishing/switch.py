"""The switch: readers see the old month or the new one, never a mixture, never an error.

One transaction. Everything slow (counting, statistics, checking bounds) happens before the locks on the parents are
taken; under the locks only the catalog changes.
"""

from __future__ import annotations

import structlog
from psycopg import sql

from hearth.checksums import content
from hearth.database import Role, connect
from hearth.period import Period
from publishing.ledger import (
    Prepared,
    open_publication,
    record_events,
    record_kept,
    record_publication,
    refuse_stale_verdict,
)
from publishing.locking import lock_parents
from publishing.parents import add_column, align_parent, create_parent, refuse_problems
from publishing.policy import Policy
from publishing.policy import policy as default_policy
from publishing.retention import drop_expired
from publishing.tables import (
    BOUNDS_CONSTRAINT,
    Connection,
    PublicationError,
    Slice,
    Table,
    attached_partition,
    clear_views,
    kept_tables,
    measure_parents,
    read_tables,
)

UNIVERSE_TABLE = "fct_household_month"
"""One row per active household: its row count is the publication's household count."""

_log = structlog.get_logger()


def publish(build_id: int, *, policy: Policy | None = None) -> int:
    """Put the candidate of ``build_id`` in place of the live month and the county's dimensions.

    Returns the publication id; publishing the same build again returns the same one. Raises PublicationError, with
    nothing changed, when the gate did not pass this build, when rules, waivers or what is live are no longer those of
    its verdict, when candidate is not what the gate judged, when a table does not fit its parent, or when readers hold
    the tables too long. Killing the process at any point leaves the old month or the new one.
    """
    rules = policy or default_policy()
    with connect(Role.PUBLISHER) as connection:
        part, live_already = _passed_build(connection, build_id)
        publication_id = live_already or _switch_in(connection, build_id, part, rules)
    with connect(Role.PUBLISHER) as connection:
        dropped = drop_expired(connection, part, rules)
    measure_parents()
    _log.info(
        "published",
        publication_id=publication_id,
        build_id=build_id,
        county=part.county_code,
        period=str(part.period),
        dropped=len(dropped),
    )
    return publication_id


def rollback(county_code: str, period: str, *, policy: Policy | None = None) -> int:
    """Make the publication that the live one replaced live again; return its id.

    Facts of the month go back. Dimensions go back only if they came with the publication that is taken away: a later
    month's dimensions know every household of this one too. Raises PublicationError when nothing was replaced, when the
    old tables are beyond retention, or when readers hold the tables too long; nothing has changed then.
    """
    part = Slice(county_code, Period.parse(period))
    rules = policy or default_policy()
    with connect(Role.PUBLISHER) as connection:
        _one_switch_at_a_time(connection)
        live, target = _rollback_pair(connection, part)
        parents = read_tables(connection, "marts")
        incoming = _rollback_partitions(connection, part, live, target, parents)
        for name, partition in incoming.items():
            if partition is not None:
                _fit_to_parent(connection, partition, parents[name])
        lock_parents(connection, incoming, rules)
        for name, partition in incoming.items():
            _swap(connection, name, part, partition)
        connection.execute(
            "update ops.publication set state = 'rolled_back', ended_at = now() where publication_id = %s", [live]
        )
        connection.execute(
            "update ops.publication set state = 'live', ended_at = null where publication_id = %s", [target]
        )
        record_events(connection, {live: "rolled_back", target: "restored"})
    _log.info("rolled back", publication_id=live, live=target, county=county_code, period=period)
    return target


def _one_switch_at_a_time(connection: Connection) -> None:
    connection.execute("set local lock_timeout = '30s'")
    connection.execute("select pg_advisory_xact_lock(hashtext('hearth.switch'))")


def _passed_build(connection: Connection, build_id: int) -> tuple[Slice, int | None]:
    """The slice of a build that may be published, and its publication if it is live already."""
    row = connection.execute(
        "select county_code, period, state, verdict, rules_digest from ops.build "
        "left join ops.gate_decision using (build_id) where build_id = %s",
        [build_id],
    ).fetchone()
    if row is None:
        raise PublicationError(f"build [{build_id}] does not exist; plan one first")
    county_code, period, state, verdict, judged_by = row
    part = Slice(county_code, Period.parse(period))
    _one_switch_at_a_time(connection)
    published = connection.execute(
        "select publication_id, state from ops.publication where build_id = %s order by publication_id desc limit 1",
        [build_id],
    ).fetchone()
    if published is not None:
        publication_id, publication_state = published
        if publication_state == "live":
            return part, int(publication_id)
        raise PublicationError(
            f"build [{build_id}] was publication [{publication_id}], which is [{publication_state}]; plan a new build"
        )
    if state != "passed" or verdict != "pass":
        raise PublicationError(
            f"build [{build_id}] is [{state}] with verdict [{verdict}]; only a build that passed the gate is published"
        )
    refuse_stale_verdict(connection, build_id, part, judged_by)
    return part, None


def _switch_in(connection: Connection, build_id: int, part: Slice, policy: Policy) -> int:
    candidates, parents = read_tables(connection, "candidate"), read_tables(connection, "marts")
    kept = kept_tables(connection, build_id)
    _refuse_other_tables(connection, build_id, candidates, kept)
    if gone := sorted(set(parents) - set(candidates) - set(kept)):
        raise PublicationError(
            f"candidate lacks {gone}, which are published; a month is published whole. Build them, or drop them from "
            "marts by a migration if they are no longer wanted"
        )
    refuse_problems(candidates.values(), parents)
    if UNIVERSE_TABLE not in candidates.keys() | kept.keys():
        raise PublicationError(f"candidate has no [{UNIVERSE_TABLE}]; there is no universe to publish")
    publication_id, replaced = open_publication(connection, build_id, part, UNIVERSE_TABLE)
    prepared = [_prepare(connection, table, part, publication_id) for table in candidates.values()]
    for table in candidates.values():
        if table.name not in parents:
            create_parent(connection, table)
    attempts = lock_parents(connection, candidates, policy)
    for item in prepared:
        if item.table.name in parents:
            align_parent(connection, item.table, parents[item.table.name])
        # Named for its publication only now: until here a reader of candidate sees the name that dbt gave.
        connection.execute(
            sql.SQL("alter table {} rename to {}").format(
                sql.Identifier("candidate", item.table.name), sql.Identifier(item.partition)
            )
        )
        _swap(connection, item.table.name, part, item.partition, source="candidate")
    clear_views(connection)
    record_publication(connection, publication_id, build_id, prepared)
    record_kept(connection, publication_id, kept)
    _log.info(
        "switched",
        publication_id=publication_id,
        replaces=replaced,
        tables=len(prepared),
        kept=len(kept),
        attempts=attempts,
    )
    return publication_id


def _refuse_other_tables(
    connection: Connection, build_id: int, candidates: dict[str, Table], kept: dict[str, tuple[int, str]]
) -> None:
    """The gate wrote down which tables it judged; a rebuild, or another switch, since then has other oids."""
    row = connection.execute(
        "select observed -> 'tables' from ops.gate_result "
        "where build_id = %s and suite = 'gate' and expectation = 'candidate_identity' and success",
        [build_id],
    ).fetchone()
    judged: dict[str, int] = {} if row is None or row[0] is None else row[0]
    present = {name: table.oid for name, table in candidates.items()} | {name: oid for name, (oid, _) in kept.items()}
    if not present or judged != present:
        changed = sorted(name for name in judged.keys() | present.keys() if judged.get(name) != present.get(name))
        raise PublicationError(
            f"candidate is not what the gate judged for build [{build_id}]: {changed} differ; build and judge it again"
        )


def _prepare(connection: Connection, table: Table, part: Slice, publication_id: int) -> Prepared:
    """Everything that reads the table's rows: bounds, statistics, count. Blocks nobody but the builder."""
    identifier = sql.Identifier("candidate", table.name)
    partition = part.partition_name(table.name, publication_id)
    connection.execute(sql.SQL("lock table {} in access exclusive mode").format(identifier))
    _add_bounds(connection, "candidate", table.name, table.name, part)
    _name_indexes(connection, table, partition)
    connection.execute(sql.SQL("analyze {}").format(identifier))
    return Prepared(table, partition, content(connection, "candidate", table.name))


def _add_bounds(connection: Connection, schema: str, relation: str, table: str, part: Slice) -> None:
    """Check the bounds once and keep the constraint: it spares the scan at this attach and at a rollback's."""
    connection.execute(
        sql.SQL("alter table {} drop constraint if exists {}, add constraint {} check ({})").format(
            sql.Identifier(schema, relation),
            sql.Identifier(BOUNDS_CONSTRAINT),
            sql.Identifier(BOUNDS_CONSTRAINT),
            part.check(table),
        )
    )


def _name_indexes(connection: Connection, table: Table, partition: str) -> None:
    """Index names are unique in a schema, and dbt gives the same ones every month: name them for the partition."""
    indexes = connection.execute(
        "select c.relname, i.indisprimary from pg_index as i join pg_class as c on c.oid = i.indexrelid "
        "where i.indrelid = %s order by i.indisprimary desc, c.relname",
        [table.oid],
    ).fetchall()
    for position, (index, is_primary) in enumerate(indexes):
        suffix = "pkey" if is_primary else f"ix{position}"
        connection.execute(
            sql.SQL("alter index {} rename to {}").format(
                sql.Identifier("candidate", index), sql.Identifier(f"{partition}_{suffix}")
            )
        )


def _swap(connection: Connection, table: str, part: Slice, incoming: str | None, *, source: str = "previous") -> None:
    """Under lock: move the live partition of ``table`` to ``previous`` and ``<source>.<incoming>`` into its place."""
    parent = sql.Identifier("marts", table)
    outgoing = attached_partition(connection, table, part)
    if outgoing is not None:
        old = sql.Identifier("marts", outgoing)
        connection.execute(sql.SQL("alter table {} detach partition {}").format(parent, old))
        connection.execute(sql.SQL("alter table {} set schema previous").format(old))
    if incoming is None:
        return
    new = sql.Identifier("marts", incoming)
    connection.execute(sql.SQL("alter table {} set schema marts").format(sql.Identifier(source, incoming)))
    owner = sql.Identifier(Role.PUBLISHER.value)
    connection.execute(sql.SQL("alter table {} owner to {}").format(new, owner))
    connection.execute(sql.SQL("alter table {} attach partition {} {}").format(parent, new, part.bounds(table)))


def _rollback_pair(connection: Connection, part: Slice) -> tuple[int, int]:
    row = connection.execute(
        "select publication_id, replaces from ops.publication "
        "where county_code = %s and period = %s and state = 'live' for update",
        [part.county_code, str(part.period)],
    ).fetchone()
    if row is None:
        raise PublicationError(f"[{part.period}] of county [{part.county_code}] has no live publication")
    live, replaces = row
    if replaces is None:
        raise PublicationError(
            f"publication [{live}] is the first of [{part.period}]; there is nothing to go back to. "
            "Correct the submissions and publish again"
        )
    return int(live), int(replaces)


def _rollback_partitions(
    connection: Connection, part: Slice, live: int, target: int, parents: dict[str, Table]
) -> dict[str, str | None]:
    """Per table that changes: the partition in ``previous`` that comes back, None if the old publication had none."""
    names = dict(
        connection.execute(
            "select table_name, partition_name from ops.publication_table where publication_id = %s", [target]
        ).fetchall()
    )
    incoming: dict[str, str | None] = {}
    for name, parent in parents.items():
        attached = attached_partition(connection, name, part)
        if parent.is_dimension:
            if attached == part.partition_name(name, live):
                incoming[name] = _dimension_before(connection, name, part, live)
        elif names.get(name) != attached:  # what both publications have stays
            incoming[name] = names.get(name)
    kept = {
        name
        for (name,) in connection.execute(
            "select relname from pg_class where relnamespace = 'previous'::regnamespace and relkind = 'r'"
        )
    }
    if gone := sorted(name for name in incoming.values() if name is not None and name not in kept):
        raise PublicationError(
            f"publication [{target}] cannot come back: {gone} are no longer kept in schema previous. "
            "Plan a build with the old submissions instead"
        )
    return incoming


def _dimension_before(connection: Connection, table: str, part: Slice, live: int) -> str | None:
    """The dimension that was live before publication ``live``: the newest of the county that was not rolled back."""
    row = connection.execute(
        "select t.partition_name from ops.publication_table as t join ops.publication as p using (publication_id) "
        "where p.county_code = %s and t.table_name = %s and p.publication_id < %s and p.state <> 'rolled_back' "
        "order by p.publication_id desc limit 1",
        [part.county_code, table, live],
    ).fetchone()
    return None if row is None else str(row[0])


def _fit_to_parent(connection: Connection, partition: str, parent: Table) -> None:
    """Columns that the parent gained since the old table was live are added to it, empty."""
    present = {
        name
        for (name,) in connection.execute(
            "select attname from pg_attribute join pg_class on pg_class.oid = attrelid "
            "where relnamespace = 'previous'::regnamespace and relname = %s and attnum > 0 and not attisdropped",
            [partition],
        )
    }
    for column, type_name in parent.columns.items():
        if column not in present:
            add_column(connection, "previous", partition, column, type_name)
