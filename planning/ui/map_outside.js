/* On the page: keeps one frame per place, hands it the document once, and passes clicks on. */
const kept = new WeakMap();
const groups = new Set(); // maps that may have to move together

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const box = parentElement.querySelector(".planmap");
  const state = kept.get(box) || begin(box);
  state.set = setTriggerValue;
  state.asked = { planmap: 1, theme: data.theme, kind: data.kind, id: data.id, scene: data.scene || null, base: grounded(data.base) };
  state.wanted = data.version;
  state.title = data.title;
  state.group = (data.scene && data.scene.group) || "";
  box.style.height = data.height;
  box.querySelector("p").textContent = data.waiting;
  if (state.version === state.wanted) ask(state); else load(box, state);
}

/* Pictures of our own server have an address without a host: the frame has none of its own. */
function grounded(base) {
  return base && base.url.startsWith("/") ? { ...base, url: window.location.origin + base.url } : base || null;
}

function begin(box) {
  const state = { version: "", wanted: "", waiting: false, seen: false, ready: false, frame: null };
  kept.set(box, state);
  groups.add(state);
  window.addEventListener("message", function heard(event) {
    if (!box.isConnected && state.frame) { window.removeEventListener("message", heard); groups.delete(state); return; }
    if (!state.frame || event.source !== state.frame.contentWindow || !event.data || event.data.planmap !== 1) return;
    if (event.data.what === "ready") { state.ready = true; box.classList.add("drawn"); ask(state); return; }
    if (event.data.what === "view") { follow(state, event.data); return; }
    if (event.data.what === "place") {
      const lon = Number(event.data.lon), lat = Number(event.data.lat);
      if (Number.isFinite(lon) && Number.isFinite(lat)) state.set("place", { lon, lat });
      return;
    }
    state.set("click", { kind: String(event.data.kind), id: String(event.data.id) });
  });
  return state;
}

/* Waits for the document, and for a size: a frame without one cannot fit its map. */
function load(box, state) {
  const documents = window.__planmaps || {};
  state.seen = state.seen || box.isConnected;
  if (state.seen && !box.isConnected) return; // the page has been left
  if (!(state.wanted in documents) || box.clientWidth < 50) {
    if (state.waiting) return;
    state.waiting = true;
    setTimeout(() => { state.waiting = false; load(box, state); }, 50);
    return;
  }
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.title = state.title;
  frame.srcdoc = documents[state.wanted];
  if (state.frame) state.frame.remove();
  Object.assign(state, { version: state.wanted, ready: false, frame });
  box.classList.remove("drawn");
  box.appendChild(frame);
}

function ask(state) {
  if (state.ready) state.frame.contentWindow.postMessage(state.asked, "*");
}

/* A map that was moved takes the others of its group along. */
function follow(moved, view) {
  const at = { planmap: 1, lat: Number(view.lat), lon: Number(view.lon), zoom: Number(view.zoom) };
  if (!moved.group || ![at.lat, at.lon, at.zoom].every(Number.isFinite)) return;
  for (const other of groups) {
    if (other !== moved && other.ready && other.group === moved.group) other.frame.contentWindow.postMessage({ planmap: 1, view: at }, "*");
  }
}
