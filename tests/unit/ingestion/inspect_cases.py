"""Sheets as offices really lay them out, each with what a person says of it. All names and numbers are invented."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import openpyxl
from openpyxl.utils import range_boundaries

from ingestion.normalise.ids import check_character
from ingestion.table import CellValue
from tests.unit.ingestion.corpus import Layout, csv_of


def number(n: int) -> str:
    """An invented ID number under a prefix that was never given out."""
    first17 = f"520099{1950 + n % 50}{1 + n % 12:02d}{1 + n % 28:02d}{n % 1000:03d}"
    return first17 + check_character(first17)


def phone(n: int) -> str:
    return f"1990000{n:04d}"


def cell_of(text: str) -> CellValue:
    """``#12`` and ``#1.5`` are figures of a workbook, ``~n`` an ID number, ``^n`` a phone; empty is empty."""
    if text.startswith("#"):
        return float(text[1:]) if "." in text else int(text[1:])
    if text.startswith("~"):
        return number(int(text[1:]))
    if text.startswith("^"):
        return phone(int(text[1:]))
    return text or None


def rows_of(drawing: str) -> list[list[CellValue]]:
    """One line a row, cells between bars; ``-`` alone is an empty row."""
    lines = [line.strip() for line in drawing.strip().splitlines()]
    table = [
        [] if line == "-" else [cell_of(cell.strip().replace("\\n", "\n")) for cell in line.split("|")]
        for line in lines
    ]
    width = max(map(len, table))
    return [[*row, *[None] * (width - len(row))] for row in table]


@dataclass(frozen=True)
class Case:
    """A file and what `hearth inspect` is to say of its first sheet (or of all, by `sheets`)."""

    data: bytes
    kind: str
    encoding: str | None
    title_rows: list[int]
    header_rows: list[int]
    columns: list[str]
    data_rows: int
    group_rows: int = 0
    footer_rows: int = 0
    odd: tuple[str, ...] = ()
    """Words that some oddity holds."""
    sheet: int = 0


def layout_of(drawing: str, merges: str = "") -> Layout:
    found = []
    for text in merges.split():
        left, top, right, bottom = range_boundaries(text)
        found.append((int(top or 1) - 1, int(left or 1) - 1, int(bottom or 1) - 1, int(right or 1) - 1))
    return Layout(rows_of(drawing), tuple(found))


def workbook_of(*sheets: tuple[str, str, str], hidden: tuple[str, ...] = ()) -> bytes:
    """Sheets of (name, drawing, merges)."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, drawing, merges in sheets:
        sheet = book.create_sheet(name)
        for row in rows_of(drawing) if drawing else []:
            sheet.append(row)
        for merge in merges.split():
            sheet.merge_cells(merge)
        if name in hidden:
            sheet.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _one(drawing: str, merges: str = "") -> bytes:
    return workbook_of(("Sheet1", drawing, merges))


def xlsx_case(
    drawing: str, title_rows: list[int], header_rows: list[int], columns: str, data_rows: int, **more: Any
) -> Case:
    """An xlsx case."""
    merges = more.pop("merges", "")
    names = columns.split("|") if columns else []
    return Case(_one(drawing, merges), "xlsx", None, title_rows, header_rows, names, data_rows, **more)


CASES: dict[str, Case] = {}

CASES["clean"] = xlsx_case(
    """户编号|户主姓名|证件号码|家庭人口数
    A01|张某|~1|#3
    A02|李某|~2|#4""",
    [], [1], "户编号|户主姓名|证件号码|家庭人口数", 2,
)  # fmt: skip
CASES["脱贫户信息表: system export"] = xlsx_case(
    """脱贫户信息表
    导出时间：2026-11-02 09:12:33　导出人：管理员
    省(区、市)|市(盟、州)|县(市、区、旗)|乡(镇)|行政村|自然村|户编号|户主姓名|户主证件号码|家庭人口数|户类型|人均纯收入
    云省|北市|禾源县|云岭镇|青石村|三组|5200990001|张某|~1|3|脱贫户|9235.5
    云省|北市|禾源县|云岭镇|青石村|二组|5200990002|李某|~2|5|监测对象|8035""",
    [1, 2], [3],
    "省(区、市)|市(盟、州)|县(市、区、旗)|乡(镇)|行政村|自然村|户编号|户主姓名|户主证件号码|家庭人口数|户类型|人均纯收入",
    2, merges="A1:L1 A2:L2",
)  # fmt: skip
CASES["低保花名册: ledger with signatures"] = xlsx_case(
    """禾源县2026年10月农村低保对象花名册
    填报单位（盖章）：云岭镇人民政府|||||单位：元||填报时间：2026年11月5日
    序号|乡镇|村|户主姓名|身份证号码|保障人口|月保障金|备注
    #1|云岭镇|青石村|张某|~1|#2|#860|
    #2|云岭镇|青石村|李某|~2|#1|#430|残疾
    #3|云岭镇|白水村|王某|~3|#4|#1720.5|
    合计|||||#7|#3010.5|
    填表人：赵某||审核人：钱某|||联系电话：^1||""",
    [1, 2], [3], "序号|乡镇|村|户主姓名|身份证号码|保障人口|月保障金|备注", 3,
    footer_rows=2, merges="A1:H1 A2:E2 F2:G2",
)  # fmt: skip
CASES["危房改造台账: two merged rows"] = xlsx_case(
    """禾源县农村危房改造台账
    序号|户主信息||||房屋情况|||改造情况||||备注
    |姓名|身份证号|家庭人口|户类型|危房等级|结构|面积（㎡）|改造方式|开工时间|竣工时间|补助资金（元）|
    #1|张某|~1|#3|低保户|D级|土木|#80|重建|2025.3|2025.9|#35000|
    #2|李某|~2|#2|脱贫户|C级|砖木|#65.5|修缮|2025.4|2025.8|#12000|""",
    [1], [2, 3],
    "序号|姓名|身份证号|家庭人口|户类型|危房等级|结构|面积（㎡）|改造方式|开工时间|竣工时间|补助资金（元）|备注", 2,
    merges="A1:M1 A2:A3 B2:E2 F2:H2 I2:L2 M2:M3",
)  # fmt: skip
CASES["学生资助汇总表: three merged rows, leaves repeat"] = xlsx_case(
    """禾源县2026年秋季学期学生资助汇总表
    学校|资助情况|||||||
    |学前||小学||初中||合计|
    |人数|金额|人数|金额|人数|金额|人数|金额
    云岭小学|||#12|#6000|||#12|#6000
    云岭中学|||||#30|#18750|#30|#18750
    合计|||#12|#6000|#30|#18750|#42|#24750""",
    [1], [2, 3, 4],
    "学校|学前-人数|学前-金额|小学-人数|小学-金额|初中-人数|初中-金额|合计-人数|合计-金额", 2,
    footer_rows=1, merges="A1:I1 A2:A4 B2:I2 B3:C3 D3:E3 F3:G3 H3:I3",
)  # fmt: skip
CASES["饮水安全台账: instruction, required marks, numbering row"] = xlsx_case(
    """农村饮水安全到户台账
    填表说明：1.带*的为必填项；2.日期按2026-01-01填写；3.供水方式从下拉框选择，不得自行增加选项。
    *序号|*村名|*户主姓名|*身份证号|供水方式|水质是否达标|取水往返时间（分钟）|是否安全
    甲|乙|丙|1|2|3|4|5
    1|青石村|张某|~1|集中供水|是|0|是
    2|青石村|李某|~2|分散供水|否|25|否
    3|白水村|王某|~3|集中供水|是|0|是""",
    [1, 2], [3], "序号|村名|户主姓名|身份证号|供水方式|水质是否达标|取水往返时间（分钟）|是否安全", 3,
    merges="A1:H1 A2:H2", odd=("列号",),
)  # fmt: skip
CASES["停电统计表: utf-8 csv with short title lines"] = Case(
    csv_of(layout_of("""禾源县10kV线路停电情况统计表
    统计时段：2026年10月,单位：户、分钟
    序号|线路名称|台区名称|停电开始时间|恢复供电时间|停电户数|停电时长
    1|云岭线|青石台区|2026-10-03 08:00|2026-10-03 11:30|86|210
    2|云岭线|白水台区|2026-10-09 14:05|2026-10-09 16:00|120|115
    合计|||||206|325
    制表：赵某|审核：钱某""")).encode(),
    "csv", "utf-8", [1, 2], [3],
    ["序号", "线路名称", "台区名称", "停电开始时间", "恢复供电时间", "停电户数", "停电时长"],
    2, footer_rows=2,
)  # fmt: skip
CASES["因病返贫监测表: groups by township"] = xlsx_case(
    """因病返贫致贫监测对象情况表
    姓名|身份证号|病种|总费用（元）|报销金额（元）|自付费用（元）|是否纳入监测
    云岭镇（2户）
    张某|~1|恶性肿瘤|#120000|#80000|#40000|是
    李某|~2|尿毒症|#68000.5|#50000|#18000.5|否
    小计|||#188000.5|#130000|#58000.5|
    更戛乡（1户）
    王某|~3|脑卒中|#30000|#20000|#10000|否
    小计|||#30000|#20000|#10000|
    合计|||#218000.5|#150000|#68000.5|""",
    [1], [2], "姓名|身份证号|病种|总费用（元）|报销金额（元）|自付费用（元）|是否纳入监测", 3,
    group_rows=4, footer_rows=1, merges="A1:G1 A3:G3 A7:G7",
)  # fmt: skip
CASES["header-only form with placeholder row"] = xlsx_case(
    """义务教育阶段学生信息采集表
    学校名称|年级|班级|学生姓名|身份证号|家长姓名|联系电话
    {.school}|{.grade}|{.klass}|{.name}|{.idCard}|{.parent}|{.phone}""",
    [1], [2], "学校名称|年级|班级|学生姓名|身份证号|家长姓名|联系电话", 0, merges="A1:G1", odd=("占位符", "没有数据行"),
)  # fmt: skip
CASES["placeholders with dollar"] = xlsx_case(
    """姓名|身份证号|金额
    ${name}|${idCard}|${amount}""",
    [], [1], "姓名|身份证号|金额", 0, odd=("占位符",),
)  # fmt: skip
CASES["placeholders with double braces and data"] = xlsx_case(
    """姓名|身份证号|金额
    {{name}}|{{idCard}}|{{amount}}
    张某|~1|#12""",
    [], [1], "姓名|身份证号|金额", 1, odd=("占位符",),
)  # fmt: skip
CASES["easypoi placeholders"] = xlsx_case(
    """姓名|身份证号|金额|备注
    {{$fe:list t.name|t.idCard|t.amount|t.remark}}""",
    [], [1], "姓名|身份证号|金额|备注", 0, odd=("占位符",),
)  # fmt: skip
CASES["header only, no title"] = xlsx_case(
    "序号|姓名|身份证号|家庭住址|联系电话", [], [1], "序号|姓名|身份证号|家庭住址|联系电话", 0
)
CASES["running numbers filled in advance"] = xlsx_case(
    """监测对象花名册
    序号|姓名|身份证号|联系电话
    #1|张某|~1|^1
    #2
    #3
    #4""",
    [1], [2], "序号|姓名|身份证号|联系电话", 1, merges="A1:D1", odd=("只有序号",),
)  # fmt: skip
CASES["unit row beneath"] = xlsx_case(
    """各乡镇衔接资金使用情况
    乡镇|项目个数|总投资|衔接资金|完成支付
    |个|万元|万元|万元
    云岭镇|#3|#120.5|#100|#80
    更戛乡|#2|#66|#60|#60""",
    [1], [2], "乡镇|项目个数|总投资|衔接资金|完成支付", 2, odd=("单位",),
)  # fmt: skip
CASES["total on top"] = xlsx_case(
    """乡镇|脱贫户数|脱贫人数|监测户数
    全县合计|#300|#1100|#40
    云岭镇|#200|#700|#25
    更戛乡|#100|#400|#15""",
    [], [1], "乡镇|脱贫户数|脱贫人数|监测户数", 2, group_rows=1,
)  # fmt: skip
CASES["chinese ordinals as groups"] = xlsx_case(
    """帮扶项目清单
    序号|项目名称|建设地点|投资（万元）|受益户数
    一|产业项目||#150|#80
    1|茶叶加工厂|青石村|#100|#50
    2|养殖小区|白水村|#50|#30
    二|基础设施项目||#60|#200
    1|入户路硬化|青石村|#60|#200
    合计|||#210|#280""",
    [1], [2], "序号|项目名称|建设地点|投资（万元）|受益户数", 3, group_rows=2, footer_rows=1, merges="A1:E1",
)  # fmt: skip
CASES["blank rows and a blank column"] = xlsx_case(
    """姓名|身份证号||金额
    -
    张某|~1||#12
    -
    李某|~2||#13
    -""",
    [], [1], "姓名|身份证号|金额", 2, odd=("空列", "空行"),
)  # fmt: skip
CASES["side by side"] = xlsx_case(
    """公益性岗位补贴发放表
    序号|姓名|金额||序号|姓名|金额
    #1|张某|#800||#4|赵某|#800
    #2|李某|#800||#5|钱某|#800
    #3|王某|#800||#6|孙某|#800""",
    [1], [2], "序号|姓名|金额|序号|姓名|金额", 3, merges="A1:G1", odd=("并排",),
)  # fmt: skip
CASES["transposed"] = xlsx_case(
    """户主姓名|张某|李某|王某
    身份证号|~1|~2|~3
    家庭人口|#3|#4|#2
    联系电话|^1|^2|^3
    是否脱贫户|是|否|是
    人均纯收入|#9000.5|#12000|#8000""",
    [], [], "户主姓名|身份证号|家庭人口|联系电话|是否脱贫户|人均纯收入", 3, odd=("转置",),
)  # fmt: skip
CASES["transposed, all of one place"] = xlsx_case(
    """序号|#1|#2|#3
    乡镇|田园镇|田园镇|田园镇
    村|新城社区|新城社区|新城社区
    户主姓名|张某|李某|王某
    户主证件号码|~1|~2|~3
    家庭人口|#3|#4|#2
    低保类别|农村低保|农村低保|农村低保""",
    [], [], "序号|乡镇|村|户主姓名|户主证件号码|家庭人口|低保类别", 3, odd=("转置",),
)  # fmt: skip
CASES["record form"] = xlsx_case(
    """低收入家庭认定申请表
    户主姓名|张某|性别|男|民族|汉族
    身份证号|~1||联系电话|^1|
    家庭住址|云岭镇青石村三组||家庭人口|#4|
    申请原因|因病||申请时间|2026-10-08|
    村委会意见||||签字|""",
    [1], [], "户主姓名|性别|民族|身份证号|联系电话|家庭住址|家庭人口|申请原因|申请时间|村委会意见|签字", 1,
    merges="A1:F1 B3:C3 B4:C4", odd=("登记表",),
)  # fmt: skip
CASES["merged body cells"] = xlsx_case(
    """户编号|户主|成员姓名|与户主关系|身份证号
    A1|张某|张某|户主|~1
    ||李某|配偶|~2
    ||张小某|之子|~3
    A2|王某|王某|户主|~4""",
    [], [1], "户编号|户主|成员姓名|与户主关系|身份证号", 4, merges="A2:A4 B2:B4", odd=("合并",),
)  # fmt: skip
CASES["all text, no figures"] = xlsx_case(
    """姓名|民族|文化程度|就业状态
    张某|汉族|初中|务农
    李某|彝族|小学|外出务工
    王某|汉族|高中|务农""",
    [], [1], "姓名|民族|文化程度|就业状态", 3,
)  # fmt: skip
CASES["no header"] = xlsx_case(
    """#1|张某|~1|^1|#860
    #2|李某|~2|^2|#430
    #3|王某|~3|^3|#300""",
    [], [], "A列（无标题）|B列（无标题）|C列（无标题）|D列（无标题）|E列（无标题）", 3, odd=("没有找到表头",),
)  # fmt: skip
CASES["years as titles"] = xlsx_case(
    """各村三年人均纯收入
    村名|#2023|#2024|#2025
    青石村|#9000|#9800.5|#10500
    白水村|#8600|#9100|#9900""",
    [1], [2], "村名|2023|2024|2025", 2,
)  # fmt: skip
CASES["months as titles"] = xlsx_case(
    """台区|1月|2月|3月|合计
    青石台区|#100.5|#90|#80|#270.5
    白水台区|#50|#60|#70|#180
    合计|#150.5|#150|#150|#450.5""",
    [], [1], "台区|1月|2月|3月|合计", 2, footer_rows=1,
)  # fmt: skip
CASES["duplicate titles"] = xlsx_case(
    """姓名|身份证号|金额|日期|金额|日期
    张某|~1|#10|2026-10-01|#20|2026-10-15
    李某|~2|#10|2026-10-01|#20|2026-10-15""",
    [], [1], "姓名|身份证号|金额|日期|金额|日期", 2, odd=("重复",),
)  # fmt: skip
CASES["untitled column"] = xlsx_case(
    """姓名|身份证号|金额|
    张某|~1|#10|已发
    李某|~2|#20|已发""",
    [], [1], "姓名|身份证号|金额|D列（无标题）", 2, odd=("没有标题",),
)  # fmt: skip
CASES["form codes"] = xlsx_case(
    """建档立卡户信息采集表
    A1户主姓名|A2证件号码|A3家庭人口|A4a致贫原因
    张某|~1|#3|因病
    李某|~2|#2|因学""",
    [1], [2], "户主姓名|证件号码|家庭人口|致贫原因", 2, odd=("前缀",),
)  # fmt: skip
CASES["repeated header on every page"] = xlsx_case(
    """残疾人两项补贴发放表
    序号|姓名|残疾证号|金额
    1|张某|~1|100
    2|李某|~2|100
    第1页
    残疾人两项补贴发放表
    序号|姓名|残疾证号|金额
    3|王某|~3|80
    第2页""",
    [1], [2], "序号|姓名|残疾证号|金额", 3, footer_rows=2, odd=("重复出现",),
)  # fmt: skip
CASES["notes of several lines below"] = xlsx_case(
    """学校|在校生数|失学辍学数
    云岭小学|#120|#0
    云岭中学|#300|#1
    合计|#420|#1
    注：1.在校生数以学籍系统为准。
    2.失学辍学指连续缺课一个月以上。
    填报人：赵某||2026年11月3日""",
    [], [1], "学校|在校生数|失学辍学数", 2, footer_rows=4,
)  # fmt: skip
CASES["line breaks and blanks in titles"] = xlsx_case(
    """序\\n号|姓　　名|身 份 证\\n号 码|家庭 人口\\n（人）
    #1|张某|~1|#3""",
    [], [1], "序号|姓名|身份证号码|家庭人口（人）", 1,
)  # fmt: skip
CASES["long instructions over several rows"] = xlsx_case(
    """附件2
    云岭镇防返贫监测对象帮扶台账
    说明：一、本表由村委会填写，每月25日前报送。
    二、帮扶措施可多选，用顿号分开；收入按年填写。
    （单位：元、人）
    序号|户主姓名|帮扶措施|帮扶责任人|年收入
    1|张某|产业帮扶、就业帮扶|赵某|9800
    2|李某|社会救助|钱某|7600""",
    [1, 2, 3, 4, 5], [6], "序号|户主姓名|帮扶措施|帮扶责任人|年收入", 2,
)  # fmt: skip
