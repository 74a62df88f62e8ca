"""What is written from the contracts is fresh, and an eighth department needs no change of code."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from hearth.settings import PROJECT_ROOT
from ingestion.commands import app
from ingestion.contract import contracts
from ingestion.generate import generated, stale, write
from ingestion.raw_tables import raw_columns

RANGER = """
apiVersion: v3.1.0
kind: DataContract
id: forestry.ranger
name: 护林员名单
version: 1.0.0
status: active
domain: forestry
dataProduct: ranger
description:
  purpose: Ecological rangers hired from registered households.
  usage: Contradiction rules only.
  limitations: Absent means not a ranger this month.
team:
  - {username: forestry, role: owner}
support:
  - channel: 登记办
customProperties:
  - {property: titleZh, value: 护林员名单}
  - {property: grainZh, value: 一名护林员一行}
  - {property: absenceZh, value: 没有行就按本月不是护林员处理}
  - {property: departmentZh, value: 县林业和草原局}
  - {property: semantics, value: snapshot}
  - {property: dueDay, value: 8}
  - {property: rejectionShare, value: 0.10}
  - {property: volume, value: 1k rows}
  - {property: filePrefixes, value: [护林员]}
schema:
  - name: ranger
    physicalName: raw.forestry__ranger
    logicalType: object
    dataGranularityDescription: one ranger per month
    properties:
      - name: id_number
        businessName: 证件号码
        description: ID number of the ranger.
        logicalType: string
        primaryKey: true
        primaryKeyPosition: 1
        classification: direct
        customProperties:
          - {property: kind, value: id}
          - {property: vaultKind, value: id_number}
      - name: hired_date
        businessName: 上岗时间
        description: When the ranger was hired.
        logicalType: date
        classification: quasi
        customProperties:
          - {property: kind, value: date}
          - {property: coarser, value: true}
      - name: patrol_count
        businessName: 巡护次数
        description: Patrols of the month.
        logicalType: integer
        required: true
        classification: quasi
        customProperties:
          - {property: kind, value: int}
          - {property: unit, value: 次}
"""


def test_checked_in_files_are_fresh() -> None:
    assert stale(generated(contracts()), PROJECT_ROOT) == [], "mend it with: hearth contracts generate"


def test_command_says_so() -> None:
    result = CliRunner().invoke(app, ["contracts", "check"])
    assert result.exit_code == 0, result.output


@pytest.fixture
def forestry(tmp_path: Path) -> Path:
    path = tmp_path / "contracts" / "forestry" / "ranger.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(RANGER, encoding="utf-8")
    return tmp_path / "contracts"


def test_an_eighth_department_is_data_only(forestry: Path, tmp_path: Path) -> None:
    found = contracts(forestry)
    assert list(found) == ["forestry.ranger"]
    names = [column.name for column in raw_columns(found["forestry.ranger"])]
    assert names[-7:] == [
        "id_number_hash",
        "hired_date",
        "hired_date_precision",
        "patrol_count",
        "birth_from_id",
        "sex_from_id",
        "id_link",
    ]
    files = generated(found)
    touched = write(files, tmp_path)
    assert {name.name for name in touched} == {
        "_forestry__sources.yml",
        "data-dictionary.md",
        "indicators.md",
        "rules.md",
        "views.md",
    }
    assert stale(files, tmp_path) == []
    source = yaml.safe_load((tmp_path / touched[0]).read_text(encoding="utf-8"))["sources"][0]
    assert source["tables"][0]["identifier"] == "forestry__ranger"
    assert [column["name"] for column in source["tables"][0]["columns"]] == names
    assert all("|" in column["description"] for column in source["tables"][0]["columns"])


def test_sources_of_a_department_that_left_are_removed(forestry: Path, tmp_path: Path) -> None:
    write(generated(contracts(forestry)), tmp_path)
    touched = write(generated({}), tmp_path)
    assert "_forestry__sources.yml" in {name.name for name in touched}
    assert list(tmp_path.rglob("_forestry__sources.yml")) == []
