"""Set up what lives beyond one month: the parents in ``marts``, the views in ``shared``, what readers may read.

Runs at `hearth up`, before Airflow starts. Does nothing while the dbt project is what it was at the last deployment.
"""

from __future__ import annotations

import hashlib

import structlog
from psycopg import sql

from hearth.database import Role, connect
from hearth.dbt import PROJECT_DIR, run_dbt
from hearth.settings import settings
from publishing.parents import prepare_parents
from publishing.tables import Connection

_NO_BUILD = 0
_NO_PERIOD = "1970-01"  # no build and no submission has it: facts and dimensions of households stay empty
_SOURCES = ("*.sql", "*.yml", "*.csv", "*.md")
_log = structlog.get_logger()


def fingerprint() -> str:
    """sha256 over the dbt project's files, names and contents."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _SOURCES for path in PROJECT_DIR.rglob(pattern)):
        name = path.relative_to(PROJECT_DIR).as_posix()
        if not name.startswith("target/"):
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def grant_shared(connection: Connection) -> int:
    """Let ``shared_reader`` read every view of ``shared`` and exactly the columns those views are made of.

    The views run with the rights of whoever asks (security_invoker), so a reader needs the columns beneath them; it has
    no USAGE on ``marts`` and cannot name the tables itself. Needs the owner. Returns how many columns are granted.
    """
    connection.execute("grant usage on schema shared to shared_reader")
    connection.execute("grant select on all tables in schema shared to shared_reader")
    used = connection.execute(
        """
        select n.nspname, c.relname, array_agg(distinct a.attname::text)
        from pg_depend as d
        join pg_rewrite as r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
        join pg_class as v on v.oid = r.ev_class and v.relnamespace = 'shared'::regnamespace
        join pg_class as c on c.oid = d.refobjid and c.oid <> v.oid
        join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('marts', 'ops')
        join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.refobjsubid
        where d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
        group by n.nspname, c.relname
        order by c.relname
        """
    ).fetchall()
    for schema, table, columns in used:
        connection.execute(sql.SQL("revoke select on {} from shared_reader").format(sql.Identifier(schema, table)))
        connection.execute(
            sql.SQL("grant select ({}) on {} to shared_reader").format(
                sql.SQL(", ").join(map(sql.Identifier, sorted(columns))), sql.Identifier(schema, table)
            )
        )
    return sum(len(columns) for _, _, columns in used)


def deploy(*, force: bool = False) -> bool:
    """Bring parents, shared views and grants to what the dbt project says; False if there was nothing to do."""
    wanted = fingerprint()
    with connect(Role.OWNER) as connection:
        last = connection.execute("select fingerprint from ops.deployment order by deployed_at desc limit 1").fetchone()
    if last is not None and last[0] == wanted and not force:
        return False
    county = settings().county_code
    run_dbt("run", "tag:staging tag:identity tag:marts", build_id=_NO_BUILD, county_code=county, period=_NO_PERIOD)
    prepare_parents()
    run_dbt("run", "tag:shared", build_id=_NO_BUILD, county_code=county, period=_NO_PERIOD)
    with connect(Role.OWNER) as connection:
        granted = grant_shared(connection)
        connection.execute("insert into ops.deployment (fingerprint) values (%s)", [wanted])
    _log.info("deployed", readable_columns=granted)
    return True
