"""An explanation for a person: on the screen, as JSON, as a workbook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from publishing.explain.explanation import Explanation, Unit

_STATES = {"yes": "计入分子", "unknown": "情况未知", "no": "不计入分子", None: "按数量计"}
_VERDICTS = {"met": "达标", "unmet": "未达标", "unknown": "无法判定", "open": "未到期限", "info": "不评判"}
_UNIT_HEADINGS = ("分组", "户标识", "户号", "人员标识", "对象标识", "村代码", "分子", "分母", "依据")
_SOURCE_HEADINGS = (
    "户标识", "人员标识", "报表", "文件", "报送编号", "所属期", "工作表", "行", "合同版本", "规则提示",
)  # fmt: skip


def as_json(found: Explanation) -> str:
    """Everything, for a program; numbers that are not whole are text, so that none is rounded."""
    document = {**asdict(found), "differences": found.differences, "is_equal": not found.differences}
    return json.dumps(document, ensure_ascii=False, indent=1, default=_plain)


def _plain(value: Any) -> Any:
    return str(value.normalize()) if isinstance(value, Decimal) and value != value.to_integral() else (
        int(value) if isinstance(value, Decimal) else str(value)
    )  # fmt: skip


def _number(value: Any) -> str:
    if value is None:
        return "无"
    if isinstance(value, Decimal):
        return str(_plain(value))
    return str(value)


def head_lines(found: Explanation) -> Iterator[tuple[str, str]]:
    """What the number is, in label and text."""
    shown, again = found.figure, found.recounted
    yield "指标", f"{shown['indicator_code']} {shown['name_zh']}（版本 {shown['indicator_version']}）"
    yield (
        "地区",
        f"{shown['region_name'] or ''} {shown['region_code']} {shown['part'] and '分项 ' + shown['part']}".strip(),
    )
    yield (
        "发布",
        (
            f"#{found.publication['publication_id']} {found.publication['period']}"
            f"（build {found.publication['build_id']}，程序版本 {found.publication['code_version']}）"
        ),
    )
    yield "口径", f"分子：{shown['numerator_words']}；分母：{shown['denominator_words']}"
    yield "依据条款", str(shown["clause"])
    yield (
        "发布值",
        (
            f"{_number(shown['value'])}（最小 {_number(shown['value_min'])}，最大 {_number(shown['value_max'])}），"
            f"分子 {_number(shown['numerator'])}，分母 {_number(shown['denominator'])}，"
            f"未知 {_number(shown['unknown'])}，对象 {shown['unit_count']}"
        ),
    )
    if shown["reason"]:
        yield (
            "无数值原因",
            f"{shown['reason']} {shown['missing_feeds'] or shown['not_answerable_because'] or ''}".strip(),
        )
    threshold = f"{shown['threshold_operator'] or ''} {_number(shown['threshold_value'])}"
    yield "判定", f"{_VERDICTS[shown['verdict']]}（目标 {threshold.strip()}）"
    yield (
        "重算",
        (
            f"{_number(again['value'])}，分子 {_number(again['numerator'])}，分母 {_number(again['denominator'])}，"
            f"未知 {again['unknown']}："
            f"{'不一致 ' + '、'.join(found.differences) if found.differences else '与发布值一致'}"
        ),
    )


def as_text(found: Explanation) -> str:
    """For the screen: the number, the files, the rules, and the units listed with their rows."""
    lines = [f"{label}：{text}" for label, text in head_lines(found)]
    lines.append("报送来源：")
    for item in found.inputs:
        carried = "，沿用" if item["is_carried"] else ""
        lines.append(
            f"  {item['feed']}  {item['source_period']}{carried}  {item['submission_id']}"
            f"  合同 {item['contract_version']}  {item['rows_accepted']}行"
        )
    for rule in found.rules:
        lines.append(
            f"  规则 {rule['rule_id']}（{rule['subject']}）：{rule['failed']}处不符，{rule['not_judged']}处未判"
        )
    for waiver in found.waivers:
        lines.append(f"  豁免 {waiver['rule_id']} {waiver['expectation']}：{waiver['reason']}（{waiver['given_by']}）")
    state: str | None = "-"
    for unit in found.units:
        if unit.state != state:
            state = unit.state
            lines.append(f"{_STATES[state]}：")
        lines.append(f"  {_who(unit)}")
        lines += [
            f"    {source.feed}  {source.file_name} [{source.sheet}] 第{source.row}行"
            + (f"  {'、'.join(source.findings)}" if source.findings else "")
            for source in unit.evidence
        ]
    return "\n".join(lines)


def _who(unit: Unit) -> str:
    parts = [
        f"户 {unit.household_no or unit.household_key}" if unit.household_key is not None else "",
        f"人 {unit.person_key}" if unit.person_key is not None else "",
        f"对象 {unit.unit_key}" if unit.unit_key is not None else "",
        f"村 {unit.village_code}" if unit.village_code else "",
    ]
    if unit.state is None:
        parts.append(f"分子 {_number(unit.numerator)} 分母 {_number(unit.denominator)}")
    return "  ".join(part for part in parts if part)


def write_workbook(found: Explanation, target: Path) -> None:
    """A workbook of four sheets: the number, its units, their rows, the files and rules."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    head = book.create_sheet("说明")
    for line in head_lines(found):
        head.append(line)
    units = book.create_sheet("对象")
    units.append(_UNIT_HEADINGS)
    rows = book.create_sheet("依据")
    rows.append(_SOURCE_HEADINGS)
    for unit in found.units:
        keys = [_text(unit.household_key), _text(unit.person_key)]
        units.append(
            [_STATES[unit.state], keys[0], unit.household_no, keys[1], _text(unit.unit_key), unit.village_code,
             unit.numerator, unit.denominator, len(unit.evidence)]
        )  # fmt: skip
        for source in unit.evidence:
            rows.append(
                [*keys, source.feed, source.file_name, source.submission_id, source.period, source.sheet, source.row,
                 source.contract_version, "、".join(source.findings)]
            )  # fmt: skip
    files = book.create_sheet("来源与规则")
    files.append(("报表或检查", "报送编号或规则", "所属期或级别", "行数或不符", "合同版本"))
    for item in found.inputs:
        files.append(
            [
                item["feed"],
                item["submission_id"],
                item["source_period"],
                item["rows_accepted"],
                item["contract_version"],
            ]
        )
    for rule in found.rules:
        files.append([rule["subject"], rule["rule_id"], rule["severity"], rule["failed"]])
    book.save(target)


def _text(key: int | None) -> str | None:
    """Keys are longer than the fifteen digits that a spreadsheet keeps of a number."""
    return None if key is None else str(key)
