"""A contract of a department that does not exist, with one version or, from September on, a second one."""

from __future__ import annotations

from pathlib import Path

from hearth.period import Period
from ingestion.contract import Contract, read_contract

OLD, NEW = Period(2026, 8), Period(2026, 9)

RANGER = """
apiVersion: v3.1.0
kind: DataContract
id: forestry.ranger
name: 护林员名单
version: {version}
status: active
domain: forestry
dataProduct: ranger
description: {{purpose: Rangers., usage: Rules., limitations: Absent means no ranger.}}
team:
  - {{username: forestry, role: owner}}
support:
  - channel: 登记办
customProperties:
  - {{property: titleZh, value: 护林员名单}}
  - {{property: departmentZh, value: 县林业和草原局}}
  - {{property: grainZh, value: 一名护林员一行}}
  - {{property: absenceZh, value: 没有行就不是护林员}}
  - {{property: semantics, value: snapshot}}
  - {{property: dueDay, value: 8}}
  - {{property: rejectionShare, value: 0.10}}
  - {{property: volume, value: 1k rows}}
  - {{property: filePrefixes, value: [护林员]}}
{versions}
schema:
  - name: ranger
    physicalName: raw.forestry__ranger
    logicalType: object
    dataGranularityDescription: one ranger per month
    properties:
      - name: badge_no
        businessName: 证号
        description: Number of the badge.
        logicalType: string
        primaryKey: true
        primaryKeyPosition: 1
        classification: quasi
        customProperties:
          - {{property: kind, value: id}}
      - name: patrol_count
        businessName: {title}
        description: Patrols of the month.
        logicalType: integer
        required: true
        classification: quasi
        customProperties:
          - {{property: kind, value: int}}
{columns}
"""
RENAMED = """          - {property: titleSince, value: "2026-09"}
          - property: headerVariants
            value: [{header: 巡护次数, until: "2026-08"}]
      - name: found_fire_count
        businessName: 发现火情次数
        description: Fires found on patrol.
        logicalType: integer
        required: true
        classification: quasi
        customProperties:
          - {property: kind, value: int}
          - {property: since, value: "2026-09"}
"""
VERSIONS = """  - property: versions
    value: [{version: 1.0.0, since: "2026-01"}, {version: 1.1.0, since: "2026-09"}]"""


def ranger(folder: Path, *, is_new: bool) -> Contract:
    """Write the contract into ``folder``, as it was before September or as it is since, and read it."""
    path = folder / "forestry" / "ranger.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {"version": "1.0.0", "versions": "", "title": "巡护次数", "columns": ""}
    if is_new:
        parts = {"version": "1.1.0", "versions": VERSIONS, "title": "当月巡护次数", "columns": RENAMED}
    path.write_text(RANGER.format(**parts), encoding="utf-8")
    return read_contract(path)
