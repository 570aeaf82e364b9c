// What `tsc` does not see of these files: their size, and that no link is dead.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** The element by itself, as it is. */
const ELEMENT = 12_000;
/** All that an English page loads, as it goes over the wire. */
const LOADED = 12_000;

const here = new URL("./", import.meta.url);
/** @param {string} name */
const read = (name) => readFileSync(new URL(name, here));

const modules = readdirSync(new URL("connect/", here));
const loaded = modules.filter((name) => !/^texts\.(?!en)/.test(name)).map((name) => `connect/${name}`);
const element = read("connect.js").length;
const wire = gzipSync(Buffer.concat(["connect.js", ...loaded].map(read)), { level: 9 }).length;
console.log(`connect.js: ${element} bytes; with its modules, in English: ${wire} bytes by gzip`);
if (element > ELEMENT || wire > LOADED) {
  console.error(`too large: at most ${ELEMENT} bytes, and ${LOADED} by gzip`);
  process.exitCode = 1;
}
