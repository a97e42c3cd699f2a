/* Inside the map's frame: a legend strip below the map, and messages to and from the page.
   The frame is sandboxed: it can draw and speak, and reach nothing else. Texts are set as text. */
(function () {
  "use strict";
  var api = planmap.current, data = api.data, strip = document.getElementById("strip"), quiet = false;
  var scene = null, drawn = L.layerGroup().addTo(api.map), down = null;

  function tell(message) { window.parent.postMessage(Object.assign({ planmap: 1 }, message), "*"); }

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined) { node.textContent = text; }
    return node;
  }

  /* Only samples from the palette come as markup. */
  function item(entry) {
    if (entry.svg === undefined) { return make("span", "rest", entry.text + (entry.note ? " " + entry.note : "")); }
    var name = entry.group || (entry.role ? "role:" + entry.role : "");
    var node = make(name ? "button" : "span", "item"), sample = make("span", "sample");
    sample.innerHTML = entry.svg;
    node.appendChild(sample);
    node.appendChild(make("span", "", entry.text));
    if (entry.count !== undefined) { node.appendChild(make("span", "count", entry.count)); }
    if (name) {
      node.type = "button";
      node.setAttribute("aria-pressed", String(!api.hidden[name]));
      node.addEventListener("click", function () { api.toggle(name); });
    }
    return node;
  }

  function isLine(entry) { return !entry.group || entry.group.indexOf("unit:") === 0 || entry.group.indexOf("wash:") === 0 || entry.group === "limit"; }

  function showLegend() {
    strip.replaceChildren(make("b", "", api.theme.title));
    if (scene && scene.legend.length) { return sceneLegend(); }
    api.theme.legend.forEach(function (section) {
      var lines = section.items.every(function (entry) { return entry.count === undefined && isLine(entry); });
      var node = make("div", lines ? "section lines" : "section");
      if (section.head) { node.appendChild(make("h3", "", section.head)); }
      if (section.note) { node.appendChild(make("span", "rest", section.note)); }
      section.items.forEach(function (entry) { node.appendChild(item(entry)); });
      strip.appendChild(node);
    });
  }

  /* The sample that the legend of the run shows of a role, hatch and all. */
  function sampleOf(role) {
    var found = null;
    data.themes.forEach(function (theme) {
      theme.legend.forEach(function (section) {
        section.items.forEach(function (entry) { if (role && entry.role === role && entry.svg !== undefined) { found = found || entry.svg; } });
      });
    });
    return found;
  }

  function sceneLegend() {
    strip.replaceChildren();
    scene.legend.forEach(function (entry) {
      var node = make("span", "item"), sample = make("span", "sample"), patch = make("i", "patch " + entry.shape);
      var known = sampleOf(entry.role);
      if (known) { sample.innerHTML = known; } else { sample.appendChild(patch); }
      patch.style.background = entry.fill;
      patch.style.borderColor = entry.edge;
      node.appendChild(sample);
      node.appendChild(make("span", "", entry.text));
      if (entry.count) { node.appendChild(make("span", "count", entry.count)); }
      strip.appendChild(node);
    });
    api.theme.legend.forEach(function (section) { // facilities and candidates are those of the run
      var items = section.items.filter(function (entry) { return entry.svg !== undefined && entry.group && entry.group !== "site" && entry.count !== undefined; });
      if (!items.length) { return; }
      var node = make("div", "section");
      if (section.head) { node.appendChild(make("h3", "", section.head)); }
      items.forEach(function (entry) { node.appendChild(item(entry)); });
      strip.appendChild(node);
    });
  }

  /* Areas take the roles of the scene; its places and lines lie on top. */
  function showScene() {
    hideRun(); // first: it draws the scene on its own way
    drawn.clearLayers();
    api.map.getContainer().style.cursor = scene && scene.placing ? "crosshair" : "";
    if (!scene) { return; }
    api.map.eachLayer(function (layer) {
      if (layer.area && scene.areas) {
        var role = scene.areas[layer.area.id], paint = data.style.paint[role] || scene.paint[role];
        if (paint) { layer.setStyle({ fillColor: paint[0], color: paint[1] }); }
      }
    });
    scene.lines.forEach(function (line) {
      if (line.length > 1) { drawn.addLayer(L.polyline(line, { color: "#A32F1C", weight: 4, interactive: false, pane: "plan-pick" })); }
    });
    scene.paths.forEach(function (line) {
      [["#FFFFFF", 8], ["#1F4E79", 4]].forEach(function (pen) {
        drawn.addLayer(L.polyline(line, { color: pen[0], weight: pen[1], opacity: 1, interactive: false, pane: "plan-pick", className: "scene-path" }));
      });
    });
    scene.marks.forEach(markAt);
  }

  /* What the run drew of its own plan: a scene has its own sites, and limits of other sites would mislead. */
  function hideRun() {
    if (!scene || !scene.areas) { return; }
    var names = ["site", "limit"].concat(api.theme.wash.map(function (level) { return "wash:" + level; }));
    var shown = names.filter(function (name) { return !api.hidden[name]; });
    shown.forEach(function (name) { api.hidden[name] = true; });
    if (shown.length) { api.setTheme(api.theme.key); }
  }

  function markAt(entry) {
    var icon = L.divIcon({ className: "scene-mark " + entry.kind, iconSize: entry.kind === "vertex" || entry.kind === "goal" ? [10, 10] : [24, 24] });
    var marker = L.marker([entry.lat, entry.lon], { icon: icon, pane: "plan-point", zIndexOffset: 900000, interactive: Boolean(entry.id), keyboard: false, bubblingMouseEvents: false });
    marker.on("add", function () { marker.getElement().appendChild(make("span", "", entry.text)); });
    if (entry.id) { marker.on("click", function () { tell({ what: "pick", kind: "point", id: entry.id }); }); }
    if (entry.name) { marker.bindTooltip(make("span", "", entry.name), { direction: "top", offset: [0, -12], className: "plan-tip", opacity: 1, permanent: entry.kind === "goal" }); }
    drawn.addLayer(marker);
  }

  var held = api.map.getContainer();
  held.addEventListener("mousedown", function (event) { down = [event.clientX, event.clientY]; }, true);
  held.addEventListener("click", function (event) {
    if (!scene || !scene.placing || event.target.closest(".leaflet-control")) { return; }
    event.stopPropagation();
    if (down && Math.abs(event.clientX - down[0]) + Math.abs(event.clientY - down[1]) > 5) { return; }
    var at = api.map.mouseEventToLatLng(event);
    tell({ what: "place", lat: at.lat, lon: at.lng });
  }, true);

  function picked() {
    var found = api.picked;
    if (!found) { return tell({ what: "pick", kind: "", id: "" }); }
    tell({ what: "pick", kind: data.areas.indexOf(found) >= 0 ? "area" : "point", id: found.id });
  }

  api.on(function (what) {
    if (what !== "pick") { showLegend(); showScene(); } else if (!quiet) { picked(); }
  });

  window.addEventListener("message", function (event) {
    var asked = event.data || {};
    if (event.source !== window.parent || asked.planmap !== 1) { return; }
    if (asked.view) { return go(asked.view); }
    setBase(asked.base || null);
    if (asked.theme && asked.theme !== api.theme.key && data.themes.some(function (theme) { return theme.key === asked.theme; })) { api.setTheme(asked.theme); }
    if (JSON.stringify(asked.scene || null) !== JSON.stringify(scene)) { scene = asked.scene || null; showLegend(); showScene(); }
    if ((asked.id || "") !== (api.picked ? api.picked.id : "")) { mark(asked); }
  });

  /* A map beside this one was moved by hand: this one goes along, and tells nobody. */
  var led = false;
  function go(view) {
    var snap = api.map.options.zoomSnap;
    led = moved = true;
    api.map.options.zoomSnap = 0; // a view that was fitted lies between two zooms
    api.map.setView([view.lat, view.lon], view.zoom, { animate: false });
    api.map.options.zoomSnap = snap;
    led = false;
  }
  api.map.on("moveend", function () {
    var at = api.map.getCenter();
    if (moved && !led) { tell({ what: "view", lat: at.lat, lon: at.lng, zoom: api.map.getZoom() }); }
  });

  /* Pictures below the plan; where one cannot be had, the plan's own ground comes back, and a note says why. */
  var base = null, tiles = null, note = make("p", "note");
  function setBase(wanted) {
    if (JSON.stringify(wanted) === JSON.stringify(base)) { return; }
    base = wanted;
    note.remove();
    showBase(base);
  }
  function showBase(wanted) {
    if (tiles) { tiles.off("tileerror"); tiles.remove(); tiles = null; }
    ["land", "veil"].forEach(function (name) { api.map.getPane("plan-" + name).style.display = wanted ? "none" : ""; });
    if (!wanted) { return; }
    tiles = L.tileLayer(wanted.url, { subdomains: "01234567", maxZoom: 20, maxNativeZoom: 18 });
    tiles.on("tileerror", function () {
      note.textContent = wanted.failed;
      api.map.getContainer().appendChild(note);
      showBase(null);
    });
    tiles.addTo(api.map);
  }

  /* What the page picked is marked, and brought into view if it lies outside. */
  function mark(asked) {
    var known = asked.kind === "area" ? data.areas : data.points;
    quiet = true;
    if (asked.id && known.some(function (entry) { return entry.id === asked.id; })) { api.pick(asked.kind, asked.id); } else { api.clear(); }
    quiet = false;
    if (api.picked && api.picked.at && !api.map.getBounds().contains(api.picked.at)) { api.map.panTo(api.picked.at); }
  }

  /* Until somebody moves the map, it shows the whole plan, whatever its size. */
  var moved = false, waiting = null, box = document.querySelector(".folium-map");
  api.map.on("dragstart", function () { moved = true; });
  ["wheel", "dblclick"].forEach(function (name) { box.addEventListener(name, function () { moved = true; }, { passive: true }); });
  box.addEventListener("click", function (event) { if (event.target.closest(".leaflet-control-zoom")) { moved = true; } });
  new ResizeObserver(function () {
    clearTimeout(waiting);
    waiting = setTimeout(function () {
      if (box.clientWidth < 50 || box.clientHeight < 50) { return; } // hidden for a moment
      api.map.invalidateSize({ animate: false });
      if (!moved) { api.fit(); }
    }, 60);
  }).observe(box);

  showLegend();
  api.map.invalidateSize({ animate: false });
  api.fit();
  tell({ what: "ready" });
})();
