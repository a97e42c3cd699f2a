/* What a page asks of a map drawn with Leaflet: themes, picks, scenes, places, views; the same words as map_gl_api.js. */
function planmapLeaflet(api) {
  "use strict";
  var map = api.map, data = api.data, scene = null, drawn = L.layerGroup().addTo(map);
  api.kind = "leaflet";
  api.box = map.getContainer();

  api.setScene = function (found, handlers) {
    scene = found;
    api.handlers = handlers;
    api.setTheme(api.theme.key); // the theme's own paints first; listeners draw the scene
  };

  /* Areas take the roles of the scene; its places and lines lie on top. */
  api.showScene = function () {
    drawn.clearLayers();
    api.box.classList.toggle("placing", Boolean(scene && scene.placing));
    if (!scene) { return; }
    if (scene.areas) { paint(); }
    if (api.hidden.scene) { return; }
    scene.lines.forEach(function (line) {
      if (line.length > 1) { drawn.addLayer(L.polyline(line, { color: "#A32F1C", weight: 4, interactive: false, pane: "plan-pick" })); }
    });
    scene.paths.forEach(function (line) {
      [["#FFFFFF", 8], ["#1F4E79", 4]].forEach(function (pen) {
        drawn.addLayer(L.polyline(line, { color: pen[0], weight: pen[1], opacity: 1, interactive: false, pane: "plan-pick", className: "scene-path" }));
      });
    });
    scene.marks.forEach(markAt);
  };

  var places = new Map(data.areas.map(function (area, place) { return [area, place]; }));
  function paint() {
    map.eachLayer(function (layer) {
      var role = layer.area && scene.areas[places.get(layer.area)];
      var found = role && !api.hidden["role:" + role] && (data.style.paint[role] || scene.paint[role]);
      if (found) { layer.setStyle({ fillColor: found[0], color: found[1] }); }
    });
  }

  function make(tag, text) {
    var node = document.createElement(tag);
    node.textContent = text;
    return node;
  }

  function markAt(entry) {
    var icon = L.divIcon({ className: "scene-mark " + entry.kind, iconSize: entry.kind === "vertex" || entry.kind === "goal" ? [10, 10] : [24, 24] });
    var marker = L.marker([entry.lat, entry.lon], { icon: icon, pane: "plan-point", zIndexOffset: 900000, interactive: Boolean(entry.id), keyboard: false, bubblingMouseEvents: false });
    marker.on("add", function () { marker.getElement().appendChild(make("span", entry.text)); });
    if (entry.id) { marker.on("click", function () { api.handlers.picked(entry.id); }); }
    if (entry.name) { marker.bindTooltip(make("span", entry.name), { direction: "top", offset: [0, -12], className: "plan-tip", opacity: 1, permanent: entry.kind === "goal" }); }
    drawn.addLayer(marker);
  }

  api.sees = function (at) { return map.getBounds().contains(at); };
  api.panTo = function (at) { map.panTo(at); };
  api.resize = function () { map.invalidateSize({ animate: false }); };
  api.view = function () { return { lat: map.getCenter().lat, lon: map.getCenter().lng, zoom: map.getZoom() }; };
  api.setView = function (view) {
    var snap = map.options.zoomSnap;
    map.options.zoomSnap = 0; // a view that was fitted lies between two zooms
    map.setView([view.lat, view.lon], view.zoom, { animate: false });
    map.options.zoomSnap = snap;
  };
  api.onMove = function (listener) { map.on("moveend", listener); };
  api.placeAt = function (event) {
    var at = map.mouseEventToLatLng(event);
    return { lat: at.lat, lon: at.lng };
  };
  api.pixelOf = function (at) { return map.latLngToContainerPoint(at); };
  api.ground = function (wanted) {
    ["land", "veil"].forEach(function (name) { map.getPane("plan-" + name).style.display = wanted ? "none" : ""; });
    return map;
  };
  return api;
}
