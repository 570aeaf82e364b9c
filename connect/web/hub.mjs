// Takes the Hub's web component out of the pinned package and writes it, under its own hash, with
// `hub.json` into the folder that the first argument names. `just hub` runs it after `npm ci`.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";

/** Makes and fills one of the three font tags, called where it stands. */
const FONT_TAG = /\(\(\)=>\{if\(\w+\|\|typeof document>"u"\|\|!document\.head\)return;.*?=!0\}\)\(\)/gs;
/** Picks the theme of a shadow root, and writes it there. */
const THEME = /"dark"===\w+\?(\w+):(\w+);(\w+)\(/;
/** The end of the bundle's one function, where all of its names are still known. */
const END = "}();";

/**
 * The text of every style tag that the bundle adds to a page: three fonts, an empty one, and the
 * variables of both themes. It runs the bundle's own code, since no tag stands in it as it is.
 * @param {string} bundle
 * @returns {string[]}
 */
export function styleTags(bundle) {
  const fonts = bundle.match(FONT_TAG) ?? [];
  const theme = bundle.match(THEME);
  const end = bundle.lastIndexOf(END);
  if (fonts.length !== 3 || !theme || end < 0) {
    throw new Error("this version of the Hub makes its style tags in another way: read its bundle");
  }
  const [, dark, light, write] = theme;
  const added = [...fonts, `${write}(${light},root())`, `${write}(${dark},root())`];
  /** @type {{textContent: string}[]} */
  const tags = [];
  const code = `${bundle.slice(0, end)};${added.join(";")};${bundle.slice(end)}`;
  try {
    vm.runInNewContext(code, sandbox((tag) => tags.push(tag)));
  } catch (error) {
    // The stack would print the bundle.
    throw new Error(`the Hub's bundle does not run outside a browser: ${error}`);
  }
  return [...tags.map((tag) => tag.textContent), ""];
}

/**
 * As much of a browser as the bundle touches before anything is mounted.
 * @param {(tag: {textContent: string}) => void} appendChild
 */
function sandbox(appendChild) {
  class ShadowRoot {
    appendChild = appendChild;
    querySelector = () => null;
  }
  const element = () => ({ style: {}, setAttribute() {}, addEventListener() {}, textContent: "" });
  const document = {
    head: { appendChild },
    documentElement: element(),
    createElement: element,
    getElementById: () => null,
    addEventListener() {},
  };
  const root = () => new ShadowRoot();
  return { document, ShadowRoot, HTMLElement: class {}, root, setTimeout, clearTimeout };
}

/**
 * @param {string} algorithm
 * @param {import("node:crypto").BinaryLike} bytes
 * @param {import("node:crypto").BinaryToTextEncoding} encoding
 */
const hash = (algorithm, bytes, encoding) => createHash(algorithm).update(bytes).digest(encoding);

/**
 * What the service has to know of a bundle.
 * @param {Buffer} bytes
 * @param {string} version
 */
export function describe(bytes, version) {
  const sha256 = hash("sha256", bytes, "hex");
  return {
    file: `${sha256}.js`,
    sha256,
    integrity: `sha384-${hash("sha384", bytes, "base64")}`,
    version,
    style_hashes: styleTags(bytes.toString()).map((text) => `sha256-${hash("sha256", text, "base64")}`),
  };
}

/** @param {string} folder */
function take(folder) {
  const hub = new URL("node_modules/@stackone/hub/", import.meta.url);
  const { version } = JSON.parse(readFileSync(new URL("package.json", hub), "utf8"));
  // The map would be asked for beside the bundle, where it is not.
  const bytes = readFileSync(new URL("dist/webcomponent.js", hub));
  const description = describe(bytes, version);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, description.file), bytes);
  writeFileSync(join(folder, "hub.json"), `${JSON.stringify(description, null, 2)}\n`);
  console.log(`Hub ${version}: ${join(folder, description.file)}`);
}

if (process.argv[1] === import.meta.filename) {
  const folder = process.argv[2];
  if (!folder) {
    console.error("usage: node hub.mjs FOLDER");
    process.exit(2);
  }
  take(folder);
}
