// Native dialogs: [data-opens="id"] opens one, [data-closes] closes it. Nothing is sent before its verb is pressed.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    if (opener.getAttribute("aria-disabled") === "true") return;
    document.getElementById(opener.dataset.opens)?.showModal();
    return;
  }
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
  else if (event.target.matches("dialog[open]") && !inside(event.target, event)) event.target.close();
});

function inside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
}

// A dialog whose form came back with errors is opened again by the server's mark.
for (const dialog of document.querySelectorAll("dialog[data-open-now]")) dialog.showModal();

// A closed action can be focused and read, not pressed.
document.addEventListener("click", (event) => {
  if (event.target.closest('[aria-disabled="true"]')) { event.preventDefault(); event.stopPropagation(); }
}, true);
