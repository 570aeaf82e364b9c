import assert from "node:assert/strict";
import { after, test } from "node:test";
import { begun, closeBrowsers, elementOf, eventually, inWorld } from "./world.mjs";

after(closeBrowsers);

const saves = (/** @type {import("./standin/stackone.mjs").StackOne} */ stackone) =>
  stackone.calls.map(({ call }) => call).filter((call) => /^(POST|PATCH) \/hub\/accounts/.test(call));

test(
  "an account linked by the form is verified when the service says so, and not before",
  inWorld(async ({ page, host, connect }) => {
    connect.looking = false;
    const link = await begun(page, host);
    await link.fillForm();
    await link.save();
    await link.said("Saved. Checking that the connection works…");
    await link.event("linked");
    assert.deepEqual(await link.events(), ["opened", "linked"]);
    await link.hub.waitFor({ state: "detached" });

    const [session] = connect.sessions.values();
    connect.change(session, { state: "verified" });
    await link.said("Connected and verified.");
    assert.equal((await link.event("verified")).session_id, session.id);
    await link.button("Close").click();
    await link.dialog.waitFor({ state: "hidden" });
    const posts = connect.calls.filter((call) => call.startsWith("POST"));
    assert.deepEqual(posts, ["POST token", "POST linked"]);
  }),
);

test(
  "where no webhook comes, what the Hub said is enough to find the account",
  inWorld(async ({ page, host, connect }) => {
    connect.webhooks = false;
    const link = await begun(page, host);
    await link.fillForm();
    await link.isVerified();
  }),
);

test(
  "a press of the button makes one session, however often it is pressed",
  inWorld(async ({ page, host, connect }) => {
    await page.goto(host);
    const link = elementOf(page);
    await link.start.dblclick();
    await link.hub.waitFor();
    assert.equal(connect.sessions.size, 1);
    assert.equal(connect.calls.filter((call) => call === "POST token").length, 1);
  }),
);

test(
  "a save that is refused is announced, and the next one succeeds",
  inWorld(async ({ page, host, stackone }) => {
    stackone.refuse = { status: 400, body: { statusCode: 400, message: "This key is wrong" } };
    const link = await begun(page, host);
    await link.fillForm("wrong");
    await link.save();
    await link.said("That did not succeed. See the form for the reason, then try again.");
    await link.hub.getByText("This key is wrong").waitFor();
    stackone.refuse = null;
    await link.refill();
    await link.isVerified();
    assert.deepEqual(await link.events(), ["opened", "linked", "verified"]);
  }),
);

test(
  "a save that the browser sends again over connections that are cut links one account, and is verified",
  inWorld(async ({ page, host, connect, stackone }) => {
    stackone.cuts = true;
    const link = await begun(page, host);
    await link.fillForm();
    await link.save();
    // The Hub has had no answer, and so tells of nothing. The webhook does.
    await link.said("Connected and verified.");
    // Chromium sends it once for each idle connection that it has, and once over a new one.
    await eventually(() => saves(stackone).length >= 2);
    assert.equal(stackone.accounts.size, 1);
    assert.equal(connect.calls.filter((call) => call === "POST linked").length, 0);
    await link.hub.waitFor({ state: "detached" });
    assert.equal((await link.events()).at(-1), "verified");
  }),
);

test(
  "a re-link saves to the account that there is, also when the person is faster than the Hub's settings",
  inWorld(async ({ page, host, stackone }) => {
    const { id } = stackone.addAccount({ tenant: "tenant-1", status: "error" });
    stackone.slow["GET /hub/settings"] = 3000;
    await page.goto(`${host}?account=${id}`);
    const link = elementOf(page);
    await link.start.click();
    await link.refill();
    await link.isVerified();
    // Without the account's id the Hub would offer to make a new one meanwhile.
    assert.ok(!(await page.evaluate(() => window.said)).includes("Choose the system to connect."));
    assert.deepEqual(saves(stackone), [`PATCH /hub/accounts/${id}`]);
    assert.equal(stackone.accounts.size, 1);
  }),
);

for (const [status, reason, sentence] of [
  ["error", "still_refused", "The other system still refuses the sign-in. Check it, then try again."],
  ["active", "nothing_saved", "The connection still works, but the new sign-in was not saved."],
]) {
  test(
    `a Hub that reports success although nothing was saved is not believed, of an account in ${status}`,
    inWorld(async ({ page, host, stackone }) => {
      const { id } = stackone.addAccount({ tenant: "tenant-1", status });
      await page.goto(`${host}?account=${id}`);
      const link = elementOf(page);
      await link.start.click();
      await link.refill();
      stackone.expireTokens();
      await link.save();
      await link.said(sentence);
      assert.deepEqual((await link.event("failed")).reasons, [reason]);
      assert.deepEqual(await link.events(), ["opened", "linked", "failed"]);

      await link.button("Try again").click();
      await link.refill();
      await link.isVerified();
      assert.equal(stackone.accounts.size, 1);
    }),
  );
}

test(
  "a failed session that the service verifies later is shown as verified",
  inWorld(async ({ page, host, connect, stackone }) => {
    connect.looking = false;
    const link = await begun(page, host);
    await link.fillForm();
    await link.save();
    await link.event("linked");
    const [session] = connect.sessions.values();
    connect.change(session, { state: "failed", reasons: ["word_of_a_later_release"] });
    await link.said("The connection could not be verified.");
    connect.change(session, { state: "verified", account: [...stackone.accounts.keys()][0] });
    await link.said("Connected and verified.");
  }),
);

test(
  "a connection that has recovered by itself is said to work, and nothing is mounted",
  inWorld(async ({ page, host, connect, stackone }) => {
    const { id } = stackone.addAccount({ tenant: "tenant-1" });
    await page.goto(`${host}?account=${id}`);
    connect.create = ((make) => (of) => {
      const made = make.call(connect, of);
      connect.change(/** @type {any} */ (connect.sessions.get(made.id)), { reasons: ["recovered"] });
      return made;
    })(connect.create);
    const link = elementOf(page);
    await link.start.click();
    await link.said("This connection works again. There is nothing left to do.");
    assert.ok(!connect.calls.includes("POST token"));
    await link.button("Close").click();
    assert.ok(!connect.calls.includes("POST cancel"));
  }),
);
