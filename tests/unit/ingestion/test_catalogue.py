"""The catalogue is complete: every rule of intake's stages is judged and shown to pass, stay silent and fail, or says
in writing why it is not judged here. The cases run through the verdict itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.drift import Heading
from ingestion.judgement import Delivery, History, judge
from ingestion.normalise.ids import check_character
from ingestion.rules import RULES_ROOT, catalogue
from tests.integration.ingestion.dibao_files import HEADERS, good, person, workbook
from tests.unit.ingestion.reader_files import xlsx

MONTH = Period(2026, 10)
NOW = datetime(2026, 11, 5, 4, tzinfo=UTC)
EARLY = datetime(2026, 9, 1, tzinfo=UTC)
HERE = Path(__file__).parent
ELSEWHERE: Mapping[str, str] = yaml.safe_load((RULES_ROOT / "elsewhere.yaml").read_text(encoding="utf-8"))
# The catalogue's ids by family; a new one is written here first.
FAMILIES = {
    "F": [*range(1, 18)],
    "S": [*range(1, 18)],
    "R-ALL": [*range(1, 8)],
    "R-REG": [*range(1, 25), *range(30, 44)],
    "R-CIV": [*range(1, 14)],
    "R-HLT": [*range(1, 12)],
    "R-EDU": [*range(1, 12)],
    "R-HSG": [*range(1, 8)],
    "R-WAT": [*range(1, 9)],
    "R-PWR": [*range(1, 15)],
    "H": [*range(1, 21)],
}
IDS = [f"{family}-{number:02d}" for family, numbers in FAMILIES.items() for number in numbers]


def test_every_rule_is_judged_or_says_why_not() -> None:
    known = {*catalogue(), *(rule.rule_id for contract in contracts().values() for rule in contract.rules)}
    assert [rule_id for rule_id in IDS if rule_id not in known | ELSEWHERE.keys()] == []
    assert known & ELSEWHERE.keys() == set()
    assert all(len(reason) > 40 for reason in ELSEWHERE.values())
    assert ELSEWHERE.keys() <= set(IDS)


def test_every_rule_of_the_catalogue_is_named_by_code_that_judges_it() -> None:
    room = RULES_ROOT.parent
    code = "\n".join(path.read_text(encoding="utf-8") for path in room.rglob("*.py") if "sample" not in path.parts)
    silent = {"F-06"}  # the claim itself: the same bytes give the old receipt, and no line is added to it
    assert [rule_id for rule_id in catalogue() if rule_id not in silent and f'"{rule_id}"' not in code] == []


def said(
    data: bytes,
    feed_id: str = "civil_affairs.dibao",
    history: History | None = None,
    name: str = "",
    now: datetime = NOW,
) -> set[str]:
    """Rule ids of everything that the verdict says of a file."""
    contract = contracts()[feed_id].in_force(MONTH)
    name = name or f"{contract.title}.xlsx"
    verdict = judge(Delivery(name, contract, MONTH, "530524", received_at=now), data, history).verdict
    reason = {verdict.reason.rule_id} if verdict.reason else set()
    return reason | {note.rule_id for note in verdict.notes} | {finding.rule_id for finding in verdict.findings}


def rows(**changes: Any) -> bytes:
    """Twenty good rows and one that is changed."""
    return workbook([*good(20), person(21, **changes)])


@dataclass(frozen=True)
class Case:
    """Files that pass, that give nothing to judge, and that fail."""

    passes: Callable[[], set[str]]
    silent: Callable[[], set[str]]
    fails: Callable[[], set[str]]
    null_fails: bool = False


def cell(column: str, right: object, wrong: object, *, null_fails: bool = False, **also: object) -> Case:
    def file(value: object) -> Callable[[], set[str]]:
        return lambda: said(rows(**{column: value}, **also))

    return Case(file(right), file(None), file(wrong), null_fails)


def table(feed_id: str, column: str, right: list[str], wrong: list[str], *, silent: str = "") -> Case:
    """A file of one feed whose other cells are the contract's examples; the column has these values."""
    contract = contracts()[feed_id].in_force(MONTH)
    titles = [item.title for item in contract.columns]

    def file(values: list[str]) -> Callable[[], set[str]]:
        lines: list[list[Any]] = [
            [value if item.name == column else str(item.example or "") for item in contract.columns] for value in values
        ]
        return lambda: said(xlsx([titles, *lines]), feed_id)

    return Case(file(right), file([silent] * len(right)), file(wrong))


def header(**renamed: str) -> bytes:
    """The good file under other titles."""
    names = [renamed.get(column, title) for column, title in HEADERS.items()]
    return xlsx([names, *([row.get(column) for column in HEADERS] for row in good(20))])


def titled(text: str) -> bytes:
    return workbook(good(20), title=text)


def extra(title: str, values: Callable[[int], object]) -> bytes:
    body: list[list[Any]] = [[*(row.get(column) for column in HEADERS), values(n)] for n, row in enumerate(good(20))]
    return xlsx([[*HEADERS.values(), title], *body])


def footed(*last: str) -> bytes:
    body: list[list[Any]] = [[row.get(column) for column in HEADERS] for row in good(20)]
    return xlsx([list(HEADERS.values()), *body, *([list(last)] if last else [])])


EMPTY = History(None, None)
BEFORE = (Heading(1, "备用金", "remark"), Heading(2, "户编号", "household_no"))
IMPOSSIBLE = "52009919781332013" + check_character("52009919781332013")
CASES: Mapping[str, Case] = {
    "F-05": Case(
        lambda: said(titled("2026年10月名单")), lambda: said(titled("名单")), lambda: said(titled("2026年9月"))
    ),
    "F-07": Case(
        lambda: said("户编号".encode("gb18030"), name="低保.csv"),
        lambda: said(b"x", name="低保.csv"),
        lambda: said("户编号,姓名\n张".encode() + b"\xff\xff", name="低保.csv"),
    ),
    "F-08": Case(lambda: said(rows()), lambda: said(workbook([])), lambda: said(workbook([])), null_fails=True),
    "F-11": Case(
        lambda: said(rows()),
        lambda: said(xlsx([["甲", "乙"], ["1", "2"]])),
        lambda: said(workbook(good(20), without=["head_name"])),
        null_fails=True,
    ),
    "F-14": Case(
        lambda: said(rows()),
        lambda: said(rows()),
        lambda: said(rows(), now=EARLY),
    ),
    "F-17": Case(
        lambda: said(rows(covered_count="x")),
        lambda: said(rows()),
        lambda: said(workbook([person(n, covered_count="x") for n in range(1, 6)])),
    ),
    "S-01": Case(
        lambda: said(rows(), history=EMPTY),
        lambda: said(rows(), history=None),
        lambda: said(workbook(good(20), without=["remark"]), history=replace(EMPTY, headings=BEFORE)),
    ),
    "S-02": Case(
        lambda: said(extra("户编号", lambda n: good(20)[n]["household_no"])),
        lambda: said(extra("户编号", lambda _: None)),
        lambda: said(extra("户编号", lambda n: f"X{n}")),
    ),
    "S-03": Case(lambda: said(rows()), lambda: said(rows()), lambda: said(extra("养了几只羊", lambda n: n))),
    "S-04": Case(
        lambda: said(titled(f"名单 模板版本{contracts()['civil_affairs.dibao'].version}")),
        lambda: said(titled("名单")),
        lambda: said(titled("名单 模板版本0.0.9")),
    ),
    "S-05": cell("head_id_number", person(21)["head_id_number"], 520099197803120133),
    "S-06": cell("started_month", "2019-03", "2019年13月"),
    "S-07": cell("monthly_amount_yuan", "600", "6O0"),
    "S-08": Case(
        lambda: said(header(monthly_amount_yuan="月保障金(元)")),
        lambda: said(header(monthly_amount_yuan="月保障金")),
        lambda: said(header(monthly_amount_yuan="月保障金(亩)")),
    ),
    "S-09": table("register.household", "is_food_met", ["是"], ["也许"]),
    "S-10": cell("category_code", "农村低保", "没有这一类"),
    "S-11": cell("head_id_number", person(21)["head_id_number"], "/", null_fails=True),
    "S-12": Case(
        lambda: said(rows()),
        lambda: said(rows(household_no=None)),
        lambda: said(workbook([*good(20), person(1, monthly_amount_yuan="601", total_amount_yuan="601")])),
    ),
    "S-13": cell("village_name", "新城社区村民委员会", "没有这个村", region_code=None),
    "S-14": cell("region_code", "530524101201", "530523101201"),
    "S-15": Case(lambda: said(footed()), lambda: said(footed()), lambda: said(footed("合计"))),
    "S-16": table("power.voltage", "pass_rate_percent", ["98", "99"], ["0.98", "99"]),
    "S-17": replace(
        table("register.household", "is_food_met", ["是"] * 3, ["是", "", ""]),
        silent=lambda: said(workbook(good(20))),  # a feed, or a file, without such a column
    ),
    "S-18": cell("started_month", "2019-01", "2019.1", stopped_month="2019-03", stop_reason_code="死亡"),
    "R-ALL-01": cell("head_id_number", person(21)["head_id_number"], "52009919780312013"),
    "R-ALL-02": cell("head_id_number", person(21)["head_id_number"], "520099197803120130"),
    "R-ALL-03": cell("head_id_number", person(21)["head_id_number"], IMPOSSIBLE),
    "R-ALL-04": cell("head_id_number", person(21)["head_id_number"], "999999000000000001"),
    "R-ALL-05": cell("started_month", "2026-10", "2026-11"),
    "R-ALL-06": cell("monthly_amount_yuan", "600", "-600"),
    "R-ALL-07": cell("head_name", "慕容甲", "张3"),
    "R-ALL-08": cell("phone_number", "19900000001", "0875-7121212"),
    "T-02": Case(
        lambda: said(rows(), history=replace(EMPTY, volumes=(20, 22, 25))),
        lambda: said(rows(), history=replace(EMPTY, volumes=(200, 220))),
        lambda: said(rows(), history=replace(EMPTY, volumes=(200, 220, 240))),
    ),
}
# File rules whose subject is more than the bytes of one file: what proves them, each with a pass and a fail.
PROVEN = {
    "F-01": "test_read_files.py",
    "F-02": "test_guards.py",
    "F-03": "../../integration/ingestion/test_intake.py",
    "F-04": "test_inbox.py",
    "F-06": "../../integration/ingestion/test_sample_timing.py",
    "F-09": "../../integration/ingestion/test_nil_return.py",
    "F-10": "test_read_files.py",
    "F-12": "../../integration/ingestion/test_sample_timing.py",
    "F-13": "../../integration/ingestion/test_reopening.py",
    "F-15": "../../integration/ingestion/test_intake.py",
    "F-16": "test_read_files.py",
    "F-18": "../../integration/ingestion/test_shrinkage.py",
    "F-19": "../../integration/ingestion/test_ledger.py",
    "F-20": "../../integration/ingestion/test_return_workbook.py",
    "F-21": "../../integration/ingestion/test_return_workbook.py",
    "F-22": "../../integration/ingestion/test_return_workbook.py",
    "RG-HH-01": "test_settle.py",
}


def test_every_rule_of_the_catalogue_has_its_cases() -> None:
    assert set(CASES) | set(PROVEN) == set(catalogue())
    unnamed = [
        rule_id
        for rule_id, place in PROVEN.items()
        if not re.search(rf"\b{rule_id}\b", (HERE / place).read_text(encoding="utf-8"))
    ]
    assert unnamed == []


@pytest.mark.parametrize("rule_id", list(CASES))
def test_a_rule_passes_stays_silent_and_fails(rule_id: str) -> None:
    case = CASES[rule_id]
    assert rule_id not in case.passes()
    assert (rule_id in case.silent()) is case.null_fails
    assert rule_id in case.fails()
