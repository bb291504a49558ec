// The dates and times of the page that end in the middle of a line, as one line each.
() => {
  const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*", clock = "\\d\\d:\\d\\d(?:–\\d\\d:\\d\\d)?";
  const kinds = [
    `\\d{1,2} ${month}(?: \\d{4})?(?:,? ${clock})?`, `${month} \\d{4}`,
    `\\d{4}-\\d\\d-\\d\\d(?: ${clock})?`, `\\d\\d-\\d\\d 周.(?: ${clock})?`,
    `(?:\\d{4}年)?\\d{1,2}月(?:\\d{1,2}日)?(?: 周.)?(?: ${clock})?`, clock,
  ];
  const date = new RegExp(kinds.join("|"), "g"), found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode;
    for (const one of text.textContent.matchAll(date)) {
      const range = document.createRange();
      range.setStart(text, one.index);
      range.setEnd(text, one.index + one[0].length);
      const lines = new Set([...range.getClientRects()].filter((box) => box.width > 1).map((box) => Math.round(box.top / 6)));
      if (lines.size > 1 && text.parentElement.checkVisibility()) found.push(`${one[0]} breaks in: ${text.textContent.trim()}`);
    }
  }
  return found;
}
