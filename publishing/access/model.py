"""The reviewed data files of access, as checked objects. An unknown entry, group or view set fails."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

FOLDER = Path(__file__).parent
ROWS_COUNTY = "rows_county"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,50}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
RegionCode = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Group(_Entry):
    """A NOLOGIN role that holds the right to read; it has no rows of its own."""

    name: Name
    title: Text
    department: Name | None = None
    view_sets: tuple[Name, ...] = ()
    views: tuple[Name, ...] = ()
    masked: tuple[Name, ...] = ()
    """Columns that the group may not read in any view."""
    tables: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z_]+$")], ...] = ()
    functions: tuple[Text, ...] = ()


class ByDepartment(_Entry):
    """Tables whose rows belong to a department, and the groups that see all of them."""

    tables: tuple[Name, ...]
    everything: tuple[Name, ...]
    own_only: tuple[Name, ...] = ()
    """Tables of which nobody sees more than the own rows, whichever group it is in."""


class Rows(_Entry):
    """Which rule decides about the rows of which published table."""

    by_region: tuple[Name, ...]
    by_county: tuple[Name, ...]
    by_department: ByDepartment
    open: tuple[Name, ...]
    services: tuple[Name, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_rule_a_table(self) -> Self:
        departments = (*self.by_department.tables, *self.by_department.own_only)
        _refuse_doubles("table", [*self.by_region, *self.by_county, *departments, *self.open])
        return self


class Reader(_Entry):
    """A LOGIN role: a person or a tool."""

    name: Name
    answers: Text = Field(alias="for")
    groups: tuple[Name, ...] = Field(min_length=1)
    region: RegionCode | None = None

    @property
    def rows_role(self) -> str:
        return ROWS_COUNTY if self.region is None else f"rows_{self.region}"


class Access(_Entry):
    """Everything the data files say."""

    view_sets: dict[Name, tuple[Name, ...]]
    groups: tuple[Group, ...]
    rows: Rows
    readers: tuple[Reader, ...]

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        groups = {group.name for group in self.groups}
        _refuse_doubles("role", [*(group.name for group in self.groups), *(reader.name for reader in self.readers)])
        for group in self.groups:
            _refuse_unknown(f"group [{group.name}]", "view set", group.view_sets, self.view_sets)
        for reader in self.readers:
            _refuse_unknown(f"reader [{reader.name}]", "group", reader.groups, groups)
        _refuse_unknown("rows.yaml", "group", self.rows.by_department.everything, groups)
        return self

    def views(self, group: Group) -> list[str]:
        """Names of the shared views that ``group`` may read, sorted."""
        return sorted({*group.views, *(view for name in group.view_sets for view in self.view_sets[name])})


def _refuse_doubles(what: str, names: list[str]) -> None:
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{what} {doubles} stands in the file twice; keep one")


def _refuse_unknown(where: str, what: str, names: Iterable[str], known: Iterable[str]) -> None:
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"{where} names {what} {unknown}, which is not declared; known: {sorted(known)}")


def _read(folder: Path, name: str) -> dict[str, Any]:
    content = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TypeError(f"[{name}] is not a mapping; it begins with a word and a colon")
    return content


def load(folder: Path = FOLDER) -> Access:
    """Read groups.yaml, rows.yaml and readers.yaml. pydantic.ValidationError names the entry that is wrong."""
    return Access.model_validate(
        {**_read(folder, "groups.yaml"), **_read(folder, "readers.yaml"), "rows": _read(folder, "rows.yaml")}
    )
