"""Why a file is not opened, in the sender's words (F-01, F-07)."""

from __future__ import annotations

from ingestion.normalise.problems import file_problem
from ingestion.table import FileProblem


def not_a_table() -> FileProblem:
    """No kind of file that is read."""
    return file_problem("F-01")


def locked() -> FileProblem:
    """A password."""
    return file_problem(
        "F-01", message="文件设了打开密码，系统读不了", fix="请取消密码（文件→信息→保护工作簿），另存为xlsx后重报"
    )


def with_macros() -> FileProblem:
    """Macros, dialogs, controls: programs in a workbook."""
    return file_problem("F-01", message="文件含宏，系统不接收", fix="请另存为不含宏的“Excel 工作簿(*.xlsx)”后重报")


def damaged() -> FileProblem:
    """Bytes missing or changed."""
    return file_problem("F-01", message="文件已损坏或没有传完整，打不开", fix="请在本机打开检查，另存为xlsx后重报")


def utf16_without_mark() -> FileProblem:
    """UTF-16 that does not say so: which byte comes first would be a guess (GEN-02)."""
    return file_problem(
        "F-07",
        message="文件像是没有标记（BOM）的UTF-16（Unicode）编码，系统不猜测",
        fix="请另存为“CSV UTF-8（逗号分隔）”或xlsx后重报",
    )
