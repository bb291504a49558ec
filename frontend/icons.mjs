// One SVG sprite with only the icons used: those named in icons.txt and those that templates name outright.
import { readFileSync, readdirSync, statSync, existsSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const NAMED = /icon\(\s*['"]([a-z0-9-]+)['"]/g;

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (path.endsWith(".html")) yield path;
  }
}

export function iconNames() {
  const names = new Set(readFileSync(join(here, "icons.txt"), "utf8").split("\n").map((line) => line.trim()).filter(Boolean));
  for (const path of files(join(here, "../templates")))
    for (const [, name] of readFileSync(path, "utf8").matchAll(NAMED)) names.add(name);
  return [...names].sort();
}

export function sprite() {
  const symbols = iconNames().map((name) => {
    const path = join(here, "node_modules/@tabler/icons/icons/outline", `${name}.svg`);
    if (!existsSync(path)) throw new Error(`icons: there is no Tabler outline icon "${name}"`);
    const shapes = readFileSync(path, "utf8").replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, "");
    const drawn = shapes.replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/g, "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24">${drawn}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}
