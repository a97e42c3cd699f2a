"""Small provinces for tests, and how their results are read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "data"))

import make_province  # noqa: E402

from planning import runs  # noqa: E402

TINY = make_province.Size(counties=4, across=2, towns=2, areas=8, nodes=225, side_m=3000.0, seed=3)
WIDER = make_province.Size(counties=6, across=3, towns=3, areas=20, nodes=625, side_m=5000.0, seed=11)


def made(folder: Path, size: make_province.Size = TINY, *, roads: str = "gpkg", far_m: float = 1000.0) -> Path:
    plan = make_province.main(folder, size, roads=roads)
    plan.write_text(plan.read_text("utf-8") + f"\n[walk]\nfar_m = {far_m}\n", "utf-8")
    return plan


def written(folder: Path) -> dict[str, str]:
    """Return every file of a run with its hash; the record itself says which run it is."""
    record = json.loads((folder / "run.json").read_text("utf-8"))
    assert runs.verify(folder) == ()
    return {entry["path"]: entry["sha256"] for entry in record["outputs"]} | {"run.json": record["run_id"]}


def layer(folder: Path, name: str = "residential") -> gpd.GeoDataFrame:
    return gpd.read_file(folder / "province.gpkg", layer=name)


def listed(folder: Path, *entries: str, head: str = "") -> Path:
    plan = folder / "province.toml"
    body = "".join(f"[[province.counties]]\n{entry}\n" for entry in entries)
    plan.write_text(f'[plan]\nname = "省"\n[province]\n{head}\n{body}', "utf-8")
    return plan


def same(one: pd.Series, other: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(one) or pd.api.types.is_bool_dtype(other):
        one, other = one.astype(float), other.astype(float)
    if pd.api.types.is_numeric_dtype(one):
        return bool(np.array_equal(one.astype(float), other.astype(float), equal_nan=True))
    texts = [[None if pd.isna(cell) else str(cell) for cell in cells.astype(object)] for cells in (one, other)]
    return texts[0] == texts[1]
