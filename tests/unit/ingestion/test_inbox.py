"""Department, month and feed from the inbox path (F-04, F-15)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.period import Period
from ingestion.arrivals import code_key
from ingestion.contract import contracts
from ingestion.inbox import is_ignored, is_trial, neutral_name, resolve
from ingestion.nil_return import is_nil_return
from ingestion.reader.titles import months_of_file_name
from ingestion.submission import Slot

COUNTY = "530524"


@pytest.mark.parametrize(
    ("key", "feed"),
    [
        ("inbox/civil_affairs/2026-10/低保名单（10月）(2).xlsx", "dibao"),
        ("inbox/civil_affairs/2026-10/ 农村 低保202409.xls", "dibao"),
        ("inbox/civil_affairs/2026-10/dibao/任意名.xlsx", "dibao"),
        ("inbox/civil_affairs/2026-10/DIBAO.csv", "dibao"),
        ("inbox/education/2026-10/控辍保学台账.xlsx", "dropout"),
        ("inbox/education/2026-10/在校学生名单（学籍）.xlsx", "enrolment"),
        ("inbox/register/2026-10/户表.xlsx", "household"),
        ("inbox/register/2026-10/家庭成员信息.xlsx", "member"),  # 家庭 is a prefix of the other feed: the longest wins
    ],
)
def test_feed_is_found(key: str, feed: str) -> None:
    address = resolve(key, COUNTY)
    assert address.problem is None
    assert address.slot == Slot(COUNTY, key.split("/")[1], feed, "2026-10")
    assert address.contract is not None
    assert address.contract.feed == feed


@pytest.mark.parametrize(
    ("key", "slot", "rule_id", "words"),
    [
        ("inbox/stray.xlsx", Slot(COUNTY, None, None, None), "F-04", "civil_affairs"),
        ("inbox/不存在/2026-10/x.xlsx", Slot(COUNTY, None, None, None), "F-04", "civil_affairs"),
        ("inbox/civil_affairs/x.xlsx", Slot(COUNTY, "civil_affairs", None, None), "F-04", "2026-10"),
        ("inbox/civil_affairs/十月/低保.xlsx", Slot(COUNTY, "civil_affairs", None, None), "F-04", "2026-10"),
        ("inbox/civil_affairs/2026-13/低保.xlsx", Slot(COUNTY, "civil_affairs", None, None), "F-04", "2026-10"),
        ("inbox/civil_affairs/2026-10/名单.xlsx", Slot(COUNTY, "civil_affairs", None, "2026-10"), "F-04", "低保"),
        ("inbox/civil_affairs/2026-10/危房鉴定.xlsx", Slot(COUNTY, "civil_affairs", None, "2026-10"), "F-15", "住房"),
    ],
)
def test_problem_names_what_to_do(key: str, slot: Slot, rule_id: str, words: str) -> None:
    address = resolve(key, COUNTY)
    assert address.contract is None
    assert address.slot == slot
    assert address.problem is not None
    assert address.problem.rule_id == rule_id
    assert words in address.problem.fix


@pytest.mark.parametrize("key", ["outbox/a/b.xlsx", "inbox", "inbox/../secrets/x", "inbox//x.xlsx", "inbox/a/./b"])
def test_key_outside_the_inbox_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="is not an inbox key"):
        resolve(key, COUNTY)


@pytest.mark.parametrize("name", ["~$低保.xlsx", ".x", "低保.xlsx.part", "低保.TMP", "Thumbs.db"])
def test_unfinished_and_hidden_names_are_never_taken(name: str) -> None:
    assert is_ignored(name)


def test_ordinary_names_are_taken() -> None:
    assert not is_ignored("低保（10月）(2).xlsx")


def test_submission_number_says_where_it_belongs() -> None:
    assert str(Slot(COUNTY, "civil_affairs", "dibao", "2026-10")) == "530524-2026-10-civil_affairs.dibao"
    assert str(Slot(COUNTY, None, None, None)) == "530524-unassigned"


@pytest.mark.parametrize(
    "key", ["inbox/../outbox/x.xlsx", "inbox/civil_affairs/../../x", "/etc/passwd", "inbox//x", "archive/x"]
)
def test_a_key_never_leads_out_of_the_inbox(key: str) -> None:
    with pytest.raises(ValueError, match="inbox"):
        resolve(key, COUNTY)


@pytest.mark.parametrize(
    "name", ["低保\n名单.xlsx", "低保\x00.xlsx", "..\\..\\低保.xlsx", "低保\u202excod.xlsx", "低" * 90 + ".xlsx"]
)
def test_names_that_no_person_types_are_answered(name: str) -> None:
    address = resolve(f"inbox/civil_affairs/2026-10/{name}", COUNTY)
    assert address.problem is not None
    assert address.problem.rule_id == "F-04"
    assert address.file_name.isprintable()
    assert len(address.file_name) <= 255


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("低保520099197803120133张某19900000000.xlsx", "{title}.xlsx"),
        ("（试报）低保名单张某2026年10月(2).XLS", "试报{title}（2026年10月）.xls"),
        ("低保零报告 张某.xlsx", "{title}零报告.xlsx"),
        ("低保1-10月张某", "{title}"),
        ("张某.zhangmou", "文件"),
    ],
)
def test_only_what_is_understood_of_a_name_is_kept(name: str, kept: str) -> None:
    title = contracts()["civil_affairs.dibao"].title
    assert resolve(f"inbox/civil_affairs/2026-10/{name}", COUNTY).file_name == kept.format(title=title)


@given(st.text(st.sampled_from("试报低保零告张某2026年110月-至（）()_ .xlscv"), max_size=24))
def test_what_is_kept_says_what_the_name_said(name: str) -> None:
    period = Period(2026, 10)
    full = f"低保{name}.xlsx"
    kept = neutral_name(full, contracts()["civil_affairs.dibao"], str(period))
    assert months_of_file_name(kept, period) == months_of_file_name(full, period)
    assert (is_trial(kept), is_nil_return(kept)) == (is_trial(full), is_nil_return(full))


def test_a_key_for_the_ledger_names_nobody() -> None:
    key = "inbox/civil_affairs/2026-10/dibao/张某/低保张某.xlsx"
    code = code_key(key)
    assert code.startswith("inbox/civil_affairs/2026-10/~")
    assert code == code_key(code) == code_key(key)
    assert code != code_key(key + "x")
    assert code_key("inbox/张某/2026-10/x.xlsx").startswith("inbox/_/2026-10/~")
    assert code_key("inbox/civil_affairs/张某/x.xlsx").startswith("inbox/civil_affairs/_/~")
