// What every page needs. Pages work without it; it makes them quicker. No inline handlers, no eval (strict CSP).
import "./bootstrap.scss";
import "./look.css";
import "./steps.scss";
import "./own.css";
import "./papers.css";
import "./theme.js";
import "./dialogs.js";
import "./forms.js";
import "./hold.js";
import "./live.js";
import "./maps.js";
import "./menus.js";
import "./rows.js";
import "./small.js";
import "./suggest.js";
import "./ticks.js";
import "./upload.js";
