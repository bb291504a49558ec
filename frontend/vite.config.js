import { resolve } from "node:path";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { defineConfig } from "vite";
import { sprite } from "./icons.mjs";

const out = resolve(import.meta.dirname, "../static/dist");

/** Writes the icon sprite beside the bundles and enters it in the manifest as `icons.svg`. */
function iconSprite() {
  return {
    name: "icon-sprite",
    writeBundle() {
      const source = sprite();
      const file = `assets/icons-${createHash("sha256").update(source).digest("hex").slice(0, 8)}.svg`;
      mkdirSync(resolve(out, "assets"), { recursive: true });
      writeFileSync(resolve(out, file), source);
      const path = resolve(out, "manifest.json");
      const manifest = JSON.parse(readFileSync(path, "utf8"));
      manifest["icons.svg"] = { file };
      writeFileSync(path, JSON.stringify(manifest, null, 1));
    },
  };
}

/** The fonts in which the server sets papers (PDF); pages use the reader's own. */
function paperFonts() {
  return {
    name: "paper-fonts",
    writeBundle() {
      mkdirSync(resolve(out, "fonts"), { recursive: true });
      for (const weight of ["400Regular", "700Bold"]) {
        const file = `NotoSansSC_${weight}.ttf`;
        copyFileSync(resolve(import.meta.dirname, "node_modules/@expo-google-fonts/noto-sans-sc", weight, file), resolve(out, "fonts", file));
      }
    },
  };
}

/** Bootstrap's `legend + *`, for what follows legends: next to anything at all a browser styles a whole list anew when
 *  one thing is put into it, as each drag in the calendar does. */
const afterLegends = {
  postcssPlugin: "after-legends",
  Rule(rule) {
    rule.selector = rule.selector.replace("legend + *", "legend + :is(div, p, ul, dl, table, label, input, small, span)");
  },
};

export default defineConfig({
  base: "/static/dist/",
  plugins: [iconSprite(), paperFonts()],
  css: { postcss: { plugins: [afterLegends] }, preprocessorOptions: { scss: { quietDeps: true, silenceDeprecations: ["import", "if-function", "global-builtin", "color-functions"] } } },
  build: {
    outDir: out,
    emptyOutDir: true,
    manifest: "manifest.json",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    rollupOptions: {
      checks: { pluginTimings: false }, // Sass takes the time it takes
      input: {
        main: resolve(import.meta.dirname, "src/main.js"),
        calendar: resolve(import.meta.dirname, "src/calendar.js"),
      },
    },
  },
});
