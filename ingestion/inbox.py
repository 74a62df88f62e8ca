"""What an inbox path says: department, month and feed. Pure: the bucket is not touched.

``inbox/<department>/<YYYY-MM>/<file>`` or ``inbox/<department>/<YYYY-MM>/<feed>/<file>``. The feed is named by the
folder, or by what the file name begins with: the feed's id, its title, or one of the contract's prefixes; the longest
wins. Export dates and copy marks such as (2) further on in the name mean nothing (F-04). A name that begins with 试报
is a trial run: judged and answered, never loaded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hearth.period import Period
from ingestion.contract import Contract, contracts, departments
from ingestion.nil_return import is_nil_return
from ingestion.reader.titles import months_of_file_name
from ingestion.submission import Note, Slot

INBOX = "inbox"
CHECKSUM_SUFFIX = ".sha256"
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", ".swp")
_LONGEST_NAME = 255
"""Bytes of a name that every file system can keep."""
_LONG_NUMBER = re.compile(r"(?<!\d)(\d{15}|\d{17}[\dXx]|1[3-9]\d{9})(?!\d)")
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})
_TRIAL = re.compile(r"^[(\[【]?试报[)\]】]?[-_—:·.]*")
"""After NFKC and without blanks. 测试 is no mark: water and power offices have lists of 测试."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a file belongs; ``problem`` is set when its path does not say so, and ``contract`` when it does."""

    slot: Slot
    file_name: str
    contract: Contract | None = None
    problem: Note | None = None
    is_answer: bool = False
    """A return workbook that says by itself what it answers."""


def is_ignored(name: str) -> bool:
    """Hidden, temporary and lock files, and what file managers leave behind."""
    lowered = name.lower()
    return name.startswith((".", "~$", "~")) or lowered.endswith(_UNFINISHED) or lowered in _SYSTEM_FILES


def shown_name(name: str) -> str:
    """The name of a file for its sender alone: without the number of a person, control characters and excess."""
    plain = "".join(character if character.isprintable() else "·" for character in name)
    return _LONG_NUMBER.sub("***", plain)[:_LONGEST_NAME]


def neutral_name(name: str, contract: Contract | None, period: str | None) -> str:
    """What ledger, receipt and reader know of a file's name: the report, its marks, the months it states, its kind.

    A name may hold a person's, and nothing tells a person's name from another word; so only what is understood stays.
    """
    suffix = re.search(r"\.(?:xlsx|xlsm|xls|csv|txt|tsv|html?|xml)$", name.lower())
    months = sorted(months_of_file_name(name, Period.parse(period))) if period else []
    stated = "、".join(f"{int(month[:4])}年{int(month[5:])}月" for month in months)
    return "".join(
        (
            "试报" if is_trial(name) else "",
            contract.title if contract else "文件",
            "零报告" if is_nil_return(name) else "",
            f"（{stated}）" if stated else "",
            suffix[0] if suffix else "",
        )
    )


def _is_plain(part: str) -> bool:
    return part.isprintable() and "\\" not in part and len(part.encode()) <= _LONGEST_NAME


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def _best(name: str, among: Iterable[Contract]) -> list[Contract]:
    """Contracts with the longest prefix that ``name`` begins with; more than one when they tie."""
    text = _TRIAL.sub("", _plain(name))
    best: list[Contract] = []
    longest = 0
    for contract in among:
        words = {_plain(word) for word in (contract.feed, contract.feed_id, contract.title, *contract.file_prefixes)}
        length = max((len(word) for word in words if word and text.startswith(word)), default=0)
        if length > longest:
            best, longest = [contract], length
        elif length and length == longest:
            best.append(contract)
    return best


def contracts_named(file_name: str) -> list[Contract]:
    """Contracts of any department that a file name names; none or several where it does not say."""
    return _best(file_name, contracts().values())


def _feed_list(owned: Iterable[Contract]) -> str:
    return "；".join(f"{item.title}（文件名以“{'”“'.join((*item.file_prefixes, item.feed))}”开头）" for item in owned)


def _unknown_feed(folder_and_name: tuple[str, ...], owned: list[Contract]) -> Note:
    others = [item for item in contracts().values() if item.department != owned[0].department]
    for name in folder_and_name:
        match _best(name, others):
            case [foreign]:
                return Note(
                    "F-15",
                    "error",
                    f"这份文件看起来是“{foreign.title}”，不由贵单位报送。",
                    f"请转交{foreign.department_title}；如是贵单位的报表，请改名后重报。本单位报表：{_feed_list(owned)}",
                )
    return Note(
        "F-04", "error", "从文件名看不出是哪张报表。", f"请改名后重新放入文件夹。本单位报表：{_feed_list(owned)}"
    )


def resolve(inbox_key: str, county_code: str) -> Address:
    """Read an inbox key. Raises ValueError for a key that does not lie in the inbox or climbs out of it."""
    address = _resolve(inbox_key, county_code)
    slot = replace(address.slot, is_test=is_trial(address.file_name))
    return replace(address, slot=slot, file_name=neutral_name(address.file_name, address.contract, slot.period))


def is_trial(file_name: str) -> bool:
    """True if the name of the file declares a trial run."""
    return _TRIAL.match(_plain(file_name)) is not None


def _resolve(inbox_key: str, county_code: str) -> Address:
    parts = tuple(inbox_key.split("/"))
    if parts[0] != INBOX or len(parts) < 2 or any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"[{inbox_key}] is not an inbox key; write inbox/<department>/<YYYY-MM>/<file>")
    name = shown_name(parts[-1])
    if not all(map(_is_plain, parts)):
        problem = Note(
            "F-04",
            "error",
            "文件或文件夹的名字过长，或含有不可见的字符、反斜杠。",
            "请改成不超过80个字的普通名字后重新放入文件夹。",
        )
        return Address(Slot(county_code, None, None, None), name, problem=problem)
    department = parts[1] if len(parts) > 2 else None
    if department is None or department not in departments():
        problem = Note(
            "F-04",
            "error",
            "文件不在任何报送单位的文件夹里。",
            f"请放入本单位文件夹下的月份文件夹，例如 {INBOX}/<单位>/2026-10/。单位文件夹有：{'、'.join(departments())}",
        )
        return Address(Slot(county_code, None, None, None), name, problem=problem)
    try:
        period = str(Period.parse(parts[2])) if len(parts) > 3 else None
    except ValueError:
        period = None
    if period is None:
        problem = Note(
            "F-04",
            "error",
            "看不出报送月份。",
            f"请把文件放入写明月份的文件夹，例如 {INBOX}/{department}/2026-10/，月份写成四位年、横线、两位月。",
        )
        return Address(Slot(county_code, department, None, None), name, problem=problem)
    return _with_feed(Slot(county_code, department, None, period), name, parts[3:-1])


def _with_feed(slot: Slot, name: str, folders: tuple[str, ...]) -> Address:
    owned = [item for item in contracts().values() if item.department == slot.department]
    for text in (*folders[:1], name):
        match _best(text, owned):
            case [contract]:
                if slot.period is not None:
                    contract = contract.in_force(Period.parse(slot.period))
                return Address(Slot(slot.county_code, slot.department, contract.feed, slot.period), name, contract)
            case [_, *_]:
                break
    return Address(slot, name, problem=_unknown_feed((*folders[:1], name), owned))
