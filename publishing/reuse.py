"""Close a month again without building what a late feed cannot have changed.

Each model has a digest of all it is made of: the project, the month, and the state of every source above it. A table
whose digest is the one that this build wants, made by a build that went through, holds what building it again would
give: it is kept. Published ones stay where they are; `candidate` shows them by a view. What is read from a source
whose state nobody can name is built always, and so is everything else.

Published history counts without the month itself: histories do not depend on the order in which months came, nor on
what was published of this month before. A test compares a month closed this way with the whole close, table by table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from psycopg import sql

from hearth.checksums import content
from hearth.database import Role, connect
from hearth.dbt import PATIENCE, fingerprint, read_manifest
from hearth.period import Period
from publishing.tables import Connection, PublicationError, Slice, clear_views

_PINNED = "macro.hearth.pinned_feed"
"""A staging model with this macro reads the one submission of its feed that is pinned, and nothing else of it."""
_STAR = ("identity", "marts")
_VIEWS = "staging"
"""The row of ``ops.build_table`` that stands for the views of staging."""
_NAMES_BUILD = "var('build_id')"
_IN_PLACE = "shared_view"
"""Materialization that replaces a view without dropping what is made of it."""
_MADE = ("built", "blocked", "passed", "published")
"""Builds whose dbt tests went through."""
_STATES = {
    # staging model -> what its rows depend on, as one row of SQL
    "base_ops__build_input": (
        "select string_agg(concat_ws('/', department, feed, submission_id, source_period, is_carried, age_periods), ' '"
        " order by department, feed) from ops.build_input where build_id = %(build_id)s"
    ),
    "stg_ops__link_decision": "select last_decision_id::text from ops.build where build_id = %(build_id)s",
    "stg_ops__publication": (
        "select string_agg(period || '/' || publication_id, ' ' order by period) from ops.publication"
        " where county_code = %(county_code)s and period <> %(period)s and state = 'live'"
    ),
    "stg_ops__contradiction_waiver": (
        "select (select string_agg(md5(w::text), '' order by md5(w::text)) from ops.contradiction_waiver as w)"
        " || coalesce((select string_agg(md5(w::text), '' order by md5(w::text))"
        " from ops.contradiction_waiver_withdrawal as w), '')"
    ),
}
_ALTERED = (
    "select concat_ws('/', (select max(version) from ops.key_version where purpose = 'token_key'),"
    " (select count(*) from ops.deletion))"
)
"""Tokens under a new key and rows whose time was over change tables where they stand."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reuse:
    """What is left to do for the star of a build, and what it keeps."""

    nodes: tuple[str, ...]
    """Models to make and tests to run: those that look at what is made."""
    kept: tuple[str, ...]


@dataclass(slots=True)
class _Build:
    """One build, and the manifest of the project that makes it."""

    connection: Connection
    build_id: int
    part: Slice
    code: tuple[str, str]
    """Version of the program, fingerprint of the dbt project."""
    is_whole: bool
    nodes: Mapping[str, Any]
    sources: Mapping[str, Any]
    parents: Mapping[str, list[str]]
    states: dict[str, str | None] = field(default_factory=dict)
    above: dict[str, frozenset[str] | None] = field(default_factory=dict)
    grown: dict[str, frozenset[str]] = field(default_factory=dict)

    def models(self, *tags: str) -> dict[str, Any]:
        """The models with one of these tags, by name."""
        return {
            node["name"]: node
            for node in self.nodes.values()
            if node["resource_type"] == "model" and not set(tags).isdisjoint(node["tags"])
        }

    def tests_of(self, models: Iterable[Mapping[str, Any]], within: Iterable[Mapping[str, Any]]) -> set[str]:
        """Names of the tests that look at one of ``models`` and at nothing but ``within``."""
        some, known = ({node["unique_id"] for node in nodes} for nodes in (models, within))
        return {
            node["name"]
            for unique_id, node in self.nodes.items()
            if node["resource_type"] == "test"
            and not some.isdisjoint(self.parents[unique_id])
            and known.issuperset(name for name in self.parents[unique_id] if name not in self.sources)
        }

    def added_to(self, unique_id: str) -> frozenset[str]:
        """The models above a node, itself included, that builds add to: what they hold is what the last one left."""
        if unique_id in self.sources:
            return frozenset()
        if unique_id not in self.grown:
            node = self.nodes[unique_id]
            own = {str(node["name"])} if node["config"].get("materialized") == "incremental" else set()
            self.grown[unique_id] = frozenset(own).union(*map(self.added_to, self.parents[unique_id]))
        return self.grown[unique_id]

    def digest(self, node: Mapping[str, Any]) -> str | None:
        """What the model is made of; None where the state of a source cannot be named."""
        found = self._above(str(node["unique_id"]))
        if found is None:
            return None
        altered = str(self._value(_ALTERED))
        said = [*self.code, self.part.county_code, str(self.part.period), altered, str(node["name"])]
        return hashlib.sha256("\0".join([*said, *sorted(found)]).encode()).hexdigest()

    def _above(self, unique_id: str) -> frozenset[str] | None:
        """State of every source above a node."""
        if unique_id not in self.above:
            found: set[str] = set()
            known = self._state(unique_id)
            if known is not None:
                found.add(known)
            elif unique_id in self.sources:
                self.above[unique_id] = None
                return None
            else:
                for parent in self.parents[unique_id]:
                    states = self._above(parent)
                    if states is None:
                        self.above[unique_id] = None
                        return None
                    found |= states
            self.above[unique_id] = frozenset(found)
        return self.above[unique_id]

    def _state(self, unique_id: str) -> str | None:
        """What the rows of a source, or of a model that stands for its sources, depend on."""
        if unique_id in self.sources:
            return self._source_state(self.sources[unique_id])
        node = self.nodes[unique_id]
        if _PINNED in node["depends_on"]["macros"]:
            return self._pinned(node)
        if node["name"] in _STATES:
            return f"{node['name']}: {self._value(_STATES[node['name']])}"
        return None

    def _source_state(self, source: Mapping[str, Any]) -> str | None:
        name = f"{source['schema']}.{source['identifier']}"
        if source["schema"] == "marts":
            return f"published: {self._value(_STATES['stg_ops__publication'])}"
        if source["schema"] == "reference":
            if name not in self.states:
                held = content(self.connection, "reference", source["identifier"])
                self.states[name] = f"{name}: {held.rows} {held.checksum}"
            return self.states[name]
        return None

    def _pinned(self, node: Mapping[str, Any]) -> str | None:
        feeds = [self.sources[name] for name in self.parents[node["unique_id"]] if name in self.sources]
        if len(feeds) != 1 or feeds[0]["schema"] != "raw":
            return None
        department, _, feed = feeds[0]["identifier"].partition("__")
        row = self.connection.execute(
            "select submission_id, source_period, is_carried, age_periods from ops.build_input"
            " where build_id = %s and department = %s and split_part(feed, '.', -1) = %s",
            [self.build_id, department, feed],
        ).fetchall()
        return f"{department}.{feed}: {row}"

    def _value(self, query: str) -> str | None:
        if query not in self.states:
            asked = {
                "build_id": self.build_id,
                "county_code": self.part.county_code,
                "period": str(self.part.period),
            }
            row = self.connection.execute(query.encode(), asked).fetchone()
            self.states[query] = None if row is None else str(row[0])
        return self.states[query]


@contextmanager
def _opened(build_id: int) -> Iterator[_Build | None]:
    """A build and what dbt knows of the project; None where dbt has not read the project as it is now."""
    manifest = read_manifest()
    with connect(Role.BUILDER, options=f"-c lock_timeout={PATIENCE:g}s") as connection:
        row = connection.execute(
            "select county_code, period, code_version, is_whole from ops.build where build_id = %s", [build_id]
        ).fetchone()
        if row is None:
            raise PublicationError(f"build [{build_id}] does not exist; plan one first")
        county_code, period, code_version, is_whole = row
        if manifest is None:
            clear_views(connection)
            yield None
            return
        yield _Build(
            connection,
            build_id,
            Slice(county_code, Period.parse(period)),
            (code_version, fingerprint()),
            is_whole,
            manifest["nodes"],
            manifest["sources"],
            manifest["parent_map"],
        )


def staging_stands(build_id: int) -> bool:
    """Whether the views of staging are those that this build would make, but for the ones that name the build.

    Raises PublicationError when the build does not exist.
    """
    with _opened(build_id) as build:
        return build is not None and not build.is_whole and _views_made_by(build) is not None


def note_staging(build_id: int) -> None:
    """Write down that a build has just made and tested all views of staging."""
    with _opened(build_id) as build:
        digest = None if build is None else _views(build)
        if build is None or digest is None:
            return
        build.connection.execute(
            "insert into ops.build_table (build_id, table_name, inputs_digest, is_kept, server_mark, made_at)"
            " values (%(build)s, %(name)s, %(digest)s, false, ops.server_mark(), clock_timestamp())"
            " on conflict (build_id, table_name) do update"
            " set inputs_digest = excluded.inputs_digest, made_at = excluded.made_at",
            {"build": build_id, "name": _VIEWS, "digest": digest},
        )


def prepare(build_id: int) -> Reuse | None:
    """Write down what each table of a build is to be made of; keep those that are there already.

    Of the kept tables that are published `candidate` has a view from now on. None where nothing can be kept: the whole
    star is to be built. Raises PublicationError when the build does not exist.
    """
    with _opened(build_id) as build:
        if build is None:
            return None
        star, staging = build.models(*_STAR), build.models("staging")
        pinned = {name: node for name, node in staging.items() if _PINNED in node["depends_on"]["macros"]}
        wanted = {name: build.digest(node) for name, node in {**star, **pinned}.items()}
        maker = _views_made_by(build)
        present = {} if build.is_whole or maker is None else _present(build.connection, build.part, star)
        same = {name for name, (_, digest) in present.items() if digest is not None and digest == wanted[name]}
        kept = {name for name in same if build.added_to(star[name]["unique_id"]) <= same}
        _record(build.connection, build_id, wanted, {name: present[name][0] for name in kept})
        clear_views(build.connection)
        for name in sorted(kept):
            if star[name]["schema"] == "candidate":
                show_kept(build.connection, name, present[name][0], build.part)
        if not kept and maker in (build_id, None):
            return None
        made = [node for name, node in star.items() if name not in kept]
        nodes = {node["name"] for node in made} | build.tests_of(made, [*star.values(), *staging.values()])
        if maker != build_id:
            proved = _proved(build.connection, {name: wanted[name] for name in pinned})
            untested = [node for name, node in staging.items() if name in pinned and name not in proved]
            nodes |= {node["name"] for node in staging.values() if _NAMES_BUILD in node["raw_code"]}
            nodes |= build.tests_of(untested, staging.values())
    _log.info("build prepared", build_id=build_id, made=len(made), kept=len(kept))
    return Reuse(tuple(sorted(nodes)), tuple(sorted(kept)))


def _views(build: _Build) -> str | None:
    """What the views of staging are, by the oids of those that do not name the build; None where one is missing."""
    expected = set()
    for name, node in build.models("staging").items():
        if _NAMES_BUILD not in node["raw_code"]:
            expected.add(name)
        elif node["config"].get("materialized") != _IN_PLACE:
            return None
    found = build.connection.execute(
        "select relname, oid::bigint from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'v'"
        " and relname = any(%s) order by relname",
        [list(expected)],
    ).fetchall()
    if len(found) != len(expected):
        return None
    said = [*build.code, build.part.county_code, str(build.part.period), str(found)]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()


def _views_made_by(build: _Build) -> int | None:
    """The build that made and tested the views of staging as they are; None if that is no build of this month."""
    row = build.connection.execute(
        "select build_id from ops.build_table where table_name = %s and inputs_digest = %s"
        " and server_mark = ops.server_mark() order by made_at desc limit 1",
        [_VIEWS, _views(build)],
    ).fetchone()
    return None if row is None else int(row[0])


def _proved(connection: Connection, wanted: Mapping[str, str | None]) -> set[str]:
    """Staging models whose tests went through in a build that read the same."""
    rows = connection.execute(
        "select t.table_name, t.inputs_digest from ops.build_table as t join ops.build as b using (build_id)"
        " where t.table_name = any(%s) and t.inputs_digest = any(%s) and b.state = any(%s)",
        [list(wanted), list(wanted.values()), list(_MADE)],
    ).fetchall()
    return {name for name, digest in rows if wanted[name] == digest}


def _present(connection: Connection, part: Slice, star: Mapping[str, Any]) -> dict[str, tuple[int, str | None]]:
    """Per model the oid of its table, where there is one, and what the build that wrote it last made it of."""
    schemas = {name: node["schema"] for name, node in star.items()}
    found = connection.execute(
        """
        select c.relname, c.oid::bigint
        from pg_class as c
        where c.relnamespace = 'identity'::regnamespace and c.relkind = 'r' and c.relname = any(%s)
        union all
        select parent.relname, c.oid::bigint
        from pg_class as parent
        join pg_inherits as i on i.inhparent = parent.oid
        join pg_class as c on c.oid = i.inhrelid
        where parent.relnamespace = 'marts'::regnamespace and parent.relname = any(%s)
            and pg_get_expr(c.relpartbound, c.oid) = case when parent.relname like 'dim\\_%%' then %s else %s end
        """,
        [
            [name for name, schema in schemas.items() if schema == "identity"],
            [name for name, schema in schemas.items() if schema == "candidate"],
            part.catalog_bounds("dim_"),
            part.catalog_bounds("fct_"),
        ],
    ).fetchall()
    relations = {str(name): int(oid) for name, oid in found}
    rows = connection.execute(
        """
        select distinct on (t.table_name, t.relation) t.table_name, t.relation::bigint,
            case when b.state = any(%s) then t.inputs_digest end
        from ops.build_table as t
        join ops.build as b using (build_id)
        where not t.is_kept and t.relation = any(%s::bigint[]::oid[]) and t.server_mark = ops.server_mark()
        order by t.table_name, t.relation, t.made_at desc
        """,
        [list(_MADE), list(relations.values())],
    ).fetchall()
    written = {(name, oid): digest for name, oid, digest in rows}
    return {name: (oid, written.get((name, oid))) for name, oid in relations.items()}


def _record(connection: Connection, build_id: int, wanted: Mapping[str, str | None], kept: Mapping[str, int]) -> None:
    connection.execute("delete from ops.build_table where build_id = %s and table_name <> %s", [build_id, _VIEWS])
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.build_table (build_id, table_name, inputs_digest, is_kept, relation, server_mark, made_at)"
            " values (%s, %s, %s, %s, %s, case when %s then ops.server_mark() end, case when %s then now() end)",
            [
                (build_id, name, digest, name in kept, kept.get(name), name in kept, name in kept)
                for name, digest in wanted.items()
            ],
        )


def show_kept(connection: Connection, name: str, relation: int, part: Slice) -> None:
    """`candidate.<name>` shows the published table that is kept, in place of whatever an earlier build left there."""
    columns = connection.execute(
        "select attname from pg_attribute where attrelid = %s and attnum > 0 and not attisdropped order by attnum",
        [relation],
    ).fetchall()
    connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier("candidate", name)))
    connection.execute(
        sql.SQL("create view {} as select {} from {} where {}").format(
            sql.Identifier("candidate", name),
            sql.SQL(", ").join(sql.Identifier(column) for (column,) in columns),
            sql.Identifier("marts", name),
            part.rows(name),
        )
    )
