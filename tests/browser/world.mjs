// What each test gets: the three services, a fresh browser context, and what it has to see to.
import { launch } from "./tools.mjs";
import { Connect } from "./standin/connect.mjs";
import { startHost } from "./standin/host.mjs";
import { StackOne } from "./standin/stackone.mjs";

/** @type {Map<string, Promise<import("playwright-core").Browser>>} */
const browsers = new Map();

/** @param {import("playwright-core").LaunchOptions} [options] */
function browser(options) {
  const key = JSON.stringify(options ?? {});
  const running = browsers.get(key) ?? launch(options);
  browsers.set(key, running);
  return running;
}

export async function closeBrowsers() {
  for (const running of browsers.values()) await (await running).close();
}

/**
 * @typedef {{stackone: StackOne, connect: Connect, host: string,
 *   files: Map<string, [type: string, body: string, headers?: object]>, context: import("playwright-core").BrowserContext,
 *   page: import("playwright-core").Page, errors: string[]}} World
 */

/**
 * Runs a test in a world of its own. It fails, too, where a page threw or a stand-in was surprised.
 * @param {(world: World) => Promise<void>} test
 * @param {{context?: import("playwright-core").BrowserContextOptions, launch?: import("playwright-core").LaunchOptions,
 *   throws?: RegExp}} [options] `throws`: what a page may throw
 */
export function inWorld(test, options = {}) {
  return async () => {
    const stackone = await StackOne.start();
    const connect = await Connect.start(stackone);
    /** @type {World["files"]} */
    const files = new Map();
    const host = await startHost(connect, stackone.url, files);
    const context = await (await browser(options.launch)).newContext({ locale: "en-GB", ...options.context });
    context.setDefaultTimeout(60_000);
    /** @type {string[]} */
    const errors = [];
    await context.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
        window.violations.push(`${effectiveDirective} ${blockedURI}`),
      );
    });
    context.on("weberror", (error) => errors.push(String(error.error())));
    try {
      await test({ stackone, connect, host: host.url, files, context, page: await context.newPage(), errors });
      const surprises = [...stackone.errors, ...connect.errors, ...host.errors].map(String);
      const thrown = errors.filter((error) => !options.throws?.test(error));
      if (surprises.length + thrown.length > 0) throw new Error([...surprises, ...thrown].join("\n"));
    } finally {
      await context.close();
      for (const service of [host, connect, stackone]) await service.close();
    }
  };
}

/**
 * Waits for what only the stand-ins see. A question to the page would count as a press in it.
 * @param {() => boolean} condition
 * @param {number} [seconds]
 */
export async function eventually(condition, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; !condition(); ) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${condition}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/**
 * The element of a page, as a person and a screen reader meet it.
 * @param {import("playwright-core").Page} page
 */
export function elementOf(page) {
  const dialog = page.getByRole("dialog", { name: /./ });
  const hub = dialog.locator("stackone-hub");
  return {
    dialog,
    hub,
    start: page.locator("stackone-link").getByRole("button").first(),
    button: (/** @type {string} */ name) => dialog.getByRole("button", { name, exact: true }),
    /** Waits until it has said this. @param {string} text */
    said: (/** @type {string} */ text) => page.locator("stackone-link [role=status]").getByText(text).waitFor({ state: "attached" }),
    /** @param {string} [key] */
    async fillForm(key = "sesame") {
      await hub.getByText("Acme HR").click();
      await hub.getByLabel("API key").fill(key);
    },
    refill: (key = "sesame") => hub.getByLabel("API key").fill(key),
    save: () => hub.getByRole("button", { name: "Connect" }).click(),
    /** Saves what was filled in, and waits until the page says that it works. */
    async isVerified() {
      await this.save();
      await this.said("Connected and verified.");
    },
    /** Waits for an event of the element. @param {string} name @returns {Promise<any>} its detail */
    async event(name) {
      const found = await page.waitForFunction((one) => window.events.find(([is]) => is === one), name);
      return (await found.jsonValue())[1];
    },
    events: () => page.evaluate(() => window.events.map(([name]) => name)),
  };
}

/** The element on a host product's page, on which a link is begun. @param {import("playwright-core").Page} page @param {string} url */
export async function begun(page, url) {
  await page.goto(url);
  const link = elementOf(page);
  await link.start.click();
  return link;
}
