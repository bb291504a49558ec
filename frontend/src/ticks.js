// A box that ticks all of its list, shown where scripts run. It follows what is ticked singly.
const boxes = (all) => [...document.querySelectorAll(`input[type=checkbox][name="${all.dataset.ticks}"]`)];

function ready() {
  for (const bar of document.querySelectorAll("[data-ticks-bar]")) bar.hidden = false;
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-ticks]")) for (const box of boxes(target)) box.checked = target.checked;
  else if (target.matches("input[type=checkbox]"))
    for (const all of document.querySelectorAll(`[data-ticks="${target.name}"]`)) {
      const ticked = boxes(all).filter((box) => box.checked).length;
      all.checked = ticked === boxes(all).length;
      all.indeterminate = ticked > 0 && !all.checked;
    }
});
document.addEventListener("labshare:swapped", ready);
ready();
