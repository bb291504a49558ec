// <form data-live="#part"> (and links with data-live) replace only that part of the page; what is asked for by get keeps
// the address true, what is posted leaves the reader where they are. The old content stays until the new is there; a thin bar shows after 300 ms.
// What is typed meanwhile is never lost: an answer that does not know of it waits until its field is left, and a link
// followed before that takes it along.
let running;
// The address of what is shown: a jump within the page changes its fragment alone, and nothing is loaded for that.
const here = () => location.pathname + location.search;
let shown = here();

function* typed(part) {
  for (const field of document.querySelectorAll(`form[data-live="${part}"] :is(input, textarea)`))
    if (field.name && /^(text|search|number|date)$/.test(field.type) && field.value !== field.defaultValue) yield field;
}

function withTyped(link, part) {
  const address = new URL(link.href);
  for (const field of typed(part)) address.searchParams.set(field.name, field.value);
  return address.href;
}

async function load(address, part, push, sent) {
  running?.abort();
  running = new AbortController();
  const waiting = setTimeout(() => document.documentElement.classList.add("is-loading"), 300);
  try {
    const answer = await fetch(address, { ...sent, signal: running.signal, headers: { "X-Requested-With": "live" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector(part), old = document.querySelector(part);
    if (!answer.ok || !fresh || !old) { sent ? sent.plainly() : location.assign(address); return; }
    const asked = new URL(address, location.href).searchParams;
    const unasked = push && [...typed(part)].find((field) => field.value !== (asked.get(field.name) ?? ""));
    if (unasked) { unasked.form.addEventListener("focusout", ({ currentTarget }) => currentTarget.requestSubmit(), { once: true }); return; }
    const focused = document.activeElement?.id;
    old.replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    if (push) { history.pushState({ live: part }, "", address); shown = here(); }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    const says = fresh.querySelector("[data-live-says]"), status = document.getElementById("live-says");
    if (sent) says?.focus({ preventScroll: true });
    if (says && status) status.textContent = says.textContent.replace(/\s+/g, " ").trim();
    document.dispatchEvent(new CustomEvent("labshare:swapped"));
  } catch (error) {
    if (error.name !== "AbortError") { if (sent) sent.plainly(); else location.assign(address); }
  } finally {
    clearTimeout(waiting);
    document.documentElement.classList.remove("is-loading");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-live]") || event.defaultPrevented) return;
  event.preventDefault();
  if (form.method === "post") {
    // What the part does not answer (signed out, no network) the browser sends itself: each step is judged again.
    const plainly = () => { delete form.dataset.live; delete form.dataset.sent; form.requestSubmit(event.submitter); };
    return load(location.href, form.dataset.live, false, { method: "POST", body: new FormData(form, event.submitter), plainly });
  }
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form, event.submitter)) if (value !== "") query.append(name, value);
  const address = new URL(form.action);
  address.search = query;
  load(address, form.dataset.live, true);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-live], a[data-takes]");
  if (link?.dataset.takes) link.href = withTyped(link, link.dataset.takes);
  if (!link?.dataset.live || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  load(withTyped(link, link.dataset.live), link.dataset.live, true);
});

addEventListener("popstate", (event) => {
  if (here() === shown) return;
  shown = here();
  if (event.state?.live) load(location.href, event.state.live, false); else location.reload();
});

// <form data-question="/address">: shows how the question would be understood while it is typed.
for (const form of document.querySelectorAll("form[data-question]")) {
  const shown = form.querySelector("[aria-live]"), box = form.querySelector("input[type=search]");
  let waiting;
  if (!form.dataset.question || !shown || !box) continue;
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const answer = await fetch(`${form.dataset.question}?q=${encodeURIComponent(box.value)}`);
      if (answer.ok) shown.innerHTML = await answer.text();
    }, 250);
  });
}
