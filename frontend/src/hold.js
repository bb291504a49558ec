// The booking form asks anew whatever is chosen in it, keeps what is typed, and holds the slot while it is open: ten
// minutes, counted down, given back when the form is left. Without this the same buttons send the form. The lab's form
// for a client who telephoned asks anew alike, and holds nothing before it is sent.
const form = document.querySelector("form[data-hold]");
const PARTS = ["#part-notes", "#part-time", "#part-numbers", "#part-surcharges", "#part-price"];
const ASKED = ["test_item", "quantity", "hours", "starts_at", "instrument", "surcharges", "client"];
let asking, holding, typing, sending = false;

const asked = () => { const data = new FormData(form); return ASKED.map((name) => data.getAll(name).join()).join("|"); };
const say = (text) => { const status = document.getElementById("live-says"); if (status && text) status.textContent = text; };
// Files stay in the form: they are sent once, with the booking.
const body = () => {
  const data = new FormData(form);
  for (const [name, value] of [...data]) if (name === "book" || value instanceof File) data.delete(name);
  return data;
};

async function ask(button) {
  asking?.abort();
  asking = new AbortController();
  const sent = body(), was = asked();
  sent.set(button ? button.name : "update", button ? button.value : "1");
  try {
    const answer = await fetch(form.action, { method: "POST", body: sent, signal: asking.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector("form[data-hold]")) { location.reload(); return; }
    if (was !== asked()) return; // typed meanwhile: another question follows
    const at = document.activeElement, id = at?.id, spot = at?.type === "text" ? at.selectionStart : null;
    for (const part of PARTS) {
      const fresh = page.querySelector(part), old = document.querySelector(part);
      if (fresh && old) old.replaceWith(document.adoptNode(fresh));
    }
    const again = id && document.getElementById(id);
    if (again) { again.focus({ preventScroll: true }); if (spot !== null) again.setSelectionRange?.(spot, spot); }
    say(document.querySelector("#part-price [data-live-says]")?.textContent.replace(/\s+/g, " ").trim());
    hold();
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

async function hold() {
  const box = document.getElementById("hold");
  if (!box?.dataset.wants) { count(); return; }
  const was = asked(), answer = await fetch(form.dataset.hold, { method: "POST", body: body() });
  if (was !== asked() || ![200, 409].includes(answer.status)) return;
  box.outerHTML = await answer.text();
  count();
}

function count() {
  clearInterval(holding);
  const box = document.getElementById("hold"), shown = box?.querySelector("[data-left]");
  if (!shown) return;
  const over = performance.now() + 1000 * Number(shown.dataset.left);
  let warned = false;
  const tick = () => {
    const left = Math.max(0, Math.round((over - performance.now()) / 1000));
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left <= 120 && !warned) { warned = true; say(box.dataset.soon); }
    if (left > 0) return;
    clearInterval(holding);
    for (const part of box.querySelectorAll("[data-during], [data-after]")) part.hidden = "during" in part.dataset;
    say(box.querySelector("[data-after]")?.textContent.replace(/\s+/g, " ").trim());
  };
  tick();
  holding = setInterval(tick, 1000);
}

if (form) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=another], button[name=pick], button[name=week], button[name=last], button[name=update]");
    if (!button || event.defaultPrevented) return;
    if (button.name === "last") return; // fills the texts too: the whole page
    event.preventDefault();
    ask(button);
  });
  form.addEventListener("input", (event) => {
    if (!["quantity", "hours", "client"].includes(event.target.name)) return;
    clearTimeout(typing);
    typing = setTimeout(ask, 400);
  });
  form.addEventListener("change", (event) => { if (["test_item", "starts_at", "instrument", "surcharges"].includes(event.target.name)) ask(); });
  form.addEventListener("submit", () => { sending = true; });
  addEventListener("pagehide", () => {
    const address = form.querySelector("#hold [data-let-go]")?.dataset.letGo;
    if (!address || sending) return;
    const data = new FormData();
    data.set("csrf_token", form.elements.csrf_token.value);
    navigator.sendBeacon(address, data);
  });
  addEventListener("pageshow", (event) => { sending = false; if (event.persisted) ask(); });
  hold();
}
