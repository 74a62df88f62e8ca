"""Sheets as offices really lay them out, each with what a person says of it. All names and numbers are invented."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import openpyxl
from openpyxl.utils import range_boundaries

from ingestion.normalise.ids import check_character
from ingestion.table import CellValue
from tests.unit.ingestion.corpus import Layout, csv_of, html_of, xls_of, xml2003_of


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


def _layout(drawing: str, merges: str = "") -> Layout:
    found = []
    for text in merges.split():
        left, top, right, bottom = range_boundaries(text)
        found.append((int(top or 1) - 1, int(left or 1) - 1, int(bottom or 1) - 1, int(right or 1) - 1))
    return Layout(rows_of(drawing), tuple(found))


def _xlsx(*sheets: tuple[str, str, str], hidden: tuple[str, ...] = ()) -> bytes:
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
    return _xlsx(("Sheet1", drawing, merges))


def _x(drawing: str, title_rows: list[int], header_rows: list[int], columns: str, data_rows: int, **more: Any) -> Case:
    """An xlsx case."""
    merges = more.pop("merges", "")
    names = columns.split("|") if columns else []
    return Case(_one(drawing, merges), "xlsx", None, title_rows, header_rows, names, data_rows, **more)


CASES: dict[str, Case] = {}

CASES["clean"] = _x(
    """户编号|户主姓名|证件号码|家庭人口数
    A01|张某|~1|#3
    A02|李某|~2|#4""",
    [], [1], "户编号|户主姓名|证件号码|家庭人口数", 2,
)  # fmt: skip
CASES["脱贫户信息表: system export"] = _x(
    """脱贫户信息表
    导出时间：2026-11-02 09:12:33　导出人：管理员
    省(区、市)|市(盟、州)|县(市、区、旗)|乡(镇)|行政村|自然村|户编号|户主姓名|户主证件号码|家庭人口数|户类型|人均纯收入
    云省|北市|禾源县|云岭镇|青石村|三组|5200990001|张某|~1|3|脱贫户|9235.5
    云省|北市|禾源县|云岭镇|青石村|二组|5200990002|李某|~2|5|监测对象|8035""",
    [1, 2], [3],
    "省(区、市)|市(盟、州)|县(市、区、旗)|乡(镇)|行政村|自然村|户编号|户主姓名|户主证件号码|家庭人口数|户类型|人均纯收入",
    2, merges="A1:L1 A2:L2",
)  # fmt: skip
CASES["低保花名册: ledger with signatures"] = _x(
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
CASES["危房改造台账: two merged rows"] = _x(
    """禾源县农村危房改造台账
    序号|户主信息||||房屋情况|||改造情况||||备注
    |姓名|身份证号|家庭人口|户类型|危房等级|结构|面积（㎡）|改造方式|开工时间|竣工时间|补助资金（元）|
    #1|张某|~1|#3|低保户|D级|土木|#80|重建|2025.3|2025.9|#35000|
    #2|李某|~2|#2|脱贫户|C级|砖木|#65.5|修缮|2025.4|2025.8|#12000|""",
    [1], [2, 3],
    "序号|姓名|身份证号|家庭人口|户类型|危房等级|结构|面积（㎡）|改造方式|开工时间|竣工时间|补助资金（元）|备注", 2,
    merges="A1:M1 A2:A3 B2:E2 F2:H2 I2:L2 M2:M3",
)  # fmt: skip
CASES["学生资助汇总表: three merged rows, leaves repeat"] = _x(
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
CASES["饮水安全台账: instruction, required marks, numbering row"] = _x(
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
    csv_of(_layout("""禾源县10kV线路停电情况统计表
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
CASES["因病返贫监测表: groups by township"] = _x(
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
CASES["header-only form with placeholder row"] = _x(
    """义务教育阶段学生信息采集表
    学校名称|年级|班级|学生姓名|身份证号|家长姓名|联系电话
    {.school}|{.grade}|{.klass}|{.name}|{.idCard}|{.parent}|{.phone}""",
    [1], [2], "学校名称|年级|班级|学生姓名|身份证号|家长姓名|联系电话", 0, merges="A1:G1", odd=("占位符", "没有数据行"),
)  # fmt: skip
CASES["placeholders with dollar"] = _x(
    """姓名|身份证号|金额
    ${name}|${idCard}|${amount}""",
    [], [1], "姓名|身份证号|金额", 0, odd=("占位符",),
)  # fmt: skip
CASES["placeholders with double braces and data"] = _x(
    """姓名|身份证号|金额
    {{name}}|{{idCard}}|{{amount}}
    张某|~1|#12""",
    [], [1], "姓名|身份证号|金额", 1, odd=("占位符",),
)  # fmt: skip
CASES["easypoi placeholders"] = _x(
    """姓名|身份证号|金额|备注
    {{$fe:list t.name|t.idCard|t.amount|t.remark}}""",
    [], [1], "姓名|身份证号|金额|备注", 0, odd=("占位符",),
)  # fmt: skip
CASES["header only, no title"] = _x(
    "序号|姓名|身份证号|家庭住址|联系电话", [], [1], "序号|姓名|身份证号|家庭住址|联系电话", 0
)
CASES["running numbers filled in advance"] = _x(
    """监测对象花名册
    序号|姓名|身份证号|联系电话
    #1|张某|~1|^1
    #2
    #3
    #4""",
    [1], [2], "序号|姓名|身份证号|联系电话", 1, merges="A1:D1", odd=("只有序号",),
)  # fmt: skip
CASES["unit row beneath"] = _x(
    """各乡镇衔接资金使用情况
    乡镇|项目个数|总投资|衔接资金|完成支付
    |个|万元|万元|万元
    云岭镇|#3|#120.5|#100|#80
    更戛乡|#2|#66|#60|#60""",
    [1], [2], "乡镇|项目个数|总投资|衔接资金|完成支付", 2, odd=("单位",),
)  # fmt: skip
CASES["total on top"] = _x(
    """乡镇|脱贫户数|脱贫人数|监测户数
    全县合计|#300|#1100|#40
    云岭镇|#200|#700|#25
    更戛乡|#100|#400|#15""",
    [], [1], "乡镇|脱贫户数|脱贫人数|监测户数", 2, group_rows=1,
)  # fmt: skip
CASES["chinese ordinals as groups"] = _x(
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
CASES["blank rows and a blank column"] = _x(
    """姓名|身份证号||金额
    -
    张某|~1||#12
    -
    李某|~2||#13
    -""",
    [], [1], "姓名|身份证号|金额", 2, odd=("空列", "空行"),
)  # fmt: skip
CASES["side by side"] = _x(
    """公益性岗位补贴发放表
    序号|姓名|金额||序号|姓名|金额
    #1|张某|#800||#4|赵某|#800
    #2|李某|#800||#5|钱某|#800
    #3|王某|#800||#6|孙某|#800""",
    [1], [2], "序号|姓名|金额|序号|姓名|金额", 3, merges="A1:G1", odd=("并排",),
)  # fmt: skip
CASES["transposed"] = _x(
    """户主姓名|张某|李某|王某
    身份证号|~1|~2|~3
    家庭人口|#3|#4|#2
    联系电话|^1|^2|^3
    是否脱贫户|是|否|是
    人均纯收入|#9000.5|#12000|#8000""",
    [], [], "户主姓名|身份证号|家庭人口|联系电话|是否脱贫户|人均纯收入", 3, odd=("转置",),
)  # fmt: skip
CASES["record form"] = _x(
    """低收入家庭认定申请表
    户主姓名|张某|性别|男|民族|汉族
    身份证号|~1||联系电话|^1|
    家庭住址|云岭镇青石村三组||家庭人口|#4|
    申请原因|因病||申请时间|2026-10-08|
    村委会意见||||签字|""",
    [1], [], "户主姓名|性别|民族|身份证号|联系电话|家庭住址|家庭人口|申请原因|申请时间|村委会意见|签字", 1,
    merges="A1:F1 B3:C3 B4:C4", odd=("登记表",),
)  # fmt: skip
CASES["merged body cells"] = _x(
    """户编号|户主|成员姓名|与户主关系|身份证号
    A1|张某|张某|户主|~1
    ||李某|配偶|~2
    ||张小某|之子|~3
    A2|王某|王某|户主|~4""",
    [], [1], "户编号|户主|成员姓名|与户主关系|身份证号", 4, merges="A2:A4 B2:B4", odd=("合并",),
)  # fmt: skip
CASES["all text, no figures"] = _x(
    """姓名|民族|文化程度|就业状态
    张某|汉族|初中|务农
    李某|彝族|小学|外出务工
    王某|汉族|高中|务农""",
    [], [1], "姓名|民族|文化程度|就业状态", 3,
)  # fmt: skip
CASES["no header"] = _x(
    """#1|张某|~1|^1|#860
    #2|李某|~2|^2|#430
    #3|王某|~3|^3|#300""",
    [], [], "A列（无标题）|B列（无标题）|C列（无标题）|D列（无标题）|E列（无标题）", 3, odd=("没有找到表头",),
)  # fmt: skip
CASES["years as titles"] = _x(
    """各村三年人均纯收入
    村名|#2023|#2024|#2025
    青石村|#9000|#9800.5|#10500
    白水村|#8600|#9100|#9900""",
    [1], [2], "村名|2023|2024|2025", 2,
)  # fmt: skip
CASES["months as titles"] = _x(
    """台区|1月|2月|3月|合计
    青石台区|#100.5|#90|#80|#270.5
    白水台区|#50|#60|#70|#180
    合计|#150.5|#150|#150|#450.5""",
    [], [1], "台区|1月|2月|3月|合计", 2, footer_rows=1,
)  # fmt: skip
CASES["duplicate titles"] = _x(
    """姓名|身份证号|金额|日期|金额|日期
    张某|~1|#10|2026-10-01|#20|2026-10-15
    李某|~2|#10|2026-10-01|#20|2026-10-15""",
    [], [1], "姓名|身份证号|金额|日期|金额|日期", 2, odd=("重复",),
)  # fmt: skip
CASES["untitled column"] = _x(
    """姓名|身份证号|金额|
    张某|~1|#10|已发
    李某|~2|#20|已发""",
    [], [1], "姓名|身份证号|金额|D列（无标题）", 2, odd=("没有标题",),
)  # fmt: skip
CASES["form codes"] = _x(
    """建档立卡户信息采集表
    A1户主姓名|A2证件号码|A3家庭人口|A4a致贫原因
    张某|~1|#3|因病
    李某|~2|#2|因学""",
    [1], [2], "户主姓名|证件号码|家庭人口|致贫原因", 2, odd=("前缀",),
)  # fmt: skip
CASES["repeated header on every page"] = _x(
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
CASES["notes of several lines below"] = _x(
    """学校|在校生数|失学辍学数
    云岭小学|#120|#0
    云岭中学|#300|#1
    合计|#420|#1
    注：1.在校生数以学籍系统为准。
    2.失学辍学指连续缺课一个月以上。
    填报人：赵某||2026年11月3日""",
    [], [1], "学校|在校生数|失学辍学数", 2, footer_rows=4,
)  # fmt: skip
CASES["line breaks and blanks in titles"] = _x(
    """序\\n号|姓　　名|身 份 证\\n号 码|家庭 人口\\n（人）
    #1|张某|~1|#3""",
    [], [1], "序号|姓名|身份证号码|家庭人口（人）", 1,
)  # fmt: skip
CASES["long instructions over several rows"] = _x(
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
CASES["two header rows in csv, gb18030"] = Case(
    csv_of(_layout("""禾源县各乡镇饮水安全统计表
    乡镇|集中供水||分散供水||合计
    |户数|人数|户数|人数|
    云岭镇|200|700|20|60|760
    更戛乡|100|380|10|25|405""")).encode("gb18030"),
    "csv", "gb18030", [1], [2, 3], ["乡镇", "集中供水-户数", "集中供水-人数", "分散供水-户数", "分散供水-人数", "合计"],
    2,
)  # fmt: skip
CASES["tab text called xls"] = Case(
    csv_of(_layout("""用户编号|用户名称|用电地址|电压等级|合同容量
    0301|张某|云岭镇青石村|220V|8
    0302|李某|云岭镇白水村|220V|8"""), delimiter="\t").encode("gb18030"),
    "tsv", "gb18030", [], [1], ["用户编号", "用户名称", "用电地址", "电压等级", "合同容量"], 2,
)  # fmt: skip
CASES["html called xls"] = Case(
    html_of(_layout("""参保缴费明细
    姓名|证件号码|缴费年度|缴费金额|是否享受资助
    张某|~1|2026|400|是
    李某|~2|2026|400|否""", "A1:E1")).encode("gb18030"),
    "html", "gb18030", [1], [2], ["姓名", "证件号码", "缴费年度", "缴费金额", "是否享受资助"], 2,
)  # fmt: skip
CASES["xml 2003 called xls"] = Case(
    xml2003_of(_layout("""低保户|||金额
    姓名|身份证号|人口|
    张某|~1|2|860
    李某|~2|1|430""", "A1:C1 D1:D2")).encode(),
    "xml2003", "utf-8", [], [1, 2], ["姓名", "身份证号", "人口", "金额"], 2,
)  # fmt: skip
CASES["old xls"] = Case(
    xls_of(_layout("""辍学学生劝返台账
    序号|学生姓名|性别|辍学时间|劝返措施|是否复学
    #1|张某|男|2026.9|家访|是
    #2|李某|女|2026.8|送教上门|否""", "A1:F1")),
    "xls", None, [1], [2], ["序号", "学生姓名", "性别", "辍学时间", "劝返措施", "是否复学"], 2,
)  # fmt: skip
CASES["utf-16 without mark"] = Case(
    csv_of(_layout("""姓名|身份证号|金额
    张某|~1|12
    李某|~2|13""")).encode("utf-16-le"),
    "csv", "utf-16-le", [], [1], ["姓名", "身份证号", "金额"], 2,
)  # fmt: skip
CASES["utf-16 with mark"] = Case(
    csv_of(_layout("""姓名|身份证号|金额
    张某|~1|12"""), delimiter="\t").encode("utf-16"),
    "tsv", "utf-16", [], [1], ["姓名", "身份证号", "金额"], 1,
)  # fmt: skip
CASES["utf-8 with mark, wrapped cells"] = Case(
    csv_of(_layout("""户号|户名|电量
    0301|张某|120
    0302|李某|98.5"""), wrap=True).encode("utf-8-sig"),
    "csv", "utf-8-sig", [], [1], ["户号", "户名", "电量"], 2,
)  # fmt: skip
_MANY = _xlsx(
    ("云岭镇", "姓名|身份证号|金额\n张某|~1|#12\n李某|~2|#13", ""),
    ("更戛乡", "姓名|身份证号|金额\n王某|~3|#14", ""),
    ("Sheet3", "", ""),
    ("备份", "姓名|身份证号|金额\n赵某|~4|#15", ""),
    ("填表说明", "本表每月报送一次，请各乡镇按时填写，不得漏报、错报。", ""),
    hidden=("备份",),
)
for _place, (_columns, _rows, _odd) in enumerate(
    [
        ("姓名|身份证号|金额", 2, ()),
        ("姓名|身份证号|金额", 1, ()),
        ("", 0, ("空工作表",)),
        ("姓名|身份证号|金额", 1, ("隐藏",)),
    ]
):
    CASES[f"several sheets, {_place + 1}"] = Case(
        _MANY,
        "xlsx",
        None,
        [],
        [1] if _columns else [],
        _columns.split("|") if _columns else [],
        _rows,
        odd=_odd,
        sheet=_place,
    )
CASES["several sheets, text only"] = Case(_MANY, "xlsx", None, [1], [], [], 0, odd=("只有文字",), sheet=4)
CASES["formulas without results"] = _x(
    """项目|一季度|二季度|合计
    培训|#10|#20|=SUM(B2:C2)
    务工|#30|#40|=SUM(B3:C3)""",
    [], [1], "项目|一季度|二季度|合计", 2, odd=("公式",),
)  # fmt: skip
CASES["hints beneath"] = _x(
    """姓名|身份证号|出生日期|是否在校
    必填|必填，文本格式|格式：2010-01-01|下拉选择
    张某|~1|2012-03-04|是
    李某|~2|2011-05-06|否""",
    [], [1], "姓名|身份证号|出生日期|是否在校", 2, odd=("提示",),
)  # fmt: skip
CASES["example row"] = _x(
    """序号|姓名|身份证号|金额
    示例|某某|~9|#100
    #1|张某|~1|#12""",
    [], [1], "序号|姓名|身份证号|金额", 1, odd=("示例",),
)  # fmt: skip
CASES["field names beneath"] = _x(
    """姓名|身份证号|家庭人口
    name|idCard|memberCount
    张某|~1|#3""",
    [], [1], "姓名|身份证号|家庭人口", 1,
)  # fmt: skip
CASES["one column"] = _x("姓名\n张某\n李某", [], [1], "姓名", 2)
CASES["starts at B4"] = _x(
    """-
    -
    |村级供水工程一览表
    |工程名称|所在村|供水人口|建成时间
    |青石水厂|青石村|#860|2019年8月
    |白水水池|白水村|#120|2021年5月""",
    [3], [4], "工程名称|所在村|供水人口|建成时间", 2, merges="B3:E3",
)  # fmt: skip
CASES["sums without a word"] = _x(
    """序号|姓名|人数|金额
    #1|张某|#2|#100
    #2|李某|#3|#150
    |||#250""",
    [], [1], "序号|姓名|人数|金额", 2, footer_rows=1,
)  # fmt: skip
CASES["title columns with notes in brackets"] = _x(
    """姓名|户类型（1：脱贫户 2：监测户）|是否参保（是/否）|参保类型（城乡居民、城镇职工）
    张某|#1|是|城乡居民
    李某|#2|否|""",
    [], [1], "姓名|户类型（1：脱贫户2：监测户）|是否参保（是/否）|参保类型（城乡居民、城镇职工）", 2,
)  # fmt: skip
CASES["semicolons"] = Case(
    "姓名;身份证号;金额\n张某;1;12,5\n李某;2;13,5\n".encode(), "csv", "utf-8", [], [1], ["姓名", "身份证号", "金额"], 2
)
CASES["english titles"] = Case(
    b"household_no,head_name,member_count\n001,Zhang,3\n002,Li,4\n", "csv", "utf-8", [], [1],
    ["household_no", "head_name", "member_count"], 2,
)  # fmt: skip
CASES["two tables one below the other"] = _x(
    """表一 低保对象
    姓名|身份证号|月保障金
    张某|~1|#860
    李某|~2|#430
    -
    表二 特困对象
    姓名|供养方式|照料护理等级|供养金额
    王某|集中|全护理|#1200""",
    [1], [2], "姓名|身份证号|月保障金", 2, odd=("另有一张表",),
)  # fmt: skip

# ------------------------------------------------------------ a second set, written before looking at the reader again
CASES["attachment line, title, unit at the right"] = _x(
    """附件1
    禾源县雨露计划补助资金发放明细表
    |||||单位：元
    序号|学生姓名|身份证号|就读学校|年级|补助金额
    1|张某|~1|云岭职校|二年级|1500
    2|李某|~2|北市技校|一年级|1500
    合计|||||3000
    单位负责人：　　　填表人：　　　填报日期：　年　月　日""",
    [1, 2, 3], [4], "序号|学生姓名|身份证号|就读学校|年级|补助金额", 2, footer_rows=2, merges="A1:F1 A2:F2 A8:F8",
)  # fmt: skip
CASES["of which"] = _x(
    """各乡镇兜底保障情况统计表
    乡镇|总户数|其中|||备注
    ||低保户|特困户|残疾人户|
    云岭镇|#300|#200|#20|#80|
    更戛乡|#150|#100|#10|#40|""",
    [1], [2, 3], "乡镇|总户数|低保户|特困户|残疾人户|备注", 2, merges="A1:F1 A2:A3 B2:B3 C2:E2 F2:F3",
)  # fmt: skip
CASES["of which, nothing merged"] = _x(
    """各乡镇兜底保障情况统计表
    乡镇|总户数|其中|||备注
    ||低保户|特困户|残疾人户|
    云岭镇|#300|#200|#20|#80|无
    更戛乡|#150|#100|#10|#40|""",
    [1], [2, 3], "乡镇|总户数|低保户|特困户|残疾人户|备注", 2,
)  # fmt: skip
CASES["villages merged beside, subtotals in the second column"] = _x(
    """乡镇|村|集中供水户数|分散供水户数
    云岭镇|青石村|#120|#10
    |白水村|#80|#5
    |小计|#200|#15
    更戛乡|大寨村|#60|#6
    |小计|#60|#6
    合计||#260|#21""",
    [], [1], "乡镇|村|集中供水户数|分散供水户数", 3, group_rows=2, footer_rows=1, merges="A2:A4 A5:A6 A7:B7",
)  # fmt: skip
CASES["titles merged across two columns"] = _x(
    """序号|姓名||身份证号||金额
    #1|张某||~1||#100
    #2|李某||~2||#200""",
    [], [1], "序号|姓名|身份证号|金额", 2, merges="B1:C1 D1:E1",
)  # fmt: skip
CASES["title in the middle, not merged"] = _x(
    """||农村集体经济收入台账
    村名|年度|经营收入|发包收入|补助收入
    青石村|2025|120000|30000|50000
    白水村|2025|80000|12000|50000""",
    [1], [2], "村名|年度|经营收入|发包收入|补助收入", 2,
)  # fmt: skip
CASES["many instruction rows"] = _x(
    "防止返贫监测信息采集表\n"
    + "\n".join(f"（{n}）第{n}项填写要求：按实际情况填写，不得空缺。" for n in "一二三四五六七八九十")
    + "\n序号|户主姓名|风险类型|核实时间\n1|张某|因病|2026-10-11\n2|李某|因灾|2026-10-12",
    list(range(1, 12)), [12], "序号|户主姓名|风险类型|核实时间", 2,
)  # fmt: skip
CASES["header far down behind blanks"] = _x(
    "-\n" * 12 + "户名|户号|容量\n张某|0301|8\n李某|0302|8", [], [13], "户名|户号|容量", 2
)
CASES["end mark below"] = _x(
    """姓名|身份证号|金额
    张某|~1|#12
    李某|~2|#13
    以下空白""",
    [], [1], "姓名|身份证号|金额", 2, footer_rows=1,
)  # fmt: skip
CASES["merged total label and signatures in cells"] = _x(
    """姓名|身份证号|人数|金额
    张某|~1|#2|#120
    李某|~2|#3|#130
    合　计||#5|#250
    -
    经办人（签字）：|赵某|审核人：|钱某
    |||2026年11月1日""",
    [], [1], "姓名|身份证号|人数|金额", 2, footer_rows=3, merges="A4:B4",
)  # fmt: skip
CASES["villages written in, nothing filled"] = _x(
    """乡镇|户数|人数|备注
    云岭镇|||
    更戛乡|||
    田园镇|||""",
    [], [1], "乡镇|户数|人数|备注", 3,
)  # fmt: skip
CASES["captions by category"] = _x(
    """姓名|身份证号|补助标准|月数|金额
    一、困难残疾人生活补贴
    张某|~1|#90|#1|#90
    李某|~2|#90|#1|#90
    二、重度残疾人护理补贴
    王某|~3|#100|#1|#100""",
    [], [1], "姓名|身份证号|补助标准|月数|金额", 3, group_rows=2, merges="A2:E2 A5:E5",
)  # fmt: skip
CASES["title lines with all commas"] = Case(
    csv_of(_layout("""2026年10月电压合格率监测表,,,,
    监测点|台区|合格率|监测时间|备注""")).replace('"', "").encode("gb18030")
    + "1,青石台区,99.98,2026-10-31,\r\n2,白水台区,98.7,2026-10-31,\r\n".encode("gb18030"),
    "csv", "gb18030", [1], [2], ["监测点", "台区", "合格率", "监测时间", "备注"], 2,
)  # fmt: skip
CASES["quoted line breaks in csv titles"] = Case(
    '序号,"户主\n姓名","身份证\n号码",金额\n1,张某,x,12\n2,李某,y,13\n'.encode(),
    "csv", "utf-8", [], [1], ["序号", "户主姓名", "身份证号码", "金额"], 2,
)  # fmt: skip
CASES["ragged csv"] = Case(
    "姓名,身份证号,金额,备注\n张某,1,12\n李某,2\n王某,3,14,无,多\n".encode(),
    "csv", "utf-8", [], [1], ["姓名", "身份证号", "金额", "备注", "E列（无标题）"], 3, odd=("列数",),
)  # fmt: skip
CASES["numbers of people stored as figures"] = _x(
    """姓名|身份证号|金额
    张某|#520099198001010000|#12
    李某|#520099198101010000|#13""",
    [], [1], "姓名|身份证号|金额", 2, odd=("长号码",),
)  # fmt: skip
CASES["title only"] = _x("禾源县2026年工作总结", [1], [], "", 0, odd=("只有文字",))
CASES["old xls, two rows"] = Case(
    xls_of(_layout("""供电可靠率统计
    供电所|用户数|停电||可靠率（%）
    ||次数|时长（h）|
    云岭所|#1200|#3|#5.5|#99.95
    更戛所|#800|#1|#2|#99.98""", "A1:E1 A2:A3 B2:B3 C2:D2 E2:E3")),
    "xls", None, [1], [2, 3], ["供电所", "用户数", "次数", "时长（h）", "可靠率（%）"], 2,
)  # fmt: skip
CASES["html with title lines and footers"] = Case(
    html_of(_layout("""医疗救助结算明细
    结算时间：2026-10-01至2026-10-31||||
    姓名|证件号码|总费用|救助金额|结算日期
    张某|~1|3200.5|1200|2026-10-08
    李某|~2|800|300|2026-10-19
    合计||4000.5|1500|""", "A1:E1 A2:E2")).encode(),
    "html", "utf-8", [1, 2], [3], ["姓名", "证件号码", "总费用", "救助金额", "结算日期"], 2, footer_rows=1,
)  # fmt: skip
CASES["bilingual titles"] = _x(
    """姓名 Name|身份证号 ID No.|家庭人口 Size
    张某|~1|#3""",
    [], [1], "姓名Name|身份证号ID No.|家庭人口Size", 1,
)  # fmt: skip
CASES["mixed dates and ticks"] = _x(
    """户主姓名|是否危房|鉴定等级|鉴定日期|是否改造|竣工日期
    张某|√|D|2024.3.5|√|2024.9
    李某|×|A|2024年3月6日|×|
    王某|√|C|20240307|√|2024/10""",
    [], [1], "户主姓名|是否危房|鉴定等级|鉴定日期|是否改造|竣工日期", 3,
)  # fmt: skip
CASES["three rows, csv"] = Case(
    csv_of(_layout("""学校|在校学生||||教职工
    |小学||初中||
    |男|女|男|女|
    云岭小学|100|90|0|0|20
    云岭中学|0|0|150|140|35""")).encode("utf-8-sig"),
    "csv", "utf-8-sig", [], [1, 2, 3], ["学校", "小学-男", "小学-女", "初中-男", "初中-女", "教职工"], 2,
)  # fmt: skip
CASES["long texts in the body"] = _x(
    """信访件编号|诉求内容|办理结果|办结时间
    X001|反映其家庭因病支出较大，申请纳入低保；经乡镇入户核实，家庭人均收入低于标准，拟按程序办理。|已纳入|2026-10-20
    X002|反映村内道路积水，影响出行。|转住建部门办理|2026-10-25""",
    [], [1], "信访件编号|诉求内容|办理结果|办结时间", 2,
)  # fmt: skip
CASES["transposed with blank values"] = _x(
    """项目|甲村|乙村|丙村|丁村
    总户数|#120|#80|#60|#50
    总人口|#430|#300|#210|#180
    脱贫户数|#30|#20|#15|#9
    集中供水率|95%|90%|88%|100%""",
    [], [1], "项目|甲村|乙村|丙村|丁村", 4,
)  # fmt: skip
CASES["record form, empty"] = _x(
    """农村低保申请审批表
    申请人姓名||性别||民族||照片
    身份证号||||联系电话||
    家庭住址||||家庭人口||
    主要致贫原因||||年收入||
    乡镇审核意见||||县级审批意见||""",
    [1], [],
    "申请人姓名|性别|民族|照片|身份证号|联系电话|家庭住址|家庭人口|主要致贫原因|年收入|乡镇审核意见|县级审批意见",
    0, merges="A1:G1 B3:D3 B4:D4 B5:D5 B6:D6 G2:G4", odd=("登记表",),
)  # fmt: skip
CASES["no serial, sparse last row"] = _x(
    """姓名|身份证号|联系电话|住址
    张某|~1|^1|青石村
    李某|~2||
    王某|~3||""",
    [], [1], "姓名|身份证号|联系电话|住址", 3,
)  # fmt: skip
CASES["report with row numbers and codes"] = _x(
    """农村饮水安全工程月报
    指标名称|代码|计量单位|本月数|累计数
    甲|乙|丙|1|2
    新增供水人口|01|人|#120|#900
    新建水源点|02|处|#1|#5
    水质检测次数|03|次|#4|#40""",
    [1], [2], "指标名称|代码|计量单位|本月数|累计数", 3, merges="A1:E1", odd=("列号",),
)  # fmt: skip
CASES["single data row"] = _x("姓名|年龄\n张某|#5", [], [1], "姓名|年龄", 1)
CASES["ring numbers beneath"] = _x(
    """村名|应参保|已参保|参保率
    ①|②|③|④=③/②
    青石村|#430|#428|99.53%
    白水村|#300|#300|100%""",
    [], [1], "村名|应参保|已参保|参保率", 2,
)  # fmt: skip
CASES["tabs inside, four townships side by side"] = _x(
    """村|户数|村|户数|村|户数
    青石村|#12|大寨村|#13|右文村|#9
    白水村|#8|小寨村|#7|左文村|#6""",
    [], [1], "村|户数|村|户数|村|户数", 2, odd=("并排",),
)  # fmt: skip
