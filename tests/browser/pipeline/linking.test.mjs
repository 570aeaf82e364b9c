// The real page, element and Hub on the real services over Kafka, with StackOne's simulator: the whole
// way from the press of a button to an account that the processor has confirmed.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { Pipeline, until } from "./services.mjs";
import { startHost } from "../standin/host.mjs";
import { launch } from "../tools.mjs";
import { begun, elementOf } from "../world.mjs";

mkdirSync(new URL("../../../target/browser/", import.meta.url), { recursive: true });

/** @type {Pipeline} */ let pipeline;
/** @type {Awaited<ReturnType<typeof startHost>>} */ let host;
/** @type {import("playwright-core").Browser} */ let browser;
/** The tenant that is signed in at the host product: another one for each test. */
let tenant = "";
let tenants = 0;

before(async () => {
  const connect = {
    get url() {
      return pipeline.url;
    },
    create: (/** @type {{accountId?: string}} */ { accountId }) => pipeline.create({ tenant, accountId }),
  };
  host = await startHost(connect, () => pipeline.api, new Map());
  pipeline = await Pipeline.start(host.url);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await pipeline?.stop();
  await host?.close();
});

/** @param {(of: {page: import("playwright-core").Page, context: import("playwright-core").BrowserContext}) => Promise<void>} play */
const asTenant = (play) => async () => {
  tenant = `tenant-${(tenants += 1)}`;
  const context = await browser.newContext({ locale: "en-GB" });
  context.setDefaultTimeout(60_000);
  await context.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
      window.violations.push(`${effectiveDirective} ${blockedURI}`),
    );
  });
  try {
    await play({ page: await context.newPage(), context });
  } finally {
    await context.close();
    await pipeline.simulator("DELETE", "faults");
  }
};

/** @param {ReturnType<typeof elementOf>} link */
async function fillForm(link) {
  await link.hub.getByText("HiBob").click();
  await link.refill();
}

/** The accounts of the tenant at StackOne. @returns {Promise<{id: string}[]>} */
const accounts = async () => {
  const all = await pipeline.simulator("GET", "accounts");
  return (all.accounts ?? all).filter((/** @type {any} */ one) => one.origin_owner_id === tenant);
};

test(
  "an account is linked by the form, and verified by the processor",
  asTenant(async ({ page }) => {
    const link = await begun(page, host.url);
    await fillForm(link);
    await link.isVerified();
    assert.deepEqual(await link.events(), ["opened", "linked", "verified"]);
    const [account] = await accounts();
    assert.equal((await link.event("verified")).account_id, account.id);
    assert.deepEqual(await page.evaluate(() => window.violations), ["script-src eval"]);
  }),
);

test(
  "an account is linked in a window of the other system",
  asTenant(async ({ page }) => {
    const link = await begun(page, host.url);
    await link.hub.getByText("Workday").click();
    const opened = page.waitForEvent("popup");
    await link.save();
    const window = await opened;
    const closed = window.waitForEvent("close");
    await window.getByRole("button", { name: "Allow" }).click();
    await link.said("Connected and verified.");
    await closed;
  }),
);

test(
  "where no webhook comes, the account is looked at, and verified",
  asTenant(async ({ page }) => {
    await pipeline.simulator("PUT", "disturbance", { lose_probability: 1 });
    try {
      const link = await begun(page, host.url);
      await fillForm(link);
      await link.isVerified();
    } finally {
      await pipeline.simulator("PUT", "disturbance", {});
    }
  }),
);

for (const [status, sentence] of [
  ["error", "The other system still refuses the sign-in. Check it, then try again."],
  ["active", "The connection still works, but the new sign-in was not saved."],
]) {
  test(
    `a Hub that lies about a re-link is found out, of an account in ${status}; the next try repairs it`,
    asTenant(async ({ page }) => {
      const id = await pipeline.account(tenant, status);
      await page.goto(`${host.url}?account=${id}`);
      const link = elementOf(page);
      await link.start.click();
      await link.refill();
      await pipeline.expireTokens();
      await link.save();
      await link.said(sentence);
      await link.button("Try again").click();
      await link.refill();
      await link.isVerified();
      assert.equal((await accounts()).length, 1);
    }),
  );
}

test(
  "a mailed link is opened by a scanner, by the person, and once more",
  asTenant(async ({ page, context }) => {
    const { id, link_url } = await pipeline.create({ tenant, channel: "link", returnUrl: `${host.url}/settings` });
    const scanner = await context.newPage();
    await scanner.goto(link_url, { waitUntil: "networkidle" });
    await scanner.close();
    const link = await begun(page, link_url);
    await fillForm(link);
    await link.isVerified();
    await link.dialog.getByRole("link", { name: "Go back" }).waitFor();
    assert.deepEqual(await page.evaluate(() => window.violations), ["script-src eval"]);
    const later = await context.newPage();
    await later.goto(link_url);
    await elementOf(later).start.click();
    await elementOf(later).said("Connected and verified.");
    assert.ok(later.url().endsWith(`/link/${id}`));
    assert.equal((await accounts()).length, 1);
  }),
);

/**
 * A press of Continue after a reload, and what is said then.
 * @param {import("playwright-core").Page} page
 * @param {string} sentence
 */
async function reload(page, sentence) {
  await page.reload();
  await elementOf(page).start.click();
  await elementOf(page).said(sentence);
}

test(
  "the page is reloaded in every state of a link that comes to its end",
  asTenant(async ({ page }) => {
    const { link_url } = await pipeline.create({ tenant, channel: "link" });
    await page.goto(link_url);
    const link = elementOf(page);
    for (const _state of ["created", "linking"]) await reload(page, "Choose the system to connect.");
    await fillForm(link);
    await reload(page, "Choose the system to connect.");
    await fillForm(link);
    await pipeline.holdLookups();
    await link.save();
    await link.said("Saved. Checking that the connection works…");
    await reload(page, "Saved. Checking that the connection works…");
    await pipeline.simulator("DELETE", "faults");
    await link.said("Connected and verified.");
    await reload(page, "Connected and verified.");
    assert.equal((await accounts()).length, 1);
  }),
);

test(
  "the page is reloaded where the link has failed, and the next try repairs the account",
  asTenant(async ({ page }) => {
    const accountId = await pipeline.account(tenant, "error");
    const { link_url } = await pipeline.create({ tenant, accountId, channel: "link" });
    const link = await begun(page, link_url);
    await link.refill();
    await pipeline.expireTokens();
    await link.save();
    const refused = "The other system still refuses the sign-in. Check it, then try again.";
    await link.said(refused);
    await reload(page, refused);
    await link.button("Try again").click();
    await link.refill();
    await link.isVerified();
    await reload(page, "Connected and verified.");
  }),
);

test(
  "the page is reloaded where the time for the link is over",
  asTenant(async ({ page }) => {
    const { id, link_url } = await pipeline.create({ tenant, channel: "link", expiresIn: 1 });
    await until("it is over", async () => (await pipeline.session(tenant, id)).state === "expired");
    await page.goto(link_url);
    for (let visits = 0; visits < 2; visits += 1) {
      await reload(page, "This link is no longer valid. Ask for a new one.");
    }
  }),
);

/**
 * StackOne's token is over by its own clock and by the page's, which asks for another one.
 * @param {import("playwright-core").Page} page
 */
async function tokensEnd(page) {
  await pipeline.expireTokens();
  const minted = page.waitForResponse((answer) => answer.url().endsWith("/token") && answer.ok());
  await page.clock.fastForward("28:30");
  await minted;
}

test(
  "StackOne's token is over before anything is chosen, and while the person types",
  asTenant(async ({ page }) => {
    await page.clock.install();
    const link = await begun(page, host.url);
    await link.said("Choose the system to connect.");
    const old = await link.hub.elementHandle();
    await tokensEnd(page);
    await page.waitForFunction((hub) => !hub?.isConnected, old);
    await fillForm(link);
    await tokensEnd(page);
    assert.equal(await link.hub.getByLabel("API key").inputValue(), "sesame");
    await link.isVerified();
    assert.equal((await accounts()).length, 1);
  }),
);

test(
  "StackOne's token is over while the other system asks: a new start is offered, which links",
  asTenant(async ({ page }) => {
    await page.clock.install();
    const link = await begun(page, host.url);
    await link.hub.getByText("Workday").click();
    await page.clock.fastForward("26:00");
    const opened = page.waitForEvent("popup");
    await link.save();
    const window = await opened;
    await link.said("Connecting. The other system may ask you to sign in, in a window of its own.");
    await pipeline.expireTokens();
    await page.clock.fastForward("02:30");
    await link.button("Try again").click();
    await link.hub.getByText("Workday").click();
    await window.close();
    const again = page.waitForEvent("popup");
    await link.save();
    await (await again).getByRole("button", { name: "Allow" }).click();
    await link.said("Connected and verified.");
    assert.equal((await accounts()).length, 1);
  }),
);

test(
  "StackOne's token is over after the save, before the account is confirmed",
  asTenant(async ({ page }) => {
    const link = await begun(page, host.url);
    await fillForm(link);
    await pipeline.holdLookups();
    await link.save();
    await link.said("Saved. Checking that the connection works…");
    await pipeline.expireTokens();
    await pipeline.simulator("DELETE", "faults");
    await link.said("Connected and verified.");
    assert.deepEqual(await link.events(), ["opened", "linked", "verified"]);
  }),
);

test(
  "two tabs of one link: the one links, and both say so",
  asTenant(async ({ page, context }) => {
    const { link_url } = await pipeline.create({ tenant, channel: "link" });
    const other = await context.newPage();
    for (const tab of [page, other]) {
      await tab.goto(link_url);
      await elementOf(tab).start.click();
      await fillForm(elementOf(tab));
    }
    await elementOf(page).save();
    await elementOf(page).said("Connected and verified.");
    await elementOf(other).said("Connected and verified.");
  }),
);

test(
  "beside an attempt that was left open, the page without a Hub asks whose the account is",
  asTenant(async ({ page, context }) => {
    const left = await context.newPage();
    await (await begun(left, host.url)).said("Choose the system to connect.");
    await left.close();
    await page.addInitScript(() => {
      const get = () => {
        throw new DOMException("The request was denied.", "SecurityError");
      };
      Object.defineProperty(window, "localStorage", { get });
    });
    const link = await begun(page, host.url);
    const opened = page.waitForEvent("popup");
    await link.dialog.getByRole("link", { name: "Open StackOne's page (new tab)" }).click();
    const away = await opened;
    await away.getByText("HiBob").click();
    await away.getByLabel("API key").fill("sesame");
    await away.getByRole("button", { name: "Connect" }).click();
    await link.button("It was me").click();
    await link.said("Connected and verified.");
    const [account] = await accounts();
    assert.equal((await link.event("verified")).account_id, account.id);
  }),
);

test(
  "a link that is cancelled cannot be used any more",
  asTenant(async ({ page }) => {
    const { link_url } = await pipeline.create({ tenant, channel: "link" });
    const link = await begun(page, link_url);
    await link.said("Choose the system to connect.");
    await link.button("Cancel").click();
    await link.button("Stop").click();
    await link.said("Cancelled.");
    await page.reload();
    await link.start.click();
    await link.said("Cancelled.");
  }),
);

test(
  "a create that StackOne turns into an edit of the account that there is is verified",
  asTenant(async ({ page }) => {
    const id = await pipeline.account(tenant, "error");
    await pipeline.simulator("POST", "faults", { kind: "create_as_edit", operation: "hub_save" });
    const link = await begun(page, host.url);
    await fillForm(link);
    await link.isVerified();
    assert.equal((await link.event("verified")).account_id, id);
    assert.equal((await accounts()).length, 1);
  }),
);

test(
  "a save whose connection is cut each time the browser sends it is verified all the same",
  asTenant(async ({ page }) => {
    await pipeline.simulator("POST", "faults", { kind: "drop", operation: "hub_save" });
    const link = await begun(page, host.url);
    await fillForm(link);
    await link.isVerified();
    assert.equal((await accounts()).length, 1);
  }),
);

test(
  "a replica of connect that is killed in the middle is not missed",
  asTenant(async ({ page }) => {
    const link = await begun(page, host.url);
    await fillForm(link);
    pipeline.replicas[0].process.kill("SIGKILL");
    await link.isVerified();
    await page.reload();
    await link.start.click();
    await link.said("Choose the system to connect.");
  }),
);
