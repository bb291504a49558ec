// Files: what is too large is said before it is sent; while one is sent, a line shows it.
const MEGABYTE = 1048576;

function tooLarge(part) {
  const file = part.querySelector("input[type=file]").files[0];
  const limit = Number(part.dataset.limit);
  const problem = file && limit && file.size > limit ? part.dataset.tooLarge : "";
  const place = part.querySelector("[data-upload-error]");
  place.hidden = !problem;
  place.querySelector("span").textContent = problem;
  return Boolean(problem);
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
      part.querySelector("[data-upload-size]").textContent = ` ${(input.files[0].size / MEGABYTE).toFixed(1)} MB`;
      part.querySelector("[data-upload-progress]").hidden = false;
    }
  }
}, true);

addEventListener("pageshow", () => {
  for (const line of document.querySelectorAll("[data-upload-progress]")) line.hidden = true;
});
