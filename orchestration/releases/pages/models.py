"""The lineage of a release: every model, seed and source with its columns, what each is made from, tests and SQL, a page for
each schema; and the steps behind all figures.

dbt's own page (`dbt docs generate --static`) is 5.8 MB, takes 24 s, names paths and moments of the machine, and has code that
asks another one for a script: `make docs` still writes it into the home.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter

from orchestration.releases.pages.drawn import Picture, draw
from orchestration.warehouse.columns import EVERY, Traced
from orchestration.warehouse.tested import checks_of

FOLDER = "lineage"
# in the order of the story; a schema that is not named comes last
LAYERS = (
    "raw",
    "control",
    "history",
    "reference",
    "staging",
    "intermediate",
    "cpai",
    "cocad",
    "agreement_steps",
    "figure_steps",
    "marts",
    "rule_checks",
    "quality",
    "packs",
    "release",
)
KINDS = {"source": "source", "seed": "seed", "table": "table", "incremental": "table", "view": "view"}
STORY = ("raw", "staging", "intermediate", "cpai", "cocad", "marts")


class Lineage:
    """dbt's manifest of a release, with `traced` columns and the columns and types of what is `built`: (name, type) by
    (schema, table)."""

    def __init__(
        self,
        dbt: dict,
        traced: Mapping[str, Traced],
        built: Mapping[tuple[str, str], Sequence[tuple[str, str]]],
    ) -> None:
        self.traced, self.built = traced, built
        self.nodes: dict[str, dict] = {
            key: node
            for key, node in {**dbt.get("sources", {}), **dbt["nodes"]}.items()
            if node["resource_type"] in ("source", "seed", "model")
        }
        self.by_name = {_name(node): key for key, node in self.nodes.items()}
        self.tests: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for key in sorted(self.nodes):
            for check in checks_of(dbt, key):
                of = self.tests[key]["" if check.name == "unique_key" else check.columns[0]]
                if check.name not in of:
                    of.append(check.name)
        self.needs = {
            key: [one for one in node.get("depends_on", {}).get("nodes", []) if one in self.nodes]
            for key, node in self.nodes.items()
        }
        self.used_by: dict[str, list[str]] = defaultdict(list)
        for key, needs in self.needs.items():
            for one in needs:
                self.used_by[one].append(key)

    def pages(self) -> Iterator[tuple[str, dict]]:
        """Each schema's page by its path in the release, with its values."""
        for schema in self.schemas():
            models = sorted(
                (key for key, node in self.nodes.items() if node["schema"] == schema),
                key=lambda key: self.nodes[key]["name"],
            )
            yield (
                f"{FOLDER}/{schema}.html",
                {"schema": schema, "models": [self._model(key) for key in models]},
            )

    def schemas(self) -> list[str]:
        found = {node["schema"] for node in self.nodes.values()}
        return sorted(found, key=lambda one: (LAYERS.index(one) if one in LAYERS else len(LAYERS), one))

    def index(self) -> dict:
        """The values of the page that leads to all schemas, and what no column of could be traced."""
        counts = {
            schema: sum(node["schema"] == schema for node in self.nodes.values()) for schema in self.schemas()
        }
        return {
            "schemas": [
                {"link": (f"{schema}.html", schema), "tables": counts[schema]} for schema in self.schemas()
            ],
            "columns": sum(len(one.columns) for one in self.traced.values()),
            "not_traced": [
                {"link": self._link(key), "why": one.why_not}
                for key, one in sorted(self.traced.items())
                if one.why_not and key in self.nodes
            ],
        }

    def steps(self, root: str) -> dict:
        """The tables that marts.figures is made from, drawn and in their order, with links by the way `root` to the release's
        folder; steps that are no table are inside those that read them."""
        start = self.by_name.get("marts.figures")
        needs: dict[str, list[str]] = {}
        waiting = [start] if start else []
        while waiting:
            key = waiting.pop()
            if key not in needs:
                needs[key] = [one for one in self._tables_above(key) if self._is_step(one)]
                waiting += needs[key]
        order = list(TopologicalSorter(needs).static_order())
        named = {_name(self.nodes[key]): [_name(self.nodes[one]) for one in of] for key, of in needs.items()}
        links = {name: f"{root}{self.address(name)}" for name in named}
        steps = [
            {
                "name": _name(self.nodes[key]),
                "link": links[_name(self.nodes[key])],
                "description": " ".join((self.nodes[key].get("description") or "").split()),
            }
            for key in order
        ]
        return {"drawn": draw(named, links), "steps": steps}

    def layers(self, root: str) -> Picture:
        """The layers of the story as a picture."""
        there = [schema for schema in STORY if schema in self.schemas()]
        needs = {schema: there[number - 1 : number] if number else [] for number, schema in enumerate(there)}
        return draw(needs, {schema: f"{root}{FOLDER}/{schema}.html" for schema in there}, wide=130)

    def address(self, name: str) -> str:
        """Where `schema.table` stands, from the folder of the release."""
        schema, _, table = name.partition(".")
        return f"{FOLDER}/{schema}.html#{table}"

    def _is_step(self, key: str) -> bool:
        return self.nodes[key]["resource_type"] == "model"

    def _tables_above(self, key: str) -> Iterator[str]:
        found: dict[str, None] = {}
        for one in self.needs[key]:
            is_table = self.nodes[one].get("config", {}).get("materialized") != "ephemeral"
            found |= dict.fromkeys([one] if is_table else self._tables_above(one))
        yield from found

    def _link(self, key: str) -> tuple[str, str]:
        name = _name(self.nodes[key])
        return self.address(name).removeprefix(f"{FOLDER}/"), name

    def _model(self, key: str) -> dict:
        node, traced = self.nodes[key], self.traced.get(key, Traced())
        config = node.get("config", {})
        kind = config.get("materialized") if node["resource_type"] == "model" else node["resource_type"]
        tests = self.tests[key]
        return {
            "name": node.get("alias") or node["name"],
            "full": _name(node),
            "description": " ".join((node.get("description") or "").split()),
            "kind": KINDS.get(kind, "step inside those that read it"),
            "file": node["original_file_path"].removeprefix("../"),
            "tests": tests[""],
            "needs": sorted(self._link(one) for one in set(self.needs[key])),
            "used_by": sorted(self._link(one) for one in set(self.used_by[key])),
            "why_not": traced.why_not,
            "columns": [
                self._column(name, kind, node, traced, tests[name])
                for name, kind in self._columns(node, traced)
            ],
            "sql": (traced.sql or node.get("raw_code") or "").strip(),
            "is_compiled": bool(traced.sql) and node.get("language", "sql") == "sql",
        }

    def _columns(self, node: dict, traced: Traced) -> list[tuple[str, str]]:
        """Names and types: as built, else as its YAML or its SQL has them."""
        table = (node["schema"], node.get("alias") or node["name"])
        if table in self.built:
            return list(self.built[table])
        named = node.get("columns", {})
        types = node.get("config", {}).get("column_types") or {} if node["resource_type"] == "seed" else {}
        return [
            (name, named.get(name, {}).get("data_type") or types.get(name, ""))
            for name in types or named or traced.columns
        ]

    def _column(self, name: str, kind: str, node: dict, traced: Traced, tests: list[str]) -> dict:
        of: dict[str, list[str]] = defaultdict(list)
        for table, column in traced.columns.get(name, []):
            of[table].append("rows" if column == EVERY else column)
        return {
            "name": name,
            "type": kind.lower(),
            "description": node.get("columns", {}).get(name, {}).get("description") or "",
            "tests": ", ".join(tests),
            # a constant is made from nothing
            "is_made_here": name in traced.columns and not of,
            "made_from": [
                (self.address(table).removeprefix(f"{FOLDER}/"), table, ", ".join(columns))
                for table, columns in sorted(of.items())
            ],
        }


def _name(node: dict) -> str:
    return f"{node['schema']}.{node.get('alias') or node['name']}"
