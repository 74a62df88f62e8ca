"""Files that are written from the contracts: dbt sources and the data dictionary. Never edited by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ingestion.contract import Column, Contract, Demand, Header, Kind, Privacy, Rule
from ingestion.markdown import table
from ingestion.raw_tables import raw_columns
from ingestion.reference_data import code_lists
from ingestion.reference_pages import reference_pages

_MARK = "Generated from ingestion/contracts by `hearth contracts generate`. Do not edit."
STALE_AFTER_DAYS = 45
"""A feed is due every month; after one and a half of them dbt warns that its source is stale."""

_STAGING = PurePosixPath("dbt_project/models/staging")
_DICTIONARY = PurePosixPath("docs/reference/data-dictionary.md")

_KINDS: Mapping[Kind, str] = {
    Kind.TEXT: "文本",
    Kind.ID: "号码（文本）",
    Kind.ID_LIST: "号码，可多个",
    Kind.INT: "整数",
    Kind.DECIMAL: "小数",
    Kind.BOOL: "是/否",
    Kind.DATE: "日期",
    Kind.TIMESTAMP: "日期和时刻",
    Kind.MONTH: "年月",
    Kind.YEAR: "年份",
    Kind.CODE: "单选",
    Kind.CODE_LIST: "多选",
}
_DEMANDS: Mapping[Demand, str] = {
    Demand.KEY: "主键",
    Demand.VALUE: "必填",
    Demand.COLUMN: "须有列",
    Demand.OPTIONAL: "选填",
}
_PRIVACY: Mapping[Privacy, str] = {Privacy.NONE: "无", Privacy.QUASI: "间接", Privacy.DIRECT: "直接（只存密文）"}
_SEMANTICS: Mapping[str, str] = {
    "snapshot": "月末全量",
    "ledger": "累计台账",
    "event": "当月发生",
}
_STAGES: Mapping[str, str] = {"row": "行", "household": "户"}
_SEVERITIES: Mapping[str, str] = {"error": "错误，该行退回", "warning": "警告，接收并提示", "info": "提示"}


class _Dumper(yaml.SafeDumper):
    """Indents sequences below their key, as the hand-written files of the project do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the signature is PyYAML's
        super().increase_indent(flow, False)


def _dump(document: Mapping[str, Any]) -> str:
    text: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return text


def _source_table(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.feed,
        "identifier": contract.raw_table,
        "description": f"{contract.title} | {contract.description.strip()} One row: {contract.grain}.",
        "columns": [{"name": column.name, "description": column.comment} for column in raw_columns(contract)],
    }


def dbt_sources(department: str, found: Iterable[Contract]) -> str:
    """The dbt source file of one department: one table per feed, every column described, Chinese first."""
    feeds = list(found)
    offices = "、".join(dict.fromkeys(contract.department_title for contract in feeds))
    source = {
        "name": department,
        "description": f"{offices} | Accepted rows as submitted, direct personal data hashed.",
        "schema": "raw",
        "config": {
            "loaded_at_field": "loaded_at",
            "freshness": {"warn_after": {"count": STALE_AFTER_DAYS, "period": "day"}},
        },
        "tables": [_source_table(contract) for contract in feeds],
    }
    return f"# {_MARK}\n" + _dump({"version": 2, "sources": [source]})


def _bounds(column: Column) -> str:
    low, high = column.minimum, column.maximum
    if low is None and high is None:
        return ""
    return f"{'' if low is None else format(low, 'g')}～{'' if high is None else format(high, 'g')}"


def _header_text(header: Header) -> str:
    words = header.text + ("（取反）" if header.negate else "")
    if header.mapping:
        words += "（" + "，".join(f"{text}→{value or '空'}" for text, value in header.mapping.items()) + "）"
    if header.parts:
        words += "（一格两项，拆开读）"
    if header.since or header.until:
        words += f"（{header.since or ''}～{header.until or ''}）"
    return words


def _column_row(column: Column) -> list[str]:
    kind = _KINDS[column.kind] + ("，可只到月或年" if column.coarser else "")
    limits = "；".join(
        filter(
            None,
            [
                f"代码表 [{column.code_list}](#code-{column.code_list})" if column.code_list else "",
                _bounds(column),
                f"默认 {column.default}" if column.default is not None else "",
                "多列合并" if column.gathered else "",
                "每人一行的名册合并为一行" if column.roster else "",
                f"自{column.since}起" if column.since else "",
                f"至{column.until}止" if column.until else "",
                "" if column.loaded else "不入库",
            ],
        )
    )
    privacy = _PRIVACY[column.privacy] + ("，敏感" if column.sensitive else "")
    others = "、".join(_header_text(header) for header in column.headers[1:])
    return [
        column.title,
        f"`{column.name}`",
        kind,
        column.unit or "",
        _DEMANDS[column.demand],
        privacy,
        limits,
        others,
        column.description,
    ]


def _rule_row(rule: Rule) -> list[str]:
    return [
        rule.rule_id,
        _STAGES[rule.stage],
        _SEVERITIES[rule.severity],
        rule.message,
        rule.fix,
        rule.description,
        "、".join(rule.aliases),
    ]


def _feed_section(contract: Contract) -> list[str]:
    keys = "、".join(f"{column.title} `{column.name}`" for column in contract.key)
    lines = [
        f"## {contract.title} `{contract.feed_id}`",
        "",
        f"- 报送单位：{contract.department_title}；每月{contract.due_day}日前报上月数据；"
        f"{_SEMANTICS[contract.semantics]}；{'可报零报告' if contract.nil_allowed else '不可报零报告'}。",
        f"- 主键：{keys}。错误行超过 {contract.rejection_share:.0%} 时整份退回。",
        f"- 文件名以其中之一开头：{'、'.join(contract.file_prefixes)}。约定版本 {contract.version}。",
        f"- 一行是什么：{contract.grain_title}。没有的行：{contract.absence_title}。有问题问：{contract.contact}。",
        f"- {contract.description.strip()} One row: {contract.grain}. {contract.absence.strip()}",
        "",
    ]
    titles = ("标题", "列名", "类型", "单位", "要求", "个人信息", "取值", "也接受的表头", "Description")
    lines += table(titles, map(_column_row, contract.columns))
    if contract.rules:
        rule_titles = ("规则", "级别", "结果", "问题", "怎么改", "Description", "别名")
        lines += ["", *table(rule_titles, map(_rule_row, contract.rules))]
    return [*lines, ""]


def data_dictionary(found: Iterable[Contract]) -> str:
    """The data dictionary of all feeds as Markdown, Chinese first: columns, accepted headers, rules, code lists."""
    feeds = list(found)
    lines = [
        f"<!-- {_MARK} -->",
        "# 数据字典 · Data dictionary",
        "",
        "每张报送表的列、可接受的表头、取值和校验规则。要求一栏：主键、必填不能为空；须有列的列名必须在，格内可空；选填可以没有该列。",
        "",
        *(f"- [{contract.title}](#{contract.feed_id}) `{contract.feed_id}`" for contract in feeds),
        "",
    ]
    for contract in feeds:
        lines += [f'<a id="{contract.feed_id}"></a>', *_feed_section(contract)]
    used = sorted({column.code_list for contract in feeds for column in contract.columns if column.code_list})
    lines += ["## 代码表 · Code lists", ""]
    for name in used:
        lines += [f'<a id="code-{name}"></a>', f"### `{name}`", ""]
        rows = ([code.code, code.label, "、".join(code.aliases)] for code in code_lists()[name].codes)
        lines += [*table(("代码", "含义", "也接受"), rows), ""]
    return "\n".join(lines)


def generated(found: Mapping[str, Contract]) -> dict[PurePosixPath, str]:
    """What the contracts say the generated files hold: path from the project root -> text."""
    feeds = list(found.values())
    files: dict[PurePosixPath, str] = {}
    for department in sorted({contract.department for contract in feeds}):
        path = _STAGING / department / f"_{department}__sources.yml"
        files[path] = dbt_sources(department, [feed for feed in feeds if feed.department == department])
    files[_DICTIONARY] = data_dictionary(feeds)
    files.update(reference_pages())
    return files


def _leftovers(files: Mapping[PurePosixPath, str], base: Path) -> list[PurePosixPath]:
    """Generated source files of departments that have no contract any more."""
    found = []
    for path in sorted((base / _STAGING).glob("*/_*__sources.yml")):
        name = PurePosixPath(path.relative_to(base).as_posix())
        if name not in files and _MARK in path.read_text(encoding="utf-8"):
            found.append(name)
    return found


def stale(files: Mapping[PurePosixPath, str], base: Path) -> list[PurePosixPath]:
    """Files below `base` that are missing, differ from what they should hold, or should not be there."""
    differing = [
        name
        for name, text in files.items()
        if not (base / name).is_file() or (base / name).read_text(encoding="utf-8") != text
    ]
    return [*differing, *_leftovers(files, base)]


def write(files: Mapping[PurePosixPath, str], base: Path) -> list[PurePosixPath]:
    """Write what is stale below `base`, remove what should not be there; gives the paths touched."""
    touched = stale(files, base)
    for name in touched:
        if name in files:
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).write_text(files[name], encoding="utf-8")
        else:
            (base / name).unlink()
    return touched
