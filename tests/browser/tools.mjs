// The browser and the tools of these tests, as connect/web/package-lock.json pins them.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";

const require = createRequire(new URL("../../connect/web/package.json", import.meta.url));
/** @type {typeof import("playwright-core")} */
export const { chromium } = require("playwright-core");
/** The text of axe-core, to be run inside a page. @type {string} */
export const axeSource = require("axe-core").source;

/** Debian's Chromium; CHROMIUM names another. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Ports that were given. @type {Set<number>} */
const given = new Set();

/**
 * A port that nothing listens on, below those that systems hand out: no connection of the browser
 * has it as its own meanwhile.
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}

/** @param {import("playwright-core").LaunchOptions} [options] */
export function launch(options = {}) {
  if (!existsSync(executablePath)) {
    throw new Error(`${executablePath} is missing: apt-get install chromium, or name one in CHROMIUM`);
  }
  return chromium.launch({
    executablePath,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
    ...options,
  });
}
