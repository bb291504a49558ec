// What is pressed at the bench is never lost: a press is kept on the phone under a key of its own before it is sent, and sent
// again until the server has answered. The server does it once. It is sent as the person who pressed it, or not at all.
const place = document.querySelector("[data-presses]");
const shelf = place && `labshare:presses:${place.dataset.person}`;
const AGAIN_AFTER = 5000;
let sending = false;

// As crypto.randomUUID, which a lab's own network without https lacks.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const kept = () => JSON.parse(localStorage.getItem(shelf) ?? "[]");
const keep = (presses) => { localStorage.setItem(shelf, JSON.stringify(presses)); show(); };
const drop = (press) => keep(kept().filter(({ key }) => key !== press.key));

function show() {
  const presses = kept();
  place.querySelector("[data-presses-waiting]").hidden = !presses.some((press) => press.tried);
  place.querySelector("[data-presses-list]").textContent = presses.map(({ ref, words }) => `${ref} ${words}`).join(", ");
}

function refuse(press, words, ways) {
  const line = place.querySelector("[data-presses-refused]");
  line.textContent = `${press.ref} ${press.words}: ${words}`;
  line.hidden = false;
  place.querySelector("[data-presses-ways]").replaceChildren(...ways.map((way) => wayOut(press, way)));
}

// What would do instead, as one more press: the same step with a choice, or the page where it is asked for.
function wayOut(press, { choice, href, words }) {
  const form = document.createElement("form");
  const button = Object.assign(document.createElement(href ? "a" : "button"), { className: "btn btn-quiet bench-also", textContent: words });
  if (href) button.href = href;
  else Object.assign(button, { value: choice });
  Object.assign(form.dataset, { press: press.step, ref: press.ref });
  form.append(button);
  return form;
}

async function send(press) {
  const ago = Math.max(0, Math.round((Date.now() - press.at) / 1000));
  const body = new URLSearchParams({ ref: press.ref, step: press.step, key: press.key, choice: press.choice ?? "", ago, csrf_token: place.dataset.token });
  const answer = await fetch(place.dataset.presses, { method: "POST", body });
  if (answer.status >= 500 || answer.status === 429) throw new Error("later");
  const result = await answer.json(); // signed out, or a page from before: no answer to this press, which stays
  drop(press);
  if (result.refused) refuse(press, result.refused.join(" "), result.ways ?? []);
  return Boolean(result.done);
}

async function sendAll() {
  if (sending) return;
  sending = true;
  let done = false;
  try {
    for (const press of kept()) done = (await send(press)) || done;
  } catch {
    keep(kept().map((press) => ({ ...press, tried: true })));
    setTimeout(sendAll, AGAIN_AFTER);
  }
  sending = false;
  for (const form of place.querySelectorAll("[data-press][data-sent]")) delete form.dataset.sent;
  if (done && !kept().length) location.reload();
}

if (place) {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-press]")) return;
    event.preventDefault();
    event.stopPropagation();
    const { press: step, ref } = form.dataset;
    const choice = event.submitter?.value ?? "";
    const words = (event.submitter ?? form).textContent.trim();
    if (!kept().some((press) => press.ref === ref && press.step === step))
      keep([...kept(), { key: newKey(), ref, step, choice, words, at: Date.now() }]);
    sendAll();
  }, true);
  addEventListener("online", sendAll);
  show();
  if (kept().length) sendAll();
}
