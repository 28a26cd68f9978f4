"""`python -m orchestration.synthetic --into DIR`: the synthetic year without the rest of the warehouse."""

import argparse
import sys
from pathlib import Path

from orchestration.synthetic import write_year

parser = argparse.ArgumentParser(prog="python -m orchestration.synthetic", description=__doc__)
parser.add_argument("--into", type=Path, required=True)
parser.add_argument("--year", type=int, default=2023)
parser.add_argument("--scale", type=float, default=1)
parser.add_argument("--seed", type=int, default=2023)
parser.add_argument("--truth", type=Path)
asked = parser.parse_args()
write_year(
    asked.into,
    year=asked.year,
    scale=asked.scale,
    seed=asked.seed,
    truth=asked.truth,
    progress=lambda done, total, what: sys.stderr.write(f"\r{done}/{total} {what:<40}"),
)
sys.stderr.write("\n")
