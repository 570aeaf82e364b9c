// The React samples of connect/examples, built and run with React 19.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { closeBrowsers, elementOf, inWorld } from "./world.mjs";

after(closeBrowsers);

const require = createRequire(new URL("react/package.json", import.meta.url));
/** @type {any} */
const esbuild = require("esbuild");
const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Opens a page of the host product that renders this.
 * @param {import("./world.mjs").World} world
 * @param {string} component
 * @param {string} properties
 */
async function render({ page, host, connect, files }, component, properties) {
  const contents = `
    import { createRoot } from "react-dom/client";
    import { ${component} } from "./${component}.jsx";
    window.told = [];
    const makeSession = () => fetch("/my-backend/link-session", {method: "POST"}).then((answer) => answer.json());
    createRoot(document.querySelector("#root")).render(<${component} ${properties} />);`;
  const built = await esbuild.build({
    stdin: { contents, loader: "jsx", resolveDir: path("../../connect/examples") },
    nodePaths: [path("react/node_modules")],
    define: { "process.env.NODE_ENV": '"production"' },
    ...{ bundle: true, write: false, format: "esm", jsx: "automatic" },
  });
  const html = `<!doctype html><title>React</title><div id="root"></div>
    <script type="module" src="${connect.url}/connect.js"></script><script type="module" src="/react.js"></script>`;
  files.set("/react", ["text/html", html]);
  files.set("/react.js", ["text/javascript", built.outputFiles[0].text]);
  await page.goto(`${host}/react`);
}

test(
  "the React wrapper passes its properties on and tells what happens",
  inWorld(async (world) => {
    const properties = `lang="de" session={makeSession} texts={{ connect: "Los" }}
      onLinked={() => window.told.push("linked")} onVerified={({ provider }) => window.told.push(provider)}`;
    world.connect.webhooks = false;
    await render(world, "StackoneLink", properties);
    const link = elementOf(world.page);
    await world.page.getByRole("button", { name: "Los" }).click();
    await link.fillForm();
    await link.save();
    await link.said("Verbunden und geprüft.");
    assert.deepEqual(await world.page.evaluate(() => window.told), ["linked", "acme"]);
  }),
);

test(
  "StackOne's own React component links with a session around it",
  inWorld(async (world) => {
    const { page, connect } = world;
    const properties = `makeSession={makeSession} connect="${connect.url}" onVerified={() => window.told.push("verified")}`;
    await render(world, "OwnHub", properties);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByText("Acme HR").click();
    await page.getByLabel("API key").fill("sesame");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("status").getByText("verified").waitFor();
    assert.deepEqual(await page.evaluate(() => window.told), ["verified"]);
  }),
);
