// StackOne's own SDK against the stand-in: what it sends is taken, and what is answered passes its schemas.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { StackOne } from "@stackone/stackone-client-ts";

const PROGRAM =
  process.env.SIMULATOR ?? new URL("../../../target/debug/stackone-simulator", import.meta.url).pathname;
const KEY = "v1.eu1.sdk-test";

let simulator;
let api;
let sdk;

before(async () => {
  const addresses = ["--api-listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0"];
  simulator = spawn(PROGRAM, ["serve", ...addresses], {
    env: { ...process.env, NO_COLOR: "1", STACKONE_SIMULATOR_API_KEY: KEY },
    stdio: ["ignore", "ignore", "pipe"],
  });
  for await (const line of createInterface({ input: simulator.stderr })) {
    api = /accounts_api="?(http:[^"\s]+)/.exec(line)?.[1];
    if (api) break;
  }
  assert.ok(api, "the simulator did not start");
  sdk = new StackOne({ serverURL: api, security: { username: KEY, password: "" } });
});

after(async () => {
  simulator.kill("SIGTERM");
  await once(simulator, "exit");
});

async function session(more = {}) {
  const owner = { originOwnerId: "tenant-1", originOwnerName: "Acme Manufacturing Ltd" };
  const answer = await sdk.connectSessions.createConnectSession({ ...owner, ...more });
  return answer.connectSessionTokenAuthLink;
}

async function link(token) {
  const headers = { "content-type": "application/json", "x-hub-session-token": token };
  const body = JSON.stringify({ integration_id: "int-hibob", credentials: { api_key: "k" } });
  const answer = await fetch(`${api}/hub/accounts`, { method: "POST", headers, body });
  assert.equal(answer.status, 201);
  return (await answer.json()).id;
}

test("it makes a session and authenticates it by its token", async () => {
  const made = await session({ categories: ["hris"], label: "L", metadata: {}, expiresIn: 600 });
  assert.equal(made.originOwnerId, "tenant-1");
  assert.equal(made.label, "L");
  assert.ok(made.authLinkUrl.includes(made.token));
  assert.ok(Date.now() - made.createdAt.getTime() < 60_000);

  const { connectSession } = await sdk.connectSessions.authenticateConnectSession({ token: made.token });
  assert.equal(connectSession.id, made.id);
  assert.deepEqual(connectSession.categories, ["hris"]);
});

test("it reads and deletes what a session has linked", async () => {
  const id = await link((await session()).token);
  const { linkedAccount } = await sdk.accounts.getAccount({ id });
  assert.equal(linkedAccount.provider, "hibob");
  assert.equal(linkedAccount.status, "active");
  const edit = await session({ accountId: id });
  assert.equal(edit.accountId, id);

  await sdk.accounts.deleteAccount({ id });
  await assert.rejects(sdk.accounts.getAccount({ id }), (error) => error.statusCode === 404);
});

test("it is told why it is refused", async () => {
  const wrong = sdk.connectSessions.authenticateConnectSession({ token: "no token" });
  await assert.rejects(wrong, (error) => error.statusCode === 401);
  const stranger = new StackOne({ serverURL: api, security: { username: "no key", password: "" } });
  await assert.rejects(
    stranger.connectSessions.createConnectSession({ originOwnerId: "t", originOwnerName: "T" }),
    (error) => error.statusCode === 401,
  );
});
