"""Tables of schema ``reference`` that hold a CSV file of ``reference/`` as it is: the file's columns are the table's.

A table with more to it (typed rows that intake reads, too) stands in ``ingestion.raw_tables``.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.reference_data import REFERENCE_ROOT


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """One table of schema ``reference``: replaced whole by every migration."""

    name: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]
    """(name, type and constraints, comment)."""
    key: tuple[str, ...]


_FROM = ("valid_from", "date not null", "生效日期 | first day of validity")
_TO = ("valid_to", "date", "失效日期 | last day of validity; null is open")
_CLAUSE = ("clause", "text", "条款 | clause that sets it, where there is one")
_SOURCE = ("source", "text not null", "依据 | where the row comes from")

CSV_TABLES: tuple[ReferenceTable, ...] = (
    ReferenceTable(
        "region_level",
        "区划级别名称 | what the levels of the divisions are called, by place; a place beats the country",
        (
            ("level_code", "text not null", "级别 | province, prefecture, county, township or village"),
            ("region_code", "text not null default ''", "适用地区 | 12-digit code; empty is the whole country"),
            ("name", "text not null", "级别名称 | name of the level as people there say it"),
            ("rank", "integer not null", "层次 | 1 province to 5 village"),
            _SOURCE,
        ),
        ("level_code", "region_code"),
    ),
    ReferenceTable(
        "campaign_phase",
        "工作阶段 | phases of the campaign; a place beats the country",
        (
            ("phase_code", "text not null", "阶段代码 | name of the phase"),
            ("region_code", "text not null default ''", "适用地区 | 12-digit code; empty is the whole country"),
            ("name", "text not null", "阶段名称 | Chinese name of the phase"),
            _FROM,
            _TO,
            _CLAUSE,
            _SOURCE,
        ),
        ("phase_code", "region_code", "valid_from"),
    ),
    ReferenceTable(
        "responsibility",
        "责任清单 | who leads and who works with whom, by task; the unit listed first leads",
        (
            ("task_code", "text not null", "任务代码 | the guarantee or task"),
            ("unit_name", "text not null", "单位名称 | unit that is named"),
            _FROM,
            _TO,
            ("task_name", "text not null", "任务名称 | Chinese name of the task"),
            ("department", "text", "部门 | department whose feeds tell of it; null sends none"),
            ("role", "text not null check (role in ('lead', 'cooperating'))", "角色 | lead or cooperating"),
            ("position", "integer not null", "排序 | place in the list of units; 1 leads"),
            _CLAUSE,
            _SOURCE,
        ),
        ("task_code", "unit_name", "valid_from"),
    ),
    ReferenceTable(
        "indicator",
        "指标登记 | the indicators in the words of the notices",
        (
            ("indicator_code", "text not null", "指标代码 | code of the indicator"),
            ("name_zh", "text not null", "指标名称 | Chinese name"),
            ("name_en", "text not null", "英文名称 | English name"),
            ("grain", "text not null", "统计粒度 | what one number is about"),
            ("formula_class", "text not null", "计算类型 | ratio, progress, count, median, percentile_95, difference"),
            ("unit", "text not null", "单位 | unit of the number"),
            ("levels", "text not null", "展示级别 | village, township, county, parted by ;"),
            ("numerator", "text", "分子 | what is counted"),
            ("denominator", "text", "分母 | of what"),
            ("unknown_rule", "text", "缺失处理 | U1 to U4: what a missing value does"),
            ("direction", "text", "方向 | which way is better"),
            ("threshold", "text", "目标值 | target or threshold in words"),
            ("lead", "text", "牵头 | who leads"),
            ("feeds", "text", "数据来源 | feeds it is made of"),
            _CLAUSE,
            ("worked_example", "text", "算例 | worked example"),
            ("is_first_release", "boolean not null", "首期可算 | the feeds of the first release answer it"),
            ("not_answerable_because", "text", "暂不可算原因 | why they do not"),
        ),
        ("indicator_code",),
    ),
    ReferenceTable(
        "indicator_threshold",
        "指标目标值 | targets and thresholds of the indicators, by place and date; a place beats the country",
        (
            ("indicator_code", "text not null", "指标代码 | indicator it is for"),
            ("region_code", "text not null default ''", "适用地区 | 12-digit code; empty is the whole country"),
            _FROM,
            _TO,
            ("operator", "text not null check (operator in ('>=', '>', '<', '='))", "运算符 | >=, >, < or ="),
            ("value", "text not null", "数值 | number, or in braces the name of a parameter"),
            ("due_date", "date", "完成期限 | day by which it is to be reached; null is none"),
            _CLAUSE,
            _SOURCE,
        ),
        ("indicator_code", "region_code", "valid_from"),
    ),
    ReferenceTable(
        "benefit_standard",
        "待遇标准 | what a benefit is worth or a premium costs, by class, place and date; a place beats the country",
        (
            ("benefit_code", "text not null", "待遇 | school_aid, tekun or resident_premium"),
            ("class_code", "text not null default ''", "类别 | code of the feed's own list; empty is every class"),
            ("region_code", "text not null default ''", "适用地区 | 12-digit code; empty is the whole country"),
            _FROM,
            _TO,
            ("value_yuan", "numeric not null", "标准 | yuan a period"),
            (
                "per",
                "text not null check (per in ('month', 'term', 'year'))",
                "周期 | month, term or year of two terms",
            ),
            _CLAUSE,
            _SOURCE,
        ),
        ("benefit_code", "class_code", "region_code", "valid_from"),
    ),
    ReferenceTable(
        "zero_item",
        "清零事项 | the ten items to be cleared to zero and what is counted for each; a place beats the country",
        (
            ("item_code", "text not null", "事项代码 | number of the item in the notice"),
            ("measure_code", "text not null", "计数项 | rule, indicator or guarantee that is counted"),
            ("region_code", "text not null default ''", "适用地区 | 12-digit code; empty is the whole country"),
            _FROM,
            _TO,
            ("position", "integer not null", "排序 | place in the list of items"),
            ("name_zh", "text not null", "事项名称 | Chinese name of the item"),
            (
                "kind",
                "text not null check (kind in ('rule', 'indicator', 'guarantee'))",
                "计数项类别 | rule, indicator or guarantee",
            ),
            (
                "bad_state",
                "text",
                "未清零状态 | state of a unit that is not cleared: yes, no or unmet; a rule has none",
            ),
            _CLAUSE,
            _SOURCE,
        ),
        ("item_code", "measure_code", "region_code", "valid_from"),
    ),
    ReferenceTable(
        "rule",
        "规则目录 | rules between departments and over months: what they are called, who owns them, who may see what",
        (
            ("rule_id", "text not null", "规则编号 | id of the rule; never used again for another meaning"),
            ("family", "text not null", "类别 | XD between departments, T over months, W early warning, E and X lists"),
            ("name_zh", "text not null", "规则名称 | Chinese name"),
            ("name_en", "text not null", "英文名称 | English name"),
            ("severity", "text not null", "严重程度 | warning or info"),
            ("dimension", "text not null", "质量维度 | quality dimension"),
            ("subject_kind", "text not null", "对象 | household, person, scheme, row, village or township"),
            ("owner_department", "text", "负责部门 | who mends it; null: whoever sent the row"),
            ("feed_a", "text", "甲方报送表 | feed of statement A; null: the feed of the row"),
            ("feed_b", "text", "乙方报送表 | feed of statement B"),
            ("statement_a_zh", "text", "甲方陈述 | what side A says"),
            ("statement_b_zh", "text", "乙方陈述 | what side B says"),
            ("sees_a", "text", "甲方可见 | none, D0 own row, D1 and department, D2 and class, D3 and value"),
            ("sees_b", "text", "乙方可见 | the same of side B"),
            ("columns_a", "text", "甲方核对栏目 | own columns that side A is asked to check"),
            ("columns_b", "text", "乙方核对栏目 | own columns that side B is asked to check"),
            ("message_zh", "text not null", "提示 | what is wrong and how to mend it; {x} is a parameter"),
            ("closes_when", "text", "关闭条件 | what closes it by itself"),
            _CLAUSE,
            ("may_be_waived", "boolean not null", "可否豁免 | whether somebody may answer for leaving it open"),
            ("not_judged_because", "text", "未判定原因 | why no feed of the first release answers it"),
        ),
        ("rule_id",),
    ),
)


def csv_rows(table: ReferenceTable) -> Sequence[tuple[Any, ...]]:
    """Rows of the table's file in the order of its columns; an empty cell is null unless the column may not be.

    Raises ValueError when the columns of the file are not those of the table.
    """
    path = REFERENCE_ROOT / f"{table.name}.csv"
    required = {name for name, definition, _ in table.columns if "not null" in definition}
    names = [name for name, _, _ in table.columns]
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        if sorted(reader.fieldnames or ()) != sorted(names):
            raise ValueError(f"[{path.name}] has columns {reader.fieldnames}, the table has {names}; make them equal")
        return [tuple(row[name] if row[name] or name in required else None for name in names) for row in reader]
