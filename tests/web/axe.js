// Run in a page beside axe-core by axe.py. Gives what is wrong, one line each: with `opening`, first with all open that
// opens within the page, then with each menu, which lies above it, open by itself, then all dialogs; those of the frame
// around every page only if `frame` is wanted, too.
async ({tags, without, opening, frame}) => {
  const found = [];

  // Colours on their way from one to another are nobody's choice: axe sees where they end.
  const atRest = () => Promise.allSettled(
    document.getAnimations().filter((each) => each instanceof CSSTransition).map((each) => each.finished),
  );

  async function look(part) {
    await atRest();
    const results = await axe.run(
      {include: [part], exclude: without ? [[without]] : []},
      {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"], preload: false, iframes: false},
    );
    for (const violation of results.violations) for (const node of violation.nodes) {
      found.push(`${violation.id}: ${node.html.slice(0, 160)} — ${node.failureSummary.slice(0, 200)}`);
    }
  }

  const floats = (details) => [...details.children].filter((child) => ["absolute", "fixed"].includes(getComputedStyle(child).position));

  function fits(box) {
    const place = box.getBoundingClientRect();
    const wide = Math.round(Math.max(-place.left, place.right - innerWidth, box.scrollWidth - box.clientWidth));
    if (wide > 0) found.push(`${wide} px out of the window: ${box.outerHTML.slice(0, 160)}`);
  }

  // A row like two before it (the same elements in the same classes, with and without text) says nothing new, and axe
  // takes its time for each.
  function leaveOutAlike() {
    const seenIn = /^(class|role|style|type|aria-(busy|checked|current|disabled|expanded|invalid|pressed|selected|sort))$/;
    const said = ({name, value}) => name + (seenIn.test(name) ? value : value && "+");
    const text = (node) => [...node.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.data.trim());
    const shape = (node) =>
      [node.tagName, ...[...node.attributes].map(said), text(node), ...[...node.children].map(shape)].join(" ");
    for (const parent of document.querySelectorAll("main *:not(svg, svg *)")) {
      if (!parent.isConnected || parent.children.length < 4) continue;
      const seen = {};
      for (const child of [...parent.children]) {
        const kind = shape(child);
        seen[kind] = (seen[kind] ?? 0) + 1;
        if (seen[kind] > 2) child.remove();
      }
    }
  }

  const wanted = (part) => part.isConnected && (frame || !part.closest(".bar, #more"));
  const explanations = [...document.querySelectorAll("details")];
  const menus = [];
  if (opening) {
    for (const each of explanations) each.open = true;
    menus.push(...explanations.filter((each) => each.checkVisibility() && floats(each).length));
    for (const menu of menus) menu.open = false;
  }
  const page = document.documentElement;
  if (opening && page.scrollWidth > page.clientWidth) found.push(`${page.scrollWidth - page.clientWidth} px too wide`);
  if (opening) leaveOutAlike();
  await look(document);
  for (const menu of menus.filter(wanted)) {
    menu.open = true;
    await look(menu);
    floats(menu).forEach(fits);
    menu.open = false;
  }
  const dialogs = opening ? [...document.querySelectorAll("dialog")].filter(wanted) : [];
  for (const dialog of dialogs) {
    if (!dialog.open) dialog.showModal();
    fits(dialog);
    dialog.close();
  }
  // One below the other and without the page, which axe would read anew for each.
  if (dialogs.length) {
    document.body.replaceChildren(...dialogs);
    for (const dialog of dialogs) {
      dialog.show();
      dialog.style.position = "static";
    }
    await look(document.body);
  }
  return found;
}
