"""The data docs of Great Expectations for one verdict: a page a suite, and a page that links them, in the bucket.

Rendered from what the gate ran (BOOLEAN_ONLY: no value of any row), a third of a second for 200 expectations.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hearth.bucket import bucket

FOLDER = "reports/gate"


@dataclass(frozen=True, slots=True)
class Report:
    """What Great Expectations answered, by suite."""

    results: Mapping[str, list[Any]] = field(default_factory=dict)

    def keep(self, county_code: str, period: str, build_id: int) -> str:
        """Write the pages; return the key of the first one. Raises what the bucket raises."""
        key = f"{FOLDER}/{county_code}/{period}/build-{build_id}"
        folder = bucket() / key
        folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for suite, results in sorted(self.results.items()):
            (folder / f"{suite}.html").write_text(render(suite, results, f"build {build_id}"), encoding="utf-8")
            failed = sum(not result.success for result in results)
            name = html.escape(suite)
            lines.append(f'<li><a href="{name}.html">{name}</a>：{len(results)} 项，{failed} 项未过</li>')
        title = html.escape(f"{county_code} {period} 发布检查（构建 {build_id}）")
        page = (
            f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
            f"<h1>{title}</h1><ul>{''.join(lines)}</ul>"
        )
        (folder / "index.html").write_text(page, encoding="utf-8")
        return f"{key}/index.html"


def render(suite: str, results: list[Any], run_name: str) -> str:
    """One page of data docs in HTML, made by Great Expectations' own renderer."""
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    good = sum(bool(result.success) for result in results)
    document = ExpectationSuiteValidationResult(
        success=good == len(results),
        results=results,
        suite_name=suite,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": 100 * good / len(results),
        },
        meta={"run_id": {"run_name": run_name, "run_time": datetime.now(UTC).isoformat()}},
    )
    view: Any = DefaultJinjaPageView()
    return str(view.render(ValidationResultsPageRenderer().render(document)))
