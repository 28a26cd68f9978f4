"""Police recorded crime, the Home Office's open data, beside the returns: the same forces, counted by someone else."""

from orchestration.home import SEEDS, Home, seed_rows


def write_recorded_crime(home: Home) -> int:
    """Write raw/police_recorded_crime.parquet (quarter, force, offence_class, crimes) and return its cell count.

    Raises ValueError when a file names a force that seeds/forces.csv does not.
    """
    import pyarrow as pa

    from orchestration.returns import raw

    force_of = {row["prc_name"]: row["force"] for row in seed_rows("forces.csv")}
    cells: dict[tuple[str, str, str], int] = {}
    for file in sorted((SEEDS / "police_recorded_crime").glob("*.csv")):  # a later release replaces its cells
        for number, row in enumerate(seed_rows(f"police_recorded_crime/{file.name}"), start=2):
            if row["force_name"] not in force_of:
                raise ValueError(f"{file.name} row {number}: its force is no prc_name of seeds/forces.csv")
            key = (row["calendar_quarter"], force_of[row["force_name"]], row["offence_code"])
            cells[key] = int(row["offences"])
    table = pa.Table.from_pylist(
        [
            dict(zip(("quarter", "force", "offence_class"), key, strict=True), crimes=count)
            for key, count in cells.items()
        ],
        schema=raw.police_recorded_crime_schema(),
    )
    raw.write_if_changed(table, home.raw / "police_recorded_crime.parquet")
    return table.num_rows
