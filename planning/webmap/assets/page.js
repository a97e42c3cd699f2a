/* The stand-alone page round the map: theme switch, search, legend, overview and identify card. Texts are set as text. */
(function () {
  "use strict";
  var api = planmap.current, data = api.data, words = data.words;
  var byId = function (id) { return document.getElementById(id); };

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined) { node.textContent = text; }
    return node;
  }

  /* Only samples from the palette come as markup. */
  function sample(svg) {
    var node = make("span", "sample");
    node.innerHTML = svg;
    return node;
  }

  /* ------------------------------------------------------------------------------------------------ themes */

  function buildThemes() {
    data.themes.forEach(function (theme) {
      var button = make("button", "", theme.tab);
      button.type = "button";
      button.setAttribute("role", "radio");
      button.dataset.key = theme.key;
      button.addEventListener("click", function () { api.setTheme(theme.key); });
      byId("themes").appendChild(button);
    });
    byId("themes").addEventListener("keydown", function (event) {
      var step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      if (!step) { return; }
      event.preventDefault();
      var place = data.themes.indexOf(api.theme) + step + data.themes.length;
      api.setTheme(data.themes[place % data.themes.length].key);
      byId("themes").querySelector("[aria-checked=true]").focus();
    });
  }

  function showTheme() {
    byId("theme-title").textContent = api.theme.title;
    byId("theme-subtitle").textContent = api.theme.subtitle;
    Array.from(byId("themes").children).forEach(function (button) {
      var on = button.dataset.key === api.theme.key;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
    });
  }

  /* ------------------------------------------------------------------------------------------------ legend */

  function showLegend() {
    var legend = byId("legend");
    legend.replaceChildren();
    api.theme.legend.forEach(function (section) {
      var node = make("div", "section");
      node.appendChild(make("h3", "", section.head));
      if (section.note) { node.appendChild(make("p", "", section.note)); }
      section.items.forEach(function (item) { node.appendChild(legendItem(item)); });
      legend.appendChild(node);
    });
    byId("labels").setAttribute("aria-pressed", String(!api.hidden.labels));
  }

  function legendItem(item) {
    if (item.svg === undefined) {
      var head = make("p");
      head.appendChild(make("b", "", item.text));
      head.appendChild(document.createTextNode(item.note));
      return head;
    }
    var name = item.group || (item.role ? "role:" + item.role : "");
    var node = make(name ? "button" : "div", "item");
    node.appendChild(sample(item.svg));
    node.appendChild(make("span", "said", item.text));
    if (item.count !== undefined) { node.appendChild(make("span", "count", item.count)); }
    if (name) {
      node.type = "button";
      node.setAttribute("aria-pressed", String(!api.hidden[name]));
      node.addEventListener("click", function () { api.toggle(name); });
    }
    return node;
  }

  /* ----------------------------------------------------------------------------------------------- overview */

  function showOverview() {
    var panel = byId("panel");
    panel.replaceChildren();
    api.theme.blocks.forEach(function (block) {
      var node = make("div", "block");
      if (block.head) { node.appendChild(make("h3", "", block.head)); }
      if (block.bar) { node.appendChild(bar(block.bar)); }
      if (block.figures) { node.appendChild(figures(block.figures)); }
      (block.lines || []).forEach(function (line) { node.appendChild(make("p", "", line)); });
      if (block.table) { node.appendChild(table(block.table)); }
      panel.appendChild(node);
    });
    panel.appendChild(make("p", "hint", words.hint));
  }

  function figures(entries) {
    var node = make("div", entries.some(function (entry) { return entry.small || entry.tone; }) ? "figures two" : "figures");
    entries.forEach(function (entry) {
      var figure = make("div", (entry.small ? "small " : "") + (entry.tone || ""));
      figure.appendChild(make("b", "", entry.value));
      figure.appendChild(make("span", "", entry.label));
      node.appendChild(figure);
    });
    return node;
  }

  function patch(role) {
    var svg = L.SVG.create("svg"), rect = L.SVG.create("rect");
    svg.setAttribute("width", "100%");
    svg.setAttribute("height", "100%");
    rect.setAttribute("width", "100%");
    rect.setAttribute("height", "100%");
    rect.setAttribute("fill", data.style.paint[role][0]);
    svg.appendChild(rect);
    return svg;
  }

  function bar(parts) {
    var node = make("div", "bar");
    parts.filter(function (part) { return part.count > 0; }).forEach(function (part) {
      var piece = make("div");
      piece.style.flex = part.count + " 1 18px";
      piece.appendChild(patch(part.role));
      piece.appendChild(make("span", "", String(part.count)));
      node.appendChild(piece);
    });
    return node;
  }

  function table(content) {
    var node = make("table"), head = node.createTHead().insertRow(), body = node.createTBody();
    content.columns.forEach(function (name, place) { head.appendChild(make("th", place < content.text ? "text" : "", name)); });
    content.rows.forEach(function (row) {
      var line = body.insertRow();
      row.cells.forEach(function (cell, place) {
        var box = line.appendChild(make("td", place < content.text ? "text" : ""));
        if (row.go && place === content.text - 1) {
          var button = box.appendChild(make("button", "", cell));
          button.type = "button";
          button.addEventListener("click", function () { api.pick(row.go[0], row.go[1], true); });
        } else {
          box.textContent = cell;
        }
      });
    });
    return node;
  }

  /* --------------------------------------------------------------------------------------------------- card */

  function showCard(card) {
    var panel = byId("panel"), node = make("div", "card");
    var back = make("button", "plain back", words.back);
    back.type = "button";
    back.addEventListener("click", api.clear);
    node.appendChild(back);
    node.appendChild(make("h3", "", card.title));
    node.appendChild(make("p", "code", [card.code, card.sub].filter(Boolean).join("　")));
    node.appendChild(chips(card.chips));
    node.appendChild(steps(card.steps));
    if (card.rows.length) { node.appendChild(rows(card.rows)); }
    panel.replaceChildren(node);
    panel.parentNode.scrollTop = 0;
  }

  function chips(entries) {
    var node = make("div", "chips");
    entries.forEach(function (entry) {
      var chip = make("span", "chip"), mark = make("i");
      chip.style.borderColor = data.style.paint[entry.role][1];
      mark.appendChild(patch(entry.role));
      mark.appendChild(make("em", "", entry.mark));
      chip.appendChild(mark);
      chip.appendChild(make("span", "", entry.word));
      node.appendChild(chip);
    });
    return node;
  }

  function steps(entries) {
    var node = make("ol", "steps");
    entries.forEach(function (entry, place) {
      var item = make("li", entry.tone);
      item.dataset.step = place + 1;
      item.appendChild(make("h4", "", entry.head));
      item.appendChild(make("b", "", entry.main));
      entry.notes.forEach(function (note, at) {
        var line = make("p");
        if (entry.go && at === 0) {
          var link = make("a", "", note);
          link.href = "#";
          link.addEventListener("click", function (event) { event.preventDefault(); api.pick("point", entry.go, true); });
          line.appendChild(link);
        } else {
          line.textContent = note;
        }
        item.appendChild(line);
      });
      node.appendChild(item);
    });
    return node;
  }

  function rows(entries) {
    var node = make("table", "rows");
    entries.forEach(function (entry) {
      var line = node.insertRow();
      line.appendChild(make("td", "text", entry[0]));
      line.appendChild(make("td", "", entry[1]));
    });
    return node;
  }

  function showPanel() {
    if (api.picked) { showCard(api.picked.card); } else { showOverview(); }
  }

  /* ------------------------------------------------------------------------------------------------- search */

  function buildSearch() {
    var field = byId("search"), list = byId("found");
    var entries = data.areas.map(function (area) { return ["area", area]; }).concat(data.points.filter(function (point) { return point.group !== "site"; }).map(function (point) { return ["point", point]; }));
    function find() {
      var asked = field.value.trim().toLowerCase();
      list.replaceChildren();
      list.hidden = !asked;
      if (!asked) { return; }
      var found = entries.filter(function (entry) { return (entry[1].name + " " + entry[1].id).toLowerCase().indexOf(asked) >= 0; }).slice(0, 8);
      if (!found.length) { list.appendChild(make("p", "", words.search_none)); }
      found.forEach(function (entry) {
        var item = make("li"), button = make("button");
        button.type = "button";
        button.appendChild(make("span", "", entry[1].name));
        button.appendChild(make("small", "", entry[1].id));
        button.addEventListener("click", function () { list.hidden = true; field.value = entry[1].name; api.pick(entry[0], entry[1].id, true); });
        item.appendChild(button);
        list.appendChild(item);
      });
    }
    field.addEventListener("input", find);
    field.addEventListener("keydown", function (event) {
      var first = list.querySelector("button");
      if (event.key === "Escape") { list.hidden = true; }
      if (event.key === "Enter" && first && !list.hidden) { first.click(); }
      if (event.key === "ArrowDown" && first) { event.preventDefault(); first.focus(); }
    });
    document.addEventListener("click", function (event) { if (!event.target.closest(".find")) { list.hidden = true; } });
  }

  /* -------------------------------------------------------------------------------------------------- print */

  function setPrinting(on) {
    document.body.classList.toggle("printing", on);
    api.map.invalidateSize({ animate: false });
    api.fit();
  }

  buildThemes();
  buildSearch();
  api.on(function (what) {
    if (what === "theme") { showTheme(); }
    if (what !== "pick") { showLegend(); }
    if (what !== "hidden") { showPanel(); }
  });
  api.map.invalidateSize({ animate: false });
  api.fit();
  api.setTheme(data.first);
  var resized = null;
  window.addEventListener("resize", function () {
    clearTimeout(resized);
    resized = setTimeout(function () { if (!document.body.classList.contains("printing")) { api.map.invalidateSize({ animate: false }); } }, 120);
  });
  window.addEventListener("beforeprint", function () { setPrinting(true); });
  window.addEventListener("afterprint", function () { setPrinting(false); });
  byId("labels").addEventListener("click", function () { api.toggle("labels"); });
  byId("print").addEventListener("click", function () { window.print(); });
})();
