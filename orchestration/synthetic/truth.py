"""What the pipeline should find in a synthetic year. Tests read it; the pipeline never does."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.synthetic.calibration import NONE
from orchestration.synthetic.readings import settled
from orchestration.synthetic.reference import offences
from orchestration.synthetic.year import ForceQuarter, Tile

TEXT = pa.string()
CRIMES = {
    "force": TEXT, "quarter": TEXT, "crime_reference": TEXT, "in_cpai": pa.bool_(), "exclusion_reason": TEXT,
    "is_contact": pa.bool_(), "is_image": pa.bool_(), "is_candidate": pa.bool_(), "is_drawn": pa.bool_(), "is_cocad": pa.bool_(),
    "criterion": TEXT, "committed_by_children": TEXT, "recency": TEXT, "offence_group": TEXT,
    "offence_code": TEXT, "offence_class": TEXT, "suspect_rows": pa.int32(), "offenders_stated": pa.int32(),
    "offenders_read": pa.int32(), "impossible_date": pa.bool_(),
}  # fmt: skip
PERSONS = {
    "force": TEXT, "quarter": TEXT, "crime_reference": TEXT, "number": pa.int32(), "in_cpai": pa.bool_(),
    "is_cocad": pa.bool_(), "state": pa.bool_(), "gender": TEXT, "age": pa.int32(), "ethnicity_group": TEXT,
}  # fmt: skip
GENDERS = {"F": "female", "M": "male", NONE: None}


class Truth:
    """`crimes.parquet`, `victims.parquet`, `suspects.parquet` and `counts.csv`, grown force by force.

    What is not recorded is null: age, gender, ethnicity; so is the criterion outside the COCAD.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        schemas = {
            "crimes": pa.schema(list(CRIMES.items())),
            "victims": pa.schema(list(PERSONS.items())),
            "suspects": pa.schema([*PERSONS.items(), ("relationship_group", TEXT)]),
        }
        self._files = {
            name: pq.ParquetWriter(folder / f"{name}.parquet", schema) for name, schema in schemas.items()
        }
        self._counts: dict[str, dict[str, int]] = {}

    def add(self, rows: ForceQuarter, tiles: list[Tile]) -> None:
        crimes = rows.crimes
        # what a later return cancels is out from then on
        later = crimes["cancelled_later"]
        reasons = np.where(later, "cancelled", crimes["exclusion_reason"])
        in_cpai = reasons == ""
        groups = offences().set_index("offence_code").offence_group.to_dict()
        same = {
            "force": [rows.force] * rows.n,
            "quarter": [rows.quarter] * rows.n,
            "in_cpai": in_cpai,
            "exclusion_reason": [reason or None for reason in reasons],
            "is_contact": in_cpai & crimes["contact"].astype(bool),
            "is_image": in_cpai & crimes["image"].astype(bool),
            "is_candidate": crimes["is_candidate"].astype(bool) & ~later,
            "is_cocad": crimes["is_cocad"].astype(bool) & ~later,
            **{name: [text or None for text in values] for name, values in settled(rows).items()},
            "recency": crimes["recency"].tolist(),
            "offence_group": [groups.get(code) for code in crimes["offence_code"]],
            "offence_code": crimes["offence_code"].tolist(),
            "offence_class": [text or None for text in crimes["offence_class"]],
            "suspect_rows": crimes["suspect_rows"],
            "offenders_stated": [
                number if number >= 0 else None for number in crimes["offenders_stated"].tolist()
            ],
            "offenders_read": crimes["offenders_read"],
            "impossible_date": crimes["impossible_date"].astype(bool),
        }
        for tile in tiles:
            references = np.array(rows.references(tile), dtype=object)
            drawn = np.isin(np.arange(rows.n), rows.drawn.get(tile.number, []))
            read = {"is_candidate": same["is_candidate"] | drawn, "is_drawn": drawn}
            self._write("crimes", same | read | {"crime_reference": references})
            for name in ("victims", "suspects"):
                self._write(name, self._persons(rows, getattr(rows, name), references, in_cpai))
        count = self._counts.setdefault(
            rows.quarter, dict.fromkeys(("crimes", "in_cpai", "contact", "candidates", "cocad"), 0)
        )
        for key, flags in (
            ("crimes", np.ones(rows.n)),
            ("in_cpai", in_cpai),
            ("contact", same["is_contact"]),
            ("candidates", same["is_candidate"]),
            ("cocad", same["is_cocad"]),
        ):
            count[key] += int(flags.sum()) * len(tiles)
        count["candidates"] += sum(map(len, rows.drawn.values()))

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        lines = [
            "quarter,crimes,in_cpai,contact,candidates,cocad",
            *(
                f"{quarter},{','.join(map(str, count.values()))}"
                for quarter, count in sorted(self._counts.items())
            ),
        ]
        (self._folder / "counts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _persons(
        self, rows: ForceQuarter, people: dict[str, np.ndarray], references: np.ndarray, in_cpai: np.ndarray
    ) -> dict[str, object]:
        crime = people["crime"]
        persons = {
            "force": [rows.force] * len(crime),
            "quarter": [rows.quarter] * len(crime),
            "crime_reference": references[crime],
            "number": people["within"],
            "in_cpai": in_cpai[crime],
            "is_cocad": (rows.crimes["is_cocad"].astype(bool) & ~rows.crimes["cancelled_later"])[crime],
            "state": people["state"].astype(bool),
            "gender": [GENDERS[gender] for gender in people["gender"]],
            "age": [age if age >= 0 else None for age in people["age"].tolist()],
            "ethnicity_group": [None if group == NONE else group for group in people["ethnicity"]],
        }
        if "relationship" in people:
            persons["relationship_group"] = [
                None if group == NONE else group for group in people["relationship"]
            ]
        return persons

    def _write(self, name: str, columns: dict[str, object]) -> None:
        file = self._files[name]
        file.write_table(
            pa.table({field.name: columns[field.name] for field in file.schema}, schema=file.schema)
        )
