/* What a page asks of a map drawn with MapLibre: themes, picks, scenes, places, views; the same words as map_leaflet.js. */
function planmapSurface(gl, map, box, data) {
  "use strict";
  var G = planmapGL, style = data.style;
  var api = { map: map, data: data, box: box, theme: null, hidden: {}, picked: null, listeners: [], kind: "maplibre" };
  var painted = new Array(data.areas.length), scene = null, marks = {}, tip = make("div", "plan-tip plan-gl-tip");
  var areaAt = {}, pointAt = {};
  data.areas.forEach(function (area, place) { areaAt[area.id] = place; });
  data.points.forEach(function (point, place) { pointAt[point.id] = place; }); // the last of an id lies on top

  function make(tag, className, text) {
    var node = document.createElement(tag);
    node.className = className;
    if (text !== undefined) { node.textContent = text; }
    return node;
  }
  function tell(what) { api.listeners.forEach(function (listener) { listener(what); }); }
  function fill(name, features) { map.getSource(name).setData(G.collection(features)); }
  function visible(name, on) {
    if (map.getLayer(name) && (map.getLayoutProperty(name, "visibility") !== "none") !== on) { map.setLayoutProperty(name, "visibility", on ? "visible" : "none"); }
  }

  /* ------------------------------------------------------------------------------------------------- theme */

  api.on = function (listener) { api.listeners.push(listener); };
  api.setTheme = function (key) {
    api.theme = data.themes.find(function (theme) { return theme.key === key; });
    refresh();
    names();
    tell("theme");
  };
  api.toggle = function (name) {
    api.hidden[name] = !api.hidden[name];
    refresh();
    tell("hidden");
  };

  function refresh() {
    var theme = api.theme, hidden = api.hidden;
    var roles = paint();
    ["areas", "spots"].forEach(function (name) { visible(name, !hidden.areas); });
    Object.keys(style.paint).forEach(function (role) { visible("hatch:" + role, !hidden.areas && Boolean(roles[role])); });
    Object.keys(data.wash).forEach(function (level) { visible("wash:" + level, theme.wash.indexOf(level) >= 0 && !hidden["wash:" + level]); });
    Object.keys(data.limits).forEach(function (level) { both("limit:" + level, theme.wash.indexOf(level) >= 0 && !hidden.limit); });
    Object.keys(data.boundaries).forEach(function (name) { both("unit:" + name, !hidden["unit:" + name]); });
    Object.keys(data.roads).forEach(function (name) { ["casing:", "road:"].forEach(function (kind) { visible(kind + name, !hidden.roads); }); });
    visible("barriers", !hidden.barriers);
    var groups = theme.groups.filter(function (name) { return !hidden[name]; });
    ["small", "main"].forEach(function (kind) {
      ["points:", "text:"].forEach(function (part) {
        map.setFilter(part + kind, ["all", ["==", ["get", "main"], kind === "main"], ["in", ["get", "group"], ["literal", groups]]]);
      });
    });
    ["names", "label:area", "label:finding", "text:main", "text:small"].forEach(function (name) { visible(name, !hidden.labels); });
    showScene();
  }
  function both(name, on) { visible(name, on); visible(name + ":rim", on); }

  /* Only what changes its paint is told; returns the roles that are there. */
  function paint() {
    var met = {}, roles = scene && scene.areas ? scene.areas : null;
    data.areas.forEach(function (area, place) {
      if (!area.at) { return; }
      var role = (roles && roles[place]) || area.roles[api.theme.key], known = style.paint[role];
      var own = known ? [known[2], known[1]] : (scene && scene.paint[role]) || [style.base.neutral_area, style.base.neutral_edge];
      var faint = api.hidden["role:" + role];
      var state = faint ? { role: "", fill: style.base.other_block, edge: style.base.neutral_edge } : { role: role, fill: own[0], edge: own[1] };
      var sign = state.role + state.fill + state.edge;
      met[state.role] = true;
      if (painted[place] === sign) { return; }
      painted[place] = sign;
      map.setFeatureState({ source: area.parts.length ? "areas" : "spots", id: place }, state);
    });
    return met;
  }

  /* Names of areas: findings of the theme from a smaller scale on; the weightiest first. */
  function names() {
    var found = data.areas.filter(function (area) { return area.at; })
      .sort(function (a, b) { return b.weight - a.weight || (a.id < b.id ? -1 : 1); });
    fill("labels", found.map(function (area, place) {
      return G.feature("Point", G.turn(area.at), { text: area.name, order: place, finding: api.theme.named.indexOf(area.roles[api.theme.key]) >= 0 });
    }));
  }

  /* -------------------------------------------------------------------------------------------------- pick */

  api.pick = function (kind, id, move) {
    api.picked = kind === "area" ? data.areas[areaAt[id]] : data.points[pointAt[id]];
    if (!api.picked) { return; }
    var at = api.picked.at;
    var parts = kind === "area" ? api.picked.parts : [];
    fill("pick", parts.length ? [G.polygons(parts)] : at ? [G.feature("Point", G.turn(at))] : []);
    if (move && at && !api.sees(at)) { api.panTo(at); }
    tell("pick");
  };
  api.clear = function () {
    api.picked = null;
    fill("pick", []);
    tell("pick");
  };

  /* ------------------------------------------------------------------------------------------------- scene */

  api.setScene = function (found, handlers) {
    scene = found;
    api.handlers = handlers;
    refresh();
  };

  function showScene() {
    var on = scene && !api.hidden.scene;
    box.classList.toggle("placing", Boolean(scene && scene.placing));
    fill("paths", on ? scene.paths.map(function (line) { return G.lines([line]); }) : []);
    fill("drawn", on ? scene.lines.filter(function (line) { return line.length > 1; }).map(function (line) { return G.lines([line]); }) : []);
    var kept = {};
    (on ? scene.marks : []).forEach(function (entry, place) {
      var sign = JSON.stringify(entry) + (entry.id ? "" : place);
      kept[sign] = marks[sign] || markAt(entry);
    });
    Object.keys(marks).forEach(function (sign) { if (!kept[sign]) { marks[sign].remove(); } });
    marks = kept;
  }

  function markAt(entry) {
    var node = make("div", "scene-mark " + entry.kind), small = entry.kind === "vertex" || entry.kind === "goal";
    node.style.width = node.style.height = (small ? 10 : 24) + "px";
    node.appendChild(make("span", "", entry.text));
    if (entry.id) {
      node.addEventListener("click", function (event) {
        if (scene && scene.placing) { return; }
        event.stopPropagation();
        api.handlers.picked(entry.id);
      });
    } else { node.style.pointerEvents = "none"; }
    if (entry.name && entry.kind === "goal") { node.appendChild(make("span", "plan-tip plan-gl-goal", entry.name)); }
    node.addEventListener("mouseenter", function () { if (entry.name && entry.kind !== "goal") { showTip(entry.name, map.project([entry.lon, entry.lat])); } });
    node.addEventListener("mouseleave", hideTip);
    return new gl.Marker({ element: node, anchor: "center" }).setLngLat([entry.lon, entry.lat]).addTo(map);
  }

  /* -------------------------------------------------------------------------------------------------- view */

  api.fit = function () { map.fitBounds([G.turn(data.bounds[0]), G.turn(data.bounds[1])], { padding: 22, animate: false }); };
  api.sees = function (at) { return map.getBounds().contains(G.turn(at)); };
  api.panTo = function (at) { map.panTo(G.turn(at), { duration: 250 }); };
  api.resize = function () { map.resize(); };
  api.view = function () { return { lat: map.getCenter().lat, lon: map.getCenter().lng, zoom: map.getZoom() + G.OFF }; };
  api.setView = function (view) { map.jumpTo({ center: [view.lon, view.lat], zoom: view.zoom - G.OFF }); };
  api.onMove = function (listener) { map.on("moveend", listener); };
  api.zoomBy = function (step) { map.zoomTo(map.getZoom() + step, { duration: 200 }); };
  api.placeAt = function (event) {
    var frame = map.getCanvas().getBoundingClientRect(), at = map.unproject([event.clientX - frame.left, event.clientY - frame.top]);
    return { lat: at.lat, lon: at.lng };
  };
  api.pixelOf = function (at) { return map.project(G.turn(at)); };

  /* Pictures of a base map need no leave of another host when they are pictures of the page: Leaflet puts them below. */
  var under = null;
  api.ground = function (wanted) {
    ["land", "veil"].forEach(function (name) { visible(name, !wanted); });
    box.style.background = wanted ? "none" : style.base.land;
    if (!wanted) { return null; }
    if (!under) {
      var node = make("div", "plan-gl-under");
      box.insertBefore(node, box.firstChild);
      under = L.map(node, { zoomControl: false, attributionControl: false, zoomSnap: 0, zoomAnimation: false, fadeAnimation: false, inertia: false, keyboard: false, dragging: false, maxZoom: 20 });
      map.on("render", follow);
    }
    follow();
    return under;
  };
  function follow() {
    var at = map.getCenter(), zoom = map.getZoom() + G.OFF;
    under.invalidateSize({ animate: false, pan: false });
    if (!follow.was || follow.was[0] !== at.lat || follow.was[1] !== at.lng || follow.was[2] !== zoom) { under.setView([at.lat, at.lng], zoom, { animate: false }); }
    follow.was = [at.lat, at.lng, zoom];
  }

  /* ------------------------------------------------------------------------------------------------ pointer */

  function hitAt(point) {
    var hits = map.queryRenderedFeatures([[point.x - 2, point.y - 2], [point.x + 2, point.y + 2]], { layers: ["points:main", "points:small"].filter(shown) });
    if (hits.length) { return { kind: "point", entry: data.points[hits[0].id] }; }
    hits = map.queryRenderedFeatures(point, { layers: ["spots", "areas"].filter(shown) });
    return hits.length ? { kind: "area", entry: data.areas[hits[0].id] } : null;
  }
  function shown(name) { return map.getLayoutProperty(name, "visibility") !== "none"; }

  function showTip(text, at) {
    tip.textContent = text;
    tip.style.transform = "translate(" + at.x + "px, " + at.y + "px) translate(-50%, calc(-100% - 12px))";
    tip.style.display = text ? "block" : "none";
  }
  function hideTip() { tip.style.display = "none"; }

  api.wire = function () {
    box.appendChild(tip);
    hideTip();
    map.on("click", function (event) {
      var hit = hitAt(event.point);
      if (hit) { api.pick(hit.kind, hit.entry.id); } else { api.clear(); }
    });
    map.on("mousemove", function (event) {
      if (map.isMoving()) { return hideTip(); }
      var hit = hitAt(event.point);
      map.getCanvas().style.cursor = hit && !(scene && scene.placing) ? "pointer" : "";
      if (hit) { showTip(hit.entry.name, event.point); } else { hideTip(); }
    });
    map.on("mouseout", hideTip);
    map.on("movestart", hideTip);
  };
  return api;
}

/* Zoom, the whole plan, north and scale, as they look on the Leaflet map. */
function planmapControls(api) {
  "use strict";
  var words = api.data.words, map = api.map;
  function corner(name) {
    var node = document.createElement("div");
    node.className = name;
    return node;
  }
  function button(parent, className, text, title, act) {
    var node = document.createElement("a");
    node.className = className;
    node.href = "#";
    node.title = title;
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", title);
    node.textContent = text;
    node.addEventListener("click", function (event) { event.preventDefault(); act(); });
    parent.appendChild(node);
  }
  var all = corner("leaflet-control-container"), right = corner("leaflet-top leaflet-right"), left = corner("leaflet-top leaflet-left"), low = corner("leaflet-bottom leaflet-left");
  var zoom = corner("leaflet-control-zoom leaflet-bar leaflet-control"), home = corner("leaflet-bar plan-home leaflet-control");
  button(zoom, "leaflet-control-zoom-in", "+", words.zoom_in, function () { api.zoomBy(0.5); });
  button(zoom, "leaflet-control-zoom-out", "−", words.zoom_out, function () { api.zoomBy(-0.5); });
  button(home, "", "⤢", words.whole, api.fit);
  right.append(zoom, home);
  left.appendChild(planmap.north(words));
  var scale = corner("leaflet-control-scale leaflet-control"), line = corner("leaflet-control-scale-line");
  scale.appendChild(line);
  low.appendChild(scale);
  all.append(right, left, low);
  api.box.appendChild(all);
  function measure() {
    var box = map.getContainer(), y = box.clientHeight / 2;
    var most = map.unproject([0, y]).distanceTo(map.unproject([160, y])), tens = Math.pow(10, Math.floor(Math.log10(most)));
    var metres = tens * [5, 3, 2, 1].find(function (part) { return part * tens <= most; });
    line.textContent = metres < 1000 ? metres + " m" : metres / 1000 + " km";
    line.style.width = Math.round(160 * metres / most) + "px";
  }
  map.on("move", measure);
  map.on("resize", measure);
  measure();
}
