"""Asking the servers through OSMnx, on our terms (part of ``fetch``).

OSMnx is told everything by module settings; they are set for one question and put back. Every answer is looked at
before OSMnx sees it: a redirect, an error code, a page instead of data, or an answer the server itself calls
incomplete (Overpass then still says 200) ends the work with a sentence, where OSMnx alone would wait and ask again, or
go on with half the data.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast
from urllib.parse import urlsplit

from planning import __version__
from planning.errors import Fault, InputRefused, MachineFailed, PlanningError
from planning.texts import printable

OVERPASS: Final = "https://overpass-api.de/api"
NOMINATIM: Final = "https://nominatim.openstreetmap.org"
CONNECT_S: Final = 5
ANSWER_S: Final = 200
MAX_ANSWER_BYTES: Final = 512 << 20
_BUSY: Final = (429, 502, 503, 504)
_PIECE: Final = 1 << 20
_OWN: Final = frozenset({"id", "element", "geometry", "nodes", "members", "tags"})
WAY_TAGS: Final = ("highway", "name", "layer", "bridge", "tunnel", "foot", "access", "oneway")


@dataclass(frozen=True)
class Endpoints:
    """The two servers asked: Overpass for data, Nominatim for the outline of a named place."""

    overpass: str = OVERPASS
    nominatim: str = NOMINATIM

    def faults(self) -> list[Fault]:
        """Name addresses that are none, or that carry a password."""
        return [
            Fault("fetch_endpoint", column=f"--{name}", value=printable(_shown(url))[:200])
            for name, url in (("overpass", self.overpass), ("nominatim", self.nominatim))
            if not _is_plain_address(url)
        ]


def _is_plain_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and (not parts.query and not parts.fragment and parts.port != 0)
        )
    except ValueError:
        return False


def _shown(url: str) -> str:
    """Return an address without what may be a password in it."""
    return url.rpartition("@")[2]


def osmnx() -> ModuleType:
    """Return OSMnx, imported late.

    Raises
    ------
    MachineFailed
        ``fetch_osmnx_missing``.
    """
    try:
        import osmnx as found
    except ImportError:
        raise MachineFailed(Fault("fetch_osmnx_missing")) from None
    return found


@contextmanager
def asking(endpoints: Endpoints, cache: Path) -> Iterator[ModuleType]:
    """Give OSMnx, set to these servers and this cache, and turn what goes wrong into faults.

    Raises
    ------
    MachineFailed
        ``fetch_no_connection``, ``fetch_slow``, ``fetch_busy``, ``fetch_status``, ``fetch_redirect``,
        ``fetch_not_json``, ``fetch_partial``, ``fetch_too_much``, ``fetch_answer_broken``.
    """
    import requests

    ox = osmnx()
    with _settings(ox, endpoints, cache):
        try:
            yield ox
        except PlanningError:
            raise
        except requests.exceptions.ReadTimeout as error:
            raise _failed("fetch_slow", error.request, seconds=ANSWER_S) from None
        except requests.exceptions.RequestException as error:
            raise _failed("fetch_no_connection", error.request, why=_why(error)) from None
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
            raise MachineFailed(Fault("fetch_answer_broken", value=printable(repr(error))[:200])) from None


@contextmanager
def _settings(ox: ModuleType, endpoints: Endpoints, cache: Path) -> Iterator[None]:
    """Set OSMnx for our questions; it also bends the resolver of the whole process, which is put straight again."""
    ours: dict[str, Any] = {
        "overpass_url": endpoints.overpass,
        "nominatim_url": endpoints.nominatim,
        "overpass_rate_limit": False,  # else it waits a minute where the server cannot be reached
        "overpass_settings": f"[out:json][timeout:{ANSWER_S - 20}]",
        "requests_timeout": (CONNECT_S, ANSWER_S),
        "requests_kwargs": {"allow_redirects": False, "hooks": {"response": _look}},
        "doh_url_template": None,
        "use_cache": True,
        "cache_folder": str(cache),
        "cache_only_mode": False,
        "http_user_agent": f"yanglao-planning/{__version__}",
        "http_referer": "",
        "http_accept_language": "zh,en",
        "useful_tags_way": list(WAY_TAGS),
        "log_file": False,
        "log_console": False,
        "all_oneway": False,
    }
    before = {name: getattr(ox.settings, name) for name in ours}
    resolver = socket.getaddrinfo
    for name, value in ours.items():
        setattr(ox.settings, name, value)
    try:
        yield
    finally:
        socket.getaddrinfo = resolver
        for name, value in before.items():
            setattr(ox.settings, name, value)


# ------------------------------------------------------------------------------------------------- looking at answers


def _look(response: Any, *_: object, **__: object) -> None:
    """Refuse an answer that is not the data asked for; called by requests before anyone else reads it."""
    if response.is_redirect or 300 <= response.status_code < 400:
        target = urlsplit(response.headers.get("Location", "")).netloc
        raise _refused("fetch_redirect", response, value=target)
    if response.status_code in _BUSY:
        raise _refused("fetch_busy", response, value=str(response.status_code))
    if response.status_code != 200:
        raise _refused("fetch_status", response, value=f"{response.status_code} {response.reason}")
    body = _body(response)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise _refused("fetch_not_json", response, value=body[:120].decode("utf-8", "replace")) from None
    _look_inside(answer, response)


def _body(response: Any) -> bytes:
    """Read the answer up to `MAX_ANSWER_BYTES`, unpacked, and leave it where requests looks for it."""
    pieces, size = [], 0
    for piece in response.iter_content(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise _refused("fetch_too_much", response, value=str(MAX_ANSWER_BYTES >> 20))
    response._content = b"".join(pieces)  # noqa: SLF001 - where `Response.content` keeps what was read
    return bytes(response._content)  # noqa: SLF001


def _look_inside(answer: object, response: Any) -> None:
    """Refuse an answer in which the server says it is incomplete, or that is not shaped as its kind."""
    if response.request.method == "POST" and isinstance(answer, dict):  # Overpass
        if "remark" in answer:
            raise _refused("fetch_partial", response, value=str(answer["remark"]))
        elements = answer.get("elements")
        sound = isinstance(elements, list) and all(map(_is_element, elements)) and _roads_are_whole(elements)
    else:
        sound = response.request.method == "GET" and isinstance(answer, list) and all(map(_is_place, answer))
    if not sound:
        raise _refused("fetch_answer_broken", response, value=str(answer)[:200])
    if isinstance(answer, dict) and _without_own_names(answer["elements"]):
        response._content = json.dumps(answer).encode("utf-8")  # noqa: SLF001


def _without_own_names(elements: list[dict[str, Any]]) -> bool:
    """Take away tags under names that OSMnx keeps for itself: a tag ``id`` would become the element's id."""
    found = False
    for element in elements:
        for name in _OWN & element.get("tags", {}).keys():
            del element["tags"][name]
            found = True
    return found


def _is_element(element: object) -> bool:
    """Say whether this is a node, way or relation as Overpass writes them."""
    if not isinstance(element, dict) or type(element.get("id")) is not int or not _are_tags(element.get("tags", {})):
        return False
    kind = element.get("type")
    if kind == "node":
        return _is_degree(element.get("lon"), 180) and _is_degree(element.get("lat"), 90)
    if kind == "way":
        nodes = element.get("nodes")
        return isinstance(nodes, list) and bool(nodes) and all(type(node) is int for node in nodes)
    members = element.get("members")
    return kind == "relation" and isinstance(members, list) and all(map(_is_member, members))


def _roads_are_whole(elements: list[dict[str, Any]]) -> bool:
    """Say whether every node of every road is in the answer: a road cut short would end where it does not."""
    nodes = {element["id"] for element in elements if element["type"] == "node"}
    roads = [element for element in elements if element["type"] == "way" and "highway" in element.get("tags", {})]
    return all(nodes.issuperset(road["nodes"]) for road in roads)


def _are_tags(tags: object) -> bool:
    return isinstance(tags, dict) and all(isinstance(value, str) for value in tags.values())


def _is_member(member: object) -> bool:
    return isinstance(member, dict) and isinstance(member.get("type"), str) and isinstance(member.get("role"), str)


def _is_degree(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


def _is_place(place: object) -> bool:
    """Say whether this is a result as Nominatim writes them."""
    needed = {"importance", "boundingbox", "lat", "lon"}
    return (
        isinstance(place, dict)
        and needed <= place.keys()
        and isinstance(place["importance"], int | float)
        and isinstance(place.get("geojson", {}), dict)
    )


def _refused(code: str, response: Any, *, value: str) -> MachineFailed:
    """Return the fault of an answer, and hang up."""
    response.close()
    host = urlsplit(response.url).netloc
    return MachineFailed(Fault(code, value=printable(value)[:200], facts={"host": printable(host)}))


def _failed(code: str, request: Any, **facts: object) -> MachineFailed:
    host = urlsplit(getattr(request, "url", None) or "").netloc
    return MachineFailed(Fault(code, facts={"host": printable(host), **facts}))


def _why(error: Exception) -> str:
    """Return the innermost reason in a few words."""
    inner: BaseException = error
    while inner.__cause__ is not None or inner.__context__ is not None:
        inner = inner.__cause__ or inner.__context__ or inner
    return printable(str(inner))[:120]


# ---------------------------------------------------------------------------------------------------------- questions


def outline(ox: ModuleType, place: str) -> Any:
    """Return the polygon of a named place.

    Raises
    ------
    InputRefused
        ``fetch_place_unknown``, ``fetch_place_no_area``.
    """
    try:
        frame = ox.geocode_to_gdf(place)
    except _nothing(ox):
        raise InputRefused(Fault("fetch_place_unknown", value=printable(place))) from None
    except TypeError:
        raise InputRefused(Fault("fetch_place_no_area", value=printable(place))) from None
    shape = frame.geometry.make_valid().iloc[0]
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        raise InputRefused(Fault("fetch_place_no_area", value=printable(place)))
    return shape


def _nothing(ox: ModuleType) -> type[Exception]:
    """Return what OSMnx raises where an answer holds nothing."""
    return cast("type[Exception]", ox._errors.InsufficientResponseError)  # noqa: SLF001 - exported nowhere else


def walking_graph(ox: ModuleType, polygon: Any) -> Any:
    """Return the walking network in ``polygon``, every component of it, each piece once; None where there is none."""
    try:
        graph = ox.graph_from_polygon(
            polygon, network_type="walk", simplify=False, retain_all=True, truncate_by_edge=True
        )
    except ValueError as error:
        if isinstance(error, _nothing(ox)) or "no graph nodes" in str(error):
            return None
        raise
    simple = ox.simplify_graph(graph, edge_attrs_differ=["osmid", *WAY_TAGS], remove_rings=False)
    return ox.convert.to_undirected(simple)


def features(ox: ModuleType, polygon: Any, tags: Mapping[str, bool | str | list[str]]) -> Any:
    """Return everything in ``polygon`` with one of ``tags``; None where there is nothing."""
    try:
        return ox.features_from_polygon(polygon, dict(tags))
    except _nothing(ox):
        return None


def plain(graph: Any) -> Any:
    """Return a graph of the tags a plan reads, as text without controls (which GraphML could not hold)."""
    made = graph.copy()
    keep = {"osmid", "length", "geometry", *WAY_TAGS}
    for _, _, data in made.edges(data=True):
        for name in data.keys() - keep:
            del data[name]
        for name in data.keys() & {*WAY_TAGS}:
            data[name] = printable(str(data[name]))
    for _, data in made.nodes(data=True):
        for name in data.keys() - {"x", "y"}:
            del data[name]
    return made
