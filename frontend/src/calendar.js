// The lab calendar's grid, loaded only where it is shown: <div data-board="{…}"> (labshare/web/lab/calendar.py: _board).
// It draws what /lab/calendar/data says, asks every three seconds whether that has changed, and sends what is dragged.
// Nothing is decided here: a drop is a question to the server, and what it refuses snaps back with its reason.
import { createCalendar, Interaction, ResourceTimeline } from "@event-calendar/core";
import "@event-calendar/core/index.css";
import "./calendar.css";

const MINUTE = 60_000, POLL = 3_000, HOUR = 60, DAY = 24 * HOUR;
const PER_HOUR = { day: 64, week: 48, fortnight: 14, month: 7 }; // pixels, at least
const SLOT = { day: 1, week: 1, fortnight: 4, month: 4 }; // hours between two labels
const SIDE = 224; // pixels of the names
const KEPT = "labshare:folded";

const root = document.querySelector("[data-board]");
const wide = matchMedia("(min-width: 48em)");
if (root) wide.matches ? start() : wide.addEventListener("change", start, { once: true });

function start() {
  const board = JSON.parse(root.dataset.board), words = board.words;
  const part = (name) => root.querySelector(`[data-${name}]`);
  const [grid, status, refused, lost, peek, ask] = ["grid", "status", "refused", "lost", "peek", "ask"].map(part);
  const lang = document.documentElement.lang, fold = new Set(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));
  let data, base, zone, tag, calendar, bars = new Map(), busy = false, taken = 0, axis;

  // ── Time: minutes after the first day's beginning; the library is given, and gives, wall clocks of the platform's
  //    zone (its dates carry them in the browser's own fields) ──
  const moment = (minute) => new Date(base + minute * MINUTE).toISOString().replace(".000Z", "+00:00");
  const wall = (minute) => new Date(base + (minute + zone) * MINUTE).toISOString().slice(0, 16);
  const clock = (minute) => wall(minute).slice(11);
  const utc = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes());
  const minuteOf = (date) => (utc(date) - base) / MINUTE - zone;
  const english = lang === "en";
  const weekday = new Intl.DateTimeFormat(lang, { weekday: "short", timeZone: "UTC" });
  const dayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
  const dayOf = (minute) => {
    const day = base + (minute + zone) * MINUTE;
    return english ? dayFormat.format(day).replace(",", "") : `${wall(minute).slice(5, 10)} ${weekday.format(day)}`;
  };
  const span = (one) => dayOf(one.start) === dayOf(one.end - 1)
    ? `${dayOf(one.start)} ${clock(one.start)}–${clock(one.end)}`
    : `${dayOf(one.start)} ${clock(one.start)} – ${dayOf(one.end)} ${clock(one.end)}`;

  // ── What the server says ──
  async function refresh(announce = true) {
    const mine = ++taken;
    try {
      const answer = await fetch(board.data, { headers: tag ? { "If-None-Match": tag } : {} });
      if (mine !== taken || busy) return;
      if (answer.status !== 304) {
        if (!answer.ok || answer.redirected) throw new Error(answer.status);
        data = await answer.json();
        if (mine !== taken || busy) return;
        if (tag && announce) status.textContent = words.changed;
        tag = answer.headers.get("ETag");
        base = Date.parse(data.start);
        zone = data.zone;
        draw();
      }
      lost.hidden = true;
    } catch {
      lost.textContent = words.lost.replace("{time}", lost.dataset.since ??= new Date().toTimeString().slice(0, 5));
      lost.hidden = false;
      return;
    }
    delete lost.dataset.since;
  }

  // ── Drawing ──
  const folded = (one) => one.units > 1 && fold.has(one.instrument);
  const row = (one) => (folded(one) ? `i${one.instrument}` : `u${one.instrument}.${one.unit}`);
  const el = (name, css, ...inside) => {
    const made = document.createElement(name);
    if (css) made.className = css;
    made.append(...inside);
    return made;
  };
  const tongue = (made) => (english && /[\u3400-\u9fff]/.test(made.textContent) && (made.lang = "zh"), made);
  const nameOf = (first, second) => ({ domNodes: [el("span", "row-name", tongue(el("span", "", first)), tongue(el("small", "", second)))] });

  function rows() {
    const found = new Map();
    for (const one of data.resources) {
      const unit = { id: `u${one.instrument}.${one.unit}`, title: nameOf(one.kind, one.model) };
      if (one.units < 2) { found.set(one.instrument, unit); continue; }
      if (!found.has(one.instrument))
        found.set(one.instrument, { id: `i${one.instrument}`, title: nameOf(one.kind, [one.model, words.units.replace("{n}", one.units)].filter(Boolean).join(" · ")), expanded: !fold.has(one.instrument), children: [] });
      found.get(one.instrument).children.push({ ...unit, title: nameOf(words.unit.replace("{n}", one.unit), "") });
    }
    return [...found.values()];
  }

  function read(values) {
    const one = Object.fromEntries(data.columns.map((name, n) => [name, values[n]]));
    const place = data.resources[one.resource];
    const offered = one.kind === "offer", look = data.looks[offered || !one.ref ? one.kind : one.state] ?? "";
    const what = offered ? (one.ref ? words.proposed : one.made ? words.unaccepted : words.held) : words[`look:${look}`];
    const names = one.ref || one.made ? [data.clients[one.client], data.items[one.item]] : one.note ? [one.note] : [];
    const cleanup = one.free > one.end ? words.cleanup.replace("{time}", clock(one.free)) : "";
    const unit = place.units > 1 ? words.unit.replace("{n}", place.unit) : "";
    return {
      ...one, place, look, what, names, cleanup, unit, offered,
      moves: Boolean(one.ref && !offered && board.may_move && board.movable.includes(one.state)),
      shifts: Boolean(one.block && board.may_block),
      words: [...names, span(one), what, place.title, unit, cleanup].filter(Boolean).join(" · "),
      id: [one.kind, one.ref ?? one.block ?? one.made, row(place), one.start, one.end, one.state].join("|"),
    };
  }

  function events() {
    const until = board.days * DAY, found = [];
    const lines = (some) => [...new Set(some.flatMap((one) => (one.units > 1 ? [`i${one.instrument}`, `u${one.instrument}.${one.unit}`] : [`u${one.instrument}.${one.unit}`])))];
    const behind = (css, resourceIds, from, to, id) => found.push({ id, display: "background", className: css, resourceIds, start: wall(from), end: wall(to) });
    const shut = (spans, some, id) => spans.forEach(([from, to]) => behind("is-shut", lines(some), from, to, `shut|${id}|${from}`));
    shut(data.shut, data.resources.filter((one) => !one.shut), "");
    for (const one of data.resources.filter((each) => each.shut)) shut(one.shut, [one], `${one.instrument}.${one.unit}`);
    for (const one of data.resources)
      if (one.uncalibrated !== null && one.uncalibrated < until)
        behind("ev-bad", [row(one)], Math.max(0, one.uncalibrated), until, `bad|${row(one)}|${one.unit}`);
    bars = new Map();
    const shown = data.events.map(read), nexts = new Map();
    for (const one of shown.toReversed()) { one.next = nexts.get(row(one.place)) ?? Infinity; nexts.set(row(one.place), one.start); }
    for (const one of shown) {
      bars.set(one.id, one);
      if (one.free > one.end && !tailOf(one)) behind("ev-tail", [row(one.place)], one.end, one.free, `tail|${one.id}`);
      found.push({
        id: one.id, resourceIds: [row(one.place)], start: wall(one.start), end: wall(one.end),
        className: ["ev", one.look && `ev-${one.look}`, (one.moves || one.shifts) && "is-movable"].filter(Boolean),
        startEditable: one.moves || one.shifts, durationEditable: one.shifts,
      });
    }
    return found;
  }

  function draw() {
    const held = document.activeElement?.closest?.(".ec-event")?.dataset.key;
    if (calendar) {
      calendar.setOption("resources", rows());
      calendar.setOption("dayHeaderFormat", (date) => dayHead(date));
      calendar.setOption("events", events());
    } else calendar = createCalendar(grid, [ResourceTimeline, Interaction], options());
    requestAnimationFrame(() => rove(held));
  }

  function options() {
    const [opens, closes] = hours(), snap = Math.max(board.snap, data.grid);
    const wideness = (grid.clientWidth - SIDE - 4) / (board.days * (closes - opens));
    const least = board.of === "week" && root.dataset.scale === "fit" ? 0 : PER_HOUR[board.of];
    const slot = least ? SLOT[board.of] : closes - opens, pad = (n) => String(n).padStart(2, "0");
    const slotWidth = Math.floor(Math.max(least, wideness) * slot);
    axis = { closes, minute: slotWidth / slot / HOUR };
    return {
      view: "resourceTimelineDay", date: wall(0), duration: { days: board.days }, headerToolbar: { start: "", center: "", end: "" },
      timeZone: `${zone < 0 ? "-" : "+"}${pad(Math.trunc(Math.abs(zone) / HOUR))}:${pad(Math.abs(zone) % HOUR)}`, locale: lang,
      buttonText: { expand: words.unfold, collapse: words.fold }, height: "auto",
      slotMinTime: `${pad(opens)}:00`, slotMaxTime: `${pad(closes)}:00`, scrollTime: `${pad(opens)}:00`,
      slotDuration: `${pad(slot)}:00`, slotLabelInterval: `${pad(slot)}:00`, slotWidth, slotHeight: 24,
      snapDuration: `00:${pad(snap)}`,
      slotLabelFormat: (time) => clock(minuteOf(time)).slice(0, board.of === "day" ? 5 : 2), dayHeaderFormat: dayHead,
      theme: (names) => ({ ...names, dragging: "is-dragged", resizingX: "is-resized" }), // its own would style every element anew
      eventTimeFormat: () => "", // bars write their times themselves; the library's would be made anew for all with each drag
      nowIndicator: true, resources: rows(), events: events(), eventContent: content, eventDidMount: mounted,
      eventClick: clicked, eventDragStart: () => document.activeElement?.blur(), eventDrop: dropped, eventResize: resized, eventResizableFromStart: true, selectable: board.may_block, select: drawn, unselectAuto: true, pointer: false,
      resourceExpand: ({ resource }) => {
        const id = Number(resource.id.slice(1));
        resource.expanded ? fold.delete(id) : fold.add(id);
        sessionStorage.setItem(KEPT, JSON.stringify([...fold]));
        calendar.setOption("events", events());
      },
    };
  }

  // The axis; its hours are a multiple of those between two labels.
  function hours() {
    const [opens, closes] = data.hours, slot = SLOT[board.of], more = (slot - ((closes - opens) % slot)) % slot;
    const last = Math.min(24, closes + more);
    return [Math.max(0, opens - (closes + more - last)), last];
  }

  function dayHead(date) {
    const begins = minuteOf(date), link = el("a", "", dayOf(begins)), address = new URL(location.href);
    address.searchParams.set("view", "day");
    address.searchParams.set("from", wall(begins).slice(0, 10));
    link.href = address;
    const closed = data.closures.filter(([from, to]) => from < begins + DAY && to > begins).map(([, , why]) => tongue(el("small", "", `${words.closed} · ${why}`)));
    return { domNodes: [link, ...closed] };
  }

  // The clean-up within the day is a part of its bar, as wide as so many minutes: half as many events for the library.
  function tailOf(one) {
    const day = Math.floor((one.end - 1) / DAY), evening = day * DAY + axis.closes * HOUR;
    return one.end > 0 && one.free <= (day + 1) * DAY ? Math.max(0, Math.min(one.free, evening) - one.end) * axis.minute : 0;
  }

  function content({ event }) {
    const one = bars.get(event.id);
    if (!one) return "";
    const shorts = one.ref || one.made ? [data.shorts[one.client], data.items[one.item]] : [one.note || one.what];
    // What is written may reach over the free time behind a short bar, as far as the next one or the end of the day.
    const begins = Math.max(one.start, 0), evening = Math.floor(begins / DAY) * DAY + axis.closes * HOUR;
    const room = (Math.max(Math.min(one.next, evening), one.end) - begins) * axis.minute;
    const written = (css) => (folded(one.place) || one.end - begins > 3 * HOUR ? css : `${css} is-short`);
    const label = el("span", written(room < 36 ? "bar-caption is-none" : room < 84 ? "bar-caption is-narrow" : "bar-caption"), el("b", "", dayOf(one.start) === dayOf(one.end - 1) ? `${clock(one.start)}–${clock(one.end)}` : span(one)), tongue(el("span", "", shorts.join(" · "))));
    if (label.classList.contains("is-short")) label.style.width = `${Math.floor(room) - 4}px`;
    const tail = one.free > one.end && tailOf(one);
    return { domNodes: tail ? [Object.assign(el("span", "ev-tail"), { style: `width: ${tail}px` }), label] : [label] };
  }

  function mounted({ event, el: bar }) {
    const one = bars.get(event.id);
    if (!one) return;
    Object.assign(bar.dataset, { key: one.id, ref: one.ref ?? "", block: one.block ?? "", start: one.start, end: one.end, instrument: one.place.instrument, unit: one.place.unit });
    bar.tabIndex = -1;
    bar.setAttribute("aria-label", one.words);
    bar.title = one.words;
  }

  // ── Keyboard: one stop of the tab key, arrows from bar to bar ──
  const all = () => [...grid.querySelectorAll(".ec-event[data-key]")];
  function rove(key) {
    const found = all(), chosen = found.find((bar) => bar.dataset.key === key) ?? found[0];
    found.forEach((bar) => { bar.tabIndex = bar === chosen ? 0 : -1; });
    if (key && chosen && document.activeElement === document.body) chosen.focus();
  }

  function neighbour(bar, key) {
    const here = bar.getBoundingClientRect(), up = key === "ArrowUp" || key === "ArrowDown", sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
    const far = (one) => {
      const box = one.getBoundingClientRect(), x = box.left - here.left, y = box.top - here.top, same = Math.abs(y) < 8;
      if (up) return same || Math.sign(y) !== sign ? Infinity : Math.abs(y) * 1e4 + Math.abs(x);
      return (same ? x * sign > 0 : y * sign > 0) ? Math.abs(y) * 1e5 + (same ? Math.abs(x) : sign * box.left + 1e4) : Infinity;
    };
    return all().filter((one) => one !== bar).map((one) => [far(one), one]).filter(([distance]) => distance < Infinity).sort((a, b) => a[0] - b[0])[0]?.[1];
  }

  grid.addEventListener("keydown", (event) => {
    const bar = event.target.closest(".ec-event[data-key]"), one = bar && bars.get(bar.dataset.key);
    if (!one || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) {
      const next = neighbour(bar, event.key);
      if (next) { rove(next.dataset.key); next.focus(); next.scrollIntoView({ block: "nearest", inline: "nearest" }); }
    } else if (event.key === "Enter") { if (page(one)) location.assign(page(one)); }
    else if (event.key === " ") show(one, bar);
    else if (/^m$/i.test(event.key) && one.moves) location.assign(`${board.booking}${one.ref}/move`);
    else if (/^m$/i.test(event.key) && one.shifts) location.assign(page(one));
    else if (/^b$/i.test(event.key) && board.may_block) location.assign(newBlock(one.place.instrument, one.place.unit, one.start, one.end));
    else if (/^c$/i.test(event.key) && board.may_block) location.assign(newForClient(one.place.instrument, one.free));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  // ── The rest of a bar, and what comes next ──
  const page = (one) => (one.ref ? board.booking + one.ref : one.made ? board.made + one.made : one.block ? board.block.replace("/-", `/${one.block}`) : "");
  const clicked = ({ event, el: bar }) => bars.has(event.id) && show(bars.get(event.id), bar);

  const link = (href, text, css = "btn btn-quiet btn-sm") => Object.assign(el("a", css, text), { href });

  function show(one, bar) {
    const links = [];
    const next = one.ref && !one.offered && board.verbs[one.state];
    if (next) links.push(link(`${board.booking}${one.ref}#do-${next[0]}`, next[1], "btn btn-primary btn-sm"));
    if (one.moves) links.push(link(`${board.booking}${one.ref}/move`, words.move));
    if (page(one)) links.push(link(page(one), words.open));
    const lines = [one.ref, span(one), [one.place.title, one.unit].filter(Boolean).join(" · "), [one.what, one.cleanup].filter(Boolean).join(" · ")];
    const names = one.names.length ? one.names : [one.what];
    showPeek(names, links, bar.getBoundingClientRect(), lines, one.words);
    peek.addEventListener("toggle", () => bar.isConnected && bar.focus({ preventScroll: true }), { once: true });
  }

  // A popover beside a place of the grid: what is there, and what can be done.
  function showPeek(names, links, box, lines = [], label = names.join(" · ")) {
    peek.replaceChildren(...names.map((name, n) => tongue(el("p", n ? "" : "strong", name))), ...lines.filter(Boolean).map((line) => tongue(el("p", "small", line))), el("div", "row-x", ...links));
    peek.setAttribute("aria-label", label);
    peek.setAttribute("role", "dialog");
    peek.showPopover();
    const own = peek.getBoundingClientRect();
    const below = box.bottom + 4 + own.height < innerHeight;
    peek.style.left = `${Math.max(8, Math.min(Math.max(box.left, grid.getBoundingClientRect().left + SIDE), innerWidth - own.width - 8))}px`;
    peek.style.top = `${Math.max(8, below ? box.bottom + 4 : box.top - own.height - 4)}px`;
    peek.querySelector("a")?.focus({ preventScroll: true });
  }

  // ── Drawing a block, dragging a booking ──
  function filledIn(page, values) {
    const address = new URL(page, location.href);
    for (const [name, value] of Object.entries(values)) if (value) address.searchParams.set(name, value);
    return address.href;
  }
  const newBlock = (instrument, units, from, to) => filledIn(board.new_block, { instrument, units, starts_at: wall(from), ends_at: wall(to) });
  const newForClient = (instrument, from) => filledIn(board.new_for_client, { instrument, starts_at: wall(from) });
  const placeOf = (id) => (id[0] === "i" ? [Number(id.slice(1)), 0] : id.slice(1).split(".").map(Number));

  // What was drawn is a block or a client's: a popover where it was drawn asks which.
  function drawn({ start, end, resource, jsEvent }) {
    const [instrument, unit] = placeOf(resource.id), [from, to] = [minuteOf(start), minuteOf(end)];
    const links = [
      link(newForClient(instrument, from), words.for_client, "btn btn-primary btn-sm"),
      link(newBlock(instrument, unit, from, to), words.block),
    ];
    const { clientX: left, clientY: bottom } = jsEvent;
    // after the release that ended the drawing, which closes what lies open outside of it
    setTimeout(() => showPeek([span({ start: from, end: to })], links, { left, bottom, top: bottom }));
  }

  function dropped({ event, oldEvent, newResource }) {
    const one = bars.get(oldEvent.id), moved = minuteOf(event.start) - minuteOf(oldEvent.start);
    const [instrument, unit] = newResource ? placeOf(newResource.id) : [one.place.instrument, one.place.unit];
    if (one.block) return shift(one, one.start + moved, one.end + moved, instrument === one.place.instrument);
    const step = Math.max(board.snap, data.grid);
    const start = moved ? Math.round((one.start + moved) / step) * step : one.start;
    send(one, { starts_at: moment(start), instrument, unit: unit || "" });
  }

  function resized({ event, oldEvent }) {
    const one = bars.get(oldEvent.id);
    shift(one, one.start + minuteOf(event.start) - minuteOf(oldEvent.start), one.end + minuteOf(event.end) - minuteOf(oldEvent.end));
  }

  // A block's edge, or all of it, on its own instrument.
  async function shift(one, start, end, here = true) {
    if (!here) { settle(); return refuse(one, { refused: words.elsewhere }); }
    await answered(one, await post(board.change.replace("/-/", `/${one.block}/`), formOf({
      starts_at: wall(start), ends_at: wall(end), was_starts_at: moment(one.start), was_ends_at: moment(one.end),
    })));
  }

  function formOf(values) {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...values, csrf_token: document.querySelector("[name=csrf_token]").value })) form.set(name, value);
    return form;
  }

  async function send(one, to) {
    const seen = `${moment(one.start)}|${one.place.instrument}|${one.place.unit}`;
    await answered(one, await post(`${board.booking}${one.ref}/drop`, formOf({ ...to, seen })));
  }

  async function post(address, form) {
    busy = true;
    refused.hidden = true;
    try {
      const answer = await fetch(address, { method: "POST", body: form, headers: { Accept: "application/json" } });
      return await answer.json();
    } catch {
      return { refused: words.failed, ways: [] };
    }
  }

  async function answered(one, answer) {
    if (answer.ask) {
      ask.innerHTML = answer.ask;
      if (!ask.open) ask.showModal();
      ask.onclose = () => { ask.onclose = null; settle(); };
      ask.querySelector("form").addEventListener("submit", async (event) => {
        event.preventDefault();
        event.submitter && (event.submitter.disabled = true);
        const form = new FormData(event.target);
        await answered(one, await post(event.target.action, form));
      });
      (ask.querySelector("[aria-invalid]") ?? ask.querySelector("textarea"))?.focus();
      return;
    }
    ask.onclose = null;
    if (ask.open) ask.close();
    if (answer.done) status.textContent = answer.done;
    settle();
    if (answer.refused) refuse(one, answer);
  }

  // The bar stands where the server says, whatever was dragged.
  function settle() {
    busy = false;
    tag = undefined;
    draw();
    refresh(false);
  }

  function refuse(one, { refused: reason, ways = [] }) {
    const close = Object.assign(el("button", "btn btn-quiet btn-sm", "×"), { type: "button", onclick: () => { refused.hidden = true; } });
    close.setAttribute("aria-label", words.back);
    const choices = ways.map((way) => Object.assign(el("button", "btn btn-quiet btn-sm", way.words), {
      type: "button",
      onclick: () => send(one, { starts_at: way.starts_at, instrument: way.instrument, unit: way.unit }),
    }));
    const inside = el("div", "", el("p", "", el("b", "", words.back), " ", reason));
    if (choices.length) inside.append(el("div", "row-x mt-2", el("span", "small", words.instead), ...choices));
    refused.replaceChildren(inside, close);
    refused.hidden = false;
  }

  refresh();
  setInterval(() => document.hidden || busy || refresh(), POLL);
  document.addEventListener("visibilitychange", () => document.hidden || busy || refresh());
}
