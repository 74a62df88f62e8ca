"""What the template tells a clerk, in Chinese, from the contract alone: marks, notes, prompts, instructions."""

from __future__ import annotations

from collections.abc import Mapping

from hearth.period import Period
from hearth.workdays import due_date
from ingestion.checks import fill_text
from ingestion.choices import options
from ingestion.contract import Column, Contract, Demand, Kind, Privacy
from ingestion.normalise.text import nfkc
from ingestion.reference_data import code_lists

REQUIRED, KEPT, FREE = "必填", "列要保留，可空", "选填"
SEMANTICS: Mapping[str, str] = {
    "snapshot": "月末全量：每月报全部在册对象，不是只报变动",
    "ledger": "累计台账：以前的行也要报，行可以更新，不能删除",
    "event": "当月发生：只报本月发生的",
}
_SEVERITIES: Mapping[str, str] = {"error": "不符则退回该行", "warning": "不符会提示", "info": "提示"}
_KINDS: Mapping[Kind, str] = {
    Kind.TEXT: "文字",
    Kind.ID: "号码，按文本填写",
    Kind.ID_LIST: "号码，可填多个，用“、”隔开",
    Kind.INT: "整数",
    Kind.DECIMAL: "数字",
    Kind.BOOL: "是或否",
    Kind.DATE: "日期，如2019-03-08",
    Kind.TIMESTAMP: "日期和时刻，如2024-05-08 14:05",
    Kind.MONTH: "年月，如2019-03",
    Kind.YEAR: "年份，如2024",
    Kind.CODE: "从下拉选项中选一项",
    Kind.CODE_LIST: "从选项中选，可选多项，用“、”隔开",
}
_FEW_OPTIONS = 12
"""Longer code lists are not spelled out but referred to."""
_NAMED_PLACES = {"township_name", "village_name"}


def asked(contract: Contract) -> tuple[Column, ...]:
    """The columns a template has: those not loaded (running numbers) first, then the contract's order.

    Not asked for is what only other layouts carry: the two columns of a long layout, and the filter of a shared file.
    """
    others = {contract.row_filter.column} if contract.row_filter else set()
    for column in contract.columns:
        if column.spread is not None:
            others |= {column.spread.by, column.spread.source}
    unloaded = tuple(column for column in contract.columns if not column.loaded and column.name not in others)
    return unloaded + tuple(column for column in contract.columns if column.loaded)


def mark(column: Column, contract: Contract) -> str:
    """Required, to be kept, or free. What is told by other columns or by a default need not be filled."""
    if column.demand in (Demand.KEY, Demand.VALUE) and column.default is None:
        derived = column.name == "region_code" and contract.by_name.keys() >= _NAMED_PLACES
        return KEPT if derived else REQUIRED
    return FREE if column.demand is Demand.OPTIONAL else KEPT


def header(column: Column, contract: Contract, period: Period) -> str:
    """Header as printed: mark and title, the unit on a line of its own."""
    text = column.title_in(period)
    if column.unit and not nfkc(text).endswith(")"):
        text += f"\n（{column.unit}）"
    return f"*{text}" if mark(column, contract) == REQUIRED else text


def example(column: Column) -> str:
    """The contract's example as a clerk writes it: labels for codes."""
    text = str(column.example or "")
    if column.code_list is None:
        return text
    labels = code_lists()[column.code_list].labels
    codes = text.split(",") if column.kind is Kind.CODE_LIST else [text]
    return "、".join(labels.get(code, code) for code in codes if code)


def how(column: Column) -> str:
    """How the cell is filled in."""
    words = _KINDS[column.kind]
    if column.coarser:
        words += "；不知道日子的，可只填到年月或年份" if column.kind is Kind.DATE else "；不知道月份的，可只填年份"
    return words


def limits(column: Column) -> str:
    """Allowed values: range or options."""
    low, high = column.minimum, column.maximum
    if low is not None and high is not None:
        return f"{low:g}至{high:g}"
    if low is not None or high is not None:
        return f"不小于{low:g}" if high is None else f"不大于{high:g}"
    if column.kind is Kind.BOOL:
        return "是、否"
    found = options(column)
    if not found:
        return ""
    shown = "、".join(found[:_FEW_OPTIONS])
    return shown if len(found) <= _FEW_OPTIONS else f"{shown}……共{len(found)}项，见“代码表”"


def remarks(column: Column, contract: Contract, words: Mapping[str, object]) -> str:
    """What else there is to know: note, default, privacy, and what is checked."""
    parts = [column.note] if column.note else []
    if column.default is not None:
        named = [contract.by_name[name].title for name in column.default.split("+") if name in contract.by_name]
        parts.append(f"不填时取“{'”加“'.join(named)}”" if named else f"不填时按{column.default}")
    if column.blank_is_false:
        parts.append("不填当作否")
    if column.privacy is Privacy.DIRECT:
        parts.append("个人信息，入库后只存密文")
    for rule in contract.rules:
        if column.name in rule.columns:
            parts.append(f"{fill_text(rule.message, words)}（{rule.rule_id}，{_SEVERITIES[rule.severity]}）")
    return "；".join(parts)


def note(column: Column, contract: Contract, words: Mapping[str, object]) -> str:
    """The note on a header cell."""
    lines = [
        f"【{mark(column, contract)}】{column.title}",
        f"填什么：{how(column)}" + (f"；单位：{column.unit}" if column.unit else ""),
        f"可填：{limits(column)}" if limits(column) else "",
        f"示例：{example(column)}" if example(column) else "",
        remarks(column, contract, words),
    ]
    return "\n".join(line for line in lines if line)


def due_text(contract: Contract, period: Period | None) -> str:
    """When the feed is due."""
    rule = f"每月{contract.due_day}日前报上月数据"
    if period is None:
        return rule
    day = due_date(period, contract.due_day)
    return f"{rule}；本表报{period.year}年{period.month}月数据，{day.year}年{day.month}月{day.day}日24时前送到"


def facts(contract: Contract, period: Period | None, month: Period) -> list[tuple[str, str]]:
    """What the sheet of instructions says of the feed as a whole, label and text."""
    nil = (
        f"本月没有数据：填“{contract.title}_零报告.xlsx”里的原因和签字人后报送；不要报空表"
        if contract.nil_allowed
        else "本表每月都应有数据，不能报零报告，也不要报空表"
    )
    where = f"放入收件箱文件夹 {contract.department}/{period or 'YYYY-MM'}，文件名以“{contract.file_prefixes[0]}”开头"
    return [
        ("报送单位", contract.department_title),
        ("报送期限", due_text(contract, period)),
        ("报送范围", SEMANTICS[contract.semantics]),
        ("一行是什么", contract.grain_title),
        ("没有的行", contract.absence_title),
        ("零报告", nil),
        ("退回标准", f"错误行超过{contract.rejection_share:.0%}整份退回；不超过的，好的行入库，错误行随回执退回更正"),
        ("怎么报送", where + "；可按乡镇分成多张工作表，表头要相同"),
        ("多出的列", "可以自己加列，不入库，退回时原样还给您；以flex_或备用开头的列也是这样"),
        ("有问题问谁", contract.contact),
        ("数据约定", f"{contract.feed_id} 版本{contract.version_in(month)}"),
    ]
