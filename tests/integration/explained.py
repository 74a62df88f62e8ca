"""Numbers of the small county asked why: every cell counted anew, some of them with their rows."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from hearth.database import Role, connect
from publishing.access.apply import apply
from publishing.access.looks import who_saw
from publishing.access.model import Access
from publishing.commands import app
from publishing.explain.counting import figure
from publishing.explain.explanation import Asker, again, differences, explain
from publishing.explain.store import ExplainError, open_store
from publishing.pack import make_pack
from tests.integration.publishing.readers import forget_readers

COUNTY, MONTH = "530524", "2026-10"
_CELLS = "select indicator_code, region_code, part from marts.fct_indicator_month order by 1, 2, 3"


def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with connect(Role.OWNER) as connection:
        return connection.execute(query.encode(), values).fetchall()


def check_every_cell() -> None:
    """Each published cell, counted anew from the rows of its units, is the same number."""
    cells = rows(_CELLS)
    assert len({code for code, _, _ in cells}) == 104
    wrong = {}
    with open_store(MONTH, COUNTY) as store:
        for code, area, part in cells:
            shown = figure(store, code, area, part)
            recounted = again(store, shown)
            if found := differences(shown, recounted):
                wrong[code, area, part] = {name: (str(shown[name]), str(recounted[name])) for name in found}
    assert not wrong, f"{len(wrong)} of {len(cells)} differ: {list(wrong.items())[:5]}"
    assert len(cells) > 1000


def check_one_cell(tmp_path: Path) -> None:
    """Numerator and unknown are those of the number, each with rows that are in the file; a wrong number shows."""
    found = explain(MONTH, "GUA-05", COUNTY)
    states = [unit.state for unit in found.units]
    assert states.count("yes") == found.figure["numerator"]
    assert states.count("unknown") == found.figure["unknown"]
    assert len(states) == found.figure["denominator"] == found.figure["unit_count"]
    assert {unit.household_no for unit in found.units} == {None}
    proven = [unit for unit in found.units if unit.state == "yes"]
    assert all({source.feed for source in unit.evidence} >= {"housing.assessment"} for unit in proven[:20])
    source = next(item for item in proven[0].evidence if item.feed == "housing.assessment")
    ((key,),) = rows(
        "select household_key from identity.int_link__assessment where submission_id = %s and source_sheet = %s"
        " and source_row = %s",
        source.submission_id, source.sheet, source.row,
    )  # fmt: skip
    assert key == proven[0].household_key
    ran = CliRunner().invoke(
        app, ["explain", MONTH, "gua-05", COUNTY, "--limit", "2", "--xlsx", str(tmp_path / "why.xlsx")]
    )
    assert ran.exit_code == 0, ran.output
    assert "与发布值一致" in ran.output
    assert f"[{source.sheet}] 第" in ran.output
    book = openpyxl.load_workbook(tmp_path / "why.xlsx", read_only=True)
    assert book.sheetnames == ["说明", "对象", "依据", "来源与规则"]
    of_persons = json.loads(CliRunner().invoke(app, ["explain", MONTH, "HLT-01", COUNTY, "--json"]).stdout)
    assert of_persons["is_equal"]
    assert all(unit["person_key"] for unit in of_persons["units"])
    with pytest.raises(ExplainError, match="没有指标"):
        explain(MONTH, "XXX-01", COUNTY)
    with pytest.raises(ExplainError, match="没有发布"):
        explain("99999", "GUA-05", COUNTY)
    with pytest.raises(ExplainError, match="--part"):
        explain(MONTH, "GUA-10", COUNTY)
    # one household more than was published
    changed = "update marts.fct_household_month set housing_state = %s where household_key = %s"
    with connect(Role.OWNER) as connection:
        connection.execute(changed, ["unmet", key])
    ran = CliRunner().invoke(app, ["explain", MONTH, "GUA-05", COUNTY])
    assert ran.exit_code == 1
    assert "不一致 numerator" in ran.output
    with connect(Role.OWNER) as connection:
        connection.execute(changed, ["met", key])


def check_looks() -> None:
    """Which households they are is shown to who may see it, household by household, and each look leaves a line."""
    apply(
        Access.model_validate(
            {
                "view_sets": {},
                "groups": [
                    {
                        "name": "case_worker",
                        "title": "looks",
                        "functions": ["ops.look_at_household(text, text, text, text)"],
                    },
                    {"name": "other_office", "title": "no looks", "views": ["v_two_no_worries_three_guarantees"]},
                ],
                "rows": {
                    "by_region": ["fct_household_month"],
                    "by_county": [],
                    "by_department": {"tables": [], "everything": []},
                    "open": [],
                    "services": ["hearth", "hearth_builder", "hearth_publisher"],
                },
                "readers": [
                    {"name": "r_case", "for": "c", "groups": ["case_worker"]},
                    {"name": "r_other", "for": "o", "groups": ["other_office"]},
                ],
            }
        )
    )
    try:
        found = explain(MONTH, "GUA-05", COUNTY, asker=Asker("r_case", "王某", "核实住房数据"), limit=2)
        numbers = {unit.household_no for unit in found.units}
        assert None not in numbers
        for number in numbers:
            assert [(look.who, look.database_user, look.purpose) for look in who_saw(COUNTY, str(number))] == [
                ("王某", "r_case", "核实住房数据")
            ]
        for asker in (Asker("r_case", "王某", " "), Asker("r_other", "王某", "核实")):
            with pytest.raises(ExplainError, match="不能按户查阅"):
                explain(MONTH, "GUA-05", COUNTY, asker=asker, limit=2)
    finally:
        forget_readers()
        apply()


def check_zero_items() -> None:
    """All eleven lines of the ten items are there; the list behind an item is as long as its number says."""
    with connect(Role.READER) as connection:
        items = {
            item: (name, lead, counted, unknown, verdict, unanswered)
            for item, name, lead, counted, unknown, verdict, unanswered in connection.execute(
                "select item_code, name_zh, lead_unit, open_count, unknown_count, verdict, unanswered_measures"
                " from shared.v_zero_item where period = %s",
                [MONTH],
            )
        }
        listed = {
            item: (found, unknown)
            for item, found, unknown in connection.execute(
                "select item_code, count(*) filter (where state = 'open'), count(*) filter (where state = 'unknown')"
                " from shared.v_zero_item_case where period = %s group by item_code",
                [MONTH],
            )
        }
        targets = {
            code: (int(target), verdict)
            for code, target, verdict in connection.execute(
                "select indicator_code, target_value, verdict from shared.v_target where period = %s", [MONTH]
            )
        }
    assert set(items) == {"1", "2a", "2b", "3", "4", "5", "6", "7", "8", "9", "10"}
    assert all(lead for _, lead, *_ in items.values())
    # every measure of these has a list; the number of schemes and villages has none
    for item in ("4", "9", "10"):
        assert listed[item] == items[item][2:4], item
    assert items["10"][4] == ("unmet" if items["10"][2] else "unknown" if items["10"][3] else "cleared")
    assert items["3"][2:] == (None, None, "unknown", "VIL-01"), "what nobody answers is never cleared"
    assert {code: target for code, (target, _) in targets.items()} == {
        "HSG-05": 4942, "HSG-06": 19776, "POV-08": 12583, "POV-09": 41407, "POV-11": 42, "POV-12": 6, "POV-13": 28,
    }  # fmt: skip
    assert targets["POV-08"][1] == "unmet"
    assert targets["HSG-05"][1] == "unknown"


def check_books() -> None:
    """Cards, village registers, township books and the county archive say the same to a reader."""
    counted = "sum(person_count), sum(labour_count), sum(pupil_count), sum(arable_land_mu), sum(net_income_yuan)"
    sources = {
        "v_household_card": "count(*), count(*) filter (where seven_state = 'met')",
        **dict.fromkeys(
            ("v_village_register", "v_township_book", "v_county_archive"), "sum(household_count), sum(seven_met_count)"
        ),
    }
    with connect(Role.READER) as connection:
        found = {
            view: connection.execute(
                f"select {households}, {counted} from shared.{view} where period = %s".encode(), [MONTH]
            ).fetchone()
            for view, households in sources.items()
        }
        assert len(set(found.values())) == 1, found
        assert found["v_household_card"] is not None
        assert all(found["v_household_card"])
        unnamed = connection.execute(
            "select count(*) from shared.v_village_register where region_name is null or township_name is null"
        ).fetchone()
    assert unnamed == (0,)


def check_frozen() -> None:
    """The frozen pack gives the same explanation when the database says something else by now."""
    ((number,),) = rows("select publication_id from ops.publication where state = 'live' and period = %s", MONTH)
    make_pack(number)
    cells = random.Random(7).sample(rows(_CELLS), 100)  # noqa: S311 - a sample of cells, no secret
    with open_store(str(number), COUNTY, from_pack=True) as store:
        for code, area, part in cells:
            shown = figure(store, code, area, part)
            assert not differences(shown, again(store, shown)), (code, area, part)
    live, frozen = (explain(str(number), "HLT-01", COUNTY, limit=5, from_pack=asked) for asked in (False, True))
    assert live.units == frozen.units
    assert live.recounted == frozen.recounted
