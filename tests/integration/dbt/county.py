"""An invented county of twelve households, written straight into ``raw``: what dbt finds after intake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from psycopg import sql

from hearth.database import Role, connect

COUNTY = "530524"
VILLAGES = ("530524102201", "530524101201")
ADULT, CHILD = date(1980, 5, 1), date(2016, 3, 1)
Row = dict[str, Any]
GUARANTEE_FEEDS = (
    "register.household",
    "register.member",
    "civil_affairs.dibao",
    "health.insurance",
    "education.enrolment",
    "education.dropout",
    "housing.assessment",
    "water.supply",
    "power.connection",
)

_HOUSEHOLD: Row = {
    "member_count": 2,
    "register_class_code": "1",
    "poverty_status_code": "3",
    "is_food_met": True,
    "is_clothing_met": True,
    "surveyed_month": "2026-09",
    "stated_is_dangerous_house": False,
    "stated_is_water_safe": True,
    "stated_has_living_power": True,
    "house_area_m2": 80,
}
_SUPPLY: Row = {
    **{f"{name}_rating_code": "1" for name in ("quantity", "quality", "convenience", "reliability")},
    "verdict_code": "1",
    "supply_mode_code": "1",
    "tested_date": date(2026, 3, 1),
    "acceptance_certificate_no": "云水验[2025]1号",
    "acceptance_date": date(2025, 10, 1),
    "cut_days": 0,
}
_NOTHING_SENT = 8
_STRUCK_OFF, _EMPTY = 10, 11


def household_no(number: int) -> str:
    return f"53052400000000{number:02d}"


def adult(number: int) -> str:
    """Stands for the keyed hash of the ID number of the household's adult."""
    return f"adult-{number:02d}"


def child(number: int) -> str:
    return f"child-{number:02d}"


def _register() -> tuple[list[Row], list[Row]]:
    special: Mapping[int, Row] = {
        # placed by name: the office leaves out what the division table writes out
        2: {"is_food_met": False, "region_code": None, "township_name": "漭水", "village_name": "漭水社区"},
        7: {"stated_has_living_power": False},
        9: {"stated_is_dangerous_house": True},
        _STRUCK_OFF: {"poverty_status_code": "7"},
        12: {"surveyed_month": "2025-01", "region_code": None, "township_name": "漭水镇", "village_name": "无此村"},
    }
    households = [
        {
            **_HOUSEHOLD,
            "household_no": household_no(number),
            "region_code": VILLAGES[number % 2],
            **special.get(number, {}),
        }
        for number in range(1, 13)
    ]
    members = [
        {
            "household_no": household_no(number),
            "id_number_hash": who(number),
            "person_name_hash": f"name of {who(number)}",
            "id_link": "usable",
            "birth_from_id": born,
            "sex_from_id": "2",
            "relation_code": relation,
            "member_change_code": "23" if number == _EMPTY else None,
        }
        for number in range(1, 13)
        for who, born, relation in ((adult, ADULT, "02"), (child, CHILD, "20"))
    ]
    return households, members


def feeds() -> dict[str, list[Row]]:
    """Rows of every feed for the autumn of 2026, by feed id. Household 8 is known to the register alone."""
    households, members = _register()
    sent = [number for number in range(1, 13) if number != _NOTHING_SENT]
    stated = {"id_link": "usable"}
    return {
        "register.household": households,
        "register.member": members,
        "civil_affairs.dibao": [
            {"head_id_number_hash": adult(12), "category_code": "02", "covered_count": 2, "monthly_amount_yuan": 700}
            | stated,
            # two keys, two households: nobody gets it
            {"head_id_number_hash": adult(2), "category_code": "02", "household_no": household_no(1)} | stated,
            {"head_id_number_hash": "stranger", "category_code": "02", "household_no": "5305249999999999"} | stated,
        ],
        "health.insurance": [
            {
                "id_number_hash": person,
                "insurance_year": 2026,
                "insurance_status_code": "16" if person == adult(4) else "01",
                "has_serious_illness_insurance": True,
            }
            | stated
            for number in sent
            for person in (adult(number), child(number))
        ]
        + [{"id_number_hash": "999", "insurance_year": 2026, "insurance_status_code": "17", "id_link": "placeholder"}],
        "education.enrolment": [
            {"id_number_hash": child(number), "term_code": "2026-2027-1", "attendance_code": "1", "stage_code": "2"}
            | stated
            for number in sent
        ],
        "education.dropout": [
            {"id_number_hash": child(3), "dropout_month": "2026-09", "status_code": "3"} | stated,
        ],
        "housing.assessment": [
            {
                "head_id_number_hash": adult(number),
                "house_seq": 1,
                "assessed_date": date(2026, 1, 15),
                "house_grade_code": "D" if number == 5 else "A",
                "certificate_no": f"云危鉴[2026]{number:03d}号",
                "assessor_name": "房屋安全鉴定站",
            }
            | stated
            for number in sent
        ],
        "water.supply": [
            {"head_id_number_hash": adult(number), **_SUPPLY, "verdict_code": "3" if number == 6 else "1"} | stated
            for number in sent
        ],
        "power.connection": [
            {
                "account_no": f"06000000{number:02d}",
                "holder_id_number_hash": adult(number),
                "account_status_code": "4" if number == 7 else "1",
                "has_living_power": True,
                "is_low_voltage": False,
                "usage_kwh": 50,
            }
            for number in sent
        ],
        **_other_feeds(),
    }


def _other_feeds() -> dict[str, list[Row]]:
    """Feeds that no guarantee of the test reads: one row that links and one that does not."""
    stated = {"id_link": "usable"}
    district = {"transformer_no": "0990000001", "transformer_name": "示例公变"}
    return {
        "civil_affairs.tekun": [{"id_number_hash": adult(1), **stated}, {"id_number_hash": "stranger", **stated}],
        "civil_affairs.disability_subsidy": [
            {"id_number_hash": child(2), "disability_type_code": "4", **stated},
            {"id_number_hash": "999", "id_link": "placeholder"},
        ],
        "health.settlement": [
            {"settlement_no": f"S{number}", "id_number_hash": who, "settled_date": date(2026, 10, 9), **stated}
            for number, who in enumerate((adult(1), adult(1), "stranger"))
        ],
        "health.contract": [
            {"id_number_hash": adult(1), "contract_year": year, "is_signed": True, **stated} for year in (2025, 2026)
        ],
        "education.aid": [
            {
                "id_number_hash": child(1),
                "programme_code": "07",
                "term_code": "2026-2027-1",
                "paid_date": date(2026, 10, day),
                **stated,
            }
            for day in (8, 9)
        ],
        "housing.renovation": [
            # two keys, two households: nobody gets it
            {"head_id_number_hash": adult(1), "plan_year": 2024, "household_no": household_no(2), **stated},
            {"head_id_number_hash": adult(5), "plan_year": 2026, **stated},
        ],
        "water.scheme": [
            {
                "scheme_no": "9900000001",
                "region_code": VILLAGES[0],
                "scheme_name": "示例供水工程",
                "served_register_household_count": 3,
            },
            {"scheme_no": "9900000002", "region_code": "520099000999", "scheme_name": "外地供水工程"},
        ],
        "power.transformer": [
            {**district, "township_name": "漭水", "village_name": "漭水社区"},
            {"transformer_no": "0990000002", "township_name": "漭水镇", "village_name": "无此村"},
        ],
        "power.outage": [
            {"transformer_no": number, "started_at": "2026-10-03 14:05", "affected_household_count": 9}
            for number in ("0990000001", "0990000002")
        ],
        "power.voltage": [
            {"point_no": "V1", "transformer_no": "0990000001"},
            {"point_no": "V2", "transformer_no": None},
        ],
    }


def empty() -> None:
    """Take away what another test left: rows of raw and ops, and everything dbt made."""
    with connect(Role.OWNER) as connection:
        found = connection.execute(
            "select n.nspname, c.relname, c.relkind::text from pg_class as c"
            " join pg_namespace as n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p', 'v') and not c.relispartition and n.nspname in"
            " ('raw', 'ops', 'staging', 'identity', 'candidate', 'marts', 'previous', 'shared')"
        ).fetchall()
        for schema, name, kind in found:
            relation = sql.Identifier(schema, name)
            if schema in ("raw", "ops"):
                if kind == "v":
                    continue
                connection.execute(sql.SQL("truncate {} restart identity cascade").format(relation))
            else:
                statement = "drop view if exists {} cascade" if kind == "v" else "drop table if exists {} cascade"
                connection.execute(sql.SQL(statement).format(relation))


def load(period: str, content: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """Write accepted submissions of ``period``; return feed id -> submission id."""
    given = {}
    with connect(Role.OWNER) as connection:
        for feed_id, rows in content.items():
            department, feed = feed_id.split(".")
            given[feed_id] = submission_id = f"{period}-{feed_id}"
            connection.execute(
                "insert into ops.submission (submission_id, county_code, department, feed, period, file_name,"
                " inbox_key, sha256, byte_count, state, rows_received, rows_accepted)"
                " values (%s, %s, %s, %s, %s, 'f', 'k', %s, 1, 'accepted', %s, %s)",
                [submission_id, COUNTY, department, feed, period, submission_id, len(rows), len(rows)],
            )
            for number, row in enumerate(rows, start=2):
                stamped = {
                    "county_code": COUNTY,
                    "report_month": period,
                    "submission_id": submission_id,
                    "contract_version": "1.0.0",
                    "source_file": "f",
                    "source_sheet": "Sheet1",
                    "source_row": number,
                    **row,
                }
                connection.execute(
                    sql.SQL("insert into {} ({}) values ({})").format(
                        sql.Identifier("raw", f"{department}__{feed}"),
                        sql.SQL(", ").join(map(sql.Identifier, stamped)),
                        sql.SQL(", ").join([sql.Placeholder()] * len(stamped)),
                    ),
                    list(stamped.values()),
                )
    return given


def plan(period: str, inputs: Mapping[str, tuple[str, str, int]]) -> int:
    """Write a build of ``period`` that reads ``inputs``: feed id -> (submission id, source period, age)."""
    with connect(Role.OWNER) as connection:
        row = connection.execute(
            "insert into ops.build (county_code, period, code_version, last_decision_id) values (%s, %s, 'test',"
            " (select coalesce(max(decision_id), 0) from ops.link_decision)) returning build_id",
            [COUNTY, period],
        ).fetchone()
        assert row is not None
        for feed_id, (submission_id, source_period, age) in inputs.items():
            department, feed = feed_id.split(".")
            connection.execute(
                "insert into ops.build_input values (%s, %s, %s, %s, %s, %s, %s)",
                [row[0], department, feed, submission_id, source_period, age > 0, age],
            )
    return int(row[0])
