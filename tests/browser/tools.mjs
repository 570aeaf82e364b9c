// The browser and the tools of these tests, as connect/web/package-lock.json pins them.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../connect/web/package.json", import.meta.url));
/** @type {typeof import("playwright-core")} */
export const { chromium } = require("playwright-core");
/** The text of axe-core, to be run inside a page. @type {string} */
export const axeSource = require("axe-core").source;

/** Debian's Chromium; CHROMIUM names another. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

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
