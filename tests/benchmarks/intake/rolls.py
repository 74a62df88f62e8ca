"""Large invented files of one feed, made fast: all persons, numbers and amounts are drawn, none belongs to anybody."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.reference_data import regions

FEED = "health.insurance"
TITLES = (
    "序号", "乡(镇)", "行政村", "户编号", "姓名", "身份证号", "个人编号", "参保年度", "参保情况", "个人缴费金额",
    "资助金额", "缴费日期", "参保资助类别", "是否参加大病保险", "联系电话",
)  # fmt: skip
FAULTY_SHARE = 0.005
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹"
_GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂红玉梅文辉力健世广志义兴良海山仁波宁贵福生龙元全国胜学祥才发武新利"
    "清飞彬富顺信子龄庆朝政松柏"
)
_WEIGHTS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
_CHECKS = np.array(list("10X98765432"))


def columns(rows: int, seed: int = 1) -> dict[str, pa.Array]:
    """Cells as text by title; ``FAULTY_SHARE`` of the ID numbers have a wrong check character."""
    draw = np.random.default_rng(seed)
    villages = [place for place in regions() if place.level_code == "village" and place.region_code[:6] == "530524"]
    townships = {place.region_code: place.name for place in regions() if place.level_code == "township"}
    village = draw.integers(0, len(villages), rows)

    def pick(words: Sequence[str], places: npt.NDArray[np.int64] | None = None) -> pa.Array:
        return pa.array(words).take(pa.array(draw.integers(0, len(words), rows) if places is None else places))

    order = np.arange(rows)
    return {
        "序号": _text(order + 1),
        "乡(镇)": pick([townships[place.parent_code or ""] for place in villages], village),
        "行政村": pick([place.name for place in villages], village),
        "户编号": _text(530524_0000000000 + order // 3),
        "姓名": pc.binary_join_element_wise(pick(_SURNAMES), pick(_GIVEN), pick(_GIVEN), ""),
        "身份证号": _id_numbers(rows, draw),
        "个人编号": _text(990_000_000 + order),
        "参保年度": pa.repeat("2026", rows),
        "参保情况": pick(["本地居民", "本地职工(在职)", "异地居民", "01"]),
        "个人缴费金额": pick(["380.00", "0.00", "190.00", "200", "115.50"]),
        "资助金额": pick(["0", "380", "190.00", "264.50"]),
        "缴费日期": pick([f"2026-0{month}-{day:02d}" for month in range(1, 10) for day in range(1, 29)]),
        "参保资助类别": pick(["无资助", "监测对象", "稳定脱贫人口", "00"]),
        "是否参加大病保险": pick(["是", "否"]),
        "联系电话": _text(19900000000 + draw.permutation(rows)),
    }


def _text(numbers: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def _id_numbers(rows: int, draw: np.random.Generator) -> pa.Array:
    """Distinct numbers with the prefix 520099, which no region has; births from 1940 to 2019, days 1 to 28."""
    order = draw.permutation(rows)
    parts = (1940 + order % 80, 1 + order // 80 % 12, 1 + order // 960 % 28, 1 + order // 26_880 % 998)
    digits = np.array([5, 2, 0, 0, 9, 9])[None, :].repeat(rows, 0)
    for part, width in zip(parts, (4, 2, 2, 3), strict=True):
        digits = np.concatenate([digits, part[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10], axis=1)
    # Twenty-seven million numbers fit; beyond them the third digit of the year of birth would have to move.
    check = (digits @ _WEIGHTS) % 11
    check = np.where(draw.random(rows) < FAULTY_SHARE, (check + 1) % 11, check)
    first = pa.array((digits @ 10 ** np.arange(16, -1, -1)).astype(np.int64)).cast(pa.string())
    return pc.binary_join_element_wise(first, pa.array(_CHECKS[check]), "")


def csv_bytes(rows: int, seed: int = 1, encoding: str = "utf-8") -> bytes:
    """The roll as a text file with a header."""
    lines = pc.binary_join_element_wise(*columns(rows, seed).values(), ",")
    text = ",".join(TITLES) + "\n" + "\n".join(lines.to_pylist()) + "\n"
    return text.encode(encoding)


_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_TEXTS = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship'
    ' Id="r1" Target="xl/workbook.xml"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="参保名单" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="worksheets/sheet1.xml"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
    '<Relationship Id="r2" Target="sharedStrings.xml"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/></Relationships>',
}


def xlsx_bytes(rows: int, seed: int = 1) -> bytes:
    """The roll as a workbook: text cells with shared texts, as spreadsheet programs write them; a tenth are numbers."""
    cells = columns(rows, seed)
    texts: list[str] = []
    written = []
    for letter, (title, column) in zip("ABCDEFGHIJKLMNO", cells.items(), strict=True):
        whole = pa.concat_arrays([pa.array([title]), column.cast(pa.string())])
        places = pa.array([f"{letter}{number}" for number in range(1, rows + 2)])
        if title in ("序号", "个人缴费金额"):
            head = [f'<c r="{letter}1" t="inlineStr"><is><t>{title}</t></is></c>']
            body = pc.binary_join_element_wise('<c r="', places[1:], '"><v>', column, "</v></c>", "")
            written.append(pa.concat_arrays([pa.array(head), body]))
            continue
        encoded = whole.dictionary_encode()
        numbers = pc.add(encoded.indices, len(texts)).cast(pa.string())
        texts += encoded.dictionary.to_pylist()
        written.append(pc.binary_join_element_wise('<c r="', places, '" t="s"><v>', numbers, "</v></c>", ""))
    number = pa.array([str(row) for row in range(1, rows + 2)])
    lines = pc.binary_join_element_wise('<row r="', number, '">', *written, "</row>", "")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, text)
        archive.writestr(
            "xl/sharedStrings.xml", _TEXTS + "".join(f"<si><t>{text}</t></si>" for text in texts) + "</sst>"
        )
        archive.writestr("xl/worksheets/sheet1.xml", _SHEET + "".join(lines.to_pylist()) + "</sheetData></worksheet>")
    return target.getvalue()
