"""Words that tell what a row of a sheet is, whatever table it belongs to (GEN-05, GEN-10, GEN-11)."""

from __future__ import annotations

import re

from ingestion.normalise.text import as_text, nfkc

TOTAL = re.compile(r"^(本页|本村|本乡|本镇|全县|全镇|全乡)?(合计|总计|小计|累计|共计)[:：]?$")
FOOTER = re.compile(
    r"^(合计|总计|小计|累计|共计|本页|填表人|填报人|制表|审核|复核|负责人|单位负责人|分管|经办人"
    r"|填报单位|填报日期|填报时间|联系人|注\d*[:：.、]|注$|说明|备注|数据来源|单位[:：(（]|第\d+页|共\d+页)"
)
GROUP = re.compile(r"[(（]\d+(户|所|人|个|名|条|村)[)）]$")
PLACEHOLDER = re.compile(r"^[{$#]")
_HINT = re.compile(
    r"^(必填|选填|非必填|文本|数字|数值|日期|下拉|是/否|格式|填(写|入|真实|\d)|请(填|输入|选择|按)|例[:：如]|示例|样例|yyyy"
    r"|\d{1,2}位(文本|数字|字符|号码)?$)",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r"^[(（【]?(示例|样例|例)[)）】:：]?\d*$")
_STEM = re.compile(r"^(甲|乙|丙|丁|戊|己|栏次|列次|行次|序号|项目|代码)$")
_RING = {chr(0x2460 + n): str(n + 1) for n in range(20)}
_FORMULA = re.compile(r"^(\d+)\s*=\s*[\d+\-*/x×÷%() ]+$")


def tight(text: str) -> str:
    """The text without any blanks, unwrapped from ``="…"``."""
    return "".join(as_text(text).split())


def is_total_word(text: str) -> bool:
    """合计, 小 计, 本页合计：."""
    return bool(TOTAL.match(tight(text)))


def is_line(text: str) -> bool:
    """How a total or a note below the data begins."""
    return bool(TOTAL.match(tight(text)) or FOOTER.match(tight(text)))


def is_example(text: str) -> bool:
    """The word before a row that only shows how to fill the form."""
    return bool(_EXAMPLE.match(text.strip()))


def is_guide_word(text: str) -> bool:
    """A hint how to fill a column, or the field of a form that a program should have filled."""
    return bool(PLACEHOLDER.match(text) or _HINT.match(text) or is_example(text))


def is_numbering(texts: list[str]) -> bool:
    """A row of column numbers: 甲 乙 1 2 3, (1) (2), ① ②, A B C, 栏次 1 2 3=1+2. At least three of them."""
    if len(texts) < 3:
        return False
    plain = [_RING.get(text.strip(), nfkc(text).strip().strip("()")) for text in texts]
    if plain == [chr(ord("A") + n) for n in range(len(plain))]:
        return True
    numbers = [match[1] if (match := _FORMULA.match(text)) else text for text in plain]
    start = next((i for i, number in enumerate(numbers) if number.isascii() and number.isdigit()), None)
    if start is None or start > 3 or len(numbers) - start < 2 or not all(_STEM.match(text) for text in numbers[:start]):
        return False
    first = 2 if start and numbers[start] == "2" else 1
    return numbers[start:] == [str(n + first) for n in range(len(numbers) - start)]
