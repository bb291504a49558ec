// Runs before the first paint: where no theme was chosen, the system's holds.
(function () {
  var root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
  function follow() { if (root.dataset.theme === "auto") root.dataset.bsTheme = dark.matches ? "dark" : "light"; }
  follow();
  dark.addEventListener("change", follow);
})();
