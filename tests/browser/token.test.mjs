import assert from "node:assert/strict";
import { after, test } from "node:test";
import { begun, closeBrowsers, elementOf, eventually, inWorld } from "./world.mjs";

after(closeBrowsers);

/**
 * The page with the Hub shown, on a clock that the test moves.
 * @param {import("./world.mjs").World} world
 */
async function begin({ page, host }) {
  await page.clock.install();
  const link = await begun(page, host);
  await link.said("Choose the system to connect.");
  return link;
}

/** @param {import("./world.mjs").World} world @param {number} [number] */
const minted = async ({ connect }, number = 2) => {
  const count = () => connect.calls.filter((call) => call === "POST token").length;
  await eventually(() => count() >= number);
  assert.equal(count(), number);
};

test(
  "a token that ends before anything is chosen is replaced by a fresh Hub",
  inWorld(async (world) => {
    const link = await begin(world);
    const before = await link.hub.elementHandle();
    world.stackone.expireTokens();
    await world.page.clock.fastForward("28:30");
    await minted(world);
    await world.page.waitForFunction((hub) => !hub?.isConnected, before);
    await link.fillForm();
    await link.isVerified();
  }),
);

test(
  "a token that ends while the person types is swapped at the save, and nothing that was typed is lost",
  inWorld(async (world) => {
    const { page, stackone } = world;
    const link = await begin(world);
    await link.fillForm("typed before");
    stackone.expireTokens();
    const [old] = stackone.sessions.keys();
    await page.clock.fastForward("28:30");
    await minted(world);
    await link.hub.getByLabel("API key").pressSequentially(" and after");
    assert.equal(await link.hub.getByLabel("API key").inputValue(), "typed before and after");
    await link.isVerified();
    assert.deepEqual(stackone.saved, [{ api_key: "typed before and after" }]);
    const saves = stackone.calls.filter(({ call }) => call === "POST /hub/accounts");
    assert.ok(saves.length === 1 && saves[0].token !== old);
    assert.deepEqual(await link.events(), ["opened", "linked", "verified"]);
  }),
);

test(
  "a token that ends before the other system asks is swapped at the press, which still opens the window",
  inWorld(
    async (world) => {
      const { page, stackone } = world;
      const link = await begin(world);
      await link.hub.getByText("Bravo Talent").click();
      await link.said("Fill in what is asked, then press Connect.");
      stackone.expireTokens();
      await page.clock.fastForward("28:30");
      await minted(world);
      const opened = page.waitForEvent("popup");
      await link.save();
      await (await opened).getByText("Allow").click();
      await link.said("Connected and verified.");
    },
    { launch: { ignoreDefaultArgs: ["--disable-popup-blocking"] } },
  ),
);

test(
  "a token that ends while the other system asks is left alone, and a new start is offered",
  inWorld(async (world) => {
    const { page, stackone, connect } = world;
    const link = await begin(world);
    await link.hub.getByText("Bravo Talent").click();
    await page.clock.fastForward("26:00");
    const opened = page.waitForEvent("popup");
    await link.save();
    const window = await opened;
    await link.said("Connecting. The other system may ask you to sign in, in a window of its own.");
    await page.clock.fastForward("02:30");
    await link.button("Try again").waitFor();
    assert.equal(connect.calls.filter((call) => call === "POST token").length, 1);
    stackone.expireTokens();
    await link.button("Try again").click();
    await minted(world);
    await link.hub.getByText("Bravo Talent").click();
    await window.close();
    const again = page.waitForEvent("popup");
    await link.save();
    await (await again).getByText("Allow").click();
    await link.said("Connected and verified.");
  }),
);

test(
  "a token that StackOne refuses from the start is replaced once, without a word to the person",
  inWorld(async (world) => {
    world.stackone.stillborn = 1;
    await world.page.goto(world.host);
    const link = elementOf(world.page);
    await link.start.click();
    await link.fillForm();
    await link.isVerified();
    await minted(world);
  }),
);

test(
  "where StackOne refuses every token, its own page is offered",
  inWorld(async ({ page, host, stackone, connect }) => {
    stackone.stillborn = 99;
    const link = await begun(page, host);
    await link.said("The form cannot be shown here. You can sign in on StackOne's page instead.");
    await link.dialog.getByRole("link", { name: "Open StackOne's page (new tab)" }).waitFor();
    assert.equal(connect.calls.filter((call) => call === "POST token").length, 2);
  }),
);

test(
  "after a save that was refused for its token, the next save has another",
  inWorld(async (world) => {
    await world.page.goto(world.host);
    const link = elementOf(world.page);
    await link.start.click();
    await link.fillForm();
    world.stackone.expireTokens();
    await link.save();
    await link.said("That did not succeed. See the form for the reason, then try again.");
    await minted(world);
    await link.refill();
    await link.isVerified();
  }),
);

for (const hours of [-5, 5]) {
  test(
    `a clock that is ${hours} hours wrong costs no tokens`,
    inWorld(async (world) => {
      await world.page.clock.install({ time: Date.now() + hours * 3_600_000 });
      await world.page.goto(world.host);
      const link = elementOf(world.page);
      await link.start.click();
      await link.said("Choose the system to connect.");
      await world.page.clock.fastForward("04:30");
      await link.fillForm();
      await link.isVerified();
      await minted(world, 1);
    }),
  );
}
