import assert from "node:assert/strict";
import { after, test } from "node:test";
import { begun, closeBrowsers, elementOf, eventually, inWorld } from "./world.mjs";

after(closeBrowsers);

/** Goes by StackOne's own page, which has no way to tell ours. @param {import("./world.mjs").World} world */
async function linkOnStackOnesPage({ page }) {
  const link = elementOf(page);
  const opened = page.waitForEvent("popup");
  await link.dialog.getByRole("link", { name: "Open StackOne's page (new tab)" }).click();
  const away = await opened;
  assert.equal(await away.evaluate(() => document.referrer + String(window.opener)), "null");
  await away.getByRole("button", { name: "Link Acme HR" }).click();
  await link.said("Connected and verified.");
}

test(
  "without a Hub the person is sent to StackOne's page, and ours notices",
  inWorld(async (world) => {
    world.connect.hasHub = false;
    await world.page.goto(world.host);
    const link = elementOf(world.page);
    await link.start.click();
    await link.said("You sign in on StackOne's page. This page notices when you are done.");
    await linkOnStackOnesPage(world);
  }),
);

test(
  "where localStorage throws, the Hub is not even loaded",
  inWorld(async (world) => {
    const { page, host } = world;
    /** @type {string[]} */
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.addInitScript(() => {
      const get = () => {
        throw new DOMException("The request was denied.", "SecurityError");
      };
      Object.defineProperty(window, "localStorage", { get });
    });
    const link = await begun(page, host);
    await link.said("You sign in on StackOne's page. This page notices when you are done.");
    assert.ok(asked.every((path) => !path.startsWith("/hub/")));
    await linkOnStackOnesPage(world);
  }),
);

test(
  "without a Hub, an account that another attempt may have led to is the person's where they say so",
  inWorld(async (world) => {
    const { page, host, connect, stackone } = world;
    Object.assign(connect, { hasHub: false, webhooks: false });
    const link = await begun(page, host);
    const away = "You sign in on StackOne's page. This page notices when you are done.";
    const either = "An account was connected, by you or in another attempt that is still open.";
    await link.said(away);
    const { id } = stackone.addAccount({ tenant: "tenant-1" });
    const [session] = connect.sessions.values();
    connect.change(session, { reasons: ["ambiguous"], account: id });
    await link.said(either);
    await link.dialog.getByRole("link", { name: "Open StackOne's page (new tab)" }).waitFor();
    // The page of the other attempt has named it.
    connect.change(session, { reasons: [], account: undefined });
    await link.said(away);
    assert.equal(await link.button("It was me").count(), 0);
    connect.change(session, { reasons: ["ambiguous"], account: id });
    await link.said(either);
    await link.button("It was me").click();
    await link.said("Connected and verified.");
    assert.deepEqual(await link.events(), ["opened", "linked", "verified"]);
    assert.equal((await link.event("linked")).account_id, id);
  }),
);

test(
  "where the Hub is shown, nobody is asked whose an account of another attempt is",
  inWorld(async (world) => {
    const { page, host, connect, stackone } = world;
    connect.webhooks = false;
    const link = await begun(page, host);
    await link.fillForm("typed");
    const { id } = stackone.addAccount({ tenant: "tenant-1", provider: "bravo" });
    const [session] = connect.sessions.values();
    connect.change(session, { reasons: ["ambiguous"], account: id });
    await link.isVerified();
    assert.ok(!(await page.evaluate(() => window.said)).some((said) => said.includes("another attempt")));
    assert.equal((await link.event("verified")).session_id, session.id);
  }),
);

test(
  "a Hub that renders nothing within five seconds is given up, and that is said",
  inWorld(
    async (world) => {
      const { page, host } = world;
      // The element looks once whether it throws; the Hub is the second.
      await page.addInitScript(() => {
        const real = localStorage;
        let looks = 0;
        const get = () => {
          if ((looks += 1) > 1) throw new DOMException("The request was denied.", "SecurityError");
          return real;
        };
        Object.defineProperty(window, "localStorage", { get });
      });
      await page.clock.install();
      const link = await begun(page, host);
      await link.hub.waitFor({ state: "attached" });
      await page.clock.fastForward("00:06");
      await link.said("The form cannot be shown here. You can sign in on StackOne's page instead.");
      await linkOnStackOnesPage(world);
    },
    { throws: /SecurityError|denied/ },
  ),
);

test(
  "a Hub that cannot be loaded is given up, and the next press tries it again",
  inWorld(async ({ page, host }) => {
    await page.route("**/hub/*.js", (route) => route.abort());
    const link = await begun(page, host);
    await link.said("The form cannot be shown here. You can sign in on StackOne's page instead.");
    await link.button("Cancel").click();
    await link.event("cancelled");
    await page.unroute("**/hub/*.js");
    await link.start.click();
    await link.said("Choose the system to connect.");
  }),
);

test(
  "a Hub whose bytes are not the pinned ones does not run",
  inWorld(async ({ page, host }) => {
    await page.route("**/hub/*.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${await response.text()};window.other=true` });
    });
    const link = await begun(page, host);
    await link.said("The form cannot be shown here. You can sign in on StackOne's page instead.");
    assert.equal(await page.evaluate(() => "other" in window), false);
  }),
);

for (const status of [429, 503]) {
  test(
    `a service that answers ${status} is said to be busy, and asked again`,
    inWorld(async ({ page, host, connect }) => {
      connect.refuse["POST token"] = status;
      const link = await begun(page, host);
      await link.said("That did not work just now. Please try again in a moment.");
      connect.refuse = {};
      await link.button("Try again").click();
      await link.fillForm();
      await link.isVerified();
      assert.equal(connect.sessions.size, 1);
    }),
  );
}

test(
  "a host whose backend fails is said to be busy, and asked again",
  inWorld(async ({ page, host }) => {
    await page.route("**/my-backend/link-session", (route) => route.fulfill({ status: 500, body: "{}" }));
    const link = await begun(page, host);
    await link.said("That did not work just now. Please try again in a moment.");
    await page.unroute("**/my-backend/link-session");
    await link.button("Try again").click();
    await link.said("Choose the system to connect.");
  }),
);

test(
  "a session that has expired offers a new one",
  inWorld(async ({ page, host, connect }) => {
    const link = await begun(page, host);
    await link.fillForm();
    connect.change([...connect.sessions.values()][0], { state: "expired" });
    await link.said("The time to connect is over. Please start again.");
    await link.hub.waitFor({ state: "detached" });
    await link.event("expired");
    await link.button("Try again").click();
    await link.said("Choose the system to connect.");
    assert.equal(connect.sessions.size, 2);
  }),
);

test(
  "streams that break are opened again",
  inWorld(async ({ page, host, connect }) => {
    connect.looking = false;
    const link = await begun(page, host);
    await link.fillForm();
    await link.save();
    await link.event("linked");
    const [session] = connect.sessions.values();
    connect.refuse["GET events"] = 503;
    connect.refuse["GET session"] = 503;
    for (const stream of session.streams) stream.destroy();
    await eventually(() => connect.calls.filter((call) => call === "GET events").length > 1);
    delete connect.refuse["GET session"];
    delete connect.refuse["GET events"];
    connect.change(session, { state: "verified" });
    await link.said("Connected and verified.");
  }),
);

test(
  "a stream that has fallen silent is opened again",
  inWorld(async ({ page, host, connect }) => {
    await page.clock.install();
    const link = await begun(page, host);
    await link.said("Choose the system to connect.");
    const [session] = connect.sessions.values();
    session.streams.clear(); // It stays open, and nothing comes any more.
    session.state = "verified";
    await page.clock.fastForward("00:41");
    await link.said("Connected and verified.");
  }),
);

test(
  "a proxy that holds streams back makes the page slower, and no more",
  inWorld(async ({ page, host, connect }) => {
    connect.holdStreams = true;
    await page.clock.install();
    const link = await begun(page, host);
    await eventually(() => connect.calls.includes("GET events"));
    await page.clock.fastForward("00:06");
    await link.fillForm();
    await link.save();
    await link.event("linked");
    await page.clock.fastForward("00:06");
    await link.said("Connected and verified.");
  }),
);
