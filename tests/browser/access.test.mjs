import assert from "node:assert/strict";
import { after, test } from "node:test";
import { axeSource } from "./tools.mjs";
import { begun, closeBrowsers, elementOf, eventually, inWorld } from "./world.mjs";
import de from "../../connect/web/connect/texts.de.js";
import en from "../../connect/web/connect/texts.en.js";
import es from "../../connect/web/connect/texts.es.js";
import fr from "../../connect/web/connect/texts.fr.js";

after(closeBrowsers);

/**
 * What axe-core finds in StackOne's Hub 1.11.4 itself: a list's button with `aria-required`, dimmed
 * text, a logo without a text. Another finding there, or any of ours, fails.
 */
const HUBS_OWN = ["aria-allowed-attr", "color-contrast", "image-alt"];

/**
 * The findings of axe-core: ours, and those inside the Hub.
 * @param {import("playwright-core").Page} page
 */
async function findings(page) {
  const found = await page.evaluate(async (source) => {
    if (!("axe" in window)) (0, eval)(source);
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => ({ id, target: target.flat().join(" ") })));
  }, axeSource);
  const inHub = found.filter(({ target }) => target.includes("stackone-hub"));
  return { ours: found.filter((one) => !inHub.includes(one)), hubs: [...new Set(inHub.map(({ id }) => id))] };
}

/** @param {import("playwright-core").Page} page */
async function assertAccessible(page) {
  const { ours, hubs } = await findings(page);
  assert.deepEqual(ours, []);
  assert.deepEqual(hubs.filter((id) => !HUBS_OWN.includes(id)), []);
}

for (const theme of ["light", "dark"]) {
  test(
    `axe-core finds nothing but the Hub's own, in any state, ${theme}`,
    inWorld(
      async ({ page, host, connect, stackone }) => {
        await page.goto(`${host}?attributes=theme%3D${theme}`);
        const link = elementOf(page);
        await assertAccessible(page);
        await link.start.click();
        await link.said(en.pick);
        await assertAccessible(page);
        await link.fillForm();
        await assertAccessible(page);
        await page.keyboard.press("Escape");
        await link.said(en.leave);
        await assertAccessible(page);
        await link.button("Go on").click();
        connect.looking = false;
        await link.save();
        await link.said(en.checking);
        await assertAccessible(page);
        const [session] = connect.sessions.values();
        connect.change(session, { state: "failed", reasons: ["not_found"] });
        await link.said(en.not_found);
        await assertAccessible(page);
        connect.change(session, { state: "verified" });
        await link.said(en.verified);
        await assertAccessible(page);
        await link.button("Close").click();
        connect.hasHub = false;
        await link.start.click();
        await link.said(en.hosted);
        await assertAccessible(page);
        const [account] = stackone.accounts.keys();
        const latest = [...connect.sessions.values()].slice(-1)[0];
        connect.change(latest, { reasons: ["ambiguous"], account });
        await link.said(en.ambiguous);
        await assertAccessible(page);
        assert.deepEqual(stackone.errors, []);
      },
      { context: { bypassCSP: true } },
    ),
  );
}

test(
  "axe-core finds nothing on the page of a mailed link",
  inWorld(
    async ({ page, connect }) => {
      await page.goto(connect.create({ tenant: "tenant-1" }).link_url);
      await page.getByRole("button", { name: "Continue" }).waitFor();
      assert.deepEqual((await findings(page)).ours, []);
    },
    { context: { bypassCSP: true } },
  ),
);

/** Where the focus is: `start`, `dialog`, `hub`, or what else. @param {import("playwright-core").Page} page */
const focus = (page) =>
  page.evaluate(() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) {
      at = at.shadowRoot.activeElement;
      if (at.closest("stackone-hub")) return "hub";
    }
    if (at?.closest("#dialog")) return "dialog";
    return at?.part.contains("button") ? "start" : at?.localName;
  });

/** Presses Tab until this has the focus. @param {import("playwright-core").Page} page @param {import("playwright-core").Locator} one */
async function tabTo(page, one) {
  for (let presses = 0; presses < 40; presses += 1) {
    if (await one.evaluate((node) => node.getRootNode().activeElement === node)) return;
    await page.keyboard.press("Tab");
    assert.ok(["hub", "dialog"].includes(await focus(page)), `the focus has left the dialog: ${await focus(page)}`);
  }
  throw new Error("not to be reached by Tab");
}

test(
  "an account is linked with the keyboard alone, and the focus is always where the person is",
  inWorld(async ({ page, host }) => {
    await page.goto(host);
    const link = elementOf(page);
    await page.keyboard.press("Tab");
    assert.equal(await focus(page), "start");
    await page.keyboard.press("Enter");
    await link.said(en.pick);
    assert.equal(await focus(page), "dialog");
    await tabTo(page, link.hub.getByRole("button", { name: "Acme HR" }));
    await page.keyboard.press("Enter");
    await link.said(en.form);
    // The Hub drops the focus to the body of the page.
    await page.waitForFunction(() => document.activeElement?.localName === "stackone-link");
    await tabTo(page, link.hub.getByLabel("API key"));
    await page.keyboard.type("sesame");
    await tabTo(page, link.hub.getByRole("button", { name: "Connect" }));
    await page.keyboard.press("Enter");
    await link.said(en.verified);
    await page.waitForFunction(() => document.activeElement?.localName === "stackone-link");
    assert.equal(await focus(page), "dialog");
    await tabTo(page, link.button("Close"));
    await page.keyboard.press("Enter");
    await link.dialog.waitFor({ state: "hidden" });
    assert.equal(await focus(page), "start");
  }),
);

test(
  "Tab goes round in the dialog, forwards and backwards, and nothing behind it can be reached",
  inWorld(async ({ page, host }) => {
    const link = await begun(page, host);
    await link.said(en.pick);
    for (const key of ["Tab", "Shift+Tab"]) {
      const seen = new Set();
      for (let presses = 0; presses < 25; presses += 1) {
        await page.keyboard.press(key);
        seen.add(await focus(page));
      }
      assert.deepEqual([...seen].sort(), ["dialog", "hub"]);
    }
    const inert = () => page.getByText("Another link of the page").evaluate((node) => Boolean(node.closest("[inert]")));
    assert.equal(await inert(), true);
    await link.button("Cancel").click();
    await link.dialog.waitFor({ state: "hidden" });
    assert.equal(await inert(), false);
  }),
);

test(
  "the lists of the Hub, which it appends to the page, can be used in the dialog",
  inWorld(async ({ page, host, stackone }) => {
    const link = await begun(page, host);
    await link.hub.getByText("Carol Files").click();
    await link.hub.getByLabel("API key").fill("sesame");
    await link.hub.getByRole("button", { name: "Choose" }).click();
    await page.getByText("Europe").click();
    await link.save();
    await link.said(en.verified);
    assert.deepEqual(stackone.saved, [{ api_key: "sesame", region: "eu" }]);
  }),
);

test(
  "every step of the way is announced, once and in order",
  inWorld(async ({ page, host, connect }) => {
    connect.webhooks = false; // They are at times faster than the Hub.
    const link = await begun(page, host);
    // A step that is left at once need not be announced.
    await link.said(en.pick);
    await link.fillForm();
    await link.said(en.form);
    await link.save();
    await link.said(en.verified);
    const said = await page.evaluate(() => window.said);
    const steps = [en.starting, en.pick, en.form, en.saving, en.checking, en.verified];
    assert.deepEqual(said, steps);
  }),
);

for (const [lang, texts] of Object.entries({ de, en, es, fr })) {
  test(
    `the page speaks ${lang}, whole`,
    inWorld(
      async ({ page, host, connect, context }) => {
        assert.deepEqual(Object.keys(texts).sort(), Object.keys(en).sort());
        if (lang !== "en") {
          const same = Object.keys(en).filter((key) => texts[key] === en[key]);
          assert.deepEqual(same, []);
        }
        connect.webhooks = false; // They are at times faster than the Hub.
        await page.goto(`${host}?lang=${lang}-XX`);
        const link = elementOf(page);
        await page.getByRole("button", { name: texts.connect, exact: true }).click();
        await link.fillForm();
        await link.save();
        await link.said(texts.verified);
        assert.equal(await link.dialog.getByRole("heading").textContent(), texts.title);
        assert.equal(await link.dialog.getAttribute("lang"), lang);
        const said = await page.evaluate(() => window.said);
        assert.deepEqual(said, [texts.starting, texts.pick, texts.form, texts.saving, texts.checking, texts.verified]);
        await link.button(texts.close).click();

        const mailed = await context.newPage();
        await mailed.goto(connect.create({ tenant: "tenant-1" }).link_url);
        await mailed.getByText(texts.intro).waitFor();
        await mailed.getByRole("button", { name: texts.continue, exact: true }).click();
        await elementOf(mailed).said(texts.pick);
      },
      { context: { locale: `${lang}-XX` } },
    ),
  );
}

test(
  "a language that there is not falls back to English, and single texts are the page's own",
  inWorld(async ({ page, host }) => {
    await page.goto(`${host}?lang=it`);
    await page.evaluate(() => (document.querySelector("stackone-link").texts = { connect: "Link your HR system" }));
    await page.getByRole("button", { name: "Link your HR system" }).click();
    await elementOf(page).said(en.pick);
  }),
);

test(
  "what the Hub shows is passed on to it: theme, height, label, address",
  inWorld(async ({ page, host, stackone }) => {
    const attributes = 'theme="dark" height="350px" on-close-label="Done" app-url="https://app.example.com"';
    await page.goto(`${host}?attributes=${encodeURIComponent(attributes)}`);
    const link = elementOf(page);
    await link.start.click();
    await link.hub.waitFor();
    const passed = await link.hub.evaluate((hub) =>
      ["theme", "height", "on-close-label", "app-url", "base-url"].map((name) => hub.getAttribute(name)),
    );
    assert.deepEqual(passed, ["dark", "350px", "Done", "https://app.example.com", stackone.url]);
    await eventually(() => stackone.calls.length >= 2);
  }),
);
