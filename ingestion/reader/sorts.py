"""What a single cell looks like, whatever its table: figure, date, number of a person, title, note."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import Enum

from ingestion.normalise.text import as_text, is_blank, nfkc
from ingestion.reader.headers import clean
from ingestion.table import CellValue

_LONGEST_LABEL = 60


class Sort(Enum):
    """What a cell looks like."""

    BLANK = "blank"
    NUMBER = "number"
    LONG_NUMBER = "long number"
    """Eleven digits or more: of a person, a phone, an account."""
    DATE = "date"
    PERIOD = "period"
    """A year or a month, which may also be a title."""
    TOKEN = "token"  # noqa: S105 - not a password
    """Yes, no, a tick."""
    MARK = "mark"
    """A field of a form that a program should have filled in."""
    NOTE = "note"
    """Something said about the table: 填报单位：…, 注：…"""
    TEXT = "text"


_FIGURE = re.compile(
    r"^[¥￥$]?[+-]?[\d,]*\d(\.\d+)?\s*(%|元|万元|人|户|亩|m2|㎡|平方米|度|kwh|次|小时|分钟|个)?$", re.IGNORECASE
)
_LONG = re.compile(r"^[\d*＊xX\-]{10,}[\dXx*]$")
_DAY = re.compile(r"^(19|20)\d{2}([-/.年])\d{1,2}([-/.月])\d{1,2}日?( \d{1,2}:\d{2}(:\d{2})?)?$|^(19|20)\d{6}$")
_ISO_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})")
_PERIOD = re.compile(
    r"^((19|20)\d{2}年?(度|上半年|下半年)?|((19|20)\d{2}[-/.年])?(0?[1-9]|1[0-2])月份?|(19|20)\d{2}[-/.](0[1-9]|1[0-2]))$"
)
_TOKENS = frozenset(
    ["是", "否", "有", "无", "√", "×", "✓", "✔", "✗", "☑", "□", "☐", "■", "Y", "N", "y", "n", "男", "女"]
)
MARKED = re.compile(
    r"^(\$?\{[^{}]*\}|\{\{.*|\{[.$]?\w.*|.*\}\}|#\{?[\w.]+\}?#?|<%.*|&=.*|\[[a-z]\w*\]|%\w+%|\$\w+\$?|t\.\w+|:\w+)$"
)
_NOTE = re.compile(
    r"^(填报|填表|制表|编制|报送|上报|呈报|统计|审核|复核|审批|批准|负责|分管|经办|联系|打印|导出|查询|生成|截止|截至|更新)"
    r".{0,8}[:：]|^(单位|金额单位|面积单位|计量单位|表号|文号|编号|密级|日期|时间|年度|县|乡镇|村|学校|班级|电话)\s*[:：]"
    r"|^[(（]?(单位|金额单位)\s*[:：]|^(填表说明|填报说明|填写说明|说明|备注|注意|注|提示|温馨提示|重要提示|要求)\s*\d*\s*[:：.、]"
    r"|^[(（]?(盖章|公章|签章|签字)[)）]?$|^.{2,20}[(（](盖章|公章|签章)[)）]"
)
CODE = re.compile(r"^[A-Za-z][A-Za-z0-9_.]*$")
_BRACKETED = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_WORDS = re.compile(
    r"姓名|名称|编号|编码|代码|序号|号码|证号|证件|身份证|性别|民族|年龄|岁|出生|日期|时间|年月|月份|年度|年份|电话|手机|联系"
    r"|地址|住址|乡镇|行政村|自然村|村组|社区|区划|学校|班级|年级|学历|学籍|文化|户数|人数|人口|户主|家庭|成员|关系|类型|类别"
    r"|属性|性质|等级|级别|状态|状况|情况|程度|原因|是否|有无|金额|标准|补助|补贴|资金|收入|支出|费用|面积|数量|总数|户型|合计"
    r"|总计|小计|其中|单位|备注|说明|措施|项目|工程|水源|水质|供水|水量|线路|台区|停电|供电|用电|电量|变压|容量|电压|用户|时长"
    r"|频次|次数|率|占比|比例|签字|责任人|负责人|银行|账号|账户|帐号|卡号|开户|保障|救助|残疾|疾病|病种|患病|健康|医疗|报销|参保"
    r"|住房|房屋|结构|危房|鉴定|改造|开工|竣工|完工|验收|监测|风险|脱贫|识别|帮扶|方式|内容|结果|结论|意见|来源|用途|机构|部门"
    r"|职业|务工|就业|劳动|技能|产业|入学|在校|资助|缴费|结算|发放|享受|管护|地点|位置|坐标|范围|起止|开始|结束|恢复|影响|受益|计划"
    r"|事项|任务|目标|进度|牵头|整改|问题|时限|主体|完成|实际|上月|本月|本年|累计|同比|增减|余额|单价|总价|数|量|额$|号$|人$|名$|时$|日$|期$|度$|值$"
)
_WHOLE_WORDS = re.compile(
    r"^(省|市|州|县|区|旗|乡|镇|村|组|屯|社|户|人|项|序|年|月|日|ID|No\.?|[a-zA-Z]\w*_\w+|[a-z]+[A-Z]\w*|[a-z]{2,})$"
)


def sort_of(cell: CellValue) -> Sort:  # noqa: C901, PLR0911 - one test a kind of cell
    """What a cell looks like."""
    if cell is None:
        return Sort.BLANK
    if isinstance(cell, bool):
        return Sort.TOKEN
    if isinstance(cell, int | float):
        return Sort.LONG_NUMBER if abs(cell) >= 10**10 else Sort.NUMBER
    if isinstance(cell, date | datetime):
        return Sort.DATE
    text = nfkc(as_text(cell)).strip()
    if not text or is_blank(text, nothing_is_blank=False):
        return Sort.BLANK
    if text in _TOKENS:
        return Sort.TOKEN
    if MARKED.match(text):
        return Sort.MARK
    if _PERIOD.match(text):
        return Sort.PERIOD
    if _DAY.match(text):
        return Sort.DATE
    if _LONG.match(text):
        return Sort.LONG_NUMBER
    if _FIGURE.match(text):
        return Sort.NUMBER
    if _NOTE.match(text):
        return Sort.NOTE
    return Sort.TEXT


def is_label(text: str) -> bool:
    """A text that may be a title: short, no figure, no statement."""
    sort = sort_of(text)
    if sort is Sort.PERIOD:
        return True
    if sort is not Sort.TEXT:
        return False
    short = _BRACKETED.sub("", nfkc(text)).strip()
    if len(clean(text)) > _LONGEST_LABEL or len(short) > _LONGEST_LABEL // 2:
        return False
    return not re.search(r"[:：]\s*\S|[。；;！!]", short)


def is_word_of_headers(text: str) -> bool:
    """A word that titles are made of."""
    short = _BRACKETED.sub("", clean(text)).strip("*★☆") or clean(text)
    return bool(_WHOLE_WORDS.match(short) or (len(short) <= _LONGEST_LABEL // 2 and _WORDS.search(short)))


def day_of(text: str) -> date | None:
    """The day a text begins with."""
    match = _ISO_DAY.match(text)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
