// The real services, each in its own process, on Apache Kafka: what the stand-ins of `standin/` play
// in the other tests. StackOne is the project's simulator.
import { spawn, execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../tools.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
/** Where cargo has put the programs. */
const bin = process.env.STACKONE_BIN ?? join(root, "target/debug");

export const SERVICE_TOKEN = "a-token-of-a-backend-of-32-bytes";
const API_KEY = "v1.eu1.local-key";
const WEBHOOK_SECRET = "local-secret";
/** Keys of client tokens have 32 bytes or more. */
const TOKEN_KEY = "a-key-of-the-tests-for-client-tokens";

/**
 * @param {string} what
 * @param {() => Promise<unknown>} condition true, or it throws, or is asked again
 * @param {number} [seconds]
 */
export async function until(what, condition, seconds = 90) {
  let last;
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
}

/** All that was started, the last first. */
export class Pipeline {
  /** @type {(() => unknown)[]} */
  #stops = [];
  #folder = mkdtempSync(join(tmpdir(), "stackone-browser-"));
  /**
   * Connect's replicas. `start` is for one that was killed, and takes until it is ready.
   * @type {{process: import("node:child_process").ChildProcess, url: string, start: () => Promise<void>}[]}
   */
  replicas = [];
  /** The container of the broker, where one was started. */
  container = "";
  url = "";
  api = "";
  control = "";
  #kafka = "";

  /** @param {string} host the origin of the host product's page */
  static async start(host) {
    const pipeline = new Pipeline();
    try {
      await pipeline.#start(host);
      return pipeline;
    } catch (error) {
      await pipeline.stop();
      throw error;
    }
  }

  async stop() {
    for (const stop of this.#stops.reverse()) await stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @param {string} host */
  async #start(host) {
    const ports = await Promise.all(Array.from({ length: 8 }, freePort));
    const [api, control, ingest, ingestAdmin, processorAdmin, front] = ports;
    this.api = `http://127.0.0.1:${api}`;
    this.control = `http://127.0.0.1:${control}`;
    this.url = `http://127.0.0.1:${front}`;
    this.#kafka = process.env.KAFKA_BOOTSTRAP_SERVERS ?? (await this.#startKafka());
    const processor = this.#file("processor.toml", this.#processorSettings(processorAdmin));
    const topics = () => run(join(bin, "stackone-processor"), ["--config", processor, "topics", "apply"], this.#env());
    await until("topics apply", async () => Boolean(await topics()));
    const webhooks = `http://127.0.0.1:${ingest}/webhooks/stackone/default`;
    this.#spawn("stackone-simulator", [
      ...["serve", "--api-listen", `127.0.0.1:${api}`, "--control-listen", `127.0.0.1:${control}`],
      ...["--webhook-url", webhooks],
    ]);
    const listen = { INGEST__SERVER__LISTEN: `127.0.0.1:${ingest}`, INGEST__ADMIN__LISTEN: `127.0.0.1:${ingestAdmin}` };
    this.#spawn("stackone-ingest", [], listen);
    this.#spawn("stackone-processor", ["--config", processor]);
    for (const port of ports.slice(6)) await this.#startReplica(port, host);
    await this.#startFront(front);
    const ready = (/** @type {string} */ url) => until(url, async () => (await fetch(url)).ok);
    for (const port of [ingestAdmin, processorAdmin]) await ready(`http://127.0.0.1:${port}/readyz`);
    await ready(`${this.control}/livez`);
    // A new broker makes its own topics with the first transaction, which takes a while.
    await this.account("the-first", "active");
  }

  #env(more = {}) {
    const env = {
      ...process.env,
      STACKONE_API_KEY: API_KEY,
      STACKONE_CONNECT_API_KEY: API_KEY,
      STACKONE_WEBHOOK_SECRET: WEBHOOK_SECRET,
      STACKONE_SIMULATOR_API_KEY: API_KEY,
      STACKONE_SIMULATOR_WEBHOOK_SECRET: WEBHOOK_SECRET,
      STACKONE_CONNECT_TOKEN_KEY: TOKEN_KEY,
      INGEST__KAFKA__BOOTSTRAP_SERVERS: this.#kafka,
      PROCESSOR__KAFKA__BOOTSTRAP_SERVERS: this.#kafka,
      CONNECT__KAFKA__BOOTSTRAP_SERVERS: this.#kafka,
      // A busy broker is waited for: no request is refused for it.
      CONNECT__KAFKA__ACK_DEADLINE: "30s",
      CONNECT__SESSIONS__READ_BACK_DEADLINE: "60s",
      ...more,
    };
    return { env };
  }

  /** @param {string} name @param {string} text */
  #file(name, text) {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** @param {string} program @param {string[]} args @param {object} [env] */
  #spawn(program, args, env) {
    const log = openSync(join(root, "target/browser", `${program}.log`), "a");
    const child = spawn(join(bin, program), args, { ...this.#env(env), stdio: ["ignore", log, log] });
    this.#stops.push(async () => {
      if (child.exitCode !== null || child.signalCode) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    });
    return child;
  }

  async #startKafka() {
    const port = await freePort();
    const image = process.env.KAFKA_IMAGE ?? "apache/kafka:4.3.1";
    const settings = {
      KAFKA_NODE_ID: 1,
      KAFKA_PROCESS_ROLES: "broker,controller",
      // The broker asks itself about transactions, where the published port is not its own.
      KAFKA_LISTENERS: "INTERNAL://:9092,CONTROLLER://:9093,HOST://:9094",
      KAFKA_ADVERTISED_LISTENERS: `INTERNAL://localhost:9092,HOST://127.0.0.1:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: "INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT,HOST:PLAINTEXT",
      KAFKA_INTER_BROKER_LISTENER_NAME: "INTERNAL",
      KAFKA_CONTROLLER_LISTENER_NAMES: "CONTROLLER",
      KAFKA_CONTROLLER_QUORUM_VOTERS: "1@localhost:9093",
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1,
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: 1,
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: 1,
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: 0,
      KAFKA_HEAP_OPTS: "-Xmx384m -Xms256m",
    };
    const env = Object.entries(settings).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
    const args = ["run", "--detach", "--rm", "--publish", `127.0.0.1:${port}:9094`, ...env, image];
    const { stdout } = await run("docker", args);
    this.container = stdout.trim();
    this.#stops.push(() => run("docker", ["rm", "--force", "--volumes", this.container]));
    return `127.0.0.1:${port}`;
  }

  /** @param {number} admin */
  #processorSettings(admin) {
    return `[admin]
listen = "127.0.0.1:${admin}"

[topic_layout]
replication = 1

[[projects]]
api_key_env = "STACKONE_API_KEY"
base_url = "${this.api}"
`;
  }

  /** @param {number} port @param {string} host */
  async #startReplica(port, host) {
    const admin = await freePort();
    const token = this.#file("service-token", SERVICE_TOKEN);
    const settings = this.#file(
      `connect-${port}.toml`,
      `[server]
listen = "127.0.0.1:${port}"
public_url = "${this.url}"

[admin]
listen = "127.0.0.1:${admin}"

[cors]
origins = ["${host}"]

[sessions]
return_origins = ["${host}"]

[[service_tokens]]
name = "backend"
file = "${token}"

[[projects]]
base_url = "${this.api}"
api_key_env = "STACKONE_CONNECT_API_KEY"

[hub]
folder = "${join(root, "target/hub")}"

[look]
enabled = true
`,
    );
    const ready = `http://127.0.0.1:${admin}/readyz`;
    const start = async () => {
      replica.process = this.#spawn("stackone-connect", ["--config", settings]);
      await until(ready, async () => (await fetch(ready)).ok);
    };
    const replica = { process: /** @type {any} */ (undefined), url: `http://127.0.0.1:${port}`, start };
    await start();
    this.replicas.push(replica);
  }

  /** What stands before the replicas: the next one that is there gets the request. @param {number} port */
  async #startFront(port) {
    let turn = 0;
    const front = createServer((request, response) => {
      /** @type {Buffer[]} */
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => pass(0));
      // Its own turns: others come between, and each replica is to be tried.
      const first = (turn += 1);
      const pass = (/** @type {number} */ tried) => {
        const replica = this.replicas[(first + tried) % this.replicas.length];
        const { method, headers, url = "/" } = request;
        const passed = httpRequest(replica.url + url, { method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.on("error", () => response.destroy());
          answer.pipe(response);
        });
        const isLast = tried + 1 === this.replicas.length;
        passed.on("error", () => (isLast || response.headersSent ? response.destroy() : pass(tried + 1)));
        response.on("close", () => passed.destroy());
        passed.end(Buffer.concat(parts));
      };
    });
    front.listen(port, "127.0.0.1");
    await once(front, "listening");
    this.#stops.push(() => front.closeAllConnections());
    this.#stops.push(() => front.close());
  }

  /**
   * `POST /v1/link-sessions`, as a backend does.
   * @param {{tenant: string, accountId?: string, returnUrl?: string, channel?: string, expiresIn?: number}} of
   */
  async create({ tenant, accountId, returnUrl, channel = "hub", expiresIn }) {
    const answer = await fetch(`${this.url}/v1/link-sessions`, {
      method: "POST",
      headers: { authorization: `Bearer ${SERVICE_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({
        tenant: { id: tenant, name: tenant },
        channel,
        ...(accountId && { account_id: accountId }),
        ...(returnUrl && { return_url: returnUrl }),
        ...(expiresIn && { expires_in: expiresIn }),
      }),
    });
    const made = await answer.json();
    if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(made)}`);
    return made;
  }

  /** The simulator's switches. @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>} */
  async simulator(method, path, body) {
    // Without this a connection that the simulator is just closing would be used again.
    const headers = { connection: "close" };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(`${this.control}/control/${path}`, init);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return text ? JSON.parse(text) : undefined;
  }

  /** An account that the pipeline has confirmed, in this state. @param {string} tenant @param {string} status */
  async account(tenant, status) {
    const made = await this.simulator("POST", "accounts", {
      ...{ provider: "hibob", origin_owner_id: tenant, origin_owner_name: tenant },
    });
    const id = made.id ?? made.account_id;
    if (status !== "active") await this.simulator("POST", `accounts/${id}/status`, { status });
    const wanted = status === "active" ? "ok" : "needs_reauth";
    await until(`the account is ${wanted}`, async () => {
      const answer = await fetch(`${this.url}/v1/accounts/${id}?tenant=${tenant}`, {
        headers: { authorization: `Bearer ${SERVICE_TOKEN}` },
      });
      return answer.ok && (await answer.json()).health === wanted;
    });
    return id;
  }

  /** The session as a backend sees it. @param {string} tenant @param {string} id */
  async session(tenant, id) {
    const headers = { authorization: `Bearer ${SERVICE_TOKEN}` };
    return (await fetch(`${this.url}/v1/link-sessions/${id}?tenant=${tenant}`, { headers })).json();
  }

  /** Accounts are looked up, and StackOne does not answer before `simulator("DELETE", "faults")`. */
  async holdLookups() {
    for (const operation of ["get", "list"]) await this.simulator("POST", "faults", { kind: "hang", operation });
  }

  /** All tokens made so far are refused from now on. */
  async expireTokens() {
    for (const { id } of await this.simulator("GET", "sessions")) await this.simulator("POST", `sessions/${id}/end`);
  }
}
