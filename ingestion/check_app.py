"""What `hearth check` and the single-file program ``hearth-check.pyz`` say on the screen and write beside the file.

Imports neither Airflow nor a database driver nor a cipher; a test holds this.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.check import CannotCheck, Checked, Line, check_file
from ingestion.faults import place_of
from ingestion.mending import Occasion, ReturnWorkbook, mending_workbook
from ingestion.returned import rows_to_return
from ingestion.submission import State

RETURN_NAME = "需修改.xlsx"
_STEPS = (
    "到后面的工作表里看：前几列写明错在哪里、怎么改、在原来的表里是第几行，错的格子涂了颜色。",
    "请在原来的表里改，改好再检查一次，没有错误了再报送。这份表不能代替原来的表报送。",
)
_SEVERITIES = {"error": "错误", "warning": "提醒", "info": "告知"}
_STOPPED = 2


def report(checked: Checked, returned: Path | None) -> str:
    """What the clerk reads on the screen: the verdict, four counts, each problem once. No value of a cell."""
    verdict = checked.verdict
    parts = [
        f"文件：{checked.file_name}",
        f"报表：{checked.contract.title}（{checked.contract.feed_id}）　报送月份：{checked.period}",
        f"结论：{checked.sentence}",
        f"共{verdict.rows_received}行，可接收{verdict.rows_accepted}行，要退回{verdict.rows_rejected}行，"
        f"跳过（合计、备注等）{verdict.rows_excluded}行",
    ]
    if checked.lines:
        parts += ["", "发现的问题："]
        parts += [_said(number, line) for number, line in enumerate(checked.lines, 1)]
    if returned is not None:
        parts += ["", f"要改的行都在这份表里，错的格子涂了颜色：{returned}", "请在原来的表里改好，再检查一次。"]
    parts += ["", "以下几项要与以前的报送比较，报送以后才能判断："]
    parts += [f"  {line.rule_id} {line.message}" for line in checked.not_judged]
    return "\n".join(parts) + "\n"


def _said(number: int, line: Line) -> str:
    count = f"{line.row_count}行" if line.row_count else "整份表"
    told = f"【{_SEVERITIES[line.severity]}】{count}：{line.message}（{line.rule_id}）"
    return f"  {number}. {told}\n     怎么改：{line.fix}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks, the same for every file."""

    feed_id: str | None = None
    period: str | None = None
    out: Path | None = None
    county_code: str | None = None
    as_json: bool = False


def run(path: Path, asked: Asked) -> int:
    """Check a file and say so. 0: nothing to mend; 1: rows or the file would come back; 2: it could not be checked."""
    try:
        checked = check_file(path, feed_id=asked.feed_id, period=asked.period, county_code=asked.county_code)
        returned = _write_return(checked, asked.out or path.parent)
    except CannotCheck as problem:
        sys.stderr.write(f"{problem}\n")
        return _STOPPED
    except OSError as problem:
        sys.stderr.write(f"文件[{problem.filename or path}]不能读写：{problem.strerror}\n")
        return _STOPPED
    except Exception as fault:  # noqa: BLE001 - whatever it is: its text may quote cells, and clerks send screenshots
        sys.stderr.write(f"检查程序出错，不是表的问题。请把下面一行告诉县里：\n{place_of(fault)}\n")
        return _STOPPED
    if asked.as_json:
        sys.stdout.write(json.dumps(checked.as_dict(), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(report(checked, returned))
    return 0 if checked.verdict.state is State.ACCEPTED else 1


def _write_return(checked: Checked, folder: Path) -> Path | None:
    """The rows to mend, beside the file; an older list of the same file goes. None when no row has to be mended."""
    target = folder / f"{Path(checked.file_name).stem}-{RETURN_NAME}"
    written = rows_to_mend(checked)
    if written is None:
        target.unlink(missing_ok=True)
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target.write_bytes(written.data)
    return target


def rows_to_mend(checked: Checked) -> ReturnWorkbook | None:
    """The workbook that intake would hand back, without the marks that would let it be sent; None without such rows."""
    if checked.content is None:
        return None
    raw = checked.content.typed.raw
    occasion = Occasion(checked.contract, checked.period, _STEPS, raw.sheet_names)
    return mending_workbook(rows_to_return(raw, checked.content.findings), occasion)


def main(words: Sequence[str] | None = None, county_code: str | None = None) -> int:
    """Read the command line of ``hearth-check.pyz``, check, and return the exit code of `run`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a Chinese console may lack a character of a file's name
            stream.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(
        prog="hearth-check", description="报送前在本机检查一份报表：不联网，不上传，与系统收表时用同一套规则。"
    )
    parser.add_argument("files", type=Path, nargs="+", help="要检查的表，例如 低保名单10月.xlsx；可以写几份")
    parser.add_argument("--feed", help="报表代号，例如 civil_affairs.dibao；不写则看文件名")
    parser.add_argument("--period", help="报送月份，例如 2026-10；不写则看文件名，文件名没有则为上一个月")
    parser.add_argument("--out", type=Path, help="把需要改的行写进这个文件夹；不写则与原表放在一起")
    parser.add_argument("--county", help="县的六位代码；不写则为本程序所属的县")
    parser.add_argument("--json", action="store_true", help="结果用 JSON 写出，每份表一行，给程序看")
    given = parser.parse_args(words)
    asked = Asked(given.feed, given.period, given.out, given.county or county_code, given.json)
    return max(run(path, asked) for path in given.files)
