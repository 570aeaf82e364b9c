// What docs/embed.md gives a page, carried out: its lines of HTML, and the policy that they need.
// Its settings and its request are carried out by connect/tests/it/embed.rs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { hub } from "./standin/connect.mjs";
import { closeBrowsers, elementOf, inWorld } from "./world.mjs";

after(closeBrowsers);

const document = readFileSync(new URL("../../docs/embed.md", import.meta.url), "utf8");

/** The text of the only block in a language. @param {string} language */
function block(language) {
  const blocks = [...document.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, one]) => one === language);
  assert.equal(blocks.length, 1, language);
  return blocks[0][2];
}

test(
  "the lines of HTML link an account, and the page is told its id",
  inWorld(async ({ page, host, connect, stackone, files }) => {
    const html = block("html").replace("https://connect.example.com", connect.url);
    files.set("/embed", ["text/html", `<!doctype html><title>Yours</title>${html}`]);
    files.set("/link-session", ["application/json", JSON.stringify(connect.create({ tenant: "tenant-1" }))]);
    await page.addInitScript(() => {
      Object.assign(window, { showConnected: (/** @type {string} */ id) => (window.events = [["shown", id]]) });
    });
    await page.goto(`${host}/embed`);
    await page.evaluate(() => (window.events = []));
    const link = elementOf(page);
    await link.start.click();
    await link.fillForm();
    await link.isVerified();
    assert.equal(await link.event("shown"), [...stackone.accounts.keys()][0]);
  }),
);

test(
  "under the policy a page of its own scripts links, and one violation is left",
  inWorld(async ({ page, host, connect, stackone, files }) => {
    const lines = block("text").split(/\n(?=\S)/).map((line) => line.replace(/\s+/g, " ").trim());
    const hashes = hub.style_hashes.map((/** @type {string} */ hash) => `'${hash}'`).join(" ");
    const headers = Object.fromEntries(
      lines.filter(Boolean).map((line) => {
        const [, name, value] = /** @type {RegExpExecArray} */ (/^([\w-]+): (.*)$/.exec(line));
        const here = value
          .replaceAll("https://connect.example.com", connect.url)
          .replaceAll("https://api.stackone.com", stackone.url)
          .replace(/'sha256-…' 'sha256-…' …/, hashes);
        return [name, here];
      }),
    );
    assert.deepEqual(Object.keys(headers), [
      ...["Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy"],
    ]);
    files.set("/embed", ["text/html", await (await fetch(host)).text(), headers]);
    await page.goto(`${host}/embed`);
    const link = elementOf(page);
    await link.start.click();
    await link.fillForm();
    await link.isVerified();
    assert.deepEqual(await page.evaluate(() => window.violations), ["script-src eval"]);
  }),
);
