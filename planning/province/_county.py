"""Room `planning.province`: one county, a pure task: files in, a run folder out, the same wherever it runs."""

from __future__ import annotations

import errno
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planning import catchment, runs, study
from planning.errors import Fault, InputRefused, MachineFailed, refuse
from planning.province import _halo as halo
from planning.province import _intake as intakes
from planning.province import _tables as kept
from planning.province._intake import Entry
from planning.sources import SourceFile, parcel
from planning.study import StudyInputs, StudyResult

PARTS: Final = frozenset({"coverage", "compliance"})
LAYERS: Final = (
    "residential", "facilities", "units", "uncovered", "findings", "indicators", "scorecard", "ledger",
)  # fmt: skip
"""What the province is put together from, as GeoParquet in the folder ``tables`` of each county."""
_ONE_AT_A_TIME: Final = threading.Lock()  # GDAL's settings and the solver's are of the process


def perform(task: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Do one task of a run; what it finds wrong with its inputs is an answer, not an error.

    Returns
    -------
    dict
        ``code``, ``seconds``, ``peak_mib`` and what the task returns; or ``faults`` for which it could not be done
        (``machine``: the disk is full, which stops the run); or ``failed``, what the program stumbled over.
    """
    start = time.perf_counter()
    work: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
        "take_in": intakes.take_in,
        "county": run_county,
    }
    with _ONE_AT_A_TIME:
        try:
            _refuse_other_place(spec)
            done = work[task](spec)
        except InputRefused as refused:
            done = {"code": spec["code"], "faults": parcel.faults_as_json(refused.faults), "refused": True}
        except MachineFailed as failed:
            done = _machine(spec, failed.faults)
        except MemoryError:  # of this county: the others may be smaller
            fault = Fault("province_county_memory", value=str(spec["code"]), facts={"peak": f"{peak_mib() or 0:.0f}"})
            done = {"code": spec["code"], "faults": parcel.faults_as_json([fault]), "refused": True}
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            fault = Fault("machine_disk_full" if full else "machine_write", value=str(error)[:200])
            done = _machine(spec, (fault,))
        except Exception as error:  # noqa: BLE001  one county's stumble must not stop the others
            trace = traceback.format_exc(limit=-6)
            done = {"code": spec["code"], "failed": f"{type(error).__name__}: {error}"[:500], "trace": trace}
    return {**done, "seconds": round(time.perf_counter() - start, 3), "peak_mib": peak_mib()}


def ready() -> None:
    """Load what the first county would else load: a worker does so while the run still reads its files."""
    import pyarrow.dataset
    import pyarrow.parquet  # noqa: F401  geopandas asks for it late

    catchment.compiled()


def _refuse_other_place(spec: Mapping[str, Any]) -> None:
    """Stop a run with a worker of another version or one that does not see its folders: no county is to blame."""
    facts = {"host": socket.gethostname()}
    if spec["code_hash"] != intakes.code_hash():
        raise MachineFailed(Fault("province_other_version", facts=facts))
    if not Path(spec["store"]).is_dir():
        raise MachineFailed(Fault("province_worker_folder", value=str(spec["store"]), facts=facts))


def run_county(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Run a county of a province with its surroundings and write its run folder.

    Parameters
    ----------
    spec
        As for `planning.province._intake.take_in`, with ``entry`` (the county's own) and ``neighbours`` (``{code:
        entry}``) in its CRS, ``levels`` of the province, ``documents`` (whether it gets texts, tables and maps of its
        own), ``out`` (the run folder) and ``key`` (the hash of all that).

    Returns
    -------
    dict
        ``code, folder, run_id``.

    Raises
    ------
    InputRefused
        What a run of the county's plan would refuse.
    """
    inputs = _inputs(spec)
    result = study.run(inputs, parts=PARTS)
    own = _own_layers(result)
    out = Path(spec["out"])
    with runs.machine_faults(out):
        run_id = runs.write(result, out, more=partial(_write_more, result, own, spec["documents"]))
    kept.write_json(Path(f"{spec['out']}.json"), {"key": spec["key"], "run_id": run_id})
    return {"code": spec["code"], "folder": spec["out"], "run_id": run_id}


def is_done(out: Path, key: str) -> str | None:
    """Return the run id of a county that was run before on the same, and whose files are whole."""
    said = kept.read_json(Path(f"{out}.json"))
    if said is None or said.get("key") != key or not runs.is_run_folder(out) or runs.verify(out):
        return None
    return str(said["run_id"])


def _inputs(spec: Mapping[str, Any]) -> StudyInputs:
    """Return what a study of the county looks at."""
    own = intakes.open_entry(spec["entry"])
    neighbours = {code: intakes.open_entry(entry) for code, entry in sorted(spec["neighbours"].items())}
    settings = intakes.settings_of(spec)
    refuse(runs.check_template(settings))
    standard, faults = runs.standard_of(settings)
    intake = own.intake()
    if standard is None:
        raise InputRefused(faults)
    inputs = runs.inputs_of(settings, standard, intake)
    refuse(inputs.faults)
    files = (*intake.files, *(file for code in neighbours for file in _files(code, neighbours[code])))
    tables = halo.surrounded(inputs.tables, neighbours, settings)
    return replace(inputs, tables=tables, files=files, levels=tuple(spec["levels"]))


def _files(code: str, entry: Entry) -> list[SourceFile]:
    """Return the files of a neighbour that a county's figures rest on."""
    wanted = (*intakes.GROUND, "residential", "entrances")
    return [replace(file, input=f"{code}:{file.input}") for file in entry.files() if file.input in wanted]


def _write_more(
    result: StudyResult,
    layers: Mapping[str, pd.DataFrame],
    documents: bool,  # noqa: FBT001
    folder: Path,
) -> tuple[Fault, ...]:
    """Write what the province is put together from and, where they are asked for, the county's own documents."""
    _write_tables(layers, folder)
    return runs.write_documents(_alone(result), folder) if documents else ()


def _alone(result: StudyResult) -> StudyResult:
    """Return a result as documents show and count it: without the rows of neighbours."""
    tables = {name: study.own(table) for name, table in result.inputs.tables.items()}
    return replace(result, inputs=replace(result.inputs, tables=tables), facilities=study.own(result.facilities))


def _own_layers(result: StudyResult) -> dict[str, pd.DataFrame]:
    """Return the layers that the province is put together from, without the neighbours' rows."""
    layers = {name: getattr(result, name) for name in LAYERS}
    return layers | {"facilities": study.own(layers["facilities"])}


def _write_tables(layers: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write layers as GeoParquet."""
    place = folder / "tables"
    place.mkdir()
    for name, table in layers.items():
        plain = table.reset_index(drop=table.index.name is None)
        odd = [column for column in plain.columns if plain[column].dtype == object and column != "geometry"]
        plain = plain.assign(**{column: _storable(plain[column]) for column in odd})
        if isinstance(plain, gpd.GeoDataFrame):
            plain.to_parquet(place / f"{name}.parquet", index=False)
        else:
            pd.DataFrame(plain).to_parquet(place / f"{name}.parquet", index=False)


def _storable(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Return cells of any kind as flags, if they are nothing else, or as text."""
    known = cells.dropna()
    if len(known) and known.map(lambda cell: isinstance(cell, bool)).all():
        return cells.astype("boolean")
    return cells.map(_text).astype("str")


def _text(value: Any) -> str | None:
    if isinstance(value, list | tuple):
        return ";".join(map(str, value))
    return None if value is None or value is pd.NA or value != value else str(value)  # noqa: PLR0124


def _machine(spec: Mapping[str, Any], faults: tuple[Fault, ...]) -> dict[str, Any]:
    return {"code": spec["code"], "faults": parcel.faults_as_json(faults), "machine": True}


def peak_mib() -> float | None:
    """Return the most memory that this process ever held; None where the system does not say.

    Linux counts what its parent held at the fork towards ``ru_maxrss``, but not towards ``VmHWM``.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
        return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return None
    unit_b = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_b / (1 << 20), 1)
