// The circle of a town and the rows of its labs point at each other, under the mouse and by the keyboard.
function point(event) {
  const town = event.type.endsWith('out') ? undefined : event.target.closest?.('[data-town]')?.dataset.town;
  for (const one of document.querySelectorAll('[data-town]')) one.classList.toggle('on', one.dataset.town === town);
}

for (const kind of ['mouseover', 'mouseout', 'focusin', 'focusout']) document.addEventListener(kind, point);
