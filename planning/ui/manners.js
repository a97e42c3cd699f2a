/* On the page: the browser's own undo inside a text field, a download asked for while the page is built anew, its language. */
const BUTTON = "[data-testid=stDownloadButton] button";
const FIELD = "input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, [contenteditable=true]";
const SETTLE_MS = 150; // the page stands, its buttons have their new addresses
let waiting = "";

export default function ({ data }) {
  document.documentElement.lang = data.language;
  if (window.__manners) return;
  window.__manners = true;
  window.addEventListener("keydown", keepUndo, true);
  window.addEventListener("click", keepDownload, true);
  window.addEventListener("message", giveBack);
}

/* A click on the map leaves the keys with its frame: Ctrl+Z after it must still reach the page. */
function giveBack(event) {
  if (!event.data || event.data.planmap !== 1 || ["ready", "view"].includes(event.data.what)) return;
  let held = document.activeElement;
  while (held && held.shadowRoot && held.shadowRoot.activeElement) held = held.shadowRoot.activeElement;
  if (held instanceof HTMLIFrameElement) held.blur();
}

/* Within a field Ctrl+Z takes back what was typed, not an edit of the scenario. */
function keepUndo(event) {
  const letter = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || (letter !== "z" && letter !== "y")) return;
  if (event.target instanceof Element && event.target.matches(FIELD)) event.stopImmediatePropagation();
}

/* An address of before the rebuild is not answered any more: the click is done again once the page stands. */
function keepDownload(event) {
  const button = event.target instanceof Element ? event.target.closest(BUTTON) : null;
  if (!button || stands()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const place = button.closest("[class*='st-key-']");
  const name = place && [...place.classList].find((one) => one.startsWith("st-key-"));
  if (!name) return;
  button.setAttribute("aria-busy", "true");
  const begun = waiting === "";
  waiting = name;
  if (begun) again();
}

function again() {
  if (!stands()) { setTimeout(again, SETTLE_MS); return; }
  setTimeout(() => {
    if (!stands()) { again(); return; }
    const [place] = document.getElementsByClassName(waiting);
    const button = place && place.querySelector("button");
    waiting = "";
    if (button) { button.removeAttribute("aria-busy"); button.click(); }
  }, SETTLE_MS);
}

function stands() {
  const app = document.querySelector("[data-testid=stApp]");
  return !app || app.dataset.testScriptState === "notRunning";
}
