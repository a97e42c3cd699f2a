/* Draws the layers of a plan on a Leaflet map. Data only: every text is set as text, never as markup.
   Colours, hatches and symbols come with the data, from planning/palette.toml. */
var planmap = (function () {
  "use strict";

  var PANES = { land: 210, wash: 220, casing: 230, road: 232, veil: 390, area: 400, limit: 420, boundary: 430, pick: 440, point: 600, label: 650 };
  var SCREEN_LOW = 14; // below this zoom the small symbols shrink
  var FONTS = {
    unit: { css: "700 14px ", spacing: 3, from: 12 },
    main: { css: "700 12px ", spacing: 0, from: 13 },
    small: { css: "500 11px ", spacing: 0, from: 15.25 },
    finding: { css: "500 11px ", spacing: 0, from: 14.25 },
    area: { css: "500 11px ", spacing: 0, from: 15.5 }
  };
  var SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  var pen = null;

  function draw(map, packed) {
    var data = unpack(packed);
    var api = { map: map, data: data, theme: null, hidden: {}, picked: null, listeners: [] };
    prepare(map, data);
    var layers = {
      base: drawBase(map, data),
      barriers: drawBarriers(map, data),
      wash: drawWash(map, data),
      limits: drawLimits(map, data),
      boundaries: drawBoundaries(map, data),
      areas: drawAreas(map, data, api),
      points: drawPoints(map, data, api),
      labels: L.layerGroup().addTo(map),
      pick: L.layerGroup().addTo(map)
    };
    addControls(map, data, api);

    api.on = function (listener) { api.listeners.push(listener); };
    api.fit = function () {
      var snap = map.options.zoomSnap;
      map.options.zoomSnap = 0.05;
      map.fitBounds(data.bounds, { padding: [22, 22], animate: false });
      map.options.zoomSnap = snap;
    };
    api.setTheme = function (key) {
      api.theme = data.themes.find(function (theme) { return theme.key === key; });
      refresh(api, layers);
      tell(api, "theme");
    };
    api.toggle = function (name) {
      api.hidden[name] = !api.hidden[name];
      refresh(api, layers);
      tell(api, "hidden");
    };
    api.pick = function (kind, id, move) { pick(api, layers, kind, id, move); };
    api.clear = function () { api.picked = null; layers.pick.clearLayers(); tell(api, "pick"); };

    /* Until the reader moves the map, it fits its frame, whatever becomes of the frame. */
    var moved = false;
    ["mousedown", "wheel", "touchstart", "keydown"].forEach(function (name) {
      map.getContainer().addEventListener(name, function () { moved = true; }, { capture: true, passive: true });
    });
    map.on("resize", function () { if (!moved) { api.fit(); } });
    map.on("click", api.clear);
    map.on("zoomend", function () { scaleLines(map, layers); label(api, layers); });
    api.fit();
    scaleLines(map, layers);
    api.setTheme(data.first);
    planmap.current = api;
    return api;
  }

  /* Opens what planning/webmap/_pack.py closed. */
  function unpack(packed) {
    function line(code) {
      var found = [], at = [0, 0], axis = 0, value = 0, shift = 1;
      for (var place = 1; place < code.length; place += 1) {
        var bits = SIGNS.indexOf(code.charAt(place));
        value += (bits % 32) * shift;
        shift *= 32;
        if (bits >= 32) { continue; }
        at[axis] += value % 2 ? -(value + 1) / 2 : value / 2;
        if (axis) { found.push([at[0] / 1e6, at[1] / 1e6]); }
        axis = 1 - axis;
        value = 0;
        shift = 1;
      }
      return found;
    }
    function open(value) {
      if (typeof value === "number") { return packed.texts[value]; }
      if (typeof value === "string") {
        return value.charAt(0) === "@" ? line(value) : value.charAt(0) === "!" ? line(value)[0] : Number(value);
      }
      if (value === null || typeof value === "boolean") { return value; }
      var rest = value.slice(1).map(open);
      if (value[0] === 0) { return rest; }
      var found = {};
      packed.shapes[value[0] - 1].forEach(function (key, place) { found[key] = rest[place]; });
      return found;
    }
    return open(packed.data);
  }

  function tell(api, what) {
    api.listeners.forEach(function (listener) { listener(what); });
  }

  function prepare(map, data) {
    var box = map.getContainer();
    box.classList.add("plan-map");
    box.setAttribute("aria-label", data.words.map);
    box.style.background = data.style.base.land;
    box.insertAdjacentHTML("afterbegin", data.style.defs);
    map.attributionControl.setPrefix(false);
    map.planRenderers = {};
    Object.keys(PANES).forEach(function (name) {
      var pane = map.createPane("plan-" + name);
      pane.style.zIndex = PANES[name];
      if (name !== "area" && name !== "point") { pane.style.pointerEvents = "none"; }
      if (name !== "point" && name !== "label") { map.planRenderers[name] = L.svg({ pane: "plan-" + name, padding: 0.6 }); }
    });
  }

  function put(map, pane, options) {
    return Object.assign({ pane: "plan-" + pane, renderer: map.planRenderers[pane], interactive: false }, options);
  }

  function stroke(map, pane, hex, width, dash) {
    return put(map, pane, { color: hex, weight: width, dashArray: dash || null, lineCap: dash ? "butt" : "round", fill: false, smoothFactor: 0.6 });
  }

  /* ------------------------------------------------------------------------------------------------ layers */

  function drawBase(map, data) {
    var style = data.style, lines = [];
    if (data.outline.length) {
      L.polygon(data.outline, put(map, "land", { stroke: false, fillColor: style.base.other_block, fillOpacity: 1 })).addTo(map);
      var world = [[-85, -180], [-85, 180], [85, 180], [85, -180]];
      var holes = data.outline.map(function (polygon) { return polygon[0]; });
      L.polygon([world].concat(holes), put(map, "veil", { stroke: false, fillColor: style.veil[0], fillOpacity: style.veil[1] })).addTo(map);
      L.polygon(data.ribbon, put(map, "veil", { stroke: false, fillColor: style.ribbon, fillOpacity: 1 })).addTo(map);
    }
    Object.keys(style.roads).forEach(function (name) {
      var road = style.roads[name], found = data.roads[name];
      if (!found) { return; }
      if (road.casing) {
        lines.push({ width: road.casing[1], at: L.polyline(found, stroke(map, "casing", road.casing[0], road.casing[1])).addTo(map) });
      }
      lines.push({ width: road.width, minor: !road.casing, at: L.polyline(found, stroke(map, "road", road.hex, road.width, road.dash)).addTo(map) });
    });
    return lines;
  }

  function drawBarriers(map, data) {
    return { barriers: L.polyline(data.barriers, stroke(map, "boundary", data.style.barrier[0], data.style.barrier[1])) };
  }

  function drawWash(map, data) {
    var found = {};
    Object.keys(data.wash).forEach(function (level) {
      found[level] = L.layerGroup(data.wash[level].map(function (band) {
        return L.polygon(band.parts, put(map, "wash", { stroke: false, fillColor: band.hex, fillOpacity: 1, smoothFactor: 0.6 }));
      }));
    });
    return found;
  }

  function drawLimits(map, data) {
    var found = {};
    Object.keys(data.limits).forEach(function (level) {
      var line = level === "new" ? data.style.new : data.style.limit;
      found[level] = L.layerGroup([
        L.polygon(data.limits[level], Object.assign(stroke(map, "limit", "#FFFFFF", line[1] + 2), { opacity: 0.8 })),
        L.polygon(data.limits[level], stroke(map, "limit", line[0], line[1], line[2]))
      ]);
    });
    return found;
  }

  function drawBoundaries(map, data) {
    var found = {};
    Object.keys(data.boundaries).forEach(function (name) {
      var line = data.style.boundary[name];
      found[name] = L.layerGroup([
        L.polyline(data.boundaries[name], Object.assign(stroke(map, "boundary", "#FFFFFF", line[1] + 2), { opacity: 0.75 })),
        L.polyline(data.boundaries[name], stroke(map, "boundary", line[0], line[1], line[2]))
      ]);
    });
    return found;
  }

  function feature(layer, kind, id) {
    layer.feature = { type: "Feature", properties: { kind: kind, id: id } };
    return layer;
  }

  function drawAreas(map, data, api) {
    var group = L.featureGroup().addTo(map);
    var found = { group: group, byId: {} };
    data.areas.forEach(function (area) {
      if (!area.at) { return; }
      var options = put(map, "area", { interactive: true, weight: 1, bubblingMouseEvents: false, smoothFactor: 0.5, className: "plan-area" });
      var layer = area.parts.length ? L.polygon(area.parts, options) : L.circleMarker(area.at, Object.assign(options, { radius: 7 }));
      feature(layer, "area", area.id);
      layer.area = area;
      layer.bindTooltip(escapeText(area.name), { sticky: true, direction: "top", className: "plan-tip", opacity: 1 });
      layer.on("mouseover", function () { layer.setStyle({ weight: 2 }); });
      layer.on("mouseout", function () { layer.setStyle({ weight: 1 }); });
      layer.on("click", function () { api.pick("area", area.id); });
      group.addLayer(layer);
      found.byId[area.id] = layer;
    });
    return found;
  }

  function drawPoints(map, data, api) {
    var found = [];
    data.points.forEach(function (point, place) {
      var drawn = point.svg || data.style.symbols[point.symbol];
      var icon = L.divIcon({ html: drawn[0], className: "plan-symbol" + (drawn[1] < 18 ? " plan-small" : ""), iconSize: [drawn[1], drawn[1]] });
      var marker = L.marker(point.at, { icon: icon, pane: "plan-point", zIndexOffset: point.order * 10000 + place, keyboard: false, bubblingMouseEvents: false });
      feature(marker, point.group === "site" || point.group === "candidate" ? point.group : "facility", point.id);
      marker.bindTooltip(escapeText(point.name), { direction: "top", offset: [0, -drawn[1] / 2], className: "plan-tip", opacity: 1 });
      marker.on("click", function () { api.pick("point", point.id); });
      found.push({ point: point, marker: marker, px: drawn[1] });
    });
    return found;
  }

  function scaleLines(map, layers) {
    var factor = Math.min(1.25, Math.max(0.3, Math.pow(1.5, map.getZoom() - 15)));
    layers.base.forEach(function (line) {
      line.at.setStyle({ weight: Math.max(line.width * factor, 0.5), opacity: line.minor && map.getZoom() < 14.5 ? 0 : 1 });
    });
    map.getContainer().classList.toggle("plan-low", map.getZoom() < SCREEN_LOW);
  }

  /* ------------------------------------------------------------------------------------------------- theme */

  function refresh(api, layers) {
    var theme = api.theme, data = api.data, map = api.map;
    Object.keys(layers.areas.byId).forEach(function (id) {
      var layer = layers.areas.byId[id], role = layer.area.roles[theme.key], paint = data.style.paint[role];
      var faint = api.hidden["role:" + role];
      layer.setStyle({ fillColor: faint ? data.style.base.other_block : paint[0], color: faint ? data.style.base.neutral_edge : paint[1], fillOpacity: 1, opacity: faint ? 0.5 : 1 });
    });
    show(map, layers.barriers, function () { return !api.hidden.barriers; });
    show(map, { areas: layers.areas.group }, function () { return !api.hidden.areas; });
    ["casing", "road"].forEach(function (name) { map.getPane("plan-" + name).style.display = api.hidden.roads ? "none" : ""; });
    show(map, layers.wash, function (level) { return theme.wash.indexOf(level) >= 0 && !api.hidden["wash:" + level]; });
    show(map, layers.limits, function (level) { return theme.wash.indexOf(level) >= 0 && !api.hidden.limit; });
    show(map, layers.boundaries, function (name) { return !api.hidden["unit:" + name]; });
    layers.points.forEach(function (entry) {
      var on = theme.groups.indexOf(entry.point.group) >= 0 && !api.hidden[entry.point.group];
      if (on !== map.hasLayer(entry.marker)) { on ? entry.marker.addTo(map) : entry.marker.remove(); }
    });
    label(api, layers);
  }

  function show(map, groups, wanted) {
    Object.keys(groups).forEach(function (name) {
      if (wanted(name) !== map.hasLayer(groups[name])) { wanted(name) ? groups[name].addTo(map) : groups[name].remove(); }
    });
  }

  function pick(api, layers, kind, id, move) {
    var map = api.map, style = api.data.style;
    layers.pick.clearLayers();
    if (kind === "area") {
      var layer = layers.areas.byId[id];
      var area = api.data.areas.find(function (entry) { return entry.id === id; });
      api.picked = area;
      if (layer && area.parts.length) {
        layers.pick.addLayer(L.polygon(area.parts, stroke(map, "pick", "#FFFFFF", 6)));
        layers.pick.addLayer(L.polygon(area.parts, stroke(map, "pick", style.accent, 3)));
      } else if (layer) {
        layers.pick.addLayer(L.circleMarker(area.at, Object.assign(stroke(map, "pick", style.accent, 3), { radius: 10 })));
      }
    } else {
      var points = api.data.points.filter(function (entry) { return entry.id === id; });
      api.picked = points[points.length - 1];
      if (!api.picked) { return; }
      layers.pick.addLayer(L.circleMarker(api.picked.at, Object.assign(stroke(map, "pick", style.accent, 3), { radius: 17 })));
    }
    if (move && api.picked.at && !map.getBounds().pad(-0.1).contains(api.picked.at)) { map.panTo(api.picked.at); }
    if (move && api.picked.at && map.getZoom() < 14) { map.setView(api.picked.at, 14.5); }
    tell(api, "pick");
  }

  /* ------------------------------------------------------------------------------------------------ labels */

  function label(api, layers) {
    var map = api.map, theme = api.theme, zoom = map.getZoom(), taken = [];
    if (!theme) { return; }
    layers.labels.clearLayers();
    var shown = layers.points.filter(function (entry) { return map.hasLayer(entry.marker); });
    shown.forEach(function (entry) {
      var at = map.project(entry.point.at, zoom);
      taken.push(box(at.x, at.y, entry.px, entry.px));
    });
    if (api.hidden.labels) { return; }
    wanted(api, shown, zoom).forEach(function (entry) {
      var size = measure(entry.text, entry.kind), at = map.project(entry.at, zoom);
      if (entry.room && size[0] > entry.room(zoom)) { return; }
      var spot = places(entry, size).find(function (shift) {
        return !taken.some(overlap(box(at.x + shift[0], at.y + shift[1], size[0] + 4, size[1] + 2)));
      });
      if (!spot) { return; }
      taken.push(box(at.x + spot[0], at.y + spot[1], size[0] + 4, size[1] + 2));
      layers.labels.addLayer(labelMarker(entry, size, spot));
    });
  }

  function wanted(api, shown, zoom) {
    var theme = api.theme, data = api.data, found = [];
    data.names.forEach(function (unit) { found.push({ kind: "unit", text: unit.text, at: unit.at }); });
    var byRank = shown.slice().reverse();
    byRank.forEach(function (entry) {
      var kind = entry.point.main ? "main" : "small";
      var short = zoom < 16 && kind === "main" ? entry.point.short : entry.point.name;
      found.push({ kind: kind, text: short, at: entry.point.at, hex: entry.point.hex, px: entry.px });
    });
    ["finding", "area"].forEach(function (kind) {
      data.areas.filter(function (area) {
        var role = area.roles[theme.key];
        return area.at && !api.hidden["role:" + role] && (theme.named.indexOf(role) >= 0) === (kind === "finding");
      }).sort(function (a, b) { return b.weight - a.weight || (a.id < b.id ? -1 : 1); }).forEach(function (area) {
        found.push({ kind: kind, text: area.name, at: area.at, room: roomOf(api.map, area) });
      });
    });
    var order = { unit: 0, main: 1, finding: 2, small: 3, area: 4 };
    return found.filter(function (entry) { return zoom >= FONTS[entry.kind].from; })
      .map(function (entry, place) { return [order[entry.kind], place, entry]; })
      .sort(function (a, b) { return a[0] - b[0] || a[1] - b[1]; })
      .map(function (entry) { return entry[2]; });
  }

  /* How wide a label may be: a little more than its area, so that it is clear whose name it is. */
  function roomOf(map, area) {
    if (!area.parts.length) { return null; }
    var bounds = L.latLngBounds(area.parts[0][0]);
    return function (zoom) {
      return 1.3 * Math.abs(map.project(bounds.getNorthEast(), zoom).x - map.project(bounds.getSouthWest(), zoom).x);
    };
  }

  function places(entry, size) {
    if (entry.px) {
      var x = (entry.px + size[0]) / 2 + 4, y = (entry.px + size[1]) / 2 + 1;
      return [[0, -y], [x, 0], [-x, 0], [0, y], [x, -y], [-x, -y], [x, y], [-x, y]];
    }
    if (entry.kind === "unit") {
      return [[0, 0], [0, -26], [0, 26], [-44, 0], [44, 0], [-44, -26], [44, -26], [44, 26], [-44, 26], [0, -52], [0, 52]];
    }
    return [[0, 0], [0, -8], [0, 8]];
  }

  function labelMarker(entry, size, spot) {
    var node = document.createElement("span");
    node.textContent = entry.text;
    if (entry.hex) { node.style.color = entry.hex; }
    var icon = L.divIcon({ html: node, className: "plan-label plan-label-" + entry.kind, iconSize: [size[0] + 8, size[1]], iconAnchor: [(size[0] + 8) / 2 - spot[0], size[1] / 2 - spot[1]] });
    return L.marker(entry.at, { icon: icon, pane: "plan-label", interactive: false, keyboard: false });
  }

  function measure(text, kind) {
    pen = pen || document.createElement("canvas").getContext("2d");
    pen.font = FONTS[kind].css + '"Noto Sans SC", "Microsoft YaHei", sans-serif';
    return [pen.measureText(text).width + FONTS[kind].spacing * text.length, kind === "unit" ? 18 : 14];
  }

  function box(x, y, width, height) {
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
  }

  function overlap(one) {
    return function (two) { return one[0] < two[2] && two[0] < one[2] && one[1] < two[3] && two[1] < one[3]; };
  }

  /* ---------------------------------------------------------------------------------------------- controls */

  function addControls(map, data, api) {
    var words = data.words;
    L.control.zoom({ position: "topright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
    var extra = L.control({ position: "topright" });
    extra.onAdd = function () {
      var node = L.DomUtil.create("div", "leaflet-bar plan-home");
      var button = L.DomUtil.create("a", "", node);
      button.href = "#";
      button.title = words.whole;
      button.setAttribute("role", "button");
      button.setAttribute("aria-label", words.whole);
      button.textContent = "⤢";
      L.DomEvent.disableClickPropagation(node);
      L.DomEvent.on(button, "click", function (event) { L.DomEvent.preventDefault(event); api.fit(); });
      return node;
    };
    extra.addTo(map);
    var arrow = L.control({ position: "topleft" });
    arrow.onAdd = function () { return north(words); };
    arrow.addTo(map);
    L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 160 }).addTo(map);
  }

  function north(words) {
    var node = document.createElement("div"), text = document.createElement("span");
    node.className = "plan-north leaflet-control";
    text.textContent = words.north;
    node.appendChild(text);
    node.insertAdjacentHTML("beforeend", '<svg width="20" height="30" viewBox="0 0 20 30" aria-hidden="true"><path d="M10 1L2 28L10 22Z" fill="currentColor"/><path d="M10 1L18 28L10 22Z" fill="#FFFFFF" stroke="currentColor" stroke-width="1" stroke-linejoin="round"/></svg>');
    return node;
  }

  /* Leaflet writes tooltips as markup. */
  function escapeText(text) {
    var node = document.createElement("i");
    node.textContent = text;
    return node.innerHTML;
  }

  return { draw: draw, unpack: unpack, north: north, current: null };
})();
