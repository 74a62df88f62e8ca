"""Ready for Citus, on plain PostgreSQL: stand-ins for its two functions record what they are asked and refuse what
Citus would refuse; the compiled SQL is read for what it cannot run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hearth.database import Role, connect
from hearth.dbt import BuildFailed, environment, run_dbt
from hearth.settings import Settings
from tests.integration.dbt import county

STAND_IN = """
create table public.pg_dist_partition (logicalrelid regclass primary key, partmethod text not null, partkey text);
grant usage on schema public to hearth_builder;
grant select, insert on public.pg_dist_partition to hearth_builder;
create function public.create_distributed_table(relation regclass, key_column text) returns void
language plpgsql as $$
begin
    if not exists (
        select from pg_attribute where attrelid = relation and attname = key_column and atttypid = 'bigint'::regtype
    ) then
        raise exception '% has no bigint column %', relation, key_column;
    end if;
    if exists (
        select from pg_index as i
        where i.indrelid = relation and i.indisunique and not exists (
            select from pg_attribute as a
            where a.attrelid = relation and a.attname = key_column and a.attnum = any(i.indkey::smallint[])
        )
    ) then
        raise exception '% has a unique index without %', relation, key_column;
    end if;
    if exists (select from pg_trigger where tgrelid = relation and not tgisinternal)
        or exists (select from pg_constraint where conrelid = relation and contype = 'f') then
        raise exception '% has a trigger or a foreign key', relation;
    end if;
    insert into public.pg_dist_partition values (relation, 'h', key_column);
end $$;
create function public.create_reference_table(relation regclass) returns void
language sql as $$ insert into public.pg_dist_partition values (relation, 'n', null) $$;
"""
TAKE_AWAY = """
drop function public.create_distributed_table(regclass, text);
drop function public.create_reference_table(regclass);
drop table public.pg_dist_partition;
revoke usage on schema public from hearth_builder;
"""
NOT_THERE = re.compile(
    r"\b(full\s+(outer\s+)?join|grouping\s+sets|rollup\s*\(|cube\s*\(|lateral|with\s+recursive|for\s+update)\b",
    re.IGNORECASE,
)
Node = dict[str, Any]


@pytest.fixture(scope="module")
def built(warehouse: Settings) -> Iterator[dict[str, Node]]:
    """Every table made for the target `citus` from no data; the nodes of the models by name."""
    county.empty()
    with connect(Role.OWNER) as connection:
        connection.execute(STAND_IN.encode())
    try:
        layers = "tag:staging tag:identity tag:marts"
        run_dbt("run", layers, build_id=0, county_code=county.COUNTY, period="2026-10", flags=("--target", "citus"))
        manifest = Path(environment()["DBT_TARGET_PATH"]) / "manifest.json"
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
        yield {node["name"]: node for node in nodes if node["resource_type"] == "model"}
    finally:
        with connect(Role.OWNER) as connection:
            connection.execute(TAKE_AWAY.encode())


def tables(built: Mapping[str, Node]) -> Iterator[tuple[str, Node, dict[str, Any]]]:
    for name, node in built.items():
        if node["config"]["materialized"] in ("table", "incremental"):
            yield name, node, node["config"]["meta"]


def test_what_each_model_intends_is_carried_out(built: Mapping[str, Node]) -> None:
    wanted = {}
    for name, node, intent in tables(built):
        assert bool(intent.get("distributed_by")) + bool(intent.get("replicated")) + bool(intent.get("local")) == 1, (
            name
        )
        assert not intent.get("local") or node["fqn"][1] == "identity", name
        if not intent.get("local"):
            wanted[f"{node['schema']}.{name}"] = ("h", "household_key") if "distributed_by" in intent else ("n", None)
    with connect(Role.OWNER) as connection:
        found = connection.execute(
            "select n.nspname || '.' || c.relname, d.partmethod, d.partkey from public.pg_dist_partition as d"
            " join pg_class as c on c.oid = d.logicalrelid join pg_namespace as n on n.oid = c.relnamespace"
        ).fetchall()
    assert {name: (method, key) for name, method, key in found} == wanted
    assert len(wanted) > 60


def test_a_published_distributed_table_has_its_key_first_and_never_null(built: Mapping[str, Node]) -> None:
    for name, node, intent in tables(built):
        if node["fqn"][1] == "marts" and "distributed_by" in intent:
            (key,) = [entry["columns"] for entry in node["constraints"] if entry["type"] == "primary_key"]
            assert "household_key" in key, name
            column = node["columns"]["household_key"]
            assert column["data_type"] == "bigint", name
            assert {"not_null"} <= {entry["type"] for entry in column["constraints"]}, name


def ctes(sql: str) -> dict[str, str]:
    """Name -> body of every CTE; our models write each as `name as (`, its end as `)` alone in the first column."""
    return {found[1]: found[2] for found in re.finditer(r"(?ms)^(?:with\s+)?(\w+) as \(\n(.*?)^\)", sql)}


def far_joins(node: Node, distributed: set[str]) -> list[str]:
    """Joins of large relations that do not say household_key, by CTE: Citus would have to move the rows."""
    bodies = ctes(node["compiled_code"])
    large: set[str] = set()
    for name, body in bodies.items():
        read = {
            word
            for pair in re.findall(r'\b(?:from|join)\s+(?:"?\w+"?\."?\w+"?\."?(\w+)"?|(\w+))', body)
            for word in pair
        }
        if read & (distributed | large):
            large.add(name)
    found = []
    for name, body in bodies.items():
        for joined, condition in re.findall(
            r"(?s)\bjoin\s+(\w+)(?:\s+as\s+\w+)?\s+on\b(.*?)(?=\b(?:join|where|group|order|window|union)\b|$)", body
        ):
            if joined in large and "household_key" not in condition:
                found.append(f"{node['name']}.{name} joins {joined} on {' '.join(condition.split())}")
    return found


def test_large_tables_meet_on_the_household(built: Mapping[str, Node]) -> None:
    distributed = {name for name, _, intent in tables(built) if "distributed_by" in intent}
    # What is replicated may be made by moving rows: it is made once a month and then is everywhere.
    judged = [node for name, node, _ in tables(built) if name in distributed and node["fqn"][1] != "identity"]
    assert len(judged) > 20
    assert [text for node in judged for text in far_joins(node, distributed)] == []
    assert [node["name"] for node in judged if NOT_THERE.search(node["compiled_code"])] == []
    astray = {
        "name": "astray",
        "compiled_code": "with a as (\n    select * from fct_dibao\n),\n\nb as (\n    select * from a\n"
        "    inner join a as c on a.period = c.period\n)",
    }
    assert far_joins({**astray, "compiled_code": astray["compiled_code"].replace("as c on", "on")}, {"fct_dibao"})


def test_a_server_that_is_not_what_the_target_says_stops_the_run(built: Mapping[str, Node]) -> None:
    with pytest.raises(BuildFailed, match="use the target citus"):
        run_dbt("run", "int_build_parameter", build_id=0, county_code=county.COUNTY, period="2026-10")
