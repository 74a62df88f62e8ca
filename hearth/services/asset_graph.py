"""Draw the asset graph as Airflow's page shows it, from the DAGs themselves: which task makes and reads which asset.

Airflow draws it in the browser; this is the same graph for the documentation. Needs the development packages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hearth.services.airflow import use_environment
from hearth.settings import PROJECT_ROOT

PICTURE = PROJECT_ROOT / "docs" / "images" / "assets.png"
_COLUMN_WIDTH = 4.2
_COLOURS = {"asset": "#fff3cd", "task": "#d6e9f8"}


def awaited(dag: Any) -> list[str]:
    """Names of the assets whose events wake a DAG."""
    condition = getattr(dag.timetable, "asset_condition", None)
    return [] if condition is None else [asset.name for asset in getattr(condition, "objects", [condition])]


def edges() -> set[tuple[str, str]]:
    """(from, to) between ``dag.task`` and ``[asset]``: inlets and schedules come in, outlets go out."""
    use_environment()
    from airflow.dag_processing.dagbag import DagBag

    found = set()
    for dag in DagBag(dag_folder=str(PROJECT_ROOT / "dags")).dags.values():
        first = dag.roots[0].task_id
        found |= {(f"[{name}]", f"{dag.dag_id}.{first}") for name in awaited(dag)}
        for task in dag.tasks:
            found |= {(f"[{asset.name}]", f"{dag.dag_id}.{task.task_id}") for asset in task.inlets}
            found |= {(f"{dag.dag_id}.{task.task_id}", f"[{asset.name}]") for asset in task.outlets}
        # Inside a DAG the graph goes on from the task that is woken to those that make something.
        made = {task.task_id for task in dag.tasks if task.outlets or task.inlets}
        if awaited(dag):
            found |= {
                (f"{dag.dag_id}.{first}", f"{dag.dag_id}.{task_id}")
                for task_id in made & dag.get_task(first).get_flat_relative_ids()
            }
    return found


def draw(target: Path = PICTURE) -> Path:
    """Write the picture: sources left, what readers see right."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import networkx as nx
    from matplotlib.patches import FancyArrowPatch

    graph = nx.DiGraph(sorted(edges()))
    depth = _columns(graph)
    places = _places(graph, depth)
    figure, axes = plt.subplots(figsize=(17, 10))
    boxes = {}
    for node, (x, y) in places.items():
        kind = "asset" if node.startswith("[") else "task"
        box = {"boxstyle": "round,pad=0.35" if kind == "task" else "square,pad=0.35", "fc": _COLOURS[kind], "lw": 0.8}
        text = axes.text(x, y, node.strip("[]"), ha="center", va="center", fontsize=9, bbox=box, zorder=3)
        boxes[node] = text.get_bbox_patch()
    for start, end in graph.edges:
        backwards = depth[end] <= depth[start]
        axes.add_patch(
            FancyArrowPatch(
                places[start],
                places[end],
                patchA=boxes[start],
                patchB=boxes[end],
                arrowstyle="-|>",
                mutation_scale=9,
                color="#b03a2e" if backwards else "#7f8c8d",
                linestyle="dashed" if backwards else "solid",
                connectionstyle=f"arc3,rad={-0.3 if backwards else 0.0}",
            )
        )
    axes.set_xlim(-2, _COLUMN_WIDTH * max(depth.values()) + 2)
    axes.set_ylim(min(y for _, y in places.values()) - 1, max(y for _, y in places.values()) + 1)
    axes.axis("off")
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=90, metadata={"Software": None})
    plt.close(figure)
    return target


def _places(graph: Any, depth: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Each column in the middle of what leads to it, one row apart."""
    places: dict[str, tuple[float, float]] = {}
    for column in range(max(depth.values()) + 1):
        nodes = [node for node in graph if depth[node] == column]
        nodes.sort(key=lambda node: (min(graph.successors(node), default=""), node))  # what makes one asset, together
        wanted = {}
        for node in nodes:
            above = [places[other][1] for other in graph.predecessors(node) if other in places]
            wanted[node] = sum(above) / len(above) if above else float(-nodes.index(node))
        lowest = None
        for node in sorted(nodes, key=lambda node: -wanted[node]):
            lowest = wanted[node] if lowest is None else min(wanted[node], lowest - 1)
            places[node] = (_COLUMN_WIDTH * column, lowest)
    return places


def _columns(graph: Any) -> dict[str, int]:
    """Longest way from a source, cycles cut: the close wakes itself for the next month."""
    import networkx as nx

    condensed = nx.condensation(graph)
    depth: dict[str, int] = {}
    for component in nx.topological_sort(condensed):
        members = sorted(condensed.nodes[component]["members"])
        before = [node for above in condensed.predecessors(component) for node in condensed.nodes[above]["members"]]
        start = max((depth[node] + 1 for node in before), default=0)
        inside = nx.subgraph(graph, members)
        first = next((node for node in members if node.startswith("[month_ready")), members[0])
        reached = nx.single_source_shortest_path_length(inside, first)
        depth |= {node: start + reached.get(node, 0) for node in members}
    return depth


if __name__ == "__main__":
    print(draw())
