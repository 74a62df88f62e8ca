"""The rules of dbt_project_evaluator that matter, over the manifest of a parse: the package cannot be fetched here.

Not held, and why: a dimension or a fact may read a staging view without a model between them (most facts are their feed
and its links, and nothing would stand in between).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from hearth.dbt import PROJECT_DIR
from hearth.settings import PROJECT_ROOT
from publishing.policy import policy

PREFIXES = {
    "staging": ("stg_", "base_"),
    "identity": ("int_", "household_key_map", "person_key_map"),
    "intermediate": ("int_",),
    "marts": ("dim_", "fct_", "bridge_"),
    "shared": ("v_",),
}
LAYERS = list(PREFIXES)
Node = dict[str, Any]

MANY_CHILDREN = 20
FAN_OUT_ALLOWED = {
    "base_ops__build_input": "the pin every staging view joins",
    "fct_register_household": "the universe of every guarantee and rate",
    "fct_household_month": "the states that reports and tests read",
    "int_build_parameter": "one row of parameters",
    "int_feed_input": "one row per feed",
    "int_household": "every link goes through it",
    "int_person_household": "likewise",
}
SOURCE_PAST_STAGING = {
    "fct_household_analysis": "its salt: a staging view of it would be one more place to read it",
    "v_publication": "readers see the ledger of publications itself; they have no right on staging",
}
LEDGERS = {
    "source.hearth.published.fct_contradiction": "not a feed: months build on it one after another (decision 0031)",
    "source.hearth.published.fct_signal": "likewise (decision 0022)",
    "source.hearth.published.fct_support_candidate": "likewise",
    "source.hearth.published.fct_household_memory": "likewise",
}
STAGING_OF_STAGING = {"base_ops__build_input": "a base model: the pin is one for all feeds"}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What dbt knows of the project; a parse needs no database."""
    target = tmp_path_factory.mktemp("dbt")
    nowhere = dict.fromkeys(("HOST", "PORT", "DATABASE", "BUILDER_USER", "BUILDER_PASSWORD"), "1")
    subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "parse", "--target-path", str(target), "--log-path", str(target)],
        env={
            **os.environ,
            **{f"HEARTH_PG_{name}": value for name, value in nowhere.items()},
            "DBT_PROFILES_DIR": str(PROJECT_DIR),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        cwd=PROJECT_DIR,
        check=True,
        capture_output=True,
    )
    loaded: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return loaded


def models(manifest: dict[str, Any]) -> Iterator[tuple[str, Node]]:
    """Layer and node of every model."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            yield node["fqn"][1], node


def parents(manifest: dict[str, Any], node: Node) -> Iterator[tuple[str, Node]]:
    """Layer (or `source`) and node of everything a node reads."""
    for unique_id in node["depends_on"]["nodes"]:
        if unique_id in manifest["sources"]:
            yield "source", manifest["sources"][unique_id]
        elif unique_id.startswith("model."):
            parent = manifest["nodes"][unique_id]
            yield parent["fqn"][1], parent


def test_a_model_is_named_after_its_layer_and_lies_in_its_folder(manifest: dict[str, Any]) -> None:
    wrong = [node["name"] for layer, node in models(manifest) if not node["name"].startswith(PREFIXES[layer])]
    assert wrong == []
    misplaced = [
        node["name"]
        for layer, node in models(manifest)
        if node["name"].startswith("stg_") and node["name"].removeprefix("stg_").split("__")[0] != node["fqn"][2]
    ]
    assert misplaced == []


def test_only_staging_reads_sources_and_one_model_reads_each(manifest: dict[str, Any]) -> None:
    readers: Counter[str] = Counter()
    strays = []
    for layer, node in models(manifest):
        for parent_layer, parent in parents(manifest, node):
            if parent_layer == "source":
                is_listed = node["name"] in SOURCE_PAST_STAGING
                readers[parent["unique_id"]] += not is_listed
                strays += [node["name"]] if layer != "staging" and not is_listed else []
    assert strays == []
    assert [source for source, count in readers.items() if count > 1] == []
    assert set(readers) == set(manifest["sources"]), "a source that nobody reads"


def test_staging_reads_nothing_but_sources_and_the_pin(manifest: dict[str, Any]) -> None:
    strays = [
        (node["name"], parent["name"])
        for layer, node in models(manifest)
        if layer == "staging"
        for parent_layer, parent in parents(manifest, node)
        if parent_layer != "source" and parent["name"] not in STAGING_OF_STAGING
    ]
    assert strays == []


def test_no_model_reads_a_later_layer(manifest: dict[str, Any]) -> None:
    # intermediate and marts are one layer of a build: guarantees are judged on the register's facts
    rank = {"staging": 0, "identity": 1, "intermediate": 2, "marts": 2, "shared": 3}
    backwards = [
        (node["name"], parent["name"])
        for layer, node in models(manifest)
        for parent_layer, parent in parents(manifest, node)
        if parent_layer in rank and rank[parent_layer] > rank[layer]
    ]
    assert backwards == []


def test_nothing_is_read_by_name_past_dbt(manifest: dict[str, Any]) -> None:
    hard = re.compile(
        r"\b(from|join)\s+(raw|ops|reference|staging|identity|candidate|marts|shared|public)\.", re.IGNORECASE
    )
    found = [node["name"] for _, node in models(manifest) if hard.search(node["raw_code"])]
    assert found == []
    rootless = [node["name"] for _, node in models(manifest) if not node["depends_on"]["nodes"]]
    assert rootless == []


def test_only_known_hubs_have_many_children(manifest: dict[str, Any]) -> None:
    children: Counter[str] = Counter()
    for _, node in models(manifest):
        children.update(parent["name"] for layer, parent in parents(manifest, node) if layer != "source")
    hubs = {name for name, count in children.items() if count > MANY_CHILDREN}
    assert hubs <= set(FAN_OUT_ALLOWED), hubs - set(FAN_OUT_ALLOWED)


def test_every_model_says_what_it_is(manifest: dict[str, Any]) -> None:
    silent = [node["name"] for _, node in models(manifest) if not chinese_first(node["description"])]
    assert silent == []
    incomplete = [
        node["name"]
        for layer, node in models(manifest)
        if layer == "marts"
        and not all(f" {word}" in node["description"] for word in ("| One row per", "Key:", "Assumes:", "Nuance:"))
    ]
    assert incomplete == []
    undescribed = [
        source["name"] for source in manifest["sources"].values() if not chinese_first(source["description"])
    ]
    assert undescribed == []


def chinese_first(text: str) -> bool:
    zh, _, english = text.partition(" | ")
    return bool(re.search(r"[\u4e00-\u9fff]", zh) and english.strip())


def test_every_published_column_is_described_and_the_comment_kept(manifest: dict[str, Any]) -> None:
    missing = [
        f"{node['name']}.{column['name']}"
        for layer, node in models(manifest)
        if layer in ("marts", "shared")
        for column in node["columns"].values()
        if not chinese_first(column["description"])
    ]
    assert missing == []
    forgotten = [
        node["name"]
        for layer, node in models(manifest)
        if layer in ("marts", "shared") and node["config"]["persist_docs"] != {"relation": True, "columns": True}
    ]
    assert forgotten == []


def test_every_published_table_has_an_enforced_contract_with_key_and_check(manifest: dict[str, Any]) -> None:
    problems = []
    for layer, node in models(manifest):
        if layer not in ("marts", "shared"):
            continue
        if not node["config"]["contract"]["enforced"]:
            problems.append((node["name"], "no contract"))
        if layer == "shared":
            continue
        constraints = node["constraints"] + [
            entry for column in node["columns"].values() for entry in column["constraints"]
        ]
        kinds = Counter(entry["type"] for entry in constraints)
        if kinds["primary_key"] != 1 or not kinds["check"]:
            problems.append((node["name"], str(dict(kinds))))
            continue
        (key,) = [entry["columns"] for entry in constraints if entry["type"] == "primary_key"]
        partition = {"period": {"county_code", "period"}, "county": {"county_code"}}[
            node["config"]["meta"]["partition"]
        ]
        if not partition <= set(key):
            problems.append((node["name"], f"key {key} lacks {partition - set(key)}"))
        required = {
            name
            for name, column in node["columns"].items()
            if any(entry["type"] == "not_null" for entry in column["constraints"])
        }
        if not set(key) <= required:
            problems.append((node["name"], f"key columns may be null: {set(key) - required}"))
    assert problems == []


def test_every_shared_view_has_an_exposure_with_an_owner(manifest: dict[str, Any]) -> None:
    exposed = {
        unique_id
        for exposure in manifest["exposures"].values()
        if exposure["owner"]["name"]
        for unique_id in exposure["depends_on"]["nodes"]
    }
    silent = [
        node["name"] for layer, node in models(manifest) if layer == "shared" and node["unique_id"] not in exposed
    ]
    assert silent == []


def test_time_comes_from_the_build_never_from_the_clock(manifest: dict[str, Any]) -> None:
    clock = re.compile(
        r"\b(current_date|current_timestamp|now\s*\(|clock_timestamp|localtimestamp|age\s*\(\s*[^,()]+\))",
        re.IGNORECASE,
    )
    texts = {node["name"]: node["raw_code"] for _, node in models(manifest)}
    texts |= {
        macro["name"]: macro["macro_sql"] for macro in manifest["macros"].values() if macro["package_name"] == "hearth"
    }
    assert [name for name, text in texts.items() if clock.search(text)] == []
    assert clock.search("age(birth)"), "ages are as of the period: age(last_day, birth)"


def test_readiness_knows_of_every_feed_of_which_earlier_months_are_read(manifest: dict[str, Any]) -> None:
    """A month read back but not named there would stay as it was when that month is corrected (decision 0029)."""
    said = re.findall(r"\('(\w+)', '(\w+)', (\d+)\)", (PROJECT_ROOT / "hearth/sql/65_month.sql").read_text("utf-8"))
    known = {(f"{department}.{feed}", int(months)) for department, feed, months in said}
    found = set()
    for node in manifest["nodes"].values():
        sources = set(node["depends_on"]["nodes"]) - LEDGERS.keys()
        facts = [name for name in sources if name.startswith("source.hearth.published.fct_")]
        if node["resource_type"] != "model" or not facts:
            continue
        history = node["config"]["meta"].get("history")
        assert history, f"[{node['name']}] reads {facts}: name feed and months in meta.history and in 65_month.sql"
        # A model of several feeds reads each as far back as it must; the longest window holds for all of it.
        several = history if isinstance(history, list) else [history]
        windows = {int(months) for months in re.findall(r"-(\d+)\)", node["raw_code"])}
        assert max(windows, default=99) <= max(one["months"] for one in several), f"[{node['name']}] reads more months"
        assert isinstance(history, list) or history["months"] in windows, f"[{node['name']}] reads fewer months"
        found |= {(one["feed"], one["months"]) for one in several}
    assert found == known
    # Changes are told against the month before, read off versions: of the feeds that say who there is.
    nearest = re.findall(r"\('(\w+)', '(\w+)', null\)", (PROJECT_ROOT / "hearth/sql/65_month.sql").read_text("utf-8"))
    assert {f"{department}.{feed}" for department, feed in nearest} == policy().universe_feeds


def test_what_is_parsed_does_not_depend_on_the_build() -> None:
    """A close runs on the parse of another build: its variables may stand in SQL, never in what decides the graph."""
    of_a_build = r"var\(\s*['\"](build_id|county_code|period)['\"]"
    for path in sorted(PROJECT_DIR.rglob("*.yml")):
        if "target" not in path.parts:
            assert not re.search(of_a_build, path.read_text(encoding="utf-8")), path.name
    for path in sorted((PROJECT_DIR / "models").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        for block in re.findall(r"{{\s*config\(.*?}}|{%-?\s*(?:if|elif|for)\b.*?%}", text, re.DOTALL):
            assert not re.search(of_a_build, block), f"[{path.name}] {block}"
