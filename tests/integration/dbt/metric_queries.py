"""The queries that MetricFlow itself writes for the project's metrics; rendered only, it never meets the database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def metric_queries(manifest: Path, group_by: Sequence[str], names: Sequence[str] = ()) -> dict[str, str]:
    """Metric -> SQL for PostgreSQL, from dbt's ``semantic_manifest.json``; of all metrics, or of some."""
    # Here, not above: the imports take seconds, and every worker of a test run reads this file.
    from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
    from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
    from metricflow_semantic_interfaces.transformations.semantic_manifest_transformer import (
        PydanticSemanticManifestTransformer,
    )
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    read = PydanticSemanticManifest.parse_raw(manifest.read_text(encoding="utf-8"))
    whole = PydanticSemanticManifestTransformer.transform(read)
    dialect: Any = SimpleNamespace(sql_engine_type=SqlEngine.POSTGRES, sql_plan_renderer=PostgresSQLSqlPlanRenderer())
    engine = MetricFlowEngine(SemanticManifestLookup(whole), dialect)
    return {
        metric.name: engine.explain(
            MetricFlowQueryRequest.create(metric_names=[metric.name], group_by_names=list(group_by))
        ).sql_statement.sql
        for metric in whole.metrics
        if not names or metric.name in names
    }
