// A calendar wider than its panel opens at today. Copying a reference, sharing a page, opening every explanation before
// printing, and what a page sends by itself.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard?.writeText(button.dataset.copy);
  const note = button.querySelector("[data-copied]");
  if (note) { note.hidden = false; setTimeout(() => { note.hidden = true; }, 2000); }
});
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-share]");
  if (!link || event.ctrlKey || event.metaKey || !(navigator.share || navigator.clipboard)) return;
  event.preventDefault();
  if (navigator.share) return navigator.share({ title: document.title, url: link.href }).catch(() => {});
  await navigator.clipboard.writeText(link.href);
  const note = link.querySelector("[data-copied]");
  note.hidden = false;
  setTimeout(() => { note.hidden = true; }, 2000);
});
addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("main details")) part.open = true; });
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
for (const today of document.querySelectorAll(".cal-back .is-today")) today.closest(".scroll-x").scrollLeft = today.offsetLeft;
for (const form of document.querySelectorAll("form[data-posts-itself]"))
  fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual", keepalive: true }).catch(() => {});

// What is left of a sum, or what all come to, while amounts are filled in; the server works it out again.
for (const area of document.querySelectorAll("[data-sum]")) {
  const fields = [...area.querySelectorAll("input[name^='amount']")], rest = area.querySelector("[data-sum-rest]");
  const fen = (text) => Math.round(Number(text.replace(/[,，\s¥￥元]/g, "")) * 100) || 0;
  const show = () => {
    const sum = fields.reduce((sum, field) => sum + fen(field.value), 0);
    const left = area.dataset.sumOf ? Number(area.dataset.sumOf) - sum : sum;
    rest.textContent = (left / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).replace("-", "\u2212");
    rest.classList.toggle("bad", left < 0);
  };
  area.addEventListener("input", show);
  // <button data-fills='{"name": "value"}'>: the fields that a booking paid or invoiced as a whole would fill in.
  for (const button of area.querySelectorAll("[data-fills]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const [name, value] of Object.entries(JSON.parse(button.dataset.fills))) area.querySelector(`[name="${name}"]`).value = value;
      show();
    });
  }
  show();
}

// A block's form offers the units that the chosen instrument has; where it has one there is nothing to choose.
for (const list of document.querySelectorAll("select[name=instrument]:has([data-units])")) {
  const boxes = list.form.querySelectorAll("input[name=units]");
  const fit = () => {
    const units = Number(list.selectedOptions[0]?.dataset.units ?? 1);
    for (const box of boxes) {
      box.closest("label").hidden = Number(box.value) > units;
      if (Number(box.value) > units) box.checked = false;
    }
    if (boxes.length) boxes[0].closest(".field").hidden = units < 2;
  };
  list.addEventListener("change", fit);
  fit();
}
