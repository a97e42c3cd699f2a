/* On the page: keeps one frame per place, hands it the document once, and passes clicks on. */
const kept = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const box = parentElement.querySelector(".planmap");
  const state = kept.get(box) || begin(box);
  state.set = setTriggerValue;
  state.asked = { planmap: 1, theme: data.theme, kind: data.kind, id: data.id, scene: data.scene || null };
  state.wanted = data.version;
  state.title = data.title;
  box.style.height = data.height;
  box.querySelector("p").textContent = data.waiting;
  if (state.version === state.wanted) ask(state); else load(box, state);
}

function begin(box) {
  const state = { version: "", wanted: "", waiting: false, seen: false, ready: false, frame: null };
  kept.set(box, state);
  window.addEventListener("message", function heard(event) {
    if (!box.isConnected && state.frame) { window.removeEventListener("message", heard); return; }
    if (!state.frame || event.source !== state.frame.contentWindow || !event.data || event.data.planmap !== 1) return;
    if (event.data.what === "ready") { state.ready = true; box.classList.add("drawn"); ask(state); return; }
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
