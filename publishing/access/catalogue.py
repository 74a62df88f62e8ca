"""What the database really grants to anybody who is not a program of Hearth."""

from __future__ import annotations

from collections.abc import Iterable

from publishing.access.facts import SERVICES, Fact
from publishing.tables import Connection

MARK = "hearth access: "
"""Comments of the roles that `hearth access apply` made begin with this; it drops no others."""

_OURS = "not n.nspname like 'pg\\_%%' and n.nspname <> 'information_schema'"

_GRANTED = f"""
with granted as (
    select 'database' as kind, quote_ident(d.datname) as target, d.datdba as owner, '' as suffix, acl.*
    from pg_database as d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as acl
    where d.datname = current_database()
    union all
    select 'schema', quote_ident(n.nspname), n.nspowner, '', acl.*
    from pg_namespace as n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as acl
    where {_OURS}
    union all
    select 'relation', format('%%I.%%I', n.nspname, c.relname), c.relowner, '', acl.*
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace, aclexplode(c.relacl) as acl
    where {_OURS} and c.relkind <> 'S'
    union all
    select 'column', format('%%I.%%I', n.nspname, c.relname), c.relowner, ' ' || a.attname, acl.*
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace,
        aclexplode(a.attacl) as acl
    where {_OURS} and not a.attisdropped
    union all
    -- What is granted to everybody by default matters where the function has its owner's rights.
    select 'function', p.oid::regprocedure::text,
        p.proowner, '', acl.*
    from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace,
        aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
    where {_OURS} and (p.prosecdef or acl.grantee <> 0)
)
select kind, case when grantee = 0 then 'public' else pg_get_userbyid(grantee) end as who, target,
    privilege_type || suffix
from granted
where grantee <> owner
"""

_DEFAULTS = """
select case when acl.grantee = 0 then 'public' else pg_get_userbyid(acl.grantee) end,
    coalesce((select quote_ident(nspname) from pg_namespace where oid = d.defaclnamespace), ''),
    format('%I %s %s', pg_get_userbyid(d.defaclrole),
        case d.defaclobjtype
            when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
            when 'n' then 'schemas' else 'large objects'
        end, acl.privilege_type)
from pg_default_acl as d, aclexplode(d.defaclacl) as acl
where acl.grantee <> d.defaclrole
"""

_POLICIES = f"""
select coalesce((select string_agg(r.rolname, ',' order by r.rolname) from pg_roles as r where r.oid = any(p.polroles)),
        'public'),
    format('%I.%I', n.nspname, c.relname),
    concat_ws('|', p.polname, p.polcmd, case when p.polpermissive then 'permissive' else 'restrictive' end,
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
from pg_policy as p join pg_class as c on c.oid = p.polrelid join pg_namespace as n on n.oid = c.relnamespace
where {_OURS.replace("%%", "%")}
"""

_ROW_SECURITY = f"""
select format('%I.%I', n.nspname, c.relname)
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relrowsecurity and {_OURS.replace("%%", "%")}
"""

_ROLES = """
select r.rolname, r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication
from pg_roles as r
where r.rolname = any(%s) or shobj_description(r.oid, 'pg_authid') like %s
"""
_ATTRIBUTES = ("superuser", "bypassrls", "createrole", "createdb", "replication")

_MEMBERS = """
select pg_get_userbyid(m.member), pg_get_userbyid(m.roleid)
from pg_auth_members as m
where pg_get_userbyid(m.member) = any(%(readers)s) or pg_get_userbyid(m.roleid) = any(%(readers)s)
"""


def read_facts(connection: Connection, declared: Iterable[str]) -> set[Fact]:
    """Every right of everybody but the services. ``declared`` are roles that count as ours without the mark."""
    facts: set[Fact] = set()
    for name, login, *attributes in connection.execute(_ROLES, [sorted(declared), f"{MARK}%"]):
        facts.add(Fact("role", name, "login" if login else "nologin"))
        facts |= {Fact("attribute", name, word) for word, has in zip(_ATTRIBUTES, attributes, strict=True) if has}
    readers = sorted({fact.role for fact in facts})
    members = connection.execute(_MEMBERS, {"readers": readers}).fetchall()
    facts |= {Fact("member", member, group) for member, group in members if member not in SERVICES}
    for kind, who, target, detail in connection.execute(_GRANTED, {}):
        if who not in SERVICES:
            facts.add(Fact(kind, who, target, detail))
    facts |= {Fact("default", *row) for row in connection.execute(_DEFAULTS) if row[0] not in SERVICES}
    facts |= {Fact("policy", *row) for row in connection.execute(_POLICIES)}
    facts |= {Fact("rls", "", table) for (table,) in connection.execute(_ROW_SECURITY)}
    return facts


def columns_beneath(connection: Connection) -> dict[str, set[tuple[str, str, str]]]:
    """{shared view: (schema, table, column) of the published tables and ledgers it is made of}."""
    found: dict[str, set[tuple[str, str, str]]] = {
        name: set()
        for (name,) in connection.execute(
            "select relname from pg_class where relnamespace = 'shared'::regnamespace and relkind = 'v'"
        )
    }
    for view, schema, table, column in connection.execute(
        """
        select distinct v.relname, n.nspname, c.relname, a.attname
        from pg_depend as d
        join pg_rewrite as r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
        join pg_class as v on v.oid = r.ev_class and v.relnamespace = 'shared'::regnamespace
        join pg_class as c on c.oid = d.refobjid and c.oid <> v.oid
        join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('marts', 'ops')
        join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.refobjsubid
        where d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
        """
    ):
        found[view].add((schema, table, column))
    return found


def view_columns(connection: Connection) -> dict[str, list[str]]:
    """{shared view: its columns, from left to right}."""
    return {
        name: list(columns)
        for name, columns in connection.execute(
            "select c.relname, array_agg(a.attname::text order by a.attnum) from pg_class as c"
            " join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0"
            " where c.relnamespace = 'shared'::regnamespace and c.relkind = 'v' group by c.relname"
        )
    }
