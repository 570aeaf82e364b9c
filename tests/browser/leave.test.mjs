import assert from "node:assert/strict";
import { after, test } from "node:test";
import { begun, closeBrowsers, eventually, inWorld } from "./world.mjs";

after(closeBrowsers);

/** Holds the answers to saves until the test lets them go. @param {import("./world.mjs").World} world @returns {() => void} */
function holdSaves({ stackone }) {
  /** @type {() => void} */
  let go = () => {};
  stackone.held["POST /hub/accounts"] = new Promise((done) => (go = () => done(undefined)));
  return () => go();
}

/** @param {import("./world.mjs").World} world */
const only = ({ connect }) => [...connect.sessions.values()][0];

test(
  "Cancel before anything is typed cancels the session at once",
  inWorld(async (world) => {
    const { page, host } = world;
    const link = await begun(page, host);
    await link.said("Choose the system to connect.");
    await link.button("Cancel").click();
    await link.said("Cancelled.");
    await link.dialog.waitFor({ state: "hidden" });
    assert.equal(only(world).state, "cancelled");
    assert.deepEqual(await link.events(), ["opened", "cancelled"]);
  }),
);

test(
  "Escape asks where something would be lost, and a second one takes that back",
  inWorld(async (world) => {
    const { page, host } = world;
    const link = await begun(page, host);
    await link.fillForm("typed");
    await page.keyboard.press("Escape");
    await link.said("Stop connecting? What you entered is lost.");
    await page.keyboard.press("Escape");
    await link.said("Fill in what is asked, then press Connect.");
    assert.equal(await link.hub.getByLabel("API key").inputValue(), "typed");
    await page.keyboard.press("Escape");
    await link.button("Stop").click();
    await link.event("cancelled");
    assert.equal(only(world).state, "cancelled");
  }),
);

test(
  "Cancel while the Hub saves does not undo what is settled meanwhile",
  inWorld(async (world) => {
    const { page, host, connect } = world;
    const letGo = holdSaves(world);
    const link = await begun(page, host);
    await link.fillForm();
    await link.save();
    await link.button("Cancel").click();
    connect.change(only(world), { state: "verified" });
    await link.said("Connected and verified.");
    letGo();
    assert.ok(!(await link.events()).includes("cancelled"));
  }),
);

test(
  "a Cancel that is slower than the settlement shows the settlement",
  inWorld(async (world) => {
    const { page, host, connect } = world;
    const link = await begun(page, host);
    await link.said("Choose the system to connect.");
    // It is settled, and the stream has not said it yet.
    only(world).streams.clear();
    only(world).state = "verified";
    await link.button("Cancel").click();
    await link.said("Connected and verified.");
    assert.deepEqual(await link.events(), ["opened", "linked", "verified"]);
    assert.ok(connect.calls.includes("POST cancel"));
  }),
);

test(
  "a Cancel that does not reach the service is not believed",
  inWorld(async (world) => {
    const { page, host, connect } = world;
    const link = await begun(page, host);
    await link.said("Choose the system to connect.");
    connect.refuse["POST cancel"] = 503;
    await link.button("Cancel").click();
    await link.said("That did not work just now. Please try again in a moment.");
    connect.refuse = {};
    await link.button("Cancel").click();
    await link.event("cancelled");
  }),
);

test(
  "who leaves before the session is there leaves none behind",
  inWorld(async (world) => {
    const { page, host, connect } = world;
    /** @type {() => void} */
    let go = () => {};
    const held = new Promise((done) => (go = () => done(undefined)));
    await page.route("**/my-backend/link-session", async (route) => {
      await held;
      await route.continue();
    });
    const link = await begun(page, host);
    await link.button("Close").click();
    await link.dialog.waitFor({ state: "hidden" });
    go();
    await eventually(() => connect.calls.includes("POST cancel"));
    assert.equal(only(world).state, "cancelled");
  }),
);

test(
  "an element that the page takes away stops listening, and a save in flight is still told",
  inWorld(async (world) => {
    const { page, host, connect } = world;
    connect.webhooks = false;
    const letGo = holdSaves(world);
    const link = await begun(page, host);
    await link.fillForm();
    await link.save();
    await link.said("Connecting. The other system may ask you to sign in, in a window of its own.");
    await page.evaluate(() => document.querySelector("stackone-link")?.remove());
    await eventually(() => only(world).streams.size === 0);
    letGo();
    await eventually(() => only(world).state === "verified");
    assert.ok(!connect.calls.includes("POST cancel"));
  }),
);
