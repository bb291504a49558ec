// Native dialogs: `command="show-modal" commandfor="id"` opens one, `command="close"` closes it; the browser does both
// itself, before any script has run. Nothing is sent before its verb is pressed.
const knowsCommands = "command" in HTMLButtonElement.prototype;

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[commandfor]");
  if (button && !knowsCommands) {
    const dialog = document.getElementById(button.getAttribute("commandfor"));
    if (button.getAttribute("command") === "close") dialog.close();
    else dialog.showModal();
  } else if (event.target.matches("dialog[open]") && !inside(event.target, event)) event.target.close();
});

function inside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
}

// A dialog whose form came back with errors is opened again by the server's mark.
for (const dialog of document.querySelectorAll("dialog[data-open-now]")) dialog.showModal();

// A link to a dialog (`…#do-receive`, from a list) brings it open. Its name leaves the address, so that the page loaded
// again, or gone back to, does not ask a second time.
function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named?.matches("dialog:not([open])")) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  if (!document.querySelector("dialog[open]")) named.showModal();
}
openNamed();
addEventListener("hashchange", openNamed);

// A closed action can be focused and read, not pressed.
document.addEventListener("click", (event) => {
  if (event.target.closest('[aria-disabled="true"]')) { event.preventDefault(); event.stopPropagation(); }
}, true);
