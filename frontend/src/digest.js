// A report's file held against the digest that the lab's has. Nothing is sent: the browser reads and compares.
async function compare(part, file) {
  const says = part.querySelector("[data-digest-says]");
  if (!file) return;
  if (!crypto.subtle) {
    says.textContent = part.dataset.unable;
    return;
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const same = found === part.dataset.digest;
  says.textContent = same ? part.dataset.same : part.dataset.other;
  says.classList.toggle("red", !same);
}

document.addEventListener("change", (event) => {
  const part = event.target.closest?.("[data-digest]");
  if (part && event.target.type === "file") compare(part, event.target.files[0]);
});

for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    const part = event.target.closest?.("[data-digest]");
    if (!part) return;
    event.preventDefault();
    if (name === "drop") compare(part, event.dataTransfer.files[0]);
  });
}
