"""A plan folder from OpenStreetMap, asked of a stand-in for Overpass and Nominatim on this machine.

The stand-in answers the queries OSMnx really sends, out of a made-up town; nothing leaves the loopback.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import geopandas as gpd
import pytest
from click.testing import CliRunner
from shapely.geometry import Point, Polygon

from planning import fetch, plan, sources, tables
from planning.cli import main
from planning.errors import InputRefused, MachineFailed
from planning.fetch import _area, _ask, _layers
from planning.sources import draft, peek

pytest.importorskip("osmnx", reason="OSMnx is not installed")

BOX = "117.099,36.399,117.105,36.405"
HOSTILE = '新城小区\n[plan]\nstandard = "x"\x1b[2J</td><script>'
STEP = 0.002


# -------------------------------------------------------------------------------------------------------- the town


def node(number: int, lon: float, lat: float, **tags: str) -> dict:
    return {"type": "node", "id": number, "lon": lon, "lat": lat, "tags": {**tags}}


def way(number: int, nodes: list[int], **tags: str) -> dict:
    return {"type": "way", "id": number, "nodes": nodes, "tags": {key.replace("__", ":"): tags[key] for key in tags}}


def ring(number: int, west: float, south: float, size: float, **tags: str) -> list[dict]:
    corners = [(west, south), (west + size, south), (west + size, south + size), (west, south + size)]
    ids = [number * 10 + at for at in range(4)]
    return [*(node(at, *place) for at, place in zip(ids, corners, strict=True)), way(number, [*ids, ids[0]], **tags)]


def town() -> list[dict]:
    """Nine crossings, three streets each way (12 pieces), a diagonal footway, a bridge apart: 14 pieces to walk."""
    crossings = [node(100 * i + j + 1, 117.1 + STEP * i, 36.4 + STEP * j) for i in range(3) for j in range(3)]
    along = [way(10 + j, [100 * i + j + 1 for i in range(3)], highway="residential", name=HOSTILE) for j in range(3)]
    across = [way(20 + i, [100 * i + j + 1 for j in range(3)], highway="tertiary") for i in range(3)]
    return [
        *crossings,
        *along,
        *across,
        *(node(901, 117.101, 36.4011), node(902, 117.1003, 36.4035), node(903, 117.1017, 36.4035)),
        way(30, [1, 901, 102], highway="footway"),
        way(31, [902, 903], highway="footway", bridge="yes", layer="1"),
        way(40, [1, 203], highway="motorway"),
        way(41, [3, 201], highway="footway", foot="no"),
        *ring(60, 117.1002, 36.4002, 0.0015, landuse="residential", name=HOSTILE),
        *ring(61, 117.1005, 36.4005, 0.0002, building="apartments"),
        *ring(62, 117.1025, 36.4025, 0.0003, building="apartments", building__flats="32", id="7"),
        *ring(63, 117.107, 36.400, 0.001, landuse="residential", name="外面"),
        node(70, 117.1012, 36.4001, amenity="social_facility", social_facility="nursing_home", name="和平养老院"),
        node(71, 117.1013, 36.4001, amenity="social_facility", **{"social_facility:for": "homeless"}),
        node(72, 117.108, 36.4001, amenity="social_facility", **{"social_facility:for": "senior;disabled"}),
        node(73, 117.1015, 36.4021, amenity="social_facility", name="东街日间照料中心"),
        node(80, 117.1016, 36.4021, amenity="hospital", name="第一医院"),
        node(81, 117.1017, 36.4021, amenity="pharmacy"),
        node(82, 117.1018, 36.4021, healthcare="centre"),
        *ring(91, 117.09, 36.39, 0.02),
        relation(90, 91, "新城街道"),
        relation(92, 91, "某处"),
    ]


def relation(number: int, outer: int, name: str) -> dict:
    tags = {"type": "boundary", "boundary": "administrative", "admin_level": "8", "name": name}
    members = [{"type": "way", "ref": outer, "role": "outer"}]
    return {"type": "relation", "id": number, "members": members, "tags": tags}


# ------------------------------------------------------------------------------------------------------- the stand-in


def answered(query: str, elements: list[dict]) -> dict:
    """Answer a query as Overpass would: the elements asked for in the polygon, and all they are made of."""
    corners = [float(number) for number in re.search(r"poly:'([^']+)'", query)[1].split()]
    polygon = Polygon(list(zip(corners[1::2], corners[::2], strict=True)))
    places = {one["id"]: (one["lon"], one["lat"]) for one in elements if one["type"] == "node"}
    ways = {one["id"]: one for one in elements if one["type"] == "way"}

    def corners_of(one: dict) -> list[tuple[float, float]]:
        if one["type"] == "node":
            return [places[one["id"]]]
        if one["type"] == "way":
            return [places[at] for at in one["nodes"]]
        return [place for member in one["members"] for place in corners_of(ways[member["ref"]])]

    def meets(one: dict) -> bool:
        shown = corners_of(one)
        return any(polygon.intersects(Point(place)) for place in shown) or (
            len(shown) > 2 and Polygon(shown).intersects(polygon)
        )

    wanted = [one for one in elements if asked_for(query, one) and meets(one)]
    parts = [ways[member["ref"]] for one in wanted if one["type"] == "relation" for member in one["members"]]
    made_of = [*wanted, *parts]
    nodes = {at for one in made_of if one["type"] == "way" for at in one["nodes"]}
    every = [*made_of, *(one for one in elements if one["id"] in nodes and one["type"] == "node")]
    unique = {(one["type"], one["id"]): one for one in every}
    return {"version": 0.6, "generator": "stand-in", "elements": list(unique.values())}


def asked_for(query: str, one: dict) -> bool:
    """Say whether a network query's filters, or one of a feature query's tags, take this element."""
    tags = one["tags"]
    if 'way["highway"]' in query:
        without = re.findall(r'\["([^"]+)"!~"([^"]+)"\]', query)
        refused = any(re.search(words, tags.get(key, "")) for key, words in without)
        return one["type"] == "way" and "highway" in tags and not refused
    pairs = re.findall(rf"\({one['type']}\['([^']+)'(?:='([^']+)')?\]", query)
    return any(key in tags and value in ("", tags[key]) for key, value in pairs)


class StandIn(ThreadingHTTPServer):
    """Answers out of ``elements`` unless told to misbehave; remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.elements = town()
        self.mode = "good"
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def endpoints(self) -> fetch.Endpoints:
        return fetch.Endpoints(overpass=f"{self.url}/api", nominatim=self.url)


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        self.server.asked.append(f"GET {urlsplit(self.path).path}")
        self._answer(lambda: places(asked["q"][0]))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
        self.server.asked.append(f"POST {self.path}")
        self._answer(lambda: answered(parse_qs(body)["data"][0], self.server.elements))

    def _answer(self, good) -> None:
        mode = self.server.mode
        code, extra = {"429": (429, {}), "504": (504, {}), "400": (400, {}), "redirect": (302, {})}.get(mode, (200, {}))
        if mode == "redirect":
            extra = {"Location": "http://login.example/portal"}
        body = {
            "html": "<html><body>请登录</body></html>",
            "garbage": '{"elements": [{"type": "node", "id": "x"}]}',
            "list": "[1, 2]",
            "number": "7",
            "deep": "[" * 100_000,
            "empty": json.dumps({"elements": []}),
            "partial": json.dumps({"elements": [], "remark": "runtime error: Query timed out"}),
            "hollow": '{"elements": [{"type": "way", "id": 1, "nodes": [5, 6], "tags": {"highway": "footway"}}]}',
        }.get(mode) or json.dumps(good())
        self.send_response(code)
        for name, value in extra.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode("utf-8"))


def places(name: str) -> list[dict]:
    """Answer as Nominatim would: one place with an outline, one that is a point."""
    base = {
        "importance": 0.5,
        "lat": "36.402",
        "lon": "117.102",
        "boundingbox": ["36.399", "36.405", "117.099", "117.105"],
    }
    square = [[117.099, 36.399], [117.105, 36.399], [117.105, 36.405], [117.099, 36.405], [117.099, 36.399]]
    known = {
        "新城": {"type": "Polygon", "coordinates": [square]},
        "一点": {"type": "Point", "coordinates": [117.102, 36.402]},
    }
    return [{**base, "name": name, "geojson": known[name]}] if name in known else []


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with StandIn() as one:
        thread = threading.Thread(target=one.serve_forever, daemon=True)
        thread.start()
        yield one
        one.shutdown()


@pytest.fixture(autouse=True)
def calm(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh stand-in, no proxy, and no waiting out of politeness to a machine that is ours."""
    server.mode, server.asked, server.elements = "good", [], town()
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(peek.apart, "open_one", read_here)


def read_here(spec, path, *, layer):
    """Read in this process: each start of a reader costs, and what is read is our own file."""
    return SimpleNamespace(raw=draft.open_raw(spec, path, tables.contract(spec.name), layer=layer)[0])


@pytest.fixture(scope="module")
def brought(server: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town, fetched once."""
    server.mode, server.elements = "good", town()
    out = tmp_path_factory.mktemp("osm") / "新城"
    fetch.fetch(BOX, out, endpoints=server.endpoints, standard="liaocheng", level="community")
    return out


# ------------------------------------------------------------------------------------------------------ what comes out


def test_a_folder_ready_to_be_filled_in(brought):
    assert sorted(one.name for one in brought.iterdir()) == [
        ".osm-cache",
        "SOURCE.md",
        "osm.gpkg",
        "plan.toml",
        "roads.graphml",
    ]
    words = tomllib.loads((brought / "plan.toml").read_text("utf-8"))
    assert {name: (spec["path"], spec.get("layer")) for name, spec in words["inputs"].items()} == {
        "roads": ("roads.graphml", None),
        "residential": ("osm.gpkg", "residential"),
        "facilities": ("osm.gpkg", "facilities"),
        "medical": ("osm.gpkg", "medical"),
        "units": ("osm.gpkg", "units"),
    }
    assert "ODbL" in words["plan"]["notes"][0]


def test_the_doors_take_the_folder_row_by_row(brought):
    """14 road pieces: 12 of the streets, the footway in one, the bridge; motorway and foot=no stay away."""
    faults, counts = sources.check(plan.read(brought / "plan.toml"))
    assert not [fault for fault in faults if fault.severity == "error"]
    assert not any(rows["excluded"] for rows in counts.values())
    assert {name: rows["read"] for name, rows in counts.items()} == {
        "roads": 14,
        "residential": 2,
        "facilities": 3,
        "medical": 3,
        "units": 1,
    }


def test_the_network_keeps_its_nodes_its_bridge_and_its_parts(brought):
    roads = sources.read(plan.read(brought / "plan.toml")).tables["roads"]
    assert sorted(roads["level"].value_counts().items()) == [(0, 13), (1, 1)]
    assert {road.split(",")[0] for road in roads["road_id"]} == {"10", "11", "12", "20", "21", "22", "30", "31"}
    assert all(ids[0] is not None and ids[-1] is not None for ids in roads["node_ids"])
    assert len(_ask.osmnx().load_graphml(brought / "roads.graphml").edges) == 14, "OSMnx reads it too"


def test_what_osm_says_is_kept_and_what_it_does_not_say_stays_empty(brought):
    homes = gpd.read_file(brought / "osm.gpkg", layer="residential").set_index("residential_id")
    assert sorted(homes.index) == ["way/60", "way/62"], "a block inside residential land is part of it"
    assert "households" not in homes
    assert homes.loc["way/62", "flats"] == "32"
    care = gpd.read_file(brought / "osm.gpkg", layer="facilities").set_index("facility_id")
    assert care["kind"].fillna("").to_dict() == {"node/70": "institution", "node/72": "", "node/73": "day_care"}
    assert set(care["level"]) == {"community"}, "as asked"
    assert set(gpd.read_file(brought / "osm.gpkg", layer="units")["type"]) == {"street"}


@pytest.mark.slow
def test_no_level_is_made_up(server, tmp_path):
    """Without being told one the plan waits for it: each of the three places of care is named."""
    done = fetch.fetch(BOX, tmp_path / "a", endpoints=server.endpoints, standard="liaocheng")
    assert "must be filled in" in "\n".join(fetch.tell(done.figures))
    faults, _ = sources.check(plan.read(done.plan))
    errors = [(fault.code, fault.column) for fault in faults if fault.severity == "error"]
    assert errors == [("required_empty", "level")] * 3


def test_the_note_says_source_licence_and_how_thin_it_is(brought, server):
    text = (brought / "SOURCE.md").read_text("utf-8")
    for word in ("ODbL 1.0", f"127.0.0.1:{server.server_port}", "117.099000, 36.399000", "1000 m", "OSMnx"):
        assert word in text
    assert "14 road pieces" in text
    assert "2 residential areas and apartment buildings, 1 with a name" in text
    assert "1 more social facilities" in text
    assert "(1 more of no type" in text


def test_share_of_footways_by_paper():
    """One of 1 km footway and 3 km street is a quarter; without any road there is no share."""
    roads = gpd.GeoDataFrame(
        {"length": [1000.0, 3000.0], "highway": ["footway", "primary"]}, geometry=[Point(0, 0)] * 2
    )
    area = _area.around("x", Polygon([(117, 36), (117.01, 36), (117.01, 36.01)]), margin_m=0)
    none = {"residential": gpd.GeoDataFrame({"name": []})}
    figures = fetch._figures(area, roads, none)
    assert (figures["roads_km"], figures["foot_share"]) == (4.0, 0.25)
    assert fetch._figures(area, None, none)["foot_share"] is None


def test_hostile_names_stay_names(brought):
    """A name of three lines with controls is one name: it opens no table in the plan, and GraphML can hold it."""
    names = gpd.read_file(brought / "osm.gpkg", layer="residential")["name"].dropna()
    assert list(names) == [HOSTILE.replace("\n", "\\n").replace("\x1b", "\\x1b")]
    for name in ("plan.toml", "SOURCE.md", "roads.graphml"):
        assert "\x1b" not in (brought / name).read_text("utf-8")
    assert tomllib.loads((brought / "plan.toml").read_text("utf-8"))["plan"]["standard"] == "liaocheng"


@pytest.mark.slow
def test_a_named_place_gives_what_its_box_gives(brought, server, tmp_path):
    fetch.fetch("新城", tmp_path / "a", endpoints=server.endpoints)
    assert "GET /search" in server.asked
    ours, theirs = (gpd.read_file(one / "osm.gpkg", layer="residential") for one in (tmp_path / "a", brought))
    assert ours.equals(theirs)
    assert tomllib.loads((tmp_path / "a" / "plan.toml").read_text("utf-8"))["plan"]["name"] == "新城"


# ------------------------------------------------------------------------------------------------------------- asking


@pytest.mark.slow
def test_answers_are_cached_and_not_asked_for_again(server, tmp_path):
    for out in ("a", "b"):
        fetch.fetch(BOX, tmp_path / out, endpoints=server.endpoints, cache=tmp_path / "cache")
    assert server.asked == ["POST /api/interpreter"] * 2


def test_osmnx_and_the_resolver_are_left_as_they_were(server, tmp_path):
    import osmnx

    before, resolver = dict(vars(osmnx.settings)), socket.getaddrinfo
    server.mode = "429"
    with pytest.raises(MachineFailed):
        fetch.fetch(BOX, tmp_path / "a", endpoints=server.endpoints)
    assert dict(vars(osmnx.settings)) == before
    assert socket.getaddrinfo is resolver


MISBEHAVIOUR = [
    ("429", "fetch_busy"),
    ("504", "fetch_busy"),
    ("400", "fetch_status"),
    ("html", "fetch_not_json"),
    ("deep", "fetch_not_json"),
    ("garbage", "fetch_answer_broken"),
    ("list", "fetch_answer_broken"),
    ("number", "fetch_answer_broken"),
    ("hollow", "fetch_answer_broken"),
    ("redirect", "fetch_redirect"),
    ("partial", "fetch_partial"),
]


@pytest.mark.parametrize(
    ("place", "mode", "code"),
    [
        *((BOX, mode, code) for mode, code in MISBEHAVIOUR),
        *(("新城", mode, code) for mode, code in MISBEHAVIOUR if mode != "partial"),
        ("新城", "partial", "fetch_answer_broken"),
    ],
)
def test_a_server_that_misbehaves_is_named_and_nothing_is_written(server, tmp_path, mode, code, place):
    """One question, one answer: no asking again, no following, no half of the data."""
    server.mode = mode
    with pytest.raises(MachineFailed) as error:
        fetch.fetch(place, tmp_path / "a", endpoints=server.endpoints)
    assert [fault.code for fault in error.value.faults] == [code]
    assert len(server.asked) == 1
    assert error.value.exit_code == 3
    left = [one for one in (tmp_path / "a").rglob("*") if one.is_file()] if (tmp_path / "a").exists() else []
    assert not left


def test_a_redirect_is_not_followed_even_to_the_same_host(server, tmp_path):
    server.mode = "redirect"
    with pytest.raises(MachineFailed) as error:
        fetch.fetch(BOX, tmp_path / "a", endpoints=server.endpoints)
    assert error.value.faults[0].value == "login.example"


@pytest.mark.parametrize(
    ("place", "code"),
    [("乌有乡", "fetch_place_unknown"), ("一点", "fetch_place_no_area")],
)
def test_a_place_without_an_outline_is_refused(server, tmp_path, place, code):
    with pytest.raises(InputRefused) as error:
        fetch.fetch(place, tmp_path / "a", endpoints=server.endpoints)
    assert [fault.code for fault in error.value.faults] == [code]


def test_an_empty_box_is_refused(server, tmp_path):
    server.mode = "empty"
    with pytest.raises(InputRefused) as error:
        fetch.fetch(BOX, tmp_path / "a", endpoints=server.endpoints)
    assert [fault.code for fault in error.value.faults] == ["fetch_nothing_there"]
    assert not [one for one in (tmp_path / "a").iterdir() if not one.name.startswith(".")]


@pytest.mark.slow
def test_a_box_with_roads_alone_says_what_is_missing(server, tmp_path):
    server.elements = [one for one in town() if "highway" in one["tags"] or (one["type"] == "node" and not one["tags"])]
    done = fetch.fetch(BOX, tmp_path / "a", endpoints=server.endpoints)
    assert done.figures["facilities"] == 0
    said = "\n".join(fetch.tell(done.figures))
    assert "there are no care facilities here" in said
    assert "inputs.facilities" not in tomllib.loads(done.plan.read_text("utf-8"))


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ("36.4,117.1,36.5,117.2", "fetch_box"),  # latitude first
        ("117.2,36.4,117.1,36.5", "fetch_box"),  # east before west
        ("117.1,36.4,117.1,36.5", "fetch_box"),  # no width
        ("117.1,36.4,117.2", "fetch_box"),
        ("117.1,36.4,nan,36.5", "fetch_box"),
        ("117,36,118,37", "fetch_area_too_large"),  # about 90 km by 111 km
        ("-180,-85,180,85", "fetch_area_too_large"),
    ],
)
def test_a_wrong_or_huge_box_is_refused_before_anything_is_asked(server, tmp_path, box, code):
    with pytest.raises(InputRefused) as error:
        fetch.fetch(box, tmp_path / "a", endpoints=server.endpoints)
    assert [fault.code for fault in error.value.faults] == [code]
    assert server.asked == []
    assert not (tmp_path / "a").exists()


def test_the_largest_box_is_inclusive():
    _area.refuse_large(_area.MAX_KM2)
    for more in (_area.MAX_KM2 * (1 + 1e-9), float("nan")):
        with pytest.raises(InputRefused):
            _area.refuse_large(more)


def test_a_box_by_paper():
    """At 36° a degree of latitude is 110.96 km, one of longitude 90.16 km: 0.01° squared is 1.0004 km²."""
    assert _area.geodesic_km2(Polygon([(117, 36), (117.01, 36), (117.01, 36.01), (117, 36.01)])) == pytest.approx(
        1.0004, rel=1e-3
    )


def test_a_margin_by_paper():
    """A square of 1 km with 500 m around it: 1 + 4 × 1 × 0.5 + π × 0.5² ≈ 3.79 km², and 50 m more for coarseness."""
    square = Polygon([(117, 36), (117.01, 36), (117.01, 36.01), (117, 36.01)])
    area = _area.around("x", square, margin_m=500)
    assert 3.7 < _area.geodesic_km2(area.outer) < 4.3
    assert area.outer.covers(square)


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1", "127.0.0.1:1/api", "http://", "http://me:secret@127.0.0.1", "http://h/?key=1", "http://[x"],
)
def test_an_address_that_is_none_or_holds_a_password_is_refused(tmp_path, url):
    with pytest.raises(InputRefused) as error:
        fetch.fetch(BOX, tmp_path / "a", endpoints=fetch.Endpoints(overpass=url))
    assert [fault.code for fault in error.value.faults] == ["fetch_endpoint"]
    assert "secret" not in str(error.value)


def test_no_connection_is_said_at_once(tmp_path):
    """A port nobody listens on, and a name nobody knows."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://nobody.invalid"):
        with pytest.raises(MachineFailed) as error:
            fetch.fetch(BOX, tmp_path / "a", endpoints=fetch.Endpoints(overpass=url))
        assert [fault.code for fault in error.value.faults] == ["fetch_no_connection"]


def test_nobody_is_asked_but_the_two_servers(server, tmp_path, monkeypatch):
    """OSMnx asks a resolver in the internet where a name is unknown; ours must not."""
    asked = []
    real = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda self, where: (asked.append(where), real(self, where))[1])
    fetch.fetch("新城", tmp_path / "a", endpoints=server.endpoints)
    with pytest.raises(MachineFailed):
        fetch.fetch(BOX, tmp_path / "b", endpoints=fetch.Endpoints(overpass="http://nobody.invalid"))
    assert {where[0] for where in asked if isinstance(where, tuple)} == {"127.0.0.1"}


def test_a_word_where_osmnx_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "osmnx", None)
    with pytest.raises(MachineFailed) as error:
        fetch.fetch(BOX, tmp_path / "a")
    assert [fault.code for fault in error.value.faults] == ["fetch_osmnx_missing"]


@pytest.mark.slow
def test_an_answer_too_large_is_cut_off(server, tmp_path, monkeypatch):
    monkeypatch.setattr(_ask, "MAX_ANSWER_BYTES", 100)
    with pytest.raises(MachineFailed) as error:
        fetch.fetch(BOX, tmp_path / "a", endpoints=server.endpoints)
    assert [fault.code for fault in error.value.faults] == ["fetch_too_much"]


@pytest.mark.slow
def test_a_cache_somebody_broke_is_said(server, tmp_path):
    cache = tmp_path / "cache"
    fetch.fetch(BOX, tmp_path / "a", endpoints=server.endpoints, cache=cache)
    for file in cache.iterdir():
        file.write_text('{"elements": [1]}', "utf-8")
    with pytest.raises(MachineFailed) as error:
        fetch.fetch(BOX, tmp_path / "b", endpoints=server.endpoints, cache=cache)
    assert [fault.code for fault in error.value.faults] == ["fetch_answer_broken"]


def test_a_folder_that_holds_anything_is_left_alone(server, tmp_path):
    (tmp_path / "mine.txt").write_text("x", "utf-8")
    with pytest.raises(InputRefused) as error:
        fetch.fetch(BOX, tmp_path, endpoints=server.endpoints)
    assert [fault.code for fault in error.value.faults] == ["fetch_target_not_empty"]
    assert server.asked == []


# ------------------------------------------------------------------------------------------------------ command line


def test_the_command(server, tmp_path):
    told = [BOX, "--out", str(tmp_path / "a"), "--overpass", f"{server.url}/api", "--nominatim", server.url]
    done = CliRunner().invoke(main, ["fetch", *told])
    assert done.exit_code == 0, done.output
    assert "14 road pieces" in done.output
    assert (tmp_path / "a" / "plan.toml").exists()


@pytest.mark.slow
def test_the_command_takes_a_box_in_the_west(server, tmp_path):
    """A leading minus is a longitude here, not an option."""
    done = CliRunner().invoke(
        main, ["fetch", "-0.1,51.5,-0.099,51.501", "--out", str(tmp_path / "a"), "--overpass", f"{server.url}/api"]
    )
    assert done.exit_code == 1
    assert "holds nothing" in done.output


def test_the_command_exits_3_without_a_server(tmp_path):
    done = CliRunner().invoke(main, ["fetch", BOX, "--out", str(tmp_path / "a"), "--overpass", "http://nobody.invalid"])
    assert done.exit_code == 3
    assert "Traceback" not in done.output


# --------------------------------------------------------------------------------------------------- tags to columns


def features(*rows: tuple[str, dict]) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        [tags for _, tags in rows], geometry=[Point(117.1, 36.4).buffer(0.001) for _ in rows], crs=4326
    )
    frame.index = _layers.nothing().index.__class__.from_tuples(
        [(kind.split("/")[0], int(kind.split("/")[1])) for kind, _ in rows], names=["element", "id"]
    )
    return frame


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        ({"amenity": "nursing_home"}, True),
        ({"amenity": "social_facility", "social_facility:for": "senior"}, True),
        ({"amenity": "social_facility", "social_facility": "nursing_home"}, True),
        ({"amenity": "social_facility", "social_facility": "nursing_home", "social_facility:for": "child"}, False),
        ({"amenity": "social_facility", "social_facility": "group_home"}, False),
        ({"amenity": "social_facility", "name": "阳光敬老院"}, True),
        ({"amenity": "social_facility", "name": "儿童福利院"}, False),
        ({"amenity": "social_facility", "social_facility:for": "child;senior", "name": "儿童与老年福利院"}, True),
        ({"amenity": "hospital", "name": "老年医院"}, False),
    ],
)
def test_which_places_are_elderly_care(tags, taken):
    care, _ = _layers.facilities(features(("way/1", tags)))
    assert len(care) == int(taken)


@pytest.mark.parametrize(
    ("level", "name", "word"),
    [
        ("6", "东昌府区", "county"),
        ("6", "临清市", "county"),
        ("8", "柳园街道", "street"),
        ("8", "沙镇", "town"),
        ("8", "某乡", "town"),
        ("10", "湖西社区", "community"),
        ("10", "大李村", "village"),
        ("8", "大李村", None),
        ("10", "沙镇", None),
        ("6", "开发地带", None),
        ("4", "山东省", None),
    ],
)
def test_unit_types_by_level_and_name(level, name, word):
    tags = {"boundary": "administrative", "admin_level": level, "name": name}
    found, untyped = _layers.units(features(("relation/1", tags)), Point(117.1, 36.4))
    assert list(found["type"]) == ([] if word is None else [word])
    assert untyped == int(word is None)


def test_only_this_room_speaks_to_the_network():
    """No other room imports a library that opens connections, and this one only in three files."""
    package = Path(fetch.__file__).parent.parent
    users = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(
            r"^\s*(?:import|from) (?:osmnx|requests|psycopg|urllib\.request|http\.client|aiohttp|httpx)\b",
            path.read_text("utf-8"),
            re.MULTILINE,
        )
    }
    assert users == {"fetch/_ask.py", "fetch/_postgis.py", "fetch/_publish.py"}
