/* Inside the map's frame: a legend strip below the map, and messages to and from the page.
   The frame is sandboxed: it can draw and speak, and reach nothing else. Texts are set as text. */
(function () {
  "use strict";
  var api = planmap.current, data = api.data, strip = document.getElementById("strip"), quiet = false;

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
    api.theme.legend.forEach(function (section) {
      var lines = section.items.every(function (entry) { return entry.count === undefined && isLine(entry); });
      var node = make("div", lines ? "section lines" : "section");
      if (section.head) { node.appendChild(make("h3", "", section.head)); }
      if (section.note) { node.appendChild(make("span", "rest", section.note)); }
      section.items.forEach(function (entry) { node.appendChild(item(entry)); });
      strip.appendChild(node);
    });
  }

  function picked() {
    var found = api.picked;
    if (!found) { return tell({ what: "pick", kind: "", id: "" }); }
    tell({ what: "pick", kind: data.areas.indexOf(found) >= 0 ? "area" : "point", id: found.id });
  }

  api.on(function (what) {
    if (what !== "pick") { showLegend(); } else if (!quiet) { picked(); }
  });

  window.addEventListener("message", function (event) {
    var asked = event.data || {};
    if (event.source !== window.parent || asked.planmap !== 1) { return; }
    if (asked.theme && asked.theme !== api.theme.key && data.themes.some(function (theme) { return theme.key === asked.theme; })) { api.setTheme(asked.theme); }
    var now = api.picked ? api.picked.id : "";
    if ((asked.id || "") === now) { return; }
    quiet = true;
    if (asked.id && asked.kind === "area" && data.areas.some(function (area) { return area.id === asked.id; })) { api.pick("area", asked.id, true); }
    else if (asked.id && asked.kind === "point") { api.pick("point", asked.id, true); }
    else { api.clear(); }
    quiet = false;
  });

  var waiting = null;
  new ResizeObserver(function () {
    clearTimeout(waiting);
    waiting = setTimeout(function () { api.map.invalidateSize({ animate: false }); if (!api.picked) { api.fit(); } }, 60);
  }).observe(document.querySelector(".folium-map"));

  showLegend();
  api.map.invalidateSize({ animate: false });
  api.fit();
  tell({ what: "ready" });
})();
