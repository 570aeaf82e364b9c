import assert from "node:assert/strict";
import { after, test } from "node:test";
import { begun, closeBrowsers, elementOf, eventually, inWorld } from "./world.mjs";

after(closeBrowsers);

/**
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("playwright-core").Page>} the window in which the other system asks
 */
async function openWindow({ page, host }) {
  const link = await begun(page, host);
  await link.hub.getByText("Bravo Talent").click();
  const opened = page.waitForEvent("popup");
  await link.save();
  await link.said("Connecting. The other system may ask you to sign in, in a window of its own.");
  return opened;
}

for (const webhooks of [true, false]) {
  test(
    `an account is linked in a window, and the window closes, ${webhooks ? "although the webhook is faster" : "without a webhook"}`,
    inWorld(async (world) => {
      world.connect.webhooks = webhooks;
      const window = await openWindow(world);
      const closed = window.waitForEvent("close");
      await window.getByText("Allow").click();
      const link = elementOf(world.page);
      await link.said("Connected and verified.");
      await closed;
      await link.hub.waitFor({ state: "detached" });
      assert.deepEqual(await link.events(), ["opened", "linked", "verified"]);
    }),
  );
}

test(
  "a sign-in that is denied is announced, and can be tried again",
  inWorld(async (world) => {
    const link = elementOf(world.page);
    await (await openWindow(world)).getByText("Deny").click();
    await link.said("That did not succeed. See the form for the reason, then try again.");
    await link.hub.getByText("The user denied access").waitFor();
    const opened = world.page.waitForEvent("popup");
    await link.save();
    await (await opened).getByText("Allow").click();
    await link.said("Connected and verified.");
  }),
);

test(
  "no window is opened where the browser blocks it, and that is announced",
  inWorld(
    async ({ page, host, stackone }) => {
      // The browser forgets the press after 5 s.
      stackone.slow["POST /hub/connection_attempts"] = 5600;
      const link = await begun(page, host);
      await link.hub.getByText("Bravo Talent").click();
      await link.save();
      await eventually(() => stackone.calls.some(({ call }) => call.startsWith("DELETE /hub/connection_attempts")));
      await link.said("That did not succeed. See the form for the reason, then try again.");
      await link.hub.getByText("Your browser blocked the login popup").waitFor();
      stackone.slow = {};
      const opened = page.waitForEvent("popup");
      await link.save();
      await (await opened).getByText("Allow").click();
      await link.said("Connected and verified.");
    },
    { launch: { ignoreDefaultArgs: ["--disable-popup-blocking"] } },
  ),
);

test(
  "a window that is closed by the person does not end the attempt: Cancel does",
  inWorld(async (world) => {
    const window = await openWindow(world);
    await window.close();
    const link = elementOf(world.page);
    await link.button("Cancel").click();
    await link.button("Stop").click();
    await link.event("cancelled");
    assert.equal([...world.connect.sessions.values()][0].state, "cancelled");
  }),
);

test(
  "a link that is cancelled while the window is open, and completed there, stays cancelled",
  inWorld(async (world) => {
    const window = await openWindow(world);
    const link = elementOf(world.page);
    await link.button("Cancel").click();
    await link.button("Stop").click();
    await link.event("cancelled");
    await window.getByText("Allow").click();
    await window.waitForURL(/answer=allow/);
    assert.deepEqual(await link.events(), ["opened", "cancelled"]);
    assert.equal([...world.connect.sessions.values()][0].state, "cancelled");
  }),
);
