/* On the page: keeps one frame per place, hands it the document once, and passes clicks on. */
const kept = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const box = parentElement.querySelector(".planmap");
  let state = kept.get(box);
  if (!state) {
    state = { version: "", ready: false, frame: null };
    kept.set(box, state);
    window.addEventListener("message", (event) => {
      if (!state.frame || event.source !== state.frame.contentWindow || !event.data || event.data.planmap !== 1) return;
      if (event.data.what === "ready") { state.ready = true; box.classList.add("drawn"); ask(state); return; }
      state.set("click", { kind: String(event.data.kind), id: String(event.data.id) });
    });
  }
  state.set = setTriggerValue;
  state.asked = { planmap: 1, theme: data.theme, kind: data.kind, id: data.id };
  box.style.height = data.height;
  box.querySelector("p").textContent = data.waiting;
  if (state.version !== data.version) load(box, state, data, 0); else ask(state);
}

function load(box, state, data, tries) {
  const documents = window.__planmaps || {};
  if (!(data.version in documents) || box.clientWidth < 50) {  // a frame without a size cannot fit its map
    if (tries < 400) setTimeout(() => load(box, state, data, tries + 1), 50);
    return;
  }
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.title = data.title;
  frame.srcdoc = documents[data.version];
  if (state.frame) state.frame.remove();
  Object.assign(state, { version: data.version, ready: false, frame });
  box.appendChild(frame);
}

function ask(state) {
  if (state.ready) state.frame.contentWindow.postMessage(state.asked, "*");
}
