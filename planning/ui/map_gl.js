/* Draws the layers of a plan with MapLibre: what planmap.js draws with Leaflet, for plans of many thousand areas.
   Same data, same paints, same words. Areas are sent to the graphics card once; a change of paint is a state of theirs.
   Every text is drawn on a canvas or set as text, never as markup. */
var planmapGL = (function () {
  "use strict";

  var OFF = 1; // zoom 0 of MapLibre is zoom 1 of Leaflet: its tiles are twice as wide
  var FONT = ["Noto Sans SC", "Microsoft YaHei", "PingFang SC", "sans-serif"];
  var BOLD = ["Noto Sans SC Bold", "Microsoft YaHei Bold", "PingFang SC Bold", "sans-serif"];
  var LANES = 13; // below this zoom a large plan leaves out its lanes: half a dot wide, and most of the work
  var SHARP = 2; // pictures have twice the dots they are shown at
  var SHIFTS = [[0, 0], [0, -1.9], [0, 1.9], [-3.1, 0], [3.1, 0], [-3.1, -1.9], [3.1, -1.9], [3.1, 1.9], [-3.1, 1.9], [0, -3.7], [0, 3.7]]
    .reduce(function (all, shift) { return all.concat(["center", shift]); }, []); // a unit's name may step aside
  var EMPTY = { type: "FeatureCollection", features: [] };

  /* Whether this browser can: without it Leaflet draws. */
  function able() {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  }

  function address(text) { return URL.createObjectURL(new Blob([text], { type: "text/javascript" })); }

  async function draw(box, packed, code) {
    var gl = await import(address(code.main));
    gl.setWorkerUrl(address(code.worker));
    gl.setWorkerCount(2);
    var data = planmap.unpack(packed), style = data.style;
    box.classList.add("plan-map", "plan-gl");
    box.setAttribute("aria-label", data.words.map);
    box.style.background = style.base.land;
    box.insertAdjacentHTML("afterbegin", style.defs);
    var map = new gl.Map({
      container: box, style: { version: 8, sources: {}, layers: [] }, bounds: turned(data.bounds), fitBoundsOptions: { padding: 22 },
      attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, maxPitch: 0, minZoom: 8 - OFF, maxZoom: 19 - OFF,
      fadeDuration: 0, renderWorldCopies: false, trackResize: false
    });
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    await new Promise(function (done) { map.once("load", done); });
    await Promise.all(hatches(map, box, style).concat(symbols(map, data)));
    var api = planmapSurface(gl, map, box, data);
    lay(map, data);
    api.wire();
    planmapControls(api);
    api.setTheme(data.first);
    planmap.current = api;
    return api;
  }

  /* ---------------------------------------------------------------------------------------------- pictures */

  function image(svg, width, height) {
    return new Promise(function (done, failed) {
      var found = new Image(width, height);
      found.onload = function () { done(found); };
      found.onerror = failed;
      found.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '));
    });
  }

  async function paintedOn(svg, size) {
    var sheet = document.createElement("canvas");
    sheet.width = sheet.height = size;
    var pen = sheet.getContext("2d");
    pen.drawImage(await image(svg, size, size), 0, 0, size, size);
    return pen.getImageData(0, 0, size, size);
  }

  /* The strokes of each hatch of the palette as a square that repeats; turned by 45° it repeats after pitch × √2. */
  function hatches(map, box, style) {
    return Object.keys(style.paint).filter(function (role) { return hatched(style, role); }).map(async function (role) {
      var pattern = box.querySelector("#hatch-" + CSS.escape(role)), pitch = Number(pattern.getAttribute("width"));
      var turn = Number(/rotate\(([-\d.]+)\)/.exec(pattern.getAttribute("patternTransform") || "rotate(0)")[1]);
      var every = turn % 90 ? pitch * Math.SQRT2 : pitch, size = Math.max(4, Math.round(every * SHARP * 2));
      var copy = pattern.cloneNode(true);
      copy.querySelector("rect").remove(); // the ground is the fill's own
      var svg = '<svg width="' + size + '" height="' + size + '" viewBox="0 0 ' + every + " " + every + '"><defs>' +
        new XMLSerializer().serializeToString(copy) + '</defs><rect width="' + every + '" height="' + every + '" fill="url(#' + copy.id + ')"/></svg>';
      map.addImage("hatch-" + role, await paintedOn(svg, size), { pixelRatio: size / every * Math.SQRT2 }); // between two zooms a pattern is shown at one to two times its size
    });
  }

  function hatched(style, role) { return style.paint[role][0].indexOf("url(") === 0; }

  function symbols(map, data) {
    var wanted = {};
    data.points.forEach(function (point) { wanted[pictureOf(point)] = point.svg || data.style.symbols[point.symbol]; });
    return Object.keys(wanted).map(async function (name) {
      var px = wanted[name][1], size = Math.ceil((px + 8) * SHARP); // rims may stand out
      var shown = wanted[name][0].replace(/viewBox="0 0 ([\d.]+) ([\d.]+)"/, function (_, width, height) {
        return 'viewBox="-4 -4 ' + (Number(width) + 8) + " " + (Number(height) + 8) + '"';
      });
      map.addImage(name, await paintedOn(shown, size), { pixelRatio: SHARP });
    });
  }

  function pictureOf(point) { return point.svg ? "site-" + point.svg[0].length + "-" + point.id : point.symbol; }

  /* ------------------------------------------------------------------------------------------------ shapes */

  function turn(at) { return [at[1], at[0]]; }
  function turned(lines) { return lines.map(turn); }
  function polygon(rings) { return rings.map(turned); }

  function feature(type, coordinates, properties, id) {
    return { type: "Feature", id: id, properties: properties || {}, geometry: { type: type, coordinates: coordinates } };
  }
  function collection(features) { return { type: "FeatureCollection", features: features }; }
  function polygons(parts, properties, id) { return feature("MultiPolygon", parts.map(polygon), properties, id); }
  function lines(found, properties) { return feature("MultiLineString", found.map(turned), properties); }

  function source(map, name, features) { map.addSource(name, { type: "geojson", data: collection(features), maxzoom: 16 }); }

  function layer(map, id, type, from, paint, layout, more) {
    map.addLayer(Object.assign({ id: id, type: type, source: from, paint: paint, layout: layout || {} }, more || {}));
  }

  /* A line on a road map grows with the zoom, as planmap.js has it: width × 1.5 ^ (zoom − 15), held between 0.3 and 1.25. */
  function width(px) {
    return ["interpolate", ["exponential", 1.5], ["zoom"], 15 - 2.969 - OFF, Math.max(px * 0.3, 0.5), 15.55 - OFF, Math.max(px * 1.25, 0.5)];
  }

  function dashes(text, px) {
    if (!text) { return undefined; }
    return String(text).split(/[\s,]+/).map(function (one) { return Number(one) / px; });
  }

  function stroke(hex, px, dash, opacity) {
    var paint = { "line-color": hex, "line-width": px, "line-opacity": opacity === undefined ? 1 : opacity };
    if (dash && typeof px === "number") { paint["line-dasharray"] = dashes(dash, px); }
    return paint;
  }

  /* From the ground up, in the order of planmap.js. */
  function lay(map, data) {
    var style = data.style;
    if (data.outline.length) {
      source(map, "land", [polygons(data.outline)]);
      layer(map, "land", "fill", "land", { "fill-color": style.base.other_block, "fill-antialias": false });
    }
    layWash(map, data);
    layRoads(map, data);
    if (data.outline.length) {
      var world = [[-85, -180], [85, -180], [85, 180], [-85, 180], [-85, -180]];
      var holes = data.outline.map(function (one) { return one[0]; });
      source(map, "veil", [polygons([[world].concat(holes)])]);
      source(map, "ribbon", [polygons(data.ribbon)]);
      layer(map, "veil", "fill", "veil", { "fill-color": style.veil[0], "fill-opacity": style.veil[1], "fill-antialias": false });
      layer(map, "ribbon", "fill", "ribbon", { "fill-color": style.ribbon });
    }
    layAreas(map, data);
    layLines(map, data);
    layPoints(map, data);
  }

  function layWash(map, data) {
    Object.keys(data.wash).forEach(function (level) {
      source(map, "wash:" + level, data.wash[level].map(function (band) { return polygons(band.parts, { hex: band.hex }); }));
      layer(map, "wash:" + level, "fill", "wash:" + level, { "fill-color": ["get", "hex"] });
    });
  }

  function layRoads(map, data) {
    var order = Object.keys(data.style.roads).filter(function (name) { return data.roads[name]; });
    order.forEach(function (name) { source(map, "road:" + name, [lines(data.roads[name])]); });
    ["casing", "road"].forEach(function (kind) {
      order.forEach(function (name) {
        var road = data.style.roads[name], round = name === "local" ? {} : { "line-cap": "round", "line-join": "round" }, near = name === "local" ? { minzoom: LANES - OFF } : {};
        if (kind === "casing" && road.casing) { layer(map, "casing:" + name, "line", "road:" + name, stroke(road.casing[0], width(road.casing[1])), round, near); }
        if (kind === "road") {
          var paint = stroke(road.hex, width(road.width));
          if (road.dash) { paint["line-dasharray"] = dashes(road.dash, road.width); }
          layer(map, "road:" + name, "line", "road:" + name, paint, road.dash ? {} : round, road.casing ? near : { minzoom: 14.5 - OFF });
        }
      });
    });
  }

  var SHADE = ["to-color", ["feature-state", "fill"], "#E7E3DA"], EDGE = ["to-color", ["feature-state", "edge"], "#8A9199"];

  function layAreas(map, data) {
    var style = data.style, shaped = [], spots = [];
    data.areas.forEach(function (area, place) {
      if (!area.at) { return; }
      if (area.parts.length) { shaped.push(polygons(area.parts, {}, place)); } else { spots.push(feature("Point", turn(area.at), {}, place)); }
    });
    source(map, "areas", shaped);
    source(map, "spots", spots);
    layer(map, "areas", "fill", "areas", { "fill-color": SHADE, "fill-outline-color": EDGE }); // a line layer of ten thousand edges costs more than all the rest
    Object.keys(style.paint).filter(function (role) { return hatched(style, role); }).forEach(function (role) {
      layer(map, "hatch:" + role, "fill", "areas", { "fill-pattern": "hatch-" + role, "fill-antialias": false, "fill-opacity": ["case", ["==", ["feature-state", "role"], role], 1, 0] });
    });
    layer(map, "spots", "circle", "spots", { "circle-radius": ["interpolate", ["linear"], ["zoom"], 11 - OFF, 3.5, 14 - OFF, 7], "circle-color": SHADE, "circle-stroke-color": EDGE, "circle-stroke-width": 1 });
  }

  function layLines(map, data) {
    var style = data.style;
    Object.keys(data.limits).forEach(function (level) {
      var line = level === "new" ? style["new"] : style.limit;
      source(map, "limit:" + level, [polygons(data.limits[level])]);
      layer(map, "limit:" + level + ":rim", "line", "limit:" + level, stroke("#FFFFFF", line[1] + 2, null, 0.8));
      layer(map, "limit:" + level, "line", "limit:" + level, stroke(line[0], line[1], line[2]));
    });
    source(map, "barriers", data.barriers.length ? [lines(data.barriers)] : []);
    layer(map, "barriers", "line", "barriers", stroke(style.barrier[0], style.barrier[1]));
    Object.keys(data.boundaries).forEach(function (name) {
      var line = style.boundary[name];
      source(map, "unit:" + name, [lines(data.boundaries[name])]);
      layer(map, "unit:" + name + ":rim", "line", "unit:" + name, stroke("#FFFFFF", line[1] + 2, null, 0.75));
      layer(map, "unit:" + name, "line", "unit:" + name, stroke(line[0], line[1], line[2]));
    });
    source(map, "pick", []);
    layer(map, "pick:rim", "line", "pick", stroke("#FFFFFF", 6), {}, { filter: ["!=", ["geometry-type"], "Point"] });
    layer(map, "pick", "line", "pick", stroke(style.accent, 3), {}, { filter: ["!=", ["geometry-type"], "Point"] });
    ["paths", "drawn"].forEach(function (name) { source(map, name, []); });
    layer(map, "paths:rim", "line", "paths", stroke("#FFFFFF", 8), { "line-cap": "round", "line-join": "round" });
    layer(map, "paths", "line", "paths", stroke("#1F4E79", 4), { "line-cap": "round", "line-join": "round" });
    layer(map, "drawn", "line", "drawn", stroke("#A32F1C", 4), { "line-cap": "round", "line-join": "round" });
  }

  function words(text, size, bold, extra) {
    return Object.assign({ "text-field": text, "text-size": size, "text-font": bold ? BOLD : FONT, "text-max-width": 60, "text-padding": 2 }, extra || {});
  }

  function halo(hex, px) { return { "text-color": hex, "text-halo-color": "#FFFFFF", "text-halo-width": px }; }

  function layPoints(map, data) {
    source(map, "points", data.points.map(function (point, place) {
      return feature("Point", turn(point.at), { place: place, group: point.group, picture: pictureOf(point), name: point.name, short: point.short, hex: point.hex, main: point.main, px: (point.svg || data.style.symbols[point.symbol])[1] }, place);
    }));
    source(map, "names", data.names.map(function (unit) { return feature("Point", turn(unit.at), { text: unit.text }); }));
    source(map, "labels", []);
    /* What lies on top is placed first: symbols, units, main facilities, findings, small facilities, other areas. */
    var order = { "symbol-sort-key": ["get", "order"] };
    layer(map, "label:area", "symbol", "labels", halo("#1F2328", 1.2), words(["get", "text"], 11, false, order), { minzoom: 15.5 - OFF, filter: ["!", ["get", "finding"]] });
    layPointNames(map, "small", 11, ["get", "name"], 15.25);
    layer(map, "label:finding", "symbol", "labels", halo("#1F2328", 1.2), words(["get", "text"], 11, false, order), { minzoom: 14.25 - OFF, filter: ["get", "finding"] });
    layPointNames(map, "main", 12, ["step", ["zoom"], ["get", "short"], 16 - OFF, ["get", "name"]], 13);
    layer(map, "names", "symbol", "names", halo("#4B4F57", 2), words(["get", "text"], 14, true, { "text-letter-spacing": 0.2, "text-variable-anchor-offset": SHIFTS }), { minzoom: 12 - OFF });
    ["small", "main"].forEach(function (kind) {
      layer(map, "points:" + kind, "symbol", "points", {}, {
        "icon-image": ["get", "picture"], "icon-allow-overlap": true, "icon-padding": 0, "symbol-sort-key": ["get", "place"],
        "icon-size": ["step", ["zoom"], ["case", ["<", ["get", "px"], 18], 0.45, 0.8], 13 - OFF, ["case", ["<", ["get", "px"], 18], 0.72, 1], 14 - OFF, 1]
      });
    });
    layer(map, "pick:point", "circle", "pick", { "circle-radius": 17, "circle-opacity": 0, "circle-stroke-color": data.style.accent, "circle-stroke-width": 3 }, {}, { filter: ["==", ["geometry-type"], "Point"] });
  }

  function layPointNames(map, kind, size, text, from) {
    layer(map, "text:" + kind, "symbol", "points", halo(["get", "hex"], 1.4), words(text, size, kind === "main", {
      "symbol-sort-key": ["-", 0, ["get", "place"]], "text-justify": "auto", "text-radial-offset": ["/", ["+", ["/", ["get", "px"], 2], 8], size],
      "text-variable-anchor": ["bottom", "left", "right", "top", "bottom-left", "bottom-right", "top-left", "top-right"]
    }), { minzoom: from - OFF });
  }

  return { able: able, draw: draw, OFF: OFF, EMPTY: EMPTY, collection: collection, feature: feature, polygons: polygons, lines: lines, turn: turn, turned: turned };
})();
