"""Sheets for `hearth inspect` of other kinds and encodings, several sheets, and titles of odd sorts."""

from __future__ import annotations

from tests.unit.ingestion.corpus import csv_of, html_of, xls_of, xml2003_of
from tests.unit.ingestion.inspect_cases import Case, layout_of, workbook_of, xlsx_case

CASES: dict[str, Case] = {}

CASES["two header rows in csv, gb18030"] = Case(
    csv_of(layout_of("""禾源县各乡镇饮水安全统计表
    乡镇|集中供水||分散供水||合计
    |户数|人数|户数|人数|
    云岭镇|200|700|20|60|760
    更戛乡|100|380|10|25|405""")).encode("gb18030"),
    "csv", "gb18030", [1], [2, 3], ["乡镇", "集中供水-户数", "集中供水-人数", "分散供水-户数", "分散供水-人数", "合计"],
    2,
)  # fmt: skip
CASES["tab text called xls"] = Case(
    csv_of(layout_of("""用户编号|用户名称|用电地址|电压等级|合同容量
    0301|张某|云岭镇青石村|220V|8
    0302|李某|云岭镇白水村|220V|8"""), delimiter="\t").encode("gb18030"),
    "tsv", "gb18030", [], [1], ["用户编号", "用户名称", "用电地址", "电压等级", "合同容量"], 2,
)  # fmt: skip
CASES["html called xls"] = Case(
    html_of(layout_of("""参保缴费明细
    姓名|证件号码|缴费年度|缴费金额|是否享受资助
    张某|~1|2026|400|是
    李某|~2|2026|400|否""", "A1:E1")).encode("gb18030"),
    "html", "gb18030", [1], [2], ["姓名", "证件号码", "缴费年度", "缴费金额", "是否享受资助"], 2,
)  # fmt: skip
CASES["xml 2003 called xls"] = Case(
    xml2003_of(layout_of("""低保户|||金额
    姓名|身份证号|人口|
    张某|~1|2|860
    李某|~2|1|430""", "A1:C1 D1:D2")).encode(),
    "xml2003", "utf-8", [], [1, 2], ["姓名", "身份证号", "人口", "金额"], 2,
)  # fmt: skip
CASES["old xls"] = Case(
    xls_of(layout_of("""辍学学生劝返台账
    序号|学生姓名|性别|辍学时间|劝返措施|是否复学
    #1|张某|男|2026.9|家访|是
    #2|李某|女|2026.8|送教上门|否""", "A1:F1")),
    "xls", None, [1], [2], ["序号", "学生姓名", "性别", "辍学时间", "劝返措施", "是否复学"], 2,
)  # fmt: skip
CASES["utf-16 without mark"] = Case(
    csv_of(layout_of("""姓名|身份证号|金额
    张某|~1|12
    李某|~2|13""")).encode("utf-16-le"),
    "csv", "utf-16-le", [], [1], ["姓名", "身份证号", "金额"], 2,
)  # fmt: skip
CASES["utf-16 with mark"] = Case(
    csv_of(layout_of("""姓名|身份证号|金额
    张某|~1|12"""), delimiter="\t").encode("utf-16"),
    "tsv", "utf-16", [], [1], ["姓名", "身份证号", "金额"], 1,
)  # fmt: skip
CASES["utf-8 with mark, wrapped cells"] = Case(
    csv_of(layout_of("""户号|户名|电量
    0301|张某|120
    0302|李某|98.5"""), wrap=True).encode("utf-8-sig"),
    "csv", "utf-8-sig", [], [1], ["户号", "户名", "电量"], 2,
)  # fmt: skip
_MANY = workbook_of(
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
CASES["formulas without results"] = xlsx_case(
    """项目|一季度|二季度|合计
    培训|#10|#20|=SUM(B2:C2)
    务工|#30|#40|=SUM(B3:C3)""",
    [], [1], "项目|一季度|二季度|合计", 2, odd=("公式",),
)  # fmt: skip
CASES["hints beneath"] = xlsx_case(
    """姓名|身份证号|出生日期|是否在校
    必填|必填，文本格式|格式：2010-01-01|下拉选择
    张某|~1|2012-03-04|是
    李某|~2|2011-05-06|否""",
    [], [1], "姓名|身份证号|出生日期|是否在校", 2, odd=("提示",),
)  # fmt: skip
CASES["example row"] = xlsx_case(
    """序号|姓名|身份证号|金额
    示例|某某|~9|#100
    #1|张某|~1|#12""",
    [], [1], "序号|姓名|身份证号|金额", 1, odd=("示例",),
)  # fmt: skip
CASES["field names beneath"] = xlsx_case(
    """姓名|身份证号|家庭人口
    name|idCard|memberCount
    张某|~1|#3""",
    [], [1], "姓名|身份证号|家庭人口", 1,
)  # fmt: skip
CASES["one column"] = xlsx_case("姓名\n张某\n李某", [], [1], "姓名", 2)
CASES["starts at B4"] = xlsx_case(
    """-
    -
    |村级供水工程一览表
    |工程名称|所在村|供水人口|建成时间
    |青石水厂|青石村|#860|2019年8月
    |白水水池|白水村|#120|2021年5月""",
    [3], [4], "工程名称|所在村|供水人口|建成时间", 2, merges="B3:E3",
)  # fmt: skip
CASES["sums without a word"] = xlsx_case(
    """序号|姓名|人数|金额
    #1|张某|#2|#100
    #2|李某|#3|#150
    |||#250""",
    [], [1], "序号|姓名|人数|金额", 2, footer_rows=1,
)  # fmt: skip
CASES["title columns with notes in brackets"] = xlsx_case(
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
CASES["two tables one below the other"] = xlsx_case(
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
CASES["titles merged downwards beside a parent whose children are no words of headers"] = xlsx_case(
    """2024年5月农村危房改造台账
    单位：万元
    *序号|*户主|补助资金||*改造方式|备注
    ||中央|省级||
    #1|张某|#1.2|#0.3|修缮|
    #2|李某|#1.2|#0.3|修缮|
    合计||#2.4|#0.6
    填表人：甲|||审核：乙""",
    [1, 2], [3, 4], "序号|户主|中央|省级|改造方式|备注", 2, footer_rows=2,
    merges="A1:F1 C3:D3 A3:A4 B3:B4 E3:E4 F3:F4",
)  # fmt: skip
CASES["hints and an example below the titles"] = xlsx_case(
    """*姓名|*身份证号|是否参保
    填真实姓名|18位文本|是/否
    示例：张某|~1|是
    王某|~2|是""",
    [], [1], "姓名|身份证号|是否参保", 1, odd=("提示或示例行",),
)  # fmt: skip
CASES["an application on paper"] = xlsx_case(
    """农村低保申请表
    户主姓名|张某|性别|男
    身份证号|~1|电话|139
    家庭住址|云岭镇青石村||
    申请理由|因病||""",
    [1], [], "户主姓名|性别|身份证号|电话|家庭住址|申请理由", 1, odd=("登记表",),
)  # fmt: skip
