"""More sheets for `hearth inspect`: two sets written before looking at the reader again, and what it said of them."""

from __future__ import annotations

from tests.unit.ingestion.corpus import csv_of, html_of, xls_of
from tests.unit.ingestion.inspect_cases import Case, layout_of, xlsx_case

CASES: dict[str, Case] = {}

CASES["attachment line, title, unit at the right"] = xlsx_case(
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
CASES["of which"] = xlsx_case(
    """各乡镇兜底保障情况统计表
    乡镇|总户数|其中|||备注
    ||低保户|特困户|残疾人户|
    云岭镇|#300|#200|#20|#80|
    更戛乡|#150|#100|#10|#40|""",
    [1], [2, 3], "乡镇|总户数|低保户|特困户|残疾人户|备注", 2, merges="A1:F1 A2:A3 B2:B3 C2:E2 F2:F3",
)  # fmt: skip
CASES["of which, nothing merged"] = xlsx_case(
    """各乡镇兜底保障情况统计表
    乡镇|总户数|其中|||备注
    ||低保户|特困户|残疾人户|
    云岭镇|#300|#200|#20|#80|无
    更戛乡|#150|#100|#10|#40|""",
    [1], [2, 3], "乡镇|总户数|低保户|特困户|残疾人户|备注", 2,
)  # fmt: skip
CASES["villages merged beside, subtotals in the second column"] = xlsx_case(
    """乡镇|村|集中供水户数|分散供水户数
    云岭镇|青石村|#120|#10
    |白水村|#80|#5
    |小计|#200|#15
    更戛乡|大寨村|#60|#6
    |小计|#60|#6
    合计||#260|#21""",
    [], [1], "乡镇|村|集中供水户数|分散供水户数", 3, group_rows=2, footer_rows=1, merges="A2:A4 A5:A6 A7:B7",
)  # fmt: skip
CASES["titles merged across two columns"] = xlsx_case(
    """序号|姓名||身份证号||金额
    #1|张某||~1||#100
    #2|李某||~2||#200""",
    [], [1], "序号|姓名|身份证号|金额", 2, merges="B1:C1 D1:E1",
)  # fmt: skip
CASES["title in the middle, not merged"] = xlsx_case(
    """||农村集体经济收入台账
    村名|年度|经营收入|发包收入|补助收入
    青石村|2025|120000|30000|50000
    白水村|2025|80000|12000|50000""",
    [1], [2], "村名|年度|经营收入|发包收入|补助收入", 2,
)  # fmt: skip
CASES["many instruction rows"] = xlsx_case(
    "防止返贫监测信息采集表\n"
    + "\n".join(f"（{n}）第{n}项填写要求：按实际情况填写，不得空缺。" for n in "一二三四五六七八九十")
    + "\n序号|户主姓名|风险类型|核实时间\n1|张某|因病|2026-10-11\n2|李某|因灾|2026-10-12",
    list(range(1, 12)), [12], "序号|户主姓名|风险类型|核实时间", 2,
)  # fmt: skip
CASES["header far down behind blanks"] = xlsx_case(
    "-\n" * 12 + "户名|户号|容量\n张某|0301|8\n李某|0302|8", [], [13], "户名|户号|容量", 2
)
CASES["end mark below"] = xlsx_case(
    """姓名|身份证号|金额
    张某|~1|#12
    李某|~2|#13
    以下空白""",
    [], [1], "姓名|身份证号|金额", 2, footer_rows=1,
)  # fmt: skip
CASES["merged total label and signatures in cells"] = xlsx_case(
    """姓名|身份证号|人数|金额
    张某|~1|#2|#120
    李某|~2|#3|#130
    合　计||#5|#250
    -
    经办人（签字）：|赵某|审核人：|钱某
    |||2026年11月1日""",
    [], [1], "姓名|身份证号|人数|金额", 2, footer_rows=3, merges="A4:B4",
)  # fmt: skip
CASES["villages written in, nothing filled"] = xlsx_case(
    """乡镇|户数|人数|备注
    云岭镇|||
    更戛乡|||
    田园镇|||""",
    [], [1], "乡镇|户数|人数|备注", 3,
)  # fmt: skip
CASES["captions by category"] = xlsx_case(
    """姓名|身份证号|补助标准|月数|金额
    一、困难残疾人生活补贴
    张某|~1|#90|#1|#90
    李某|~2|#90|#1|#90
    二、重度残疾人护理补贴
    王某|~3|#100|#1|#100""",
    [], [1], "姓名|身份证号|补助标准|月数|金额", 3, group_rows=2, merges="A2:E2 A5:E5",
)  # fmt: skip
CASES["title lines with all commas"] = Case(
    csv_of(layout_of("""2026年10月电压合格率监测表,,,,
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
CASES["numbers of people stored as figures"] = xlsx_case(
    """姓名|身份证号|金额
    张某|#520099198001010000|#12
    李某|#520099198101010000|#13""",
    [], [1], "姓名|身份证号|金额", 2, odd=("长号码",),
)  # fmt: skip
CASES["title only"] = xlsx_case("禾源县2026年工作总结", [1], [], "", 0, odd=("只有文字",))
CASES["old xls, two rows"] = Case(
    xls_of(layout_of("""供电可靠率统计
    供电所|用户数|停电||可靠率（%）
    ||次数|时长（h）|
    云岭所|#1200|#3|#5.5|#99.95
    更戛所|#800|#1|#2|#99.98""", "A1:E1 A2:A3 B2:B3 C2:D2 E2:E3")),
    "xls", None, [1], [2, 3], ["供电所", "用户数", "次数", "时长（h）", "可靠率（%）"], 2,
)  # fmt: skip
CASES["html with title lines and footers"] = Case(
    html_of(layout_of("""医疗救助结算明细
    结算时间：2026-10-01至2026-10-31||||
    姓名|证件号码|总费用|救助金额|结算日期
    张某|~1|3200.5|1200|2026-10-08
    李某|~2|800|300|2026-10-19
    合计||4000.5|1500|""", "A1:E1 A2:E2")).encode(),
    "html", "utf-8", [1, 2], [3], ["姓名", "证件号码", "总费用", "救助金额", "结算日期"], 2, footer_rows=1,
)  # fmt: skip
CASES["bilingual titles"] = xlsx_case(
    """姓名 Name|身份证号 ID No.|家庭人口 Size
    张某|~1|#3""",
    [], [1], "姓名Name|身份证号ID No.|家庭人口Size", 1,
)  # fmt: skip
CASES["mixed dates and ticks"] = xlsx_case(
    """户主姓名|是否危房|鉴定等级|鉴定日期|是否改造|竣工日期
    张某|√|D|2024.3.5|√|2024.9
    李某|×|A|2024年3月6日|×|
    王某|√|C|20240307|√|2024/10""",
    [], [1], "户主姓名|是否危房|鉴定等级|鉴定日期|是否改造|竣工日期", 3,
)  # fmt: skip
CASES["three rows, csv"] = Case(
    csv_of(layout_of("""学校|在校学生||||教职工
    |小学||初中||
    |男|女|男|女|
    云岭小学|100|90|0|0|20
    云岭中学|0|0|150|140|35""")).encode("utf-8-sig"),
    "csv", "utf-8-sig", [], [1, 2, 3], ["学校", "小学-男", "小学-女", "初中-男", "初中-女", "教职工"], 2,
)  # fmt: skip
CASES["long texts in the body"] = xlsx_case(
    """信访件编号|诉求内容|办理结果|办结时间
    X001|反映其家庭因病支出较大，申请纳入低保；经乡镇入户核实，家庭人均收入低于标准，拟按程序办理。|已纳入|2026-10-20
    X002|反映村内道路积水，影响出行。|转住建部门办理|2026-10-25""",
    [], [1], "信访件编号|诉求内容|办理结果|办结时间", 2,
)  # fmt: skip
CASES["transposed with blank values"] = xlsx_case(
    """项目|甲村|乙村|丙村|丁村
    总户数|#120|#80|#60|#50
    总人口|#430|#300|#210|#180
    脱贫户数|#30|#20|#15|#9
    集中供水率|95%|90%|88%|100%""",
    [], [1], "项目|甲村|乙村|丙村|丁村", 4,
)  # fmt: skip
CASES["record form, empty"] = xlsx_case(
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
CASES["no serial, sparse last row"] = xlsx_case(
    """姓名|身份证号|联系电话|住址
    张某|~1|^1|青石村
    李某|~2||
    王某|~3||""",
    [], [1], "姓名|身份证号|联系电话|住址", 3,
)  # fmt: skip
CASES["report with row numbers and codes"] = xlsx_case(
    """农村饮水安全工程月报
    指标名称|代码|计量单位|本月数|累计数
    甲|乙|丙|1|2
    新增供水人口|01|人|#120|#900
    新建水源点|02|处|#1|#5
    水质检测次数|03|次|#4|#40""",
    [1], [2], "指标名称|代码|计量单位|本月数|累计数", 3, merges="A1:E1", odd=("列号",),
)  # fmt: skip
CASES["single data row"] = xlsx_case("姓名|年龄\n张某|#5", [], [1], "姓名|年龄", 1)
CASES["ring numbers beneath"] = xlsx_case(
    """村名|应参保|已参保|参保率
    ①|②|③|④=③/②
    青石村|#430|#428|99.53%
    白水村|#300|#300|100%""",
    [], [1], "村名|应参保|已参保|参保率", 2,
)  # fmt: skip
CASES["tabs inside, four townships side by side"] = xlsx_case(
    """村|户数|村|户数|村|户数
    青石村|#12|大寨村|#13|右文村|#9
    白水村|#8|小寨村|#7|左文村|#6""",
    [], [1], "村|户数|村|户数|村|户数", 2, odd=("并排",),
)  # fmt: skip

CASES["villages as captions with numbers of two cells"] = xlsx_case(
    """序号|户主姓名|家庭人口|人均纯收入
青石村|共2户||
1|张某|3|9000
2|李某|4|8000
白水村|共1户||
1|王某|2|7000""",
    [],
    [1],
    "序号|户主姓名|家庭人口|人均纯收入",
    3,
    group_rows=2,
)
CASES["title merged over two rows"] = xlsx_case(
    """禾源县防贫监测对象花名册|||
|||
姓名|证件号码|监测类别|纳入时间
张某|~1|边缘易致贫户|2024年3月
李某|~2|突发严重困难户|2025年1月""",
    [1, 2],
    [3],
    "姓名|证件号码|监测类别|纳入时间",
    2,
    merges="A1:D2",
)
CASES["signature line split"] = xlsx_case(
    """工程名称|建设地点|投资
饮水工程|青石村|#12
道路工程|白水村|#30
填报单位：水务局||填报人：赵某
联系电话：^3||2026.11.01""",
    [],
    [1],
    "工程名称|建设地点|投资",
    2,
    footer_rows=2,
)
CASES["bool ticks only"] = xlsx_case(
    """姓名|产业帮扶|就业帮扶|金融帮扶
张某|√||√
李某||√|""",
    [],
    [1],
    "姓名|产业帮扶|就业帮扶|金融帮扶",
    2,
)
CASES["summary by class"] = xlsx_case(
    """残疾人统计表
类别|一级||二级||三级||四级||合计
|男|女|男|女|男|女|男|女|
视力|#1|#2|#3|#1|#2|#2|#1|#0|#12
听力|#1|#0|#2|#1|#1|#2|#1|#1|#9
合计|#2|#2|#5|#2|#3|#4|#2|#1|#21""",
    [1],
    [2, 3],
    "类别|一级-男|一级-女|二级-男|二级-女|三级-男|三级-女|四级-男|四级-女|合计",
    2,
    footer_rows=1,
    merges="A1:J1 A2:A3 B2:C2 D2:E2 F2:G2 H2:I2 J2:J3",
)
CASES["unit under title inside header"] = xlsx_case(
    """电量统计表
台区|用户数|售电量
|（户）|（千瓦时）
青石台区|#86|#12000
白水台区|#120|#15600""",
    [1],
    [2],
    "台区|用户数|售电量",
    2,
)
CASES["blank between title and header"] = xlsx_case(
    """重点人群签约名单
-
姓名|年龄|签约医生|签约日期
张某|#66|赵某|2026-03-01
李某|#71|钱某|2026-03-02""",
    [1],
    [3],
    "姓名|年龄|签约医生|签约日期",
    2,
)
CASES["only names and numbers, many text columns"] = xlsx_case(
    """学校|班级|学生姓名|性别|民族|监护人|家庭住址|是否寄宿|备注
云岭小学|一（1）班|张小某|男|汉族|张某|云岭镇青石村|是|
云岭小学|一（1）班|李小某|女|彝族|李某|云岭镇白水村|否|残疾
云岭小学|一（2）班|王小某|男|汉族|王某|云岭镇青石村|是|""",
    [],
    [1],
    "学校|班级|学生姓名|性别|民族|监护人|家庭住址|是否寄宿|备注",
    3,
)
CASES["dated columns"] = xlsx_case(
    """监测点|2026-10-01|2026-10-02|2026-10-03
青石|#230|#228|#231
白水|#225|#224|#226""",
    [],
    [1],
    "监测点|2026-10-01|2026-10-02|2026-10-03",
    2,
)
CASES["notes between header and data"] = xlsx_case(
    """序号|姓名|证件号码|金额
注：证件号码必须为18位
1|张某|~1|12
2|李某|~2|13""",
    [],
    [1],
    "序号|姓名|证件号码|金额",
    2,
)
CASES["leading blank column"] = xlsx_case(
    """|序号|姓名|金额
|1|张某|12
|2|李某|13""",
    [],
    [1],
    "序号|姓名|金额",
    2,
)
CASES["footer after blank rows"] = xlsx_case(
    """姓名|性别|年龄
张某|男|#66
李某|女|#60
-
-
备注：本表由民政办提供
审核人：|钱某|""",
    [],
    [1],
    "姓名|性别|年龄",
    2,
    footer_rows=2,
)
CASES["header with total columns and percent"] = xlsx_case(
    """乡镇|应缴人数|已缴人数|缴费率|未缴人数|其中：外出
云岭镇|#430|#428|99.5%|#2|#1
更戛乡|#300|#300|100%|#0|#0
合 计|#730|#728|99.7%|#2|#1""",
    [],
    [1],
    "乡镇|应缴人数|已缴人数|缴费率|未缴人数|其中：外出",
    2,
    footer_rows=1,
)
CASES["placeholder double-dollar row after two-row header"] = xlsx_case(
    """户主信息||家庭情况|
姓名|证件号码|人口|收入
<%=name%>|<%=id%>|<%=n%>|<%=income%>""",
    [],
    [1, 2],
    "姓名|证件号码|人口|收入",
    0,
    merges="A1:B1 C1:D1",
    odd=("占位符",),
)
CASES["transposed with title"] = xlsx_case(
    """基本情况表
村名|青石村|白水村
总户数|#300|#200
总人口|#1100|#700
村集体收入（万元）|#12.5|#8
驻村队长|赵某|钱某
联系电话|^1|^2""",
    [1],
    [],
    "村名|总户数|总人口|村集体收入（万元）|驻村队长|联系电话",
    2,
    merges="A1:C1",
    odd=("转置",),
)
CASES["letter data no figures with captions"] = xlsx_case(
    """事项|责任部门|完成时限
一、住房保障
危房排查|住建局|2026年11月底
动态监测|住建局|长期
二、饮水安全
水质检测|水务局|2026年12月底""",
    [],
    [1],
    "事项|责任部门|完成时限",
    3,
    group_rows=2,
)
CASES["csv gb18030 with BOM-less tab and footer"] = Case(
    csv_of(
        layout_of("""导出时间:2026-10-31 10:00
户号|户名|用电量
0301|张某|120
0302|李某|98
共2条记录"""),
        delimiter="\t",
    ).encode("gb18030"),
    "tsv",
    "gb18030",
    [1],
    [2],
    ["户号", "户名", "用电量"],
    2,
    footer_rows=1,
)
CASES["family roster with blanks below head, unmerged"] = xlsx_case(
    """户号|户主|成员|关系|证件号码
1|张某|张某|本人|~1
|||配偶|~2
|||子|~3
2|王某|王某|本人|~4""",
    [],
    [1],
    "户号|户主|成员|关系|证件号码",
    4,
)
