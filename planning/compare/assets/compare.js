(function () {
  "use strict";
  var D = JSON.parse(document.getElementById("data").textContent), W = D.words, NS = "http://www.w3.org/2000/svg";
  var svg = document.getElementById("map"), byId = {}, shapes = {}, marks = [], dots = [], view, theme = "all", cause = "";
  function el(name, at, into) {
    var node = document.createElementNS(NS, name);
    Object.keys(at).forEach(function (key) { node.setAttribute(key, at[key]); });
    if (into) into.appendChild(node);
    return node;
  }
  function html(tag, text, into, cls) {
    var node = document.createElement(tag);
    if (text !== undefined && text !== null) node.textContent = text;
    if (cls) node.className = cls;
    if (into) into.appendChild(node);
    return node;
  }
  function pattern(defs, name, role) {
    var p = el("pattern", { id: "h-" + name, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, defs);
    el("rect", { width: 6, height: 6, fill: role.fill }, p);
    el("rect", { width: role.hatch, height: 6, fill: role.edge }, p);
    return p;
  }
  var defs = el("defs", {}, svg), hatches = [];
  Object.keys(D.roles).forEach(function (name) { if (D.roles[name].hatch) hatches.push(pattern(defs, name, D.roles[name])); });
  function fill(name) { return D.roles[name].hatch ? "url(#h-" + name + ")" : D.roles[name].fill; }
  D.roads.forEach(function (d) { el("path", { d: d, class: "road" }, svg); });
  D.streets.forEach(function (one) { el("path", { d: one.d, class: "street" }, svg); });
  var ground = el("g", {}, svg), top = el("g", {}, svg);
  D.areas.forEach(function (one) {
    byId[one.id] = one;
    var shape = one.d ? el("path", { d: one.d, class: "area", "fill-rule": "evenodd" }, ground) :
      el("circle", { cx: one.p[0], cy: one.p[1], r: 1, class: "area" }, ground);
    if (!one.d) dots.push(shape);
    el("title", {}, shape).textContent = one.name + " · " + W.category[one.category];
    shape.addEventListener("click", function () { if (!moved) pick(one.id); });
    shapes[one.id] = shape;
  });
  function symbol(one, into) {
    var g = el("g", { class: "mark" }, into), role = D.marks[one.role];
    if (role.shape === "star") el("path", { d: "M0-9L2.6-3.1 9-2.6 4.2 1.6 5.7 8 0 4.6-5.7 8-4.2 1.6-9-2.6-2.6-3.1Z", fill: role.fill, stroke: role.edge, "stroke-width": 1.4 }, g);
    else el("rect", { x: -5, y: -5, width: 10, height: 10, transform: "rotate(45)", fill: role.fill, stroke: role.edge, "stroke-width": 1.6 }, g);
    return g;
  }
  D.places.forEach(function (one) {
    var g = symbol(one, top);
    el("title", {}, g).textContent = one.name;
    g.addEventListener("click", function () { if (!moved) card(one); });
    marks.push([g, one.p]);
  });
  D.streets.forEach(function (one) {
    var text = el("text", { class: "where" }, top);
    text.textContent = one.name;
    marks.push([text, one.p]);
  });

  // ---- view
  function set(v) {
    view = v;
    svg.setAttribute("viewBox", v.join(" "));
    var box = svg.getBoundingClientRect(), k = Math.max(v[2] / (box.width || 1), v[3] / (box.height || 1));
    marks.forEach(function (one) { one[0].setAttribute("transform", "translate(" + one[1] + ") scale(" + k + ")"); });
    dots.forEach(function (dot) { dot.setAttribute("r", 3.5 * k); });
    hatches.forEach(function (p) { p.setAttribute("patternTransform", "rotate(45) scale(" + k + ")"); });
    var m = Math.pow(10, Math.floor(Math.log10(k * 140))), n = [5, 2, 1].filter(function (f) { return f * m <= k * 140; })[0] * m;
    document.getElementById("bar").style.width = n / k + "px";
    document.getElementById("barlabel").textContent = n >= 1000 ? n / 1000 + " km" : n + " m";
  }
  function whole() { set(D.box.slice()); }
  function zoom(f, x, y) {
    if (view[2] * f < 60 || view[2] * f > D.most) return;
    set([x - (x - view[0]) * f, y - (y - view[1]) * f, view[2] * f, view[3] * f]);
  }
  function place(e) {
    var p = svg.createSVGPoint();
    p.x = e.clientX; p.y = e.clientY;
    return p.matrixTransform(svg.getScreenCTM().inverse());
  }
  var from = null, moved = false;
  svg.addEventListener("wheel", function (e) { e.preventDefault(); var p = place(e); zoom(e.deltaY > 0 ? 1.25 : 0.8, p.x, p.y); }, { passive: false });
  svg.addEventListener("pointerdown", function (e) { from = [e.clientX, e.clientY, view.slice()]; moved = false; });
  window.addEventListener("pointermove", function (e) {
    if (!from) return;
    var box = svg.getBoundingClientRect(), k = Math.max(from[2][2] / box.width, from[2][3] / box.height);
    var x = e.clientX - from[0], y = e.clientY - from[1];
    if (Math.abs(x) + Math.abs(y) > 4) moved = true;
    if (moved) set([from[2][0] - x * k, from[2][1] - y * k, from[2][2], from[2][3]]);
  });
  window.addEventListener("pointerup", function () { from = null; });

  // ---- what is shown
  function tone(one) { return one.category === "added" || one.category === "removed" ? one.category : (one.tones[theme] || (theme === "all" ? one.category : "unchanged")); }
  function whys(one) { return one.why[theme] || []; }
  function draw() {
    var list = document.getElementById("list"), shown = 0;
    list.textContent = "";
    D.areas.forEach(function (one) {
      var name = tone(one), shape = shapes[one.id], on = name !== "unchanged" && (!cause || whys(one).indexOf(cause) >= 0);
      shape.setAttribute("fill", fill(name));
      shape.setAttribute("stroke", D.roles[name].edge);
      shape.setAttribute("stroke-dasharray", name === "removed" ? "4 3" : "none");
      shape.classList.toggle("off", Boolean(cause) && !on && name !== "unchanged");
      if (on) ground.appendChild(shape);  // what changed lies above what did not
      if (!on || name === "figures") return;
      shown += 1;
      if (shown > 400) return;
      var row = html("div", null, list);
      html("span", one.name + " ", row);
      html("span", W.tags[name] || W.roles[name], row, "tag");
      html("small", whys(one).map(function (why) { return D.causes[why]; }).join("; "), row);
      row.addEventListener("click", function () { pick(one.id, true); });
    });
    document.getElementById("count").textContent = W.list.replace("{count}", shown);
    if (!shown) html("div", W.nothing, list);
    count();
  }
  function count() {
    document.querySelectorAll("#causes b").forEach(function (node) {
      var key = node.dataset.cause;
      node.textContent = D.areas.filter(function (one) {
        var name = tone(one);
        return name !== "unchanged" && name !== "figures" && (!key || whys(one).indexOf(key) >= 0);
      }).length;
    });
  }
  function choose(into, items, name, change) {
    items.forEach(function (item, at) {
      var line = html("label", null, into), input = html("input", null, line);
      input.type = "radio"; input.name = name; input.checked = at === 0;
      input.addEventListener("change", function () { change(item[0]); });
      html("span", item[1], line);
      if (name === "cause") html("b", "", line).dataset.cause = item[0];
    });
  }
  choose(document.getElementById("themes"), D.themes, "theme", function (key) { theme = key; draw(); });
  choose(document.getElementById("causes"), [["", W.all]].concat(Object.keys(D.causes).map(function (key) { return [key, D.causes[key]]; })), "cause", function (key) { cause = key; draw(); });
  var legend = document.getElementById("legend");
  D.shown.forEach(function (name) {
    var line = html("div", null, legend, "key"), s = el("svg", { width: 26, height: 16 });
    el("rect", { x: 1, y: 1, width: 24, height: 14, fill: D.roles[name].fill, stroke: D.roles[name].edge, "stroke-dasharray": name === "removed" ? "4 3" : "none" }, s);
    if (D.roles[name].hatch) for (var i = -1; i < 5; i += 1) el("path", { d: "M" + (i * 6 + 1) + " 15L" + (i * 6 + 15) + " 1", stroke: D.roles[name].edge, "stroke-width": D.roles[name].hatch * 0.8, fill: "none", "clip-path": "inset(0)" }, s);
    line.appendChild(s);
    html("span", W.roles[name], line);
  });
  Object.keys(D.marks).forEach(function (name) {
    if (!D.places.some(function (one) { return one.role === name; })) return;
    var line = html("div", null, legend, "key"), s = el("svg", { width: 26, height: 20, viewBox: "-13 -10 26 20" });
    symbol({ role: name }, s);
    line.appendChild(s);
    html("span", W.marks[name], line);
  });
  if (D.streets.length) {
    var line = html("div", null, legend, "key"), s = el("svg", { width: 26, height: 12 });
    el("path", { d: "M1 6H25", class: "street" }, s);
    line.appendChild(s);
    html("span", W.limits, line);
  }

  // ---- details
  var panel = document.getElementById("panel");
  function card(one) {
    panel.textContent = "";
    var box = html("div", null, panel, "card");
    html("h3", one.name, box);
    (one.lines || []).forEach(function (text) { html("p", text, box); });
    if (!one.rows.length) return;
    var table = html("table", null, box), head = html("tr", null, table);
    W.heads.forEach(function (text) { html("th", text, head); });
    one.rows.forEach(function (row) {
      var line = html("tr", null, table);
      row.forEach(function (text) { html("td", text, line); });
    });
  }
  function pick(id, centre) {
    Object.keys(shapes).forEach(function (key) { shapes[key].classList.toggle("hit", key === id); });
    ground.appendChild(shapes[id]);
    card(byId[id]);
    if (centre) { var p = byId[id].p, w = Math.min(view[2], D.box[2] / 3), h = w * view[3] / view[2]; set([p[0] - w / 2, p[1] - h / 2, w, h]); }
  }
  var search = document.getElementById("search"), found = document.getElementById("found");
  search.addEventListener("input", function () {
    var text = search.value.trim().toLowerCase();
    found.textContent = ""; found.hidden = !text;
    if (!text) return;
    D.areas.concat(D.places).filter(function (one) { return (one.name + " " + one.id).toLowerCase().indexOf(text) >= 0; }).slice(0, 30).forEach(function (one) {
      var item = html("li", one.name + (one.name === one.id ? "" : " · " + one.id), found);
      item.addEventListener("click", function () {
        found.hidden = true;
        if (byId[one.id]) pick(one.id, true); else { card(one); set([one.p[0] - D.box[2] / 6, one.p[1] - D.box[3] / 6, D.box[2] / 3, D.box[3] / 3]); }
      });
    });
  });
  document.getElementById("whole").addEventListener("click", whole);
  document.getElementById("print").addEventListener("click", function () { window.print(); });
  window.addEventListener("resize", function () { set(view); });
  whole();
  draw();
})();
