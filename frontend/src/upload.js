// Files: what is too large is said before it is sent; while one is sent, a line shows it.
const MEGABYTE = 1048576;

function tooLarge(part) {
  const files = [...part.querySelector("input[type=file]").files];
  const limit = Number(part.dataset.limit);
  const large = files.find((file) => limit && file.size > limit);
  const place = part.querySelector("[data-upload-error]");
  place.hidden = !large;
  const named = large && files.length > 1 ? `${large.name} · ` : "";
  place.querySelector("span").textContent = large ? named + part.dataset.tooLarge : "";
  return Boolean(large);
}

document.addEventListener("change", (event) => {
  const part = event.target.closest?.("[data-upload]");
  if (part && event.target.type === "file") tooLarge(part);
});

// Before the form counts as sent (forms.js listens while the event bubbles).
document.addEventListener("submit", (event) => {
  for (const part of event.target.querySelectorAll("[data-upload]")) {
    const input = part.querySelector("input[type=file]");
    if (tooLarge(part)) {
      event.preventDefault();
      event.stopPropagation();
      input.focus();
      return;
    }
    if (input.files.length) {
      const size = [...input.files].reduce((sum, file) => sum + file.size, 0);
      part.querySelector("[data-upload-size]").textContent = ` ${(size / MEGABYTE).toFixed(1)} MB`;
      part.querySelector("[data-upload-progress]").hidden = Boolean(event.target.querySelector("[data-progress-url]")); // progress.js says more
    }
  }
}, true);

addEventListener("pageshow", () => {
  for (const line of document.querySelectorAll("[data-upload-progress]")) line.hidden = true;
});
