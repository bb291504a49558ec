// The theme button changes the page at once and tells the server, which keeps the choice in a cookie.
const root = document.documentElement;

function prepare() {
  const button = document.querySelector("[data-theme-form] button");
  if (button) button.value = root.dataset.bsTheme === "dark" ? "light" : "dark";
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-theme-form]")) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const body = new FormData(form);
  body.set("theme", button.value);
  root.dataset.bsTheme = button.value;
  root.dataset.theme = button.value;
  prepare();
  document.dispatchEvent(new CustomEvent("labshare:theme"));
  fetch(form.action, { method: "POST", body, redirect: "manual" });
});

// The language switch keeps the page as it is now, filters that were set by script included.
document.addEventListener("submit", (event) => {
  const next = event.target.querySelector("input[name=next]");
  if (next && event.target.closest("[data-stays]")) next.value = location.pathname + location.search;
}, true);

prepare();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", prepare);
