// Narrow a long table of inputs down by words, or by what was chosen in it. What is hidden is still sent with the form.
for (const bar of document.querySelectorAll("[data-rows-filter]")) {
  const rows = [...document.querySelectorAll(`#${bar.dataset.rowsFilter} [data-row]`)];
  const words = bar.querySelector("[data-rows-words]"), which = bar.querySelector("[data-rows-which]");
  const count = bar.querySelector("[data-rows-count]");
  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.dataset.row.toLowerCase();
      const filled = row.querySelector("select").value !== "";
      const fits = wanted.every((word) => text.includes(word)) && (which.value === "" || (which.value === "filled") === filled);
      row.hidden = !fits && !row.querySelector("[aria-invalid]");
      if (!row.hidden) shown += 1;
    }
    count.textContent = shown < rows.length ? `${shown} / ${rows.length}` : "";
  };
  words.addEventListener("input", show);
  words.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  which.addEventListener("change", show);
  bar.hidden = false;
  show();
}
