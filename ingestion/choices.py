"""What a column offers to choose from, in templates and in what comes back."""

from __future__ import annotations

from ingestion.contract import Column, Kind
from ingestion.reference_data import code_lists


def codes(column: Column) -> tuple[tuple[str, str], ...]:
    """Code and label of what a coded column takes."""
    if column.code_list is None:
        return ()
    return tuple((code.code, code.label) for code in code_lists()[column.code_list].codes)


def options(column: Column) -> tuple[str, ...]:
    """What a drop-down offers; nothing for columns that are typed."""
    if column.kind is Kind.BOOL:
        return ("是", "否")
    return tuple(label for _, label in codes(column))


def offered_under(column: Column, header: str) -> tuple[str, ...]:
    """What a drop-down of a single value offers under a sender's own header; nothing where its words are translated."""
    if column.kind is Kind.CODE_LIST or any(known.mapping for known in column.headers if known.text == header):
        return ()
    return options(column)
