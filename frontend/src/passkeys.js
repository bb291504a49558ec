// Passkeys: <div data-passkey="hidden field" data-asked="what the server asks" hidden>, whose button has the device make
// one (data-new) or use one, and then sends the form. Without a script the form stands as it is.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => list.map((each) => ({ ...each, id: bytes(each.id) }));

function asked(part) {
  const given = JSON.parse(part.dataset.asked), publicKey = { ...given, challenge: bytes(given.challenge) };
  if (given.user) publicKey.user = { ...given.user, id: bytes(given.user.id) };
  if (given.excludeCredentials) publicKey.excludeCredentials = named(given.excludeCredentials);
  if (given.allowCredentials) publicKey.allowCredentials = named(given.allowCredentials);
  return { publicKey };
}

function answer(made) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (made.response[name]) response[name] = text(made.response[name]);
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
}

function why(part, error) {
  const says = part.dataset;
  if (error.name === "NotAllowedError" || error.name === "AbortError") return says.cancelled;
  if (error.name === "InvalidStateError" && says.taken) return says.taken;
  return error.name === "SecurityError" ? says.elsewhere : says.failed;
}

async function ask(part) {
  const form = part.closest("form"), field = form.elements[part.dataset.passkey], alert = part.querySelector("[role=alert]");
  const button = part.querySelector("button");
  alert.textContent = "";
  button.setAttribute("aria-busy", "true");
  try {
    const made = "new" in part.dataset ? await navigator.credentials.create(asked(part)) : await navigator.credentials.get(asked(part));
    field.value = answer(made);
    form.requestSubmit();
  } catch (error) {
    alert.textContent = why(part, error);
    button.focus();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

if (window.PublicKeyCredential && navigator.credentials) {
  for (const part of document.querySelectorAll("[data-passkey]")) {
    part.hidden = false;
    if ("new" in part.dataset) part.closest("form").addEventListener("submit", (event) => {
      if (event.target.elements[part.dataset.passkey].value || !event.target.checkValidity()) return; // the server says what lacks
      event.preventDefault();
      ask(part);
    });
    else part.querySelector("button").addEventListener("click", () => ask(part));
  }
  for (const note of document.querySelectorAll("[data-passkey-unable]")) note.hidden = true;
}
