"""Police recorded crime, the Home Office's open data, beside the returns: the same forces, counted by someone else."""

import csv

from orchestration.home import SEEDS, Home


def write_recorded_crime(home: Home) -> int:
    """Write raw/police_recorded_crime.parquet (quarter, force, offence_class, crimes) and return its cell count.

    Raises ValueError when a file names a force that seeds/forces.csv does not.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (SEEDS / "forces.csv").open(encoding="utf-8") as handle:
        force_of = {row["prc_name"]: row["force"] for row in csv.DictReader(handle)}
    cells: dict[tuple[str, str, str], int] = {}
    for file in sorted((SEEDS / "police_recorded_crime").glob("*.csv")):  # a later release replaces its cells
        with file.open(encoding="utf-8") as handle:
            for number, row in enumerate(csv.DictReader(handle), start=2):
                if row["force_name"] not in force_of:
                    raise ValueError(
                        f"{file.name} row {number}: its force is no prc_name of seeds/forces.csv"
                    )
                key = (row["calendar_quarter"], force_of[row["force_name"]], row["offence_code"])
                cells[key] = int(row["offences"])
    table = pa.table(
        {
            "quarter": pa.array([key[0] for key in cells], pa.string()),
            "force": pa.array([key[1] for key in cells], pa.string()),
            "offence_class": pa.array([key[2] for key in cells], pa.string()),
            "crimes": pa.array(cells.values(), pa.int64()),
        }
    )
    home.raw.mkdir(parents=True, exist_ok=True)
    aside = home.raw / "police_recorded_crime.parquet.part"
    pq.write_table(table, aside)
    aside.replace(home.raw / "police_recorded_crime.parquet")
    return table.num_rows
