import assert from "node:assert/strict";
import { after, test } from "node:test";
import { begun, closeBrowsers, elementOf, inWorld } from "./world.mjs";

after(closeBrowsers);

/** A mailed link. @param {import("./world.mjs").World} world */
function mail({ connect, host }) {
  const { id, link_url } = connect.create({ tenant: "tenant-1", returnUrl: `${host}/settings` });
  const session = /** @type {import("./standin/connect.mjs").Session} */ (connect.sessions.get(id));
  return { link_url, session };
}

test(
  "a scanner that runs scripts and follows links uses nothing up; then a person links; then it says so again",
  inWorld(async (world) => {
    const { context, connect, stackone, page, host } = world;
    const { link_url, session } = mail(world);
    for (let scans = 0; scans < 2; scans += 1) {
      const scanner = await context.newPage();
      await scanner.goto(link_url, { waitUntil: "networkidle" });
      await scanner.getByRole("button", { name: "Continue" }).waitFor();
      await scanner.close();
    }
    assert.deepEqual(connect.calls, []);
    assert.deepEqual(stackone.calls, []);
    assert.equal(session.state, "created");

    await page.goto(link_url);
    const link = elementOf(page);
    await page.getByText("Nothing happens before you press Continue.").waitFor();
    await link.start.click();
    await link.fillForm();
    await link.isVerified();
    const back = link.dialog.getByRole("link", { name: "Go back" });
    assert.equal(await back.getAttribute("href"), `${host}/settings`);

    const later = await context.newPage();
    await later.goto(link_url);
    await elementOf(later).start.click();
    await elementOf(later).said("Connected and verified.");
    assert.equal(connect.calls.filter((call) => call === "POST token").length, 1);
  }),
);

test(
  "the secret leaves the address at once, and no request carries it before Continue",
  inWorld(async (world) => {
    const { page } = world;
    const { link_url, session } = mail(world);
    /** @type {string[]} */
    const asked = [];
    page.on("request", (request) => asked.push(request.url() + JSON.stringify(request.headers()) + request.postData()));
    await page.goto(link_url);
    await page.getByRole("button", { name: "Continue" }).waitFor();
    assert.ok(!page.url().includes(session.secret) && !page.url().includes("#"));
    assert.ok(asked.length > 0 && asked.every((request) => !request.includes(session.secret)));
    await page.goBack();
    assert.ok(!page.url().includes(session.secret));
  }),
);

test(
  "a return address that is none of the web's is no link",
  inWorld(async (world) => {
    const { link_url, session } = mail(world);
    session.returnUrl = "javascript:alert(1)";
    session.state = "verified";
    await world.page.goto(link_url);
    const link = elementOf(world.page);
    await link.start.click();
    await link.said("Connected and verified.");
    assert.equal(await link.dialog.getByRole("link").count(), 0);
  }),
);

test(
  "the page can be reloaded in every state",
  inWorld(async (world) => {
    const { page, connect, stackone } = world;
    const { link_url, session } = mail(world);
    const link = elementOf(page);
    /** @param {string} sentence what is said after the reload and Continue */
    const reload = async (sentence) => {
      await page.reload();
      await link.start.click();
      await link.said(sentence);
    };
    await page.goto(link_url);
    await reload("Choose the system to connect.");
    await reload("Choose the system to connect.");
    await link.fillForm();
    await reload("Choose the system to connect.");
    await link.fillForm();
    connect.looking = false;
    await link.save();
    await link.said("Saved. Checking that the connection works…");
    await reload("Saved. Checking that the connection works…");
    connect.change(session, { state: "failed", reasons: ["still_refused"], account: [...stackone.accounts.keys()][0] });
    await link.said("The other system still refuses the sign-in. Check it, then try again.");
    await reload("The other system still refuses the sign-in. Check it, then try again.");
    connect.looking = true;
    await link.button("Try again").click();
    await link.refill();
    await link.isVerified();
    await reload("Connected and verified.");
    assert.equal(stackone.accounts.size, 1);
  }),
);

for (const [state, sentence] of [
  ["cancelled", "Cancelled."],
  ["expired", "This link is no longer valid. Ask for a new one."],
]) {
  test(
    `a link that is ${state} says so, and offers nothing`,
    inWorld(async (world) => {
      const { link_url, session } = mail(world);
      session.state = state;
      await world.page.goto(link_url);
      const link = elementOf(world.page);
      await link.start.click();
      await link.said(sentence);
      assert.deepEqual(await link.dialog.getByRole("button").allTextContents(), ["Close"]);
    }),
  );
}

test(
  "a link whose secret is wrong, or was cut off, says so",
  inWorld(async (world) => {
    const { page } = world;
    const { link_url } = mail(world);
    await page.goto(link_url.replace(/#.*/, "#wrong"));
    await elementOf(page).start.click();
    await elementOf(page).said("This link is no longer valid. Ask for a new one.");
    const other = await world.context.newPage();
    await other.goto(link_url.replace(/#.*/, ""));
    await other.getByText("The address is not complete. Open the link in your mail once more.").waitFor();
    assert.equal(await other.getByRole("button").count(), 0);
  }),
);

test(
  "Cancel of a mailed link asks first, since it revokes the link",
  inWorld(async (world) => {
    const { page } = world;
    const { link_url, session } = mail(world);
    const link = await begun(page, link_url);
    await link.said("Choose the system to connect.");
    await link.button("Cancel").click();
    await link.said("Stop connecting? What you entered is lost.");
    await link.button("Go on").click();
    await link.said("Choose the system to connect.");
    assert.notEqual(session.state, "cancelled");
    await link.button("Cancel").click();
    await link.button("Stop").click();
    await link.dialog.waitFor({ state: "hidden" });
    assert.equal(session.state, "cancelled");
  }),
);

test(
  "who leaves while the link is being opened can open it again",
  inWorld(async (world) => {
    const { page, connect } = world;
    const { link_url } = mail(world);
    /** @type {() => void} */
    let go = () => {};
    const held = new Promise((done) => (go = () => done(undefined)));
    await page.route("**/open", (route) => held.then(() => route.continue()));
    const link = await begun(page, link_url);
    // It stops nothing, unlike Cancel, which asks first.
    await link.button("Close").click();
    await link.dialog.waitFor({ state: "hidden" });
    const opened = page.waitForResponse("**/open");
    go();
    await opened;
    await link.start.click();
    await link.said("Choose the system to connect.");
    assert.ok(!connect.calls.includes("POST cancel"), "nobody was asked");
  }),
);

test(
  "two tabs do not break each other: the one links, and both say so",
  inWorld(async (world) => {
    const { page, context } = world;
    const { link_url } = mail(world);
    const other = await context.newPage();
    for (const tab of [page, other]) {
      await tab.goto(link_url);
      await elementOf(tab).start.click();
      await elementOf(tab).fillForm();
    }
    await elementOf(page).save();
    await elementOf(page).said("Connected and verified.");
    await elementOf(other).said("Connected and verified.");
    await elementOf(other).hub.waitFor({ state: "detached" });
  }),
);

test(
  "a browser that keeps nothing still links by the mailed link",
  inWorld(
    async (world) => {
      const { link_url } = mail(world);
      await world.page.addInitScript(() => {
        const get = () => {
          throw new DOMException("The request was denied.", "SecurityError");
        };
        Object.defineProperty(window, "sessionStorage", { get });
        Object.defineProperty(window, "localStorage", { get });
      });
      await world.page.goto(link_url);
      const link = elementOf(world.page);
      await link.start.click();
      await link.said("You sign in on StackOne's page. This page notices when you are done.");
    },
  ),
);
