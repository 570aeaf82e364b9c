// The samples of connect/examples, each run as docs/embed.md says.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { SERVICE_TOKEN } from "./standin/connect.mjs";
import { freePort } from "./tools.mjs";
import { begun, closeBrowsers, eventually, inWorld } from "./world.mjs";

after(closeBrowsers);

const answers = (/** @type {string} */ url) => fetch(url).then(({ ok }) => ok, () => false);

for (const [program, file] of [
  ["node", "backend.mjs"],
  ["python3", "backend.py"],
]) {
  test(
    `the backend in ${file} and its page link an account`,
    inWorld(async ({ page, connect }) => {
      const PORT = String(await freePort());
      const path = fileURLToPath(new URL(`../../connect/examples/${file}`, import.meta.url));
      const env = { ...process.env, PORT, CONNECT_URL: connect.url, CONNECT_TOKEN: SERVICE_TOKEN };
      const backend = spawn(program, [path], { env, stdio: ["ignore", "ignore", "inherit"] });
      try {
        const url = `http://127.0.0.1:${PORT}/`;
        let up = false;
        void (async () => {
          while (!up) up = await answers(url);
        })();
        await eventually(() => up || backend.exitCode !== null);
        const link = await begun(page, url);
        await link.fillForm();
        await link.isVerified();
        await page.getByText(/^Connected: acme, /).waitFor();
        assert.equal([...connect.sessions.values()][0].tenant, "customer-1");
      } finally {
        backend.kill();
      }
    }),
  );
}
