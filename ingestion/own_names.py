"""What only its sender may read of a file: its name and those of its sheets. Kept in the sender's outbox alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hearth.bucket import bucket

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

FILE_NAME = "原文件名.txt"
SHEET_NAMES = "原工作表名.txt"
"""One line a sheet that goes by its place: the place, a tab, the name."""
UNASSIGNED = "_unassigned"
"""Part of the outbox path that stands for a department or month which the inbox path did not name."""


def folder_key(department: str | None, period: str | None, submission_id: str) -> str:
    """Folder of a submission in the outbox."""
    parts = ("outbox", department or UNASSIGNED, period or UNASSIGNED, submission_id)
    return "/".join(parts if department else (parts[0], parts[1], parts[3]))


def file_name(folder: ObjectStoragePath) -> str | None:
    """How the sender called the file, if that is kept."""
    kept = folder / FILE_NAME
    return kept.read_bytes().decode().strip() if kept.exists() else None


def keep_file_name(folder: ObjectStoragePath, name: str) -> None:
    """Keep how the sender called the file."""
    (folder / FILE_NAME).write_bytes(f"{name}\n".encode())


def sheet_names(department: str | None, period: str | None, submission_id: str) -> Mapping[str, str]:
    """Place of a sheet (``工作表2``) -> how its sender calls it, as far as that is kept."""
    kept = bucket() / folder_key(department, period, submission_id) / SHEET_NAMES
    if department is None or not kept.exists():
        return {}
    lines = (line.split("\t", 1) for line in kept.read_bytes().decode().splitlines())
    return {line[0]: line[1] for line in lines if len(line) == 2}


def keep_sheet_names(department: str | None, period: str | None, submission_id: str, names: Mapping[str, str]) -> None:
    """Keep how the sender calls the sheets; a folder without an owner keeps nothing."""
    if department is None:
        return
    folder = bucket() / folder_key(department, period, submission_id)
    if names:
        folder.mkdir(parents=True, exist_ok=True)
        lines = (f"{place}\t{' '.join(name.split())}\n" for place, name in names.items())
        (folder / SHEET_NAMES).write_bytes("".join(lines).encode())
    elif (folder / SHEET_NAMES).exists():
        (folder / SHEET_NAMES).unlink()


def in_own_words(text: str, names: Mapping[str, str]) -> str:
    """A message for the sender, its sheets by their names."""
    for place, name in names.items():
        text = text.replace(f"“{place}”", f"“{name}”")
    return text
