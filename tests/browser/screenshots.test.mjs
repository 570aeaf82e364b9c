// The pictures of docs/embed.md: of the real Hub in the element. They are written to target/browser;
// `just draw-link` has them written to docs/images.
import { mkdirSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { closeBrowsers, elementOf, inWorld } from "./world.mjs";

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
      await page.goto(host);
      const link = elementOf(page);
      await link.start.click();
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
