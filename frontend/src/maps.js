// The circle of a town and the rows of its labs point at each other, under the mouse and by the keyboard.
function point(event) {
  const town = event.type.endsWith('out') ? undefined : event.target.closest?.('[data-town]')?.dataset.town;
  for (const one of document.querySelectorAll('[data-town]')) one.classList.toggle('on', one.dataset.town === town);
}

// <svg data-place="longitude latitude" data-scale="…">: where one points, those two fields have it; the pin stands where
// they say. The picture is only there with this.
for (const map of document.querySelectorAll("svg[data-place]")) {
  const [longitude, latitude] = map.dataset.place.split(" ").map((name) => map.closest("form").elements[name]);
  const [west, north, across, down, margin] = map.dataset.scale.split(" ").map(Number);
  const pin = map.querySelector(".map-pin");
  const stand = () => {
    const known = longitude.value.trim() && latitude.value.trim();
    pin.classList.toggle("visually-hidden", !known);
    if (!known) return;
    pin.setAttribute("cx", margin + (Number(longitude.value) - west) * across || 0);
    pin.setAttribute("cy", margin + (north - Number(latitude.value)) * down || 0);
  };
  map.addEventListener("click", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    longitude.value = (west + (at.x - margin) / across).toFixed(4);
    latitude.value = (north - (at.y - margin) / down).toFixed(4);
    stand();
    longitude.dispatchEvent(new Event("change", { bubbles: true }));
  });
  for (const field of [longitude, latitude]) field.addEventListener("input", stand);
  stand();
  map.closest("[hidden]")?.removeAttribute("hidden");
}

for (const kind of ['mouseover', 'mouseout', 'focusin', 'focusout']) document.addEventListener(kind, point);
