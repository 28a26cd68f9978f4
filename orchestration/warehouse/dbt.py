"""The warehouse: dbt in this process, and its models as Dagster assets.

dbt alone opens `warehouse.duckdb`, briefly: DuckDB lets one process write and no other read meanwhile, and
in-process dbt keeps its handle until it is closed.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from queue import SimpleQueue
from threading import Event, Lock
from typing import Any

from orchestration.home import DBT_PROJECT, SEEDS, Home, check_seeds, files_below, memory, variables
from orchestration.keys import first, kept, token_key
from orchestration.printing import counted
from orchestration.progress import at
from orchestration.statements import rows_of
from orchestration.stopping import state
from orchestration.strict_csv import NotRead
from orchestration.turns import WarehouseClosed, alone, turn, write_whole
from orchestration.warehouse import changes, selection, tested
from orchestration.warehouse.attached import WarehouseStale, open_warehouse
from orchestration.warehouse.compacting import compact
from orchestration.warehouse.made_by import PROJECT, fingerprints

# above it each statement has both cores busy and needs the memory for itself: a year at scale 50 is 800 MB of Parquet
ALONE_ABOVE = 200_000_000  # bytes


class BuildFailed(RuntimeError):
    """A dbt model failed or a dbt test found our own transformation wrong; `problems` has a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the warehouse build failed:\n" + "\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Finished:
    """A model or seed that is there, by its node id; without seconds it was there already, without rows it is no table."""

    node: str
    seconds: float | None = None
    rows: int | None = None


@dataclass
class Built:
    """What dbt found: whether each check of each test holds, by the test's node id, and a sentence for each thing that failed."""

    tests: dict[str, dict[str, bool]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def environment(home: Home, everything: bool = False) -> AbstractContextManager[None]:
    """The variables that dbt's profile reads, set for as long as dbt runs."""
    return variables(
        {
            "CPAI_WAREHOUSE": str(home.warehouse),
            "CPAI_RAW": str(home.raw),
            "CPAI_TOKEN_KEY": token_key(home),
            "CPAI_MEMORY": memory(),
            "CPAI_FIRST_KEY": first(home).text,
            "CPAI_AS_OF": home.as_of or "",
            "CPAI_EVERYTHING": "Y" if everything else "",
            "DO_NOT_TRACK": "1",
        }
    )


def source_hash() -> str:
    """SHA-256 over the dbt project and the seeds: the parsed manifest is good until it changes."""
    digest = hashlib.sha256()
    for folder in (DBT_PROJECT, SEEDS):
        for name, file in files_below(folder):
            if file.suffix in {".sql", ".py", ".yml", ".md", ".csv"} and "target" not in name.split("/"):
                digest.update(name.encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def version_of(home: Home) -> str:
    """What all that a warehouse holds is made by: models, seeds, and the keys of its tokens."""
    return f"{source_hash()} {_keys(home)}"


def _keys(home: Home) -> str:
    return f"{kept(home)[0].check} {first(home).check}"


def manifest_path(home: Home) -> Path:
    """dbt's manifest for the models as they are now; parsed anew only when they changed (about 5 s), or when what dbt wrote
    of them is not there as it was written."""
    target = home.dbt / "target"
    stamp = target / "manifest.sha256"
    wanted = source_hash()

    def written() -> str:
        files = (target / name for name in ("manifest.json", "partial_parse.msgpack"))
        return " ".join([wanted, *(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)])

    def parsed() -> bool:
        try:
            return stamp.read_text(encoding="utf-8") == written()
        except (OSError, ValueError):
            return False

    if not parsed():
        home.dbt.mkdir(parents=True, exist_ok=True)
        # no turn: a page of Dagster's that opens during a run needs the models, not the warehouse
        with alone(home.dbt):
            if not parsed():
                for name in ("manifest.json", "partial_parse.msgpack", stamp.name):
                    _remove(target / name)
                invoke(home, ["parse", "--no-partial-parse"])
                _check_seeds(target / "manifest.json")
                write_whole(stamp, written())
    return target / "manifest.json"


def saved_parse(home: Home) -> Any:
    """dbt's own saved parse, a Manifest of its classes: manifest.json has lost what generic tests need."""
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack(manifest_path(home).with_name("partial_parse.msgpack").read_bytes())


def _remove(path: Path) -> None:
    """What dbt is to write anew, were it a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def seed_file(node: dict[str, Any]) -> str:
    """The file of a seed in dbt's manifest, from seeds/ on: dbt writes it with the separator of the machine."""
    return PureWindowsPath(node["original_file_path"]).as_posix().partition("seeds/")[2]


# how a cell is written that dbt and DuckDB take for a number or a truth as it is meant
CELLS_OF = {
    "integer": r"-?\d+",
    "bigint": r"-?\d+",
    "double": r"-?\d+(\.\d+)?",
    "boolean": r"(?i)true|false",
    "date": r"\d{4}-\d\d-\d\d",
}


def _check_seeds(manifest: Path) -> None:
    """The seeds have the columns that the models were written for, and cells of their kind: before anything is built.

    Raises NotRead; DuckDB would raise "Could not convert string" and no row, or miss a column in one of the models.
    """
    seeds = check_seeds()
    parsed = json.loads(manifest.read_text(encoding="utf-8"))
    nodes = [*parsed["nodes"].values(), *(node for nodes in parsed["disabled"].values() for node in nodes)]
    problems = []
    for node in nodes:
        if node["resource_type"] != "seed" or not (table := seeds.get(seed_file(node))):
            continue
        types = node["config"].get("column_types") or {}
        if missing := types.keys() - set(table.headings):
            problems.append(
                f"{table.name}, row 1: has no heading {', '.join(sorted(missing))}; add it, or correct how it is written."
            )
            continue
        for place, heading in enumerate(table.headings):
            cell_of = re.compile(CELLS_OF.get(types.get(heading, ""), ".*"), re.DOTALL)
            if wrong := [
                number for number, cells in table.rows if cells[place] and not cell_of.fullmatch(cells[place])
            ]:
                problems.append(
                    f"{table.name}, row {wrong[0]}: {heading} is no {types[heading]}; a spreadsheet may have changed it: "
                    "correct it in a text editor."
                )
    if problems:
        raise NotRead(*problems)


def _begun(event: Any) -> None:
    """What dbt begins: it numbers each model and test."""
    if event.info.name == "LogStartLine":
        at("building the warehouse", event.data.index - 1, event.data.total, event.data.node_info.node_name)


def invoke(
    home: Home,
    words: list[str],
    manifest: Any = None,
    heard: Callable[[Any], None] = _begun,
    everything: bool = False,
) -> Any:
    """One dbt command in this process, its output and log in the home, and the warehouse closed. Raises BuildFailed when
    it could not run.

    `heard` is given dbt's events as they happen. With `everything` all returns count as changed.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    home.dbt.mkdir(parents=True, exist_ok=True)
    folders = ["--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT]
    folders += ["--target-path", home.dbt / "target", "--log-path", home.dbt / "logs"]
    try:
        with environment(home, everything):
            outcome = dbtRunner(manifest=manifest, callbacks=[heard]).invoke(
                [*words, "--log-level", "none", "--log-level-file", "info", *map(str, folders)]
            )
    finally:
        # its handle would keep everybody else from the file, this process too
        DuckDBConnectionManager.close_all_connections()
    if outcome.exception:
        raise BuildFailed([f"dbt {words[0]} could not run: {outcome.exception}"])
    return outcome


def run_dbt(
    home: Home,
    models: Collection[str] | None = None,
    on_finished: Callable[[Finished], None] = lambda _: None,
    left: Callable[[], bool] = lambda: False,
    everything: bool = False,
) -> Built:
    """Run seeds, models and tests, all or those named in `models`, and close the warehouse.

    Only what data, the day, or a changed model or seed reaches is made again, unless `everything` is, or the keys, the
    settings of the project or dbt itself are others; of those named, nothing where a whole build has made all of it.
    `on_finished` is given each seed and model once it is there, none before what it reads. What failed is in `problems`; dbt
    builds nothing downstream of it, and begins nothing more once everybody has `left`.
    """
    manifest = saved_parse(home)
    version, before = version_of(home), built_by(home)
    made_by = fingerprints(manifest, _keys(home), source_hash())
    changed = set() if before == version else {key for key, _ in made_by.items() - _made(home).items()}
    everything = everything or not before or PROJECT in changed
    # a part of it would hold what this version makes beside what another one made
    models = models if before == version and not everything else None
    stands = not everything and bool(models or changed) and built_whole(home)
    selected = selection.of_change(manifest.nodes, models, stands, changed & manifest.nodes.keys())
    tell = _in_order(on_finished, {} if everything else selected.stand)

    def heard(event: Any) -> None:
        # what an event raises fails the model that it is about, and so on to the last
        if event.info.name == "LogStartLine" and left():
            raise InterruptedError
        _begun(event)
        if event.info.name == "NodeFinished" and (finished := _finished(event.data)):
            tell(finished)

    # unit tests check code, not data: they run with the tests, not with every quarter
    # nor does anyone read dbt's account of a run: writing manifest.json again took 0.8 s of each
    words = ["build", "--exclude-resource-type", "unit_test", "--no-write-json"]
    words += ["--threads", str(statements_at_once(home))]
    names = ["--indirect-selection", "empty", "--select"]
    built = Built()
    if everything:
        _take(home, built, invoke(home, [*words, "--full-refresh"], manifest, heard, everything=True))
    else:
        if selected.names:
            _take(home, built, invoke(home, [*words, *names, *selected.names], manifest, heard))
        if selected.anew and not built.problems:
            # of a manifest that it has run ephemeral models are half compiled
            manifest = saved_parse(home)
            words.append("--full-refresh")
            _take(
                home, built, invoke(home, [*words, *names, *selected.anew], manifest, heard, everything=True)
            )
    if not built.problems and not (stands and models):
        _note(home, version, made_by, whole=not models, readings=selected.has_readings)
        if not models:
            compact(home)
    return built


def _take(home: Home, built: Built, outcome: Any) -> None:
    """What a command of dbt's found joins what is found already; where the disk is full or the like, that alone is told: what
    else failed, failed by it."""
    states = set()
    for result in outcome.result.results if outcome.result else []:
        node, status = result.node, str(result.status)
        good = status in {"success", "pass", "warn", "no-op"}
        said = []
        if node.resource_type == "test":
            broken = {} if good else _broken(home, node)
            built.tests[node.unique_id] = {
                name: good or (bool(broken) and name not in broken) for name in tested.names(node.to_dict())
            }
            said = [*broken.values()]
        # what is skipped because of another has no message, and the other is there
        if not good and (status != "skipped" or result.message):
            found = state(result.message or "")
            states |= {found} - {""}
            built.problems += [found] if found else said or [_sentence(node, status, result)]
    built.problems = sorted(states) or built.problems


def _broken(home: Home, test: Any) -> dict[str, str]:
    """Of a test that failed the checks that do not hold, with a sentence each; none where it has no checks, or they cannot be
    asked."""
    import duckdb

    of = {str(check): check for check in tested.checks(test.to_dict())}
    if not of or not test.compiled_code:
        return {}
    try:
        with open_warehouse(home) as connection:
            rows = rows_of(connection, test.compiled_code)
    except (duckdb.Error, WarehouseClosed, WarehouseStale):
        return {}
    table = test.attached_node.split(".")[-1]
    found = {f"{row['held']} {row['columns']}": int(row["wrong"]) for row in rows}
    return {
        name: f"{table} has {counted(wrong, 'row')} whose {of[name].broken()}: see {test.original_file_path}"
        for name, wrong in found.items()
    }


def _in_order(on_finished: Callable[[Finished], None], stand: Mapping[str, set[str]]) -> Callable[..., None]:
    """`on_finished` so that nothing is told before what it reads: it is given what dbt has built, and beside that what stands
    as it is. `stand`: these, with the nodes that each reads."""
    there: set[str] = set()
    waiting = dict(stand)
    one_at_a_time = Lock()  # each of dbt's threads tells what it has built

    def is_there(finished: Finished) -> None:
        on_finished(finished)
        there.add(finished.node)

    def tell(*built: Finished) -> None:
        with one_at_a_time:
            for finished in built:
                if finished.node not in there:  # made twice: selection.OF_THIS_BUILD
                    is_there(finished)
            while ready := [node for node, read in waiting.items() if read <= there]:
                for node in ready:
                    del waiting[node]
                    is_there(Finished(node))

    tell()
    return tell


def _note(home: Home, version: str, made_by: dict[str, str], whole: bool, readings: bool) -> None:
    """What is built is what the next build starts from."""
    import duckdb

    if whole or readings:
        with duckdb.connect(str(home.warehouse)) as connection:
            changes.note(connection, version, made_by, readings_alone=not whole)


def _finished(said: Any) -> Finished | None:
    """A seed or model that dbt has built, of its event; None for a test and for what failed."""
    node, result = said.node_info, said.run_result
    if node.resource_type not in {"seed", "model"} or result.status != "success":
        return None
    from orchestration.warehouse_plugin import rows_in

    is_table = node.materialized in {"table", "incremental", "seed"}
    rows = rows_in(node.node_relation.relation_name) if is_table else None
    return Finished(node.unique_id, result.execution_time, rows)


@contextmanager
def started(
    home: Home, models: Collection[str] | None = None
) -> Iterator[tuple[Iterator[Finished], Future[Built]]]:
    """`run_dbt` in a thread: what is there as it comes to be, and what it found when all is done.

    Who leaves before that, by Ctrl-C or for an error, waits for the statements that run, and dbt begins no other.
    """
    finished: SimpleQueue[Finished | None] = SimpleQueue()
    left = Event()
    with ThreadPoolExecutor(1, "dbt") as thread:
        running = thread.submit(run_dbt, home, models, finished.put, left.is_set)
        running.add_done_callback(lambda _: finished.put(None))
        try:
            yield iter(finished.get, None), running
        finally:
            left.set()


def statements_at_once(home: Home) -> int:
    """How many models dbt builds at a time: two, or one where what was received is large.

    Of a national year (20 MB) half of dbt's time is Python between the statements: two at a time take 21 s instead of 24.
    """
    received = sum(file.stat().st_size for file in home.raw.rglob("*.parquet"))
    return 1 if received > ALONE_ABOVE else 2


def built_by(home: Home) -> str:
    """The `version_of` its home that the warehouse was last built whole by; blank for one that is new or half built."""
    return next((row["version"] or "" for row in _control(home, "state")), "")


def _made(home: Home) -> dict[str, str]:
    """What each node was made by when the warehouse was last built whole."""
    return {row["node"]: row["fingerprint"] for row in _control(home, "built_nodes")}


def _control(home: Home, table: str) -> list[dict]:
    """A table about the last build; nothing of a warehouse that has none, or is not to be opened: dbt says what is wrong with
    it."""
    import duckdb

    if not home.warehouse.exists():
        return []
    try:
        return query(home, f"from control.{table}")
    except (duckdb.Error, WarehouseClosed):
        return []


def built_whole(home: Home) -> bool:
    """Whether the warehouse is what a build of all there is would make of it: a part of it needs no build then."""
    with open_read_only(home) as connection:
        return changes.stand(connection, home.raw)


def forget(home: Home) -> None:
    """The next build makes everything again."""
    import duckdb

    if built_by(home):
        with turn(home), duckdb.connect(str(home.warehouse)) as connection:
            connection.execute("update control.state set version = null")


def build(home: Home, models: Collection[str] | None = None, everything: bool = False) -> Built:
    """`run_dbt`, raising BuildFailed when a model or a test failed."""
    built = run_dbt(home, models, everything=everything)
    if built.problems:
        raise BuildFailed(built.problems)
    return built


def _sentence(node: Any, status: str, result: Any) -> str:
    """What failed, without any record's value: DuckDB quotes the value it could not convert."""
    if node.resource_type == "test":
        return f"test {node.name} failed on {result.failures} rows: see {node.original_file_path}"
    if node.resource_type == "unit_test":
        return f"unit test {node.name} failed: see {node.original_file_path}"
    lines = [line for line in (result.message or "").strip().splitlines() if "Could not convert" not in line]
    return f"{node.resource_type} {node.name}: {' '.join(lines[:3]) or status}"


def query(home: Home, sql: str, parameters: list | None = None) -> list[dict]:
    """Rows of the warehouse through a short read-only connection, closed before returning.

    Raises WarehouseClosed where another process has it for longer than we wait, or it is not built to its end.
    """
    import duckdb

    with open_read_only(home) as connection:
        try:
            return rows_of(connection, sql, parameters)
        except (duckdb.CatalogException, duckdb.BinderException) as problem:
            raise WarehouseClosed(
                f"the warehouse in {home.root} is not built to its end: run `cpai run <quarter>`"
            ) from problem


@contextmanager
def open_read_only(home: Home) -> Iterator[Any]:
    """A connection to the warehouse for a short turn: nobody can build it meanwhile. Raises WarehouseClosed."""
    import duckdb

    if not home.warehouse.exists():
        raise WarehouseClosed(f"there is no warehouse in {home.root} yet: run `cpai run <quarter>` first")
    with turn(home, reads=True), duckdb.connect(str(home.warehouse), read_only=True) as connection:
        yield connection


def with_rejections(home: Home) -> set[tuple[str, str, int]]:
    """Submissions of which the warehouse holds records out: known once it is built, and while nobody builds it."""
    if not home.warehouse.exists():
        return set()
    try:
        with turn(home, patience=0, reads=True):
            rows = query(
                home,
                "select force, quarter, submission from quality.returns where status = 'accepted_with_rejections'",
            )
    except WarehouseClosed:
        return set()
    return {(row["force"], row["quarter"], row["submission"]) for row in rows}
