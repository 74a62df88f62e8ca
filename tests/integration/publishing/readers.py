"""A small published county with readers of every kind, and a look at it as one of them."""

from __future__ import annotations

from typing import Any

import psycopg

from hearth.database import Role, connect
from hearth.secrets import secret
from hearth.settings import settings
from publishing.access.model import Access
from publishing.switch import publish
from tests.integration.expectations.candidate import PERIOD, make_build, make_candidate
from tests.integration.publishing.world import judge

TOWNSHIP, VILLAGE = "530524101000", "530524102201"
"""Real codes of the county: readers are bound to regions that exist."""
OTHER_TOWNSHIP, OTHER_VILLAGE = "530524102000", "530524101201"

ACCESS = Access.model_validate(
    {
        "view_sets": {"household": ["v_household"]},
        "groups": [
            {
                "name": "shared_reader",
                "title": "analysts",
                "view_sets": ["household"],
                "views": ["v_region", "v_feed", "v_known"],
            },
            {
                "name": "region_office",
                "title": "offices",
                "view_sets": ["household"],
                "views": ["v_region", "v_known", "v_two_no_worries_three_guarantees"],
                "masked": ["household_no"],
            },
            {
                "name": "case_worker",
                "title": "looks at households",
                "functions": ["ops.look_at_household(text, text, text, text)"],
            },
            {"name": "department_health", "title": "health", "department": "health", "views": ["v_feed"]},
            {"name": "auditor", "title": "auditors", "tables": ["ops.access_log"]},
            {
                "name": "vault_reader",
                "title": "vault",
                "functions": ["vault.open_entries(text, text[], text, text)"],
            },
        ],
        "rows": {
            "by_region": ["fct_household_month"],
            "by_county": ["dim_household"],
            "by_department": {"tables": ["fct_feed_reconciliation"], "everything": ["shared_reader"]},
            "open": ["dim_region"],
            "services": ["hearth", "hearth_builder"],
        },
        "readers": [
            {"name": "hearth_reader", "for": "demo", "groups": ["shared_reader"]},
            {"name": "r_township", "for": "t", "groups": ["region_office", "case_worker"], "region": TOWNSHIP},
            {"name": "r_village", "for": "v", "groups": ["region_office", "case_worker"], "region": VILLAGE},
            {"name": "r_health", "for": "h", "groups": ["department_health"]},
            {"name": "r_auditor", "for": "a", "groups": ["auditor"]},
            {"name": "r_vault", "for": "k", "groups": ["vault_reader"]},
            {"name": "r_nobody", "for": "n", "groups": ["department_health"], "region": VILLAGE},
        ],
    }
)
READERS = tuple(reader.name for reader in ACCESS.readers)

_VIEWS = {
    "v_two_no_worries_three_guarantees": "select county_code, period, household_no, village_code, township_code,"
    " food_reason from marts.fct_household_month",
    "v_household": "select county_code, period, village_code, township_code, food_state, food_reason, stamp"
    " from marts.fct_household_month",
    "v_region": "select region_code, county_code, name from marts.dim_region",
    "v_known": "select county_code, household_key from marts.dim_household",
    "v_feed": "select county_code, period, feed_id, linked_rows from marts.fct_feed_reconciliation",
}


def connect_as(reader: str) -> psycopg.Connection[Any]:
    """A connection as a LOGIN reader of the data files, by password like any client."""
    config = settings()
    return psycopg.connect(
        host=config.pg_host,
        port=config.pg_port,
        dbname=config.pg_database,
        user=reader,
        password=secret(f"pg_{reader}"),
        autocommit=True,
    )


def ask(reader: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connect_as(reader) as connection:
        return list(connection.execute(query.encode(), parameters or None).fetchall())


def make_views() -> None:
    """Views as dbt makes them; `hearth access apply` grants them."""
    with connect(Role.OWNER) as connection:
        for name, query in _VIEWS.items():
            connection.execute(f"create view shared.{name} with (security_invoker = true) as {query}".encode())
        connection.execute("comment on view shared.v_household is '一户一月 | Key: household, county_code, period'")
        connection.execute("comment on column shared.v_household.village_code is '行政村代码 | code of the village'")


def place_households() -> None:
    """Put the invented households of candidate into two real townships, and a feed of the health department in it."""
    with connect(Role.BUILDER) as connection:
        connection.execute(
            "update candidate.fct_household_month set"
            " village_code = case when household_key %% 3 = 0 then %(v)s else %(ov)s end,"
            " township_code = case when household_key %% 3 = 0 then %(ot)s else %(t)s end",
            {"v": VILLAGE, "ov": OTHER_VILLAGE, "t": TOWNSHIP, "ot": OTHER_TOWNSHIP},
        )
        connection.execute("update candidate.fct_household_month set food_reason = 'only-' || village_code")
        connection.execute(
            "insert into candidate.fct_feed_reconciliation select county_code, period, 'health.insurance',"
            " submission_id, source_period, is_carried, 7, 7, 7, 0, 7, 24, 24, stamp"
            " from candidate.fct_feed_reconciliation limit 1"
        )


def forget_readers() -> None:
    """Take the roles of ACCESS away again: roles belong to the server, not to the database."""
    with connect(Role.OWNER) as connection:
        for (name,) in connection.execute(
            "select rolname from pg_roles where shobj_description(oid, 'pg_authid') like 'hearth access: %'"
        ).fetchall():
            connection.execute(f'drop owned by "{name}"'.encode())
            connection.execute(f'drop role "{name}"'.encode())
        connection.execute("grant shared_reader to hearth_reader")


def publish_stamp(stamp: int) -> int:
    make_candidate(PERIOD, stamp)
    place_households()
    build_id = make_build(PERIOD, state="passed")
    judge(build_id)
    return publish(build_id)
