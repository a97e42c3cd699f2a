"""A province run county by county: the same command, on one machine or many, and the same bytes.

Every county is one pure task with files in and a run folder out. It sees the roads and facilities of its neighbours
as far as anyone in it could walk, so that county borders cut nothing; areas, towns and facilities count in the one
county they belong to. What is done is not done again; a county that cannot be run is named, and the others are done.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from planning import runs
from planning.errors import Fault, InputRefused, MachineFailed
from planning.plan import NEEDED_INPUTS
from planning.province import _county as tasks
from planning.province import _halo as halo
from planning.province import _intake as intakes
from planning.province import _merge as merge
from planning.province import _outlines as outlines
from planning.province import _plan, _work
from planning.province import _split as splits
from planning.province import _tables as kept
from planning.province._check import check as check
from planning.province._executors import Executor, executor
from planning.province._executors import refuse_odd as refuse_odd
from planning.province._intake import Entry
from planning.province._merge import County
from planning.province._plan import ProvincePlan
from planning.province._plan import is_province as is_province
from planning.province._plan import lists_counties as lists_counties
from planning.province._work import Work
from planning.province._work import folder_of as work_folder
from planning.province._work import status as status
from planning.runs._target import put_back, refuse_foreign, refuse_inputs_inside
from planning.tables import input_name
from planning.texts import LANGUAGES

__all__ = [
    "ProvinceFolder",
    "ProvincePlan",
    "check",
    "is_province",
    "lists_counties",
    "read",
    "run",
    "status",
    "work_folder",
]

Progress = Callable[[str, int, int], None]
"""Called with the step, how many counties are through it, and how many there are."""
INCOMPLETE: Final = 4
"""What the command exits with when counties are missing."""
read = _plan.read


@dataclass(frozen=True)
class ProvinceFolder:
    """A finished run of a province: where it is, what it found, which counties are missing and why."""

    folder: Path
    run_id: str
    summary: Mapping[str, Any]
    missing: Mapping[str, tuple[Fault, ...]]
    warnings: tuple[Fault, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def run(
    path: str | Path,
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> ProvinceFolder:
    """Run every county of a province plan and put the results together.

    Parameters
    ----------
    path
        The province plan; see docs/province.md.
    out
        The run folder; ``out`` beside the plan by default. An earlier run folder is replaced whole. Beside it stands
        ``<out>.work`` with what is done so far; a restart goes on from there.
    workers
        Processes on this machine; 1 by default.
    scheduler
        The address of a Dask scheduler, in place of ``workers``.
    progress
        See `Progress`.

    Raises
    ------
    InputRefused
        The plan, its layers or ``out`` cannot be used, another run holds ``out``, or no county could be run.
    MachineFailed
        Disk or memory ran out, or the scheduler does not answer.
    """
    start = time.perf_counter()
    province = _plan.read(path)
    target = Path(out) if out is not None else province.path.parent / "out"
    put_back(target)
    refuse_foreign(target)
    refuse_inputs_inside(target, province.settings)
    with _work.held(target) as work, contextlib.closing(executor(workers, scheduler)) as pool:
        job = _Job(province, work, pool, progress or (lambda _step, _done, _all: None))
        job.gather()
        done = job.run()
        if not done:
            raise _nothing_done(job.missing)
        from planning.province import _outputs as outputs  # matplotlib: a second that no worker has to spend

        found = outputs.Results(province, done, job.names, job.missing, job.warnings, job.files)
        run_id, summary = outputs.write(found, target)
        seconds = round(time.perf_counter() - start, 3)
        timing = {"seconds": seconds, "workers": pool.name, "peak_mib": tasks.peak_mib(), "counties": job.timing}
        kept.write_json(target / "timing.json", timing)
        for code in sorted(job.missing):
            work.log("missing", code=code, faults=[fault.code for fault in job.missing[code]])
        work.log("written", run_id=run_id, missing=sorted(job.missing), peak_mib=timing["peak_mib"])
    return ProvinceFolder(target, run_id, summary, job.missing, tuple(job.warnings), job.names)


def _nothing_done(missing: Mapping[str, tuple[Fault, ...]]) -> InputRefused | MachineFailed:
    """Return what a run says of which no county is done: bad input, unless the program or its workers failed."""
    faults = [fault for code in sorted(missing) for fault in missing[code]]
    ours = {"province_county_failed", "province_worker_died", "province_county_memory"}
    return MachineFailed(faults) if ours & {fault.code for fault in faults} else InputRefused(faults)


@dataclass
class _Job:
    """One run of a province: what is known so far of its counties."""

    province: ProvincePlan
    work: Work
    pool: Executor
    progress: Progress
    names: dict[str, str] = field(default_factory=dict)
    missing: dict[str, tuple[Fault, ...]] = field(default_factory=dict)
    warnings: list[Fault] = field(default_factory=list)
    files: tuple[Mapping[str, Any], ...] = ()
    timing: dict[str, Any] = field(default_factory=dict)
    _specs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    _own: dict[str, Entry] = field(default_factory=dict)
    _boxes: Mapping[str, list[float]] = field(default_factory=dict)

    def gather(self) -> None:
        """Find the counties and bring each through the doors."""
        self.missing = dict(self.province.missing or {})
        self.warnings = _plan_warnings(self.province)
        counties = self._listed() if self.province.has_plans else self._cut_out()
        self.names |= dict.fromkeys(self.missing.keys() - self.names.keys(), "")
        specs = [self._spec(code, **facts) for code, facts in sorted(counties.items())]
        for outcome in self._each("take_in", specs):
            self._taken(outcome)
        self._across_zones()
        self.warnings += _unknown(self.province, self.names)
        self._look_for(set(self.missing) - {code for code, _ in self._entries} - self._boxes.keys())
        if self.province.has_plans:
            self.files = tuple(file for code in sorted(self._own) for file in _files_of(code, self._own[code]))

    def run(self) -> list[County]:
        """Run the counties that are not done yet, and return all that are, in order of code."""
        specs, done = self._county_specs(), {}
        for code, spec in specs.items():
            run_id = tasks.is_done(Path(spec["out"]), spec["key"])
            if run_id is not None:
                done[code] = run_id
                self.work.log("kept", code=code, run_id=run_id)
        left = [spec for code, spec in specs.items() if code not in done]
        self.work.say(counties={"total": len(self.names), "kept": len(done), "done": len(done)})
        for outcome in self._each("county", sorted(left, key=lambda spec: (-spec["size"], spec["code"])), len(done)):
            if "run_id" in outcome:
                done[outcome["code"]] = outcome["run_id"]
                self.work.say(counties={"total": len(self.names), "kept": len(specs) - len(left), "done": len(done)})
        return [
            merge.county(code, self.names[code], Path(specs[code]["out"]), done[code], specs[code]["without"])
            for code in sorted(done)
        ]

    # ------------------------------------------------------------------------------------------------ the counties

    def _listed(self) -> dict[str, dict[str, Any]]:
        """Return the counties that bring plans of their own."""
        self.names = {one.code: one.name for one in self.province.counties}
        return {one.code: {"plan": str(one.plan), "parts": None, "rows": {}} for one in self.province.counties}

    def _cut_out(self) -> dict[str, dict[str, Any]]:
        """Take one layer set apart and return its counties, and the rows of none as ground for all."""
        settings = self.province.settings
        self.files = splits.fingerprints(settings, splits.inputs_of(settings))
        asked = [
            self.files,
            intakes.code_hash(),
            None if settings.province is None else settings.province.key,
            runs.parameters(settings)["inputs"],
        ]
        found = splits.split(settings, self.work.place("parts") / kept.digest(asked), self.files)
        self.names, self._boxes = {**found.unsound, **found.names}, found.boxes
        self.warnings += found.faults
        self.missing |= found.missing
        self.work.log("split", counties=len(found.names), folder=found.folder.name)
        plan = str(self.province.path)
        return {
            code: {"plan": plan, "parts": str(found.folder), "rows": found.parts[code],
                   "ground": code == splits.OUTSIDE or code in found.missing}
            for code in (*found.names, splits.OUTSIDE)
            if code != splits.OUTSIDE or "roads" in found.parts[code] or "facilities" in found.parts[code]
        }  # fmt: skip

    def _spec(self, code: str, **facts: Any) -> dict[str, Any]:
        spec = {
            "code": code,
            "name": self.names.get(code, ""),
            "as_of": self.province.settings.as_of.isoformat(),
            "far_m": self.province.settings.walk.far_m,
            "store": str(self.work.place("store")),
            "crs": None,
            "ground": False,
            "documents": self.province.wants_documents(code),
            "code_hash": intakes.code_hash(),
            "turn": time.time_ns(),
            **facts,
        }
        self._specs[code] = spec
        return spec

    def _taken(self, outcome: Mapping[str, Any]) -> None:
        """Note what came of bringing a county through the doors."""
        code = outcome["code"]
        if code == splits.OUTSIDE and not outcome.get("entry"):
            self.warnings.append(Fault("province_outside_unread", "warning"))
        if outcome.get("entry"):
            entry = intakes.open_entry(outcome["entry"])
            self._entries[code, entry.said["crs"]] = entry
            if outcome["whole"]:
                self._own[code] = entry
        if not outcome.get("whole") and not self._specs[code]["ground"] and code not in self.missing:
            faults = intakes.faults_of(outcome.get("faults") or []) or (_stumbled(outcome),)
            self.missing[code] = tuple(_of_county(fault, self._specs[code], self.province) for fault in faults)

    def _across_zones(self) -> None:
        """Bring neighbours of another zone through the doors once more, into the zone of the county beside them."""
        wanted = {}
        for code, own in self._own.items():
            for other in self._beside(code):
                crs = own.said["crs"]
                if (other, crs) not in self._entries:
                    wanted[other, crs] = {**self._specs[other], "crs": crs, "ground": True, "turn": time.time_ns()}
        for outcome in self._each("take_in", [wanted[key] for key in sorted(wanted)]):
            if outcome.get("entry"):
                entry = intakes.open_entry(outcome["entry"])
                self._entries[outcome["code"], entry.said["crs"]] = entry

    def _beside(self, code: str) -> list[str]:
        """Return the counties whose roads or facilities may lie within reach of a county."""
        metres = halo.reach_m(self.province.settings)
        box = self._own[code].said["places"]
        found = {other for (other, _), entry in self._entries.items() if halo.near(box, entry.said["ground"], metres)}
        return sorted(found - {code})

    def _look_for(self, codes: set[str]) -> None:
        """Find where counties lie of which nothing could be read, so that only those beside them are warned."""
        found = outlines.of_missing(self.province, self.names, codes).set_index("county_id").bounds
        self._boxes = {**self._boxes, **{str(code): list(map(float, box)) for code, *box in found.itertuples()}}

    def _without(self, code: str) -> list[str]:
        """Return the missing counties of which nothing could be read, and that may lie within reach of a county."""
        box, metres = self._own[code].said["places"], halo.reach_m(self.province.settings)
        unread = set(self.missing) - {other for other, _ in self._entries} - {code}
        return sorted(other for other in unread if halo.near(box, self._boxes.get(other, box), metres))

    def _county_specs(self) -> dict[str, dict[str, Any]]:
        """Return what the task of each county is given, by code."""
        levels = sorted({level for entry in self._entries.values() for level in entry.said["levels"]})
        specs = {}
        for code, own in sorted(self._own.items()):
            if code in self.missing:
                continue
            near = {other: self._entries.get((other, own.said["crs"])) for other in self._beside(code)}
            neighbours = {other: str(entry.folder) for other, entry in near.items() if entry is not None}
            facts = {
                "entry": str(own.folder),
                "neighbours": neighbours,
                "levels": levels,
                "without": self._without(code),
            }
            spec = {**self._specs[code], **facts, "turn": time.time_ns()}
            spec["out"] = str(self.work.place("counties") / code)
            spec["size"] = sum(counts["read"] for counts in own.said["counts"].values())
            spec["key"] = _key(spec)
            specs[code] = spec
        return specs

    # --------------------------------------------------------------------------------------------------- the tasks

    def _each(self, task: str, specs: Sequence[dict[str, Any]], before: int = 0) -> Iterable[dict[str, Any]]:
        """Do a task for every spec, and note what came of it; a machine that fails stops the run."""
        total = before + len(specs)
        self.progress(task, before, total)
        self.work.say(step=task)
        for count, outcome in enumerate(self.pool.each(task, specs), start=before + 1):
            code = outcome["code"]
            self.work.log(task, **_work.note(outcome))
            faults = intakes.faults_of(outcome.get("faults") or [])
            if outcome.get("machine"):
                raise MachineFailed(faults)
            if "seconds" in outcome:
                self.timing.setdefault(code, {})[task] = [outcome["seconds"], outcome["peak_mib"]]
            if outcome.get("refused") or outcome.get("failed"):
                self.missing[code] = faults or (_stumbled(outcome),)
            self.progress(task, count, total)
            yield outcome


def _plan_warnings(province: ProvincePlan) -> list[Fault]:
    """Return what a province does with its plan that a planner should know."""
    settings = province.settings
    unused = [name for name in splits.SKIPPED if name in settings.inputs]
    found = [] if settings.siting.generate is None else ["siting.generate"]
    told = [Fault("province_no_siting", "warning", file=settings.file, value=name) for name in (*unused, *found)]
    return [*settings.warnings, *told]


def _unknown(province: ProvincePlan, names: Mapping[str, str]) -> list[Fault]:
    """Return a warning for each code that documents are asked for and no county has."""
    odd = sorted({*province.documents} - {*names, _plan.ALL})
    return [Fault("province_documents_unknown", "warning", file=province.path.name, value=code) for code in odd]


def _files_of(code: str, entry: Entry) -> list[dict[str, Any]]:
    """Return the files of a county with a plan of its own, for the record of the run."""
    return [{"input": f"{code}:{file.input}", "path": file.path, "sha256": file.sha256} for file in entry.files()]


def _of_county(fault: Fault, spec: Mapping[str, Any], province: ProvincePlan) -> Fault:
    """Return a fault as a county has it: a layer that has rows, but none of this county, is not a wrong layer."""
    if spec["parts"] is None or fault.code != "table_without_rows":
        return fault
    inputs = province.settings.inputs
    names = [name for name in NEEDED_INPUTS if inputs[name].file.name == fault.file and name not in spec["rows"]]
    if not names:
        return fault
    facts = {f"what_{language}": input_name(names[0], language).lower() for language in LANGUAGES}
    return Fault("province_county_without", file=fault.file, value=str(spec["code"]), facts=facts)


def _stumbled(outcome: Mapping[str, Any]) -> Fault:
    """Return the fault of a county over which the program itself stumbled."""
    return Fault("province_county_failed", value=str(outcome["code"]), facts={"why": outcome.get("failed", "?")})


def _key(spec: Mapping[str, Any]) -> str:
    """Return the hash of everything that decides the bytes of a county's run folder."""
    names = {code: Path(entry).name for code, entry in spec["neighbours"].items()}
    plan_bytes = Path(spec["plan"]).read_bytes().hex()
    said = [Path(spec["entry"]).name, names, spec["levels"], spec["code"], spec["name"], spec["as_of"], spec["far_m"]]
    return kept.digest([*said, plan_bytes, intakes.code_hash(), spec["documents"], _made_with(spec)])


def _made_with(spec: Mapping[str, Any]) -> Any:
    """Return the template, style and schemas of a county's documents; what is wrong with them the county tells."""
    try:
        return runs.beside(intakes.settings_of(spec))
    except (InputRefused, OSError) as error:
        return repr(error)
