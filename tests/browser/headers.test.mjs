import assert from "node:assert/strict";
import { after, test } from "node:test";
import { begun, closeBrowsers, elementOf, inWorld } from "./world.mjs";

after(closeBrowsers);

/** zod asks once whether it may make functions, and goes on without. */
const ZODS_PROBE = "script-src eval";

const violations = (/** @type {import("playwright-core").Page} */ page) => page.evaluate(() => window.violations);

for (const theme of ["light", "dark"]) {
  test(
    `under the policy that docs/embed.md gives a host's page, one violation is left, ${theme}`,
    inWorld(async ({ page, host }) => {
      await page.goto(`${host}?attributes=theme%3D${theme}`);
      const link = elementOf(page);
      await link.start.click();
      await link.fillForm();
      await link.isVerified();
      assert.deepEqual(await violations(page), [ZODS_PROBE]);
    }),
  );
}

test(
  "under the policy of the mailed link's page, one violation is left, and no other origin is asked",
  inWorld(async ({ page, connect, stackone }) => {
    /** @type {Set<string>} */
    const origins = new Set();
    page.on("request", (request) => origins.add(new URL(request.url()).origin));
    const answer = await page.goto(connect.create({ tenant: "tenant-1" }).link_url);
    const link = elementOf(page);
    await link.start.click();
    await link.fillForm();
    await link.isVerified();
    assert.deepEqual(await violations(page), [ZODS_PROBE]);
    assert.deepEqual([...origins].filter((origin) => origin !== "null").sort(), [connect.url, stackone.url].sort());
    const headers = answer?.headers() ?? {};
    assert.ok(!/unsafe|\*/.test(headers["content-security-policy"]));
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cross-origin-opener-policy"], "same-origin-allow-popups");
  }),
);

test(
  "the window in which the other system asks is told no referrer, and cannot be read by the page's embedder",
  inWorld(async ({ page, connect }) => {
    await page.goto(connect.create({ tenant: "tenant-1" }).link_url);
    const link = elementOf(page);
    await link.start.click();
    await link.hub.getByText("Bravo Talent").click();
    const opened = page.waitForEvent("popup");
    await link.save();
    assert.equal(await (await opened).evaluate(() => document.referrer), "");
  }),
);

test(
  "what the Hub itself dispatches does not reach the page, which would take it for the truth",
  inWorld(async ({ page, host }) => {
    const link = await begun(page, host);
    await link.fillForm();
    await link.isVerified();
    assert.deepEqual(await link.events(), ["opened", "linked", "verified"]);
  }),
);
