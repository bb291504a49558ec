// How far a long step is: a <form> with <div data-progress data-progress-url="/address/"> in it. It is sent by a request whose bytes are counted;
// then what the server tells of it (labshare/http/progress.py) is asked for every half second, and the answer takes the page's place.
const EVERY = 500;

function show(line, what, done, total, much) {
  const bar = line.querySelector("progress"), status = line.querySelector("[role=status]");
  bar.max = total || 1;
  total ? bar.value = done : bar.removeAttribute("value");
  if (status.textContent !== what) status.textContent = what; // read out once, not with each number
  line.querySelector("[data-much]").textContent = total ? much : "";
}

function take(request, form, plainly) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html"), main = page.querySelector("main"), at = new URL(request.responseURL);
  if (!main) return plainly();
  if (![location.pathname, new URL(form.action).pathname].includes(at.pathname)) return location.assign(at);
  document.querySelector("main").replaceWith(document.adoptNode(main));
  document.title = page.title;
  history.replaceState(history.state, "", at.pathname === location.pathname ? at : location.href);
  scrollTo(0, 0);
  (main.querySelector("[data-error-summary]") ?? main).focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("labshare:swapped"));
}

document.addEventListener("submit", (event) => {
  const form = event.target, line = form.querySelector("[data-progress-url]");
  if (!line || event.defaultPrevented) return;
  event.preventDefault();
  const request = new XMLHttpRequest(), number = new Intl.NumberFormat(document.documentElement.lang);
  // Without an answer the browser sends it itself and says why.
  const plainly = () => { line.remove(); delete form.dataset.sent; form.requestSubmit(event.submitter); };
  let waiting, over = false;
  const ask = async () => {
    const answer = await fetch(line.dataset.progressUrl + form.elements.progress.value).catch(() => null);
    const { what, done, total } = answer?.status === 200 ? await answer.json() : {};
    if (over) return;
    if (what) show(line, what, done, total, `${number.format(done)} / ${number.format(total)}`);
    waiting = setTimeout(ask, EVERY);
  };
  request.upload.addEventListener("progress", ({ loaded, total }) => show(line, line.dataset.sending, loaded, total, `${Math.floor((100 * loaded) / total)}%`));
  request.upload.addEventListener("load", () => { waiting = setTimeout(ask, EVERY); });
  request.addEventListener("loadend", () => { over = true; clearTimeout(waiting); });
  request.addEventListener("load", () => take(request, form, plainly));
  request.addEventListener("error", plainly);
  request.open("POST", form.action);
  const body = new FormData(form, event.submitter);
  request.send(form.enctype === "multipart/form-data" ? body : new URLSearchParams(body));
});
