"""Room `planning.province`: the province plan: one plan over one layer set, or a list of counties' own plans."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from planning import plan
from planning.errors import Fault, InputRefused, refuse
from planning.plan import Plan

_ALIKE: Final = ("standard", "as_of", "walk", "standards")
_COUNTY_KEYS: Final = ("code", "name", "plan")
_HEAD_KEYS: Final = ("counties", "far_m", "documents")
ALL: Final = "all"
"""In place of codes: every county."""


@dataclass(frozen=True)
class County:
    """A county: its code and name, and its own plan file where it has one."""

    code: str
    name: str
    plan: Path | None = None


@dataclass(frozen=True)
class ProvincePlan:
    """A checked province plan.

    ``settings`` is the plan that every county is run by: the province's own over one layer set, or that of the first
    county in order of code. ``counties`` are listed where each has a plan of its own, else the layers say them;
    ``missing`` are counties that cannot take part, with the reason, and ``left_out`` their entries in the list.
    ``documents`` are the codes of the counties that get documents of their own, ``all`` for all.
    """

    name: str
    path: Path
    settings: Plan
    counties: tuple[County, ...] = ()
    missing: Mapping[str, tuple[Fault, ...]] | None = None
    left_out: tuple[County, ...] = ()
    documents: tuple[str, ...] = ()

    def wants_documents(self, code: str) -> bool:
        """Say whether a county gets documents of its own."""
        return ALL in self.documents or code in self.documents

    @property
    def has_plans(self) -> bool:
        """Say whether every county brings a plan of its own."""
        return bool(self.counties) or bool(self.missing)


def is_province(path: str | Path) -> bool:
    """Say whether a plan file is one of a province; a file that cannot be read is none."""
    try:
        words = tomllib.loads(Path(path).read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False
    return "province" in words


def read(path: str | Path) -> ProvincePlan:
    """Read and check a province plan.

    Raises
    ------
    InputRefused
        As `planning.plan.read`; and where no county's plan can be read.
    """
    path = Path(path)
    if not lists_counties(path):
        settings = plan.read(path)
        if settings.province is None:
            raise InputRefused(Fault("province_not_one", file=path.name))
        return ProvincePlan(settings.name, path.resolve(), settings, documents=settings.province.documents)
    return _of_plans(tomllib.loads(path.read_text("utf-8-sig")), path.resolve())


def lists_counties(path: str | Path) -> bool:
    """Say whether a plan file lists counties with plans of their own."""
    words = tomllib.loads(Path(path).read_text("utf-8-sig")) if is_province(path) else {}
    head = words.get("province")
    return isinstance(head, Mapping) and head.get("counties") is not None


def county_settings(path: Path, far_m: float, as_of: Any) -> Plan:
    """Return a county's own plan as the province runs it."""
    settings = plan.read(path)
    return replace(settings, walk=replace(settings.walk, far_m=far_m), as_of=settings.as_of if as_of is None else as_of)


def _of_plans(words: Mapping[str, Any], path: Path) -> ProvincePlan:
    """Return the plan of a province whose counties bring their own."""
    refuse(_list_faults(words, path.name))
    head = words["province"]
    entries = [
        County(one["code"], one.get("name", one["code"]), path.parent / _anywhere(one["plan"]))
        for one in head["counties"]
    ]
    far_m = float(head.get("far_m", plan.FAR_M))
    twice = {code for code, count in Counter(one.code for one in entries).items() if count > 1}
    missing: dict[str, tuple[Fault, ...]] = {
        code: (Fault("province_code_twice", file=path.name, value=code),) for code in sorted(twice)
    }
    settings: dict[str, Plan] = {}
    for one in sorted(entries, key=lambda entry: entry.code):
        if one.code in twice or one.plan is None:
            continue
        try:
            settings[one.code] = county_settings(one.plan, far_m, None)
        except InputRefused as refused:
            missing[one.code] = refused.faults
    if not settings:
        raise InputRefused([fault for faults in missing.values() for fault in faults])
    first = settings[min(settings)]
    missing |= _different(settings, first)
    counties = tuple(one for one in entries if one.code in settings and one.code not in missing)
    ordered = tuple(sorted(counties, key=lambda one: one.code))
    left_out = tuple(one for one in entries if one.code in missing)
    documents = tuple(head.get("documents", ()))
    return ProvincePlan(str(words["plan"]["name"]), path, first, ordered, missing, left_out, documents)


def _anywhere(path: str) -> str:
    """Return a path so that one written the Windows way is understood everywhere."""
    return PureWindowsPath(path).as_posix() if "\\" in path else path


def _different(settings: Mapping[str, Plan], first: Plan) -> dict[str, tuple[Fault, ...]]:
    """Name the counties whose plans are not judged alike: their figures could not be added up."""
    found: dict[str, tuple[Fault, ...]] = {}
    for code, own in settings.items():
        keys = [key for key in _ALIKE if _plain(getattr(own, key)) != _plain(getattr(first, key))]
        if keys:
            facts = {"keys": ", ".join(keys), "first": min(settings)}
            found[code] = (Fault("province_plans_differ", file=own.file, value=code, facts=facts),)
    return found


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def _list_faults(words: Mapping[str, Any], file: str) -> list[Fault]:
    """Return what is wrong with a list of counties."""
    faults = [
        Fault("plan_unknown_key", file=file, column=key, value=key, facts={"nearest": "province.counties"})
        for key in words
        if key not in ("plan", "province")
    ]
    name = words.get("plan", {}).get("name") if isinstance(words.get("plan"), Mapping) else None
    if not isinstance(name, str) or not name.strip():
        faults.append(Fault("plan_missing_key", file=file, column="plan.name"))
    head = words["province"]
    faults += [
        Fault("plan_unknown_key", file=file, column=f"province.{key}", value=key, facts={"nearest": "province.far_m"})
        for key in head
        if key not in _HEAD_KEYS
    ]
    documents = head.get("documents", [])
    if not isinstance(documents, list) or not all(isinstance(one, str) for one in documents):
        facts = {"expected_zh": "县级代码的列表", "expected_en": "a list of county codes"}
        faults.append(
            Fault("plan_bad_value", file=file, column="province.documents", value=str(documents), facts=facts)
        )
    far_m = head.get("far_m", plan.FAR_M)
    if isinstance(far_m, bool) or not isinstance(far_m, int | float) or not 0 < far_m <= 1e6:
        facts = {"expected_zh": "大于 0 的数", "expected_en": "a number above 0"}
        faults.append(Fault("plan_bad_value", file=file, column="province.far_m", value=str(far_m), facts=facts))
    listed = head["counties"]
    if not isinstance(listed, list) or not listed:
        return [*faults, Fault("plan_missing_key", file=file, column="province.counties")]
    return [*faults, *(fault for at, one in enumerate(listed, start=1) for fault in _entry_faults(one, at, file))]


def _entry_faults(one: Any, at: int, file: str) -> list[Fault]:
    place = f"province.counties #{at}"
    if not isinstance(one, Mapping):
        return [Fault("plan_not_a_table", file=file, column=place, value=str(one))]
    faults = [
        Fault("plan_missing_key", file=file, column=f"{place}.{key}")
        for key in ("code", "plan")
        if not isinstance(one.get(key), str) or not one[key].strip()
    ]
    code = str(one.get("code", ""))
    if code and not (code.isascii() and code.isalnum()):
        faults.append(Fault("province_code_odd", file=file, column=place, value=code))
    return faults + [
        Fault("plan_unknown_key", file=file, column=f"{place}.{key}", value=key, facts={"nearest": "plan"})
        for key in one
        if key not in _COUNTY_KEYS
    ]
