// A form is sent once; filters send themselves.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.target === "_blank" || form.matches("[data-download]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button[type=submit], button:not([type])")) button.setAttribute("aria-busy", "true");
  for (const line of form.querySelectorAll("[data-progress]")) line.hidden = false;
});

// Back in the history brings the page as it was left: let it be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
    for (const line of form.querySelectorAll("[data-progress]")) line.hidden = true;
  }
});

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form?.matches("[data-autosubmit]") || event.target.matches("[data-no-autosubmit]")) return;
  form.requestSubmit();
});

// After errors, the summary is where reading goes on.
document.querySelector("[data-error-summary]")?.focus();

// What the server says of figures while they are typed: <fieldset data-preview="/address" data-preview-into="id">.
let asking;
document.addEventListener("input", (event) => {
  const form = event.target.form, asks = form?.querySelector("[data-preview]");
  if (!asks) return;
  clearTimeout(asking);
  asking = setTimeout(async () => {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && !/token|submission/.test(name)) query.set(name, value);
    const answer = await fetch(`${asks.dataset.preview}?${query}`).catch(() => null);
    if (answer?.ok) document.getElementById(asks.dataset.previewInto).innerHTML = await answer.text();
  }, 250);
});
