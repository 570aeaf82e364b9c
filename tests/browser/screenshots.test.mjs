// The pictures of docs/embed.md: of the real Hub in the element. They are written to target/browser;
// `just draw-link` has them written to docs/images.
import { mkdirSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { begun, closeBrowsers, elementOf, inWorld } from "./world.mjs";

after(closeBrowsers);

const folder = new URL(process.env.DRAW_LINK ? "../../docs/images/" : "../../target/browser/", import.meta.url);
mkdirSync(folder, { recursive: true });

const viewport = { viewport: { width: 720, height: 690 } };

/** @param {import("playwright-core").Page} page @param {string} name */
async function picture(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: fileURLToPath(new URL(`link-${name}.png`, folder)), animations: "disabled" });
}

test(
  "pictures of a link by the form",
  inWorld(
    async ({ page, host, connect }) => {
      const link = await begun(page, host);
      await link.hub.getByText("Acme HR").waitFor();
      await picture(page, "choose");
      await link.fillForm();
      await picture(page, "form");
      connect.looking = false;
      await link.save();
      await link.event("linked");
      await picture(page, "checking");
      const [session] = connect.sessions.values();
      connect.change(session, { state: "failed", reasons: ["still_refused"] });
      await link.event("failed");
      await picture(page, "failed");
      connect.change(session, { state: "verified" });
      await link.event("verified");
      await picture(page, "verified");
    },
    { context: viewport },
  ),
);

test(
  "a picture of the form in dark",
  inWorld(
    async ({ page, host }) => {
      await page.goto(host);
      await page.locator("stackone-link").evaluate((link) => link.setAttribute("theme", "dark"));
      const link = elementOf(page);
      await link.start.click();
      await link.fillForm();
      await picture(page, "dark");
    },
    { context: viewport },
  ),
);

test(
  "pictures of a save that is refused, and of leaving after it",
  inWorld(
    async ({ page, host, stackone }) => {
      stackone.refuse = { status: 400, body: { statusCode: 400, message: "This key is wrong" } };
      const link = await begun(page, host);
      await link.fillForm("wrong");
      await link.save();
      await link.hub.getByText("This key is wrong").waitFor();
      await link.said("That did not succeed. See the form for the reason, then try again.");
      await picture(page, "refused");
      await page.keyboard.press("Escape");
      await link.said("Stop connecting? What you entered is lost.");
      await picture(page, "leave");
    },
    { context: viewport },
  ),
);

test(
  "pictures of a session without the Hub, of the question whose an account is, and of one that has expired",
  inWorld(
    async ({ page, host, connect, stackone }) => {
      Object.assign(connect, { hasHub: false, webhooks: false });
      const link = await begun(page, host);
      await link.said("You sign in on StackOne's page. This page notices when you are done.");
      await picture(page, "hosted");
      const [session] = connect.sessions.values();
      const { id } = stackone.addAccount({ tenant: "tenant-1" });
      connect.change(session, { reasons: ["ambiguous"], account: id });
      await link.said("An account was connected, by you or in another attempt that is still open.");
      await picture(page, "ambiguous");
      connect.change(session, { state: "expired" });
      await link.event("expired");
      await picture(page, "expired");
    },
    { context: viewport },
  ),
);

test(
  "a picture of a mailed link that is no longer valid",
  inWorld(
    async ({ page, connect }) => {
      const { id, link_url } = connect.create({ tenant: "tenant-1" });
      const session = /** @type {import("./standin/connect.mjs").Session} */ (connect.sessions.get(id));
      session.state = "expired";
      await page.goto(link_url);
      await elementOf(page).start.click();
      await elementOf(page).said("This link is no longer valid. Ask for a new one.");
      await picture(page, "used");
    },
    { context: { viewport: { width: 720, height: 480 } } },
  ),
);

test(
  "a picture of the page of a mailed link",
  inWorld(
    async ({ page, connect }) => {
      await page.goto(connect.create({ tenant: "tenant-1" }).link_url);
      await elementOf(page).start.waitFor();
      await picture(page, "mailed");
    },
    { context: { viewport: { width: 720, height: 480 } } },
  ),
);
