// The lab calendar, loaded only where it is shown: <div data-calendar="#id-of-json">.
// Its settings come as JSON in a <script type="application/json">; `LabShareCalendar.start(element, options)` starts it.
import { createCalendar, destroyCalendar, DayGrid, Interaction, ResourceTimeline, TimeGrid } from "@event-calendar/core";
import "@event-calendar/core/index.css";
import "./calendar.css";

const PLUGINS = [ResourceTimeline, TimeGrid, DayGrid, Interaction];

export function start(element, options) {
  return createCalendar(element, PLUGINS, options);
}

window.LabShareCalendar = { start, destroyCalendar, PLUGINS };
document.dispatchEvent(new CustomEvent("labshare:calendar-ready"));
