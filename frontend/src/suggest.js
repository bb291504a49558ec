// <input data-suggest="/address">: names of tests while one types, as a combobox with its list (ARIA practices 1.2);
// with data-recent-label, the firm's last searches while the box is empty.
// Arrow keys choose, Enter searches, Escape closes; without this the box is a box. With data-goes-with="name" what is
// chosen is filled in, not searched for, and the field of that name follows it.
for (const box of document.querySelectorAll("input[data-suggest]")) {
  const list = document.createElement("ul");
  list.id = `${box.id}-suggested`;
  list.className = "suggested";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.suggestLabel);
  box.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]])
    box.setAttribute(name, value);
  let waiting, asking, at = -1;

  const options = () => [...list.children];
  const show = (open) => {
    list.hidden = !open;
    box.setAttribute("aria-expanded", String(open));
    if (!open) mark(-1);
  };
  const mark = (place) => {
    at = place;
    for (const [number, option] of options().entries()) option.setAttribute("aria-selected", String(number === at));
    if (at < 0) box.removeAttribute("aria-activedescendant");
    else box.setAttribute("aria-activedescendant", options()[at].id);
  };
  const take = (option) => {
    box.value = option.dataset.value;
    show(false);
    const follower = box.form.elements[box.dataset.goesWith];
    if (!follower) { box.form.requestSubmit(); return; }
    if (option.dataset.goesWith) follower.value = option.dataset.goesWith;
    for (const changed of [box, follower]) changed.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const typed = box.value.trim(), recent = box.dataset.recentLabel;
    if (!typed && !recent) { show(false); return; }
    try {
      const answer = await fetch(`${box.dataset.suggest}?q=${encodeURIComponent(typed)}`, { signal: asking.signal });
      if (!answer.ok) { show(false); return; }
      list.innerHTML = await answer.text();
      list.setAttribute("aria-label", typed ? box.dataset.suggestLabel : recent);
      list.classList.toggle("recent", !typed);
      mark(-1);
      show(list.children.length > 0 && document.activeElement === box);
    } catch (error) {
      if (error.name !== "AbortError") show(false);
    }
  };
  box.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 120); });
  box.addEventListener("focus", () => { if (box.dataset.recentLabel && !box.value.trim()) ask(); });
  box.addEventListener("keydown", (event) => {
    const count = list.children.length;
    if (event.key === "Escape" && !list.hidden) { show(false); event.preventDefault(); return; }
    if (event.key === "Enter" && at >= 0) { event.preventDefault(); take(options()[at]); return; }
    if (!["ArrowDown", "ArrowUp"].includes(event.key) || !count) return;
    event.preventDefault();
    if (list.hidden) show(true);
    const step = event.key === "ArrowDown" ? 1 : -1;
    mark((at + step + (at < 0 && step < 0 ? 1 : 0) + count) % count);
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => { const option = event.target.closest("[role=option]"); if (option) take(option); });
  box.addEventListener("blur", () => show(false));
  box.form.addEventListener("submit", () => { clearTimeout(waiting); asking?.abort(); show(false); });
}
