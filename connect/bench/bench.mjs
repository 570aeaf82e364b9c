// Measures connect on the real pipeline over Kafka, and writes the table of docs/benchmarks-connect.md:
// `just bench-connect`. Broker, StackOne's simulator, services and this program share one machine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { LinkSessionClient } from "../web/connect/session.js";
import { Pipeline, SERVICE_TOKEN } from "../../tests/browser/pipeline/services.mjs";

const { values } = parseArgs({
  options: { accounts: { type: "string", default: "1000000" }, streams: { type: "string", default: "10000" } },
});
/** Streams of one session, sessions of one tenant: within the limits that are shipped. */
const [STREAMS, SESSIONS] = [10, 20];
/** Of a second, in which Linux tells the time of a process. */
const TICKS = 100;
const DOCUMENT = new URL("../../docs/benchmarks-connect.md", import.meta.url);

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
/** @type {[what: string, figure: string, goal: string][]} */
const figures = [];

/** @param {string} what @param {string} figure @param {string} [goal] */
function say(what, figure, goal = "") {
  figures.push([what, figure, goal]);
  console.error(`${what}: ${figure}`);
}

/** @param {number[]} times @param {number} share */
const quantile = (times, share) => times.toSorted((one, other) => one - other)[Math.ceil(times.length * share) - 1];
const ms = (/** @type {number} */ time) => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;
const spread = (/** @type {number[]} */ times) => `${ms(quantile(times, 0.5))}, p99 ${ms(quantile(times, 0.99))}`;

/** @param {string} url @param {object} [body] @param {string} [token] @returns {Promise<any>} */
function ask(url, body, token = SERVICE_TOKEN) {
  const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
  return new Promise((done, failed) => {
    const asked = request(url, { agent, method: body ? "POST" : "GET", headers }, async (answer) => {
      let text = "";
      for await (const part of answer) text += part;
      if ((answer.statusCode ?? 500) >= 300) failed(new Error(`${url}: ${answer.statusCode} ${text}`));
      else done(text && JSON.parse(text));
    });
    asked.on("error", failed).end(body && JSON.stringify(body));
  });
}

/** A line of a process's memory, in MiB. @param {import("node:child_process").ChildProcess} process @param {RegExp} line */
const mebibytes = ({ pid }, line) => Number(line.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
/** Memory in use, in MiB. @param {import("node:child_process").ChildProcess} process */
const memory = (process) => mebibytes(process, /VmRSS:\s+(\d+)/);
/** The most that was in use. @param {import("node:child_process").ChildProcess} process */
const peak = (process) => mebibytes(process, /VmHWM:\s+(\d+)/);

/** What it has used of a core, in seconds: what a busy machine does not change. @param {import("node:child_process").ChildProcess} process */
function cpu({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Each of `count`, so many at a time. @template T @param {number} count @param {number} atOnce @param {(nth: number) => Promise<T>} act */
async function each(count, atOnce, act) {
  /** @type {T[]} */
  const results = [];
  let next = 0;
  const worker = async () => {
    for (let nth = next++; nth < count; nth = next++) results[nth] = await act(nth);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** @param {Pipeline} pipeline @param {number} count @param {string} of */
async function makeSessions({ replicas }, count, of) {
  const began = performance.now();
  const sessions = await each(count, 64, (nth) => {
    const id = `${of}-${Math.floor(nth / SESSIONS)}`;
    const body = { tenant: { id, name: id }, channel: "hub" };
    return ask(`${replicas[nth % replicas.length].url}/v1/link-sessions`, body);
  });
  return { sessions, seconds: (performance.now() - began) / 1000 };
}

/** From what the Hub said to what the page is told. @param {Pipeline} pipeline */
async function verified(pipeline) {
  const times = await each(60, 1, async (nth) => {
    const made = await pipeline.create({ tenant: `linking-${nth}` });
    const session = new LinkSessionClient(made);
    const { token } = await session.mint();
    const hub = async (/** @type {string} */ path, /** @type {object} */ body) => {
      const headers = { "x-hub-session-token": token, "content-type": "application/json", connection: "close" };
      const init = { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) };
      return (await fetch(`${pipeline.api}/hub/${path}`, init)).json();
    };
    const { integrations } = await hub("connectors");
    const hibob = integrations.find((/** @type {any} */ one) => one.provider === "hibob");
    const stop = new AbortController();
    let saved = Infinity;
    for await (const { state } of session.follow(stop.signal)) {
      if (state === "verified") break;
      if (saved < Infinity) continue;
      const account = await hub("accounts", { integration_id: hibob.integration_id, credentials: { api_key: "sesame" } });
      saved = performance.now();
      void session.linked({ id: account.id, provider: "hibob" });
    }
    const took = performance.now() - saved;
    stop.abort();
    return took;
  });
  say("From the Hub's word to `verified` on the stream: median, p99", spread(times), "API time + 100 ms");
}

/** A stream; `heard` is called with each piece of it. @param {any} session @param {string} url @param {(text: string) => void} heard */
async function open(session, url, heard) {
  const headers = { authorization: `Bearer ${session.client_token}` };
  const asked = request(`${url}/v1/link-sessions/${session.id}/events`, { agent: false, headers }).end();
  const [answer] = await once(asked, "response");
  if (answer.statusCode !== 200) throw new Error(`a stream is refused with ${answer.statusCode}`);
  answer.setEncoding("utf8").on("data", heard).on("error", () => {});
  await once(answer, "data");
}

/** @param {Pipeline} pipeline @param {number} count */
async function streams(pipeline, count) {
  const [replica, other] = pipeline.replicas;
  const { sessions } = await makeSessions(pipeline, Math.ceil(count / STREAMS), "streams");
  const before = memory(replica.process);
  const ends = sessions.map(() => 0);
  const left = sessions.map(() => STREAMS);
  await each(count, 128, (nth) => {
    const of = Math.floor(nth / STREAMS);
    const heard = (/** @type {string} */ text) => {
      if (!text.includes('"cancelled"')) return;
      left[of] -= 1;
      ends[of] = performance.now();
    };
    return open(sessions[of], replica.url, heard);
  });
  say(`Memory of ${count} open streams`, `${Math.round(memory(replica.process) - before)} MiB`, "≤ 150 MiB");
  const cancelled = await each(sessions.length, 16, async (nth) => {
    const { id, client_token } = sessions[nth];
    await ask(`${other.url}/v1/link-sessions/${id}/cancel`, {}, client_token);
    return performance.now();
  });
  while (left.some((one) => one > 0)) await new Promise((done) => setTimeout(done, 20));
  const times = cancelled.map((at, nth) => Math.max(0, ends[nth] - at));
  const what = `A change, answered by the one replica, on the last of its ${STREAMS} streams at the other: median, p99`;
  say(what, spread(times), "≤ 1 s");
}

/** States of so many accounts, as the processor writes them. @param {Pipeline} pipeline @param {number} count */
async function writeAccounts(pipeline, count) {
  const command = "/opt/kafka/bin/kafka-console-producer.sh";
  const settings = ["--bootstrap-server", "localhost:9092", "--topic", "stackone.account.state.v1"];
  const key = ["--property", "parse.key=true", "--property", "key.separator= "];
  const batch = ["--batch-size", "65536", "--timeout", "20"];
  const args = ["exec", "-i", pipeline.container, command, ...settings, ...key, ...batch];
  const producer = spawn("docker", args, { stdio: ["pipe", "ignore", "inherit"] });
  for (let nth = 0; nth < count; ) {
    let lines = "";
    for (const end = Math.min(count, nth + 1000); nth < end; nth += 1) lines += line(nth);
    if (!producer.stdin.write(lines)) await once(producer.stdin, "drain");
  }
  producer.stdin.end();
  const [code] = await once(producer, "exit");
  if (code !== 0) throw new Error(`kafka-console-producer ends with ${code}`);
}

/** @param {number} nth */
function line(nth) {
  const [id, owner] = [`account-${String(nth).padStart(9, "0")}`, `owner-${Math.floor(nth / 100)}`];
  const account = { provider: "hibob", origin_owner_id: owner, origin_owner_name: owner, created_at: "2026-01-01T00:00:00Z" };
  const state = { version: 1, confirmed_at: "2026-01-02T00:00:00Z", state: "active", status: "active", account };
  return `${id} ${JSON.stringify({ account_id: id, project_id: "default", ...state })}\n`;
}

/** @param {Pipeline} pipeline @param {number} count */
async function many(pipeline, count) {
  const [replica] = pipeline.replicas;
  await writeAccounts(pipeline, count);
  replica.process.kill("SIGKILL");
  await once(replica.process, "exit");
  const began = performance.now();
  await replica.start();
  const seconds = (performance.now() - began) / 1000;
  const all = count.toLocaleString("en");
  const used = `${seconds.toFixed(1)} s, of a core ${cpu(replica.process).toFixed(1)} s`;
  say(`From its start to ready with ${all} accounts`, used, "≤ 10 s");
  const most = `${Math.round(memory(replica.process))} MiB, at its peak ${Math.round(peak(replica.process))} MiB`;
  say(`Its memory then`, most, "≤ 400 MiB");
  const listed = await ask(`${replica.url}/v1/accounts?tenant=owner-0`);
  if (listed.accounts.length !== Math.min(count, 100)) throw new Error("the accounts are not there");
  const made = await ask(`${replica.url}/v1/link-sessions`, { tenant: { id: "owner-0" }, channel: "hub" });
  const url = `${replica.url}/v1/link-sessions/${made.id}?tenant=owner-0`;
  const [rate, reads] = [1000, 10_000];
  const [first, before] = [performance.now(), cpu(replica.process)];
  const times = await Promise.all(
    Array.from({ length: reads }, async (_, nth) => {
      const due = (nth * 1000) / rate;
      await new Promise((done) => setTimeout(done, due));
      const asked = performance.now();
      await ask(url);
      return performance.now() - asked;
    }),
  );
  const done = reads / ((performance.now() - first) / 1000);
  say(`A session's read at ${Math.round(done)} a second: median, p99`, spread(times), "1,000 a second, p99 ≤ 10 ms");
  const micros = ((cpu(replica.process) - before) * 1_000_000) / reads;
  say("What a read takes of a core", `${Math.round(micros)} µs`);
}

// More links a second begin than the budget of one replica is for as shipped.
process.env.CONNECT__STACKONE__REQUESTS_PER_MINUTE = "6000";
// All streams come from one address, and open files may have room for fewer connections than as shipped.
process.env.CONNECT__SERVER__MAX_CONNECTIONS = "15000";
process.env.CONNECT__SERVER__MAX_CONNECTIONS_PER_PEER = "15000";
const pipeline = await Pipeline.start("http://127.0.0.1:1");
try {
  const load = loadavg()[0];
  await makeSessions(pipeline, 200, "warm");
  const { sessions, seconds } = await makeSessions(pipeline, 4000, "making");
  say("Link sessions made, written and read back, by two replicas", `${Math.round(sessions.length / seconds)} a second`);
  await verified(pipeline);
  await streams(pipeline, Number(values.streams));
  await many(pipeline, Number(values.accounts));
  const rows = figures.map((row) => `| ${row.join(" | ")} |`).join("\n");
  const where = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load ${load.toFixed(1)} before.`;
  const table = `${where}\n\n| what | measured | goal |\n| --- | --- | --- |\n${rows}\n`;
  const document = readFileSync(DOCUMENT, "utf8");
  writeFileSync(DOCUMENT, document.replace(/(<!-- figures -->\n)[^]*/, `$1\n${table}`));
} finally {
  await pipeline.stop();
  agent.destroy();
}
