/* Inside the map's frame: a legend strip below the map, and messages to and from the page.
   The frame is sandboxed: it can draw and speak, and reach nothing else. Texts are set as text. */
(function () {
  "use strict";
  var api = planmap.current, data = api.data, strip = document.getElementById("strip"), quiet = false, words = planmap.words;
  var scene = null, known = "null", down = null;
  var handlers = { picked: function (id) { tell({ what: "pick", kind: "point", id: id }); } };

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

  /* ------------------------------------------------------------------------------------------------ layers */

  var panel = make("div", "layers leaflet-control");

  /* Every layer once, under what it belongs to: the ground, what there is, what was found, what is planned. */
  function layers() {
    var found = { base: [], now: [], analysis: [], plan: [] }, seen = {};
    function add(group, name, text, svg) {
      if (seen[name] || ofRun(name)) { return; }
      seen[name] = true;
      found[group].push({ name: name, text: text, svg: svg });
    }
    if (base) { add("base", "tiles", words.tiles); }
    add("base", "roads", words.roads);
    add("now", "areas", words.areas);
    if (scene) { add("plan", "scene", words.scene); }
    (scene ? scene.legend : []).forEach(function (entry) { if (entry.role) { add("analysis", "role:" + entry.role, entry.text, sampleOf(entry.role)); } });
    api.theme.legend.forEach(function (section) {
      section.items.forEach(function (entry) {
        var name = entry.group || (entry.role && !(scene && scene.areas) ? "role:" + entry.role : "");
        if (!name || entry.svg === undefined) { return; }
        var kind = name.split(":")[0];
        if (kind === "unit") { add("base", name, entry.text, entry.svg); }
        if (kind === "facility") { add("now", name, section.head, entry.svg); }
        if (kind === "role" || kind === "wash" || kind === "limit") { add(name === "wash:new" ? "plan" : "analysis", name, entry.text, entry.svg); }
        if (kind === "candidate" || kind === "site") { add("plan", name, entry.text, entry.svg); }
      });
    });
    if (data.barriers.length) { add("now", "barriers", words.barriers); }
    add("base", "labels", data.words.labels);
    return found;
  }

  function showLayers() {
    if (panel.hidden) { return; }
    var found = layers();
    panel.replaceChildren();
    Object.keys(found).forEach(function (group) {
      if (!found[group].length) { return; }
      panel.appendChild(make("h3", "", words.groups[group]));
      found[group].forEach(function (entry) { panel.appendChild(layerLine(entry)); });
    });
  }

  function layerLine(entry) {
    var line = make("label", "layer"), tick = make("input"), sample = make("span", "sample");
    tick.type = "checkbox";
    tick.dataset.layer = entry.name;
    tick.checked = !api.hidden[entry.name];
    tick.addEventListener("change", function () { flip(entry.name); });
    if (entry.svg) { sample.innerHTML = entry.svg; } // from the palette
    line.append(tick, sample, make("span", "", entry.text));
    return line;
  }

  function flip(name) {
    if (name === "tiles") { api.hidden.tiles = !api.hidden.tiles; showBase(base); showLayers(); } else { api.toggle(name); }
    var again = panel.querySelector('[data-layer="' + CSS.escape(name) + '"]');
    if (again) { again.focus(); }
  }

  function addLayers() {
    var bar = make("div", "leaflet-bar leaflet-control plan-layers"), open = make("a", "", "≡");
    open.href = "#";
    open.title = words.layers;
    open.setAttribute("role", "button");
    open.setAttribute("aria-label", words.layers);
    open.setAttribute("aria-expanded", "false");
    panel.hidden = true;
    open.addEventListener("click", function (event) {
      event.preventDefault();
      panel.hidden = !panel.hidden;
      open.setAttribute("aria-expanded", String(!panel.hidden));
      showLayers();
    });
    ["click", "dblclick", "mousedown", "wheel"].forEach(function (name) {
      [bar, panel].forEach(function (node) { node.addEventListener(name, function (event) { event.stopPropagation(); }); });
    });
    bar.appendChild(open);
    api.box.querySelector(".leaflet-top.leaflet-right").append(bar, panel);
  }

  /* What the run drew of its own plan: a scene has its own sites, and limits of other sites would mislead. */
  function ofRun(name) { return Boolean(scene && scene.areas) && (name === "site" || name === "limit" || name.indexOf("wash:") === 0); }
  function hideRun(theme) {
    ["site", "limit"].concat(theme.wash.map(function (level) { return "wash:" + level; })).filter(ofRun).forEach(function (name) { api.hidden[name] = true; });
  }

  /* One letter an area, in the order of the map's data, stands for a role. */
  function opened(asked) {
    if (!asked || !asked.areas) { return asked || null; }
    var roles = asked.areas.roles, letters = asked.areas.letters;
    return Object.assign({}, asked, { areas: data.areas.map(function (_, place) { return roles[letters.charCodeAt(place) - 48] || null; }) });
  }

  var held = api.box;
  held.addEventListener("mousedown", function (event) { down = [event.clientX, event.clientY]; }, true);
  held.addEventListener("click", function (event) {
    if (!scene || !scene.placing || event.target.closest(".leaflet-control")) { return; }
    event.stopPropagation();
    if (down && Math.abs(event.clientX - down[0]) + Math.abs(event.clientY - down[1]) > 5) { return; }
    tell(Object.assign({ what: "place" }, api.placeAt(event)));
  }, true);

  function picked() {
    var found = api.picked;
    if (!found) { return tell({ what: "pick", kind: "", id: "" }); }
    tell({ what: "pick", kind: data.areas.indexOf(found) >= 0 ? "area" : "point", id: found.id });
  }

  api.on(function (what) {
    if (what === "pick") { if (!quiet) { picked(); } return; }
    showLegend();
    showLayers();
    if (api.showScene) { api.showScene(); }
  });

  window.addEventListener("message", function (event) {
    var asked = event.data || {};
    if (event.source !== window.parent || asked.planmap !== 1) { return; }
    if (asked.view) { return go(asked.view); }
    setBase(asked.base || null);
    var theme = data.themes.find(function (one) { return one.key === asked.theme; }) || api.theme, sign = JSON.stringify(asked.scene || null);
    var anew = sign !== known;
    known = sign;
    if (anew) { scene = opened(asked.scene); }
    hideRun(theme);
    if (theme !== api.theme) { api.setTheme(theme.key); }
    if (anew) { api.setScene(scene, handlers); showLegend(); showLayers(); }
    if ((asked.id || "") !== (api.picked ? api.picked.id : "")) { mark(asked); }
  });

  /* A map beside this one was moved by hand: this one goes along, and tells nobody. */
  var led = false;
  function go(view) {
    led = moved = true;
    api.setView(view);
    led = false;
  }
  api.onMove(function () {
    if (moved && !led) { tell(Object.assign({ what: "view" }, api.view())); }
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
    var shown = wanted && !api.hidden.tiles, ground = api.ground(shown);
    if (!shown) { return; }
    if (!wanted.url) { say(wanted.failed); showBase(null); return; }
    tiles = L.tileLayer(wanted.url, { subdomains: "01234567", maxZoom: 20, minNativeZoom: wanted.least || 0, maxNativeZoom: wanted.most === undefined ? 18 : wanted.most });
    tiles.on("tileerror", function () {
        say(wanted.failed);
      showBase(null);
    });
    tiles.addTo(ground);
  }
  function say(text) {
    note.textContent = text;
    api.box.appendChild(note);
  }

  /* What the page picked is marked, and brought into view if it lies outside. */
  function mark(asked) {
    var known = asked.kind === "area" ? data.areas : data.points;
    quiet = true;
    if (asked.id && known.some(function (entry) { return entry.id === asked.id; })) { api.pick(asked.kind, asked.id); } else { api.clear(); }
    quiet = false;
    if (api.picked && api.picked.at && !api.sees(api.picked.at)) { api.panTo(api.picked.at); }
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
      api.resize();
      if (!moved) { api.fit(); }
    }, 60);
  }).observe(box);

  addLayers();
  showLegend();
  api.resize();
  api.fit();
  if (words.note) { say(words.note); }
  tell({ what: "ready" });
})();
