// Test support: the HTTP contract of link sessions, in memory and for one process, with the real
// page, element and Hub. It decides a session as the contract says, from the stand-in StackOne.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { body, json, serve } from "./serve.mjs";

/**
 * @typedef {import("./stackone.mjs").StackOne} StackOne
 * @typedef {import("./stackone.mjs").Account} Account
 * @typedef {import("./serve.mjs").Response} Response
 * @typedef {{id: string, tenant: string, accountId?: string, returnUrl?: string, secret: string, clientToken: string,
 *   state: string, reasons: string[], provider?: string, account?: string, before?: number,
 *   streams: Set<Response>}} Session
 */

const WEB = new URL("../../../connect/web/", import.meta.url);
const HUB = new URL("../../../target/hub/", import.meta.url);
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8" };
export const SERVICE_TOKEN = "token-of-a-backend";
const FINAL = ["verified", "cancelled", "expired"];

/** What `just hub` wrote. */
export const hub = JSON.parse(readFileSync(new URL("hub.json", HUB), "utf8"));

export class Connect {
  url = "";
  /** @type {Map<string, Session>} */
  sessions = new Map();
  /** `POST token` and the like, in order. @type {string[]} */
  calls = [];
  /** Refuses such calls: `{"POST token": 503}`. @type {Record<string, number>} */
  refuse = {};
  /** Whether the Hub is served; without it the page goes by the Auth Link. */
  hasHub = true;
  /** Whether StackOne's webhooks arrive; without them only what the Hub says leads to a look. */
  webhooks = true;
  /** Whether accounts are looked at, which decides sessions. */
  looking = true;
  /** A proxy on the way that hands on no stream before it has ended. */
  holdStreams = false;
  /** How long StackOne's tokens are said to live, in seconds. */
  tokenLife = 1800;
  close = async () => {};
  /** @type {unknown[]} */
  errors = [];
  /** @type {StackOne} */
  #stackone;

  /** @param {StackOne} stackone */
  constructor(stackone) {
    this.#stackone = stackone;
    stackone.onAccount = (account) => this.webhooks && this.#hear(account);
  }

  /** @param {StackOne} stackone */
  static async start(stackone) {
    const connect = new Connect(stackone);
    const served = await serve((request, response, url) => connect.#answer(request, response, url));
    return Object.assign(connect, { url: served.url, close: served.close, errors: served.errors });
  }

  /** `POST /v1/link-sessions`. @param {{tenant: string, accountId?: string, returnUrl?: string}} of */
  create(of) {
    const id = randomUUID();
    const keys = { id, secret: randomUUID(), clientToken: randomUUID() };
    /** @type {Session} */
    const session = { ...of, ...keys, state: "created", reasons: [], streams: new Set() };
    this.sessions.set(id, session);
    return {
      id,
      state: session.state,
      client_token: session.clientToken,
      link_url: `${this.url}/link/${id}#${session.secret}`,
      events_url: `${this.url}/v1/link-sessions/${id}/events`,
    };
  }

  /** @param {Session} session @param {Partial<Session>} change */
  change(session, change) {
    if (FINAL.includes(session.state)) return;
    Object.assign(session, change);
    for (const stream of session.streams) this.#tell(session, stream);
  }

  /** @param {Session} session @param {Response} stream */
  #tell(session, stream) {
    if (!this.holdStreams) stream.write(`data: ${JSON.stringify(seen(session))}\n\n`);
    if (FINAL.includes(session.state)) stream.end();
  }

  /** A webhook came: this account has changed. @param {Account} account */
  #hear(account) {
    const open = [...this.sessions.values()].filter(
      ({ tenant, accountId, state }) =>
        tenant === account.tenant && ["linking", "linked"].includes(state) && (accountId ?? account.id) === account.id,
    );
    const session = open.at(-1);
    if (session) this.#look(session, account);
  }

  /** @param {Session} session @param {Account | undefined} account */
  #look(session, account) {
    if (!this.looking) return;
    if (!account) return this.change(session, { state: "failed", reasons: ["not_found"] });
    const of = { account: account.id, provider: account.provider };
    const active = account.status === "active";
    if (account.version > (session.before ?? 0) && active) return this.change(session, { ...of, state: "verified", reasons: [] });
    this.change(session, { ...of, state: "failed", reasons: [active ? "nothing_saved" : "still_refused"] });
  }

  /**
   * @param {import("./serve.mjs").Request} request
   * @param {Response} response
   * @param {URL} url
   */
  async #answer(request, response, url) {
    response.setHeader("referrer-policy", "no-referrer");
    if (!url.pathname.startsWith("/v1/")) return this.#file(response, url.pathname);
    response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
    response.setHeader("access-control-allow-headers", "authorization, content-type, idempotency-key");
    response.setHeader("access-control-expose-headers", "retry-after, etag");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    if (url.pathname === "/v1/link-sessions") return this.#begin(request, response);
    const [, , , id, verb = "session"] = url.pathname.split("/");
    const call = `${request.method} ${verb}`;
    this.calls.push(call);
    const session = this.sessions.get(id);
    const proof = request.headers.authorization?.replace("Bearer ", "");
    const expected = verb === "open" ? session?.secret : session?.clientToken;
    if (!session || proof !== expected) return problem(response, 404);
    if (this.refuse[call]) return problem(response, this.refuse[call]);
    await this.#act(call, session, request, response);
  }

  /** For backends. @param {import("./serve.mjs").Request} request @param {Response} response */
  async #begin(request, response) {
    const { tenant, channel, account_id, return_url } = await body(request);
    if (request.method !== "POST" || request.headers.origin || !tenant?.id || !channel) return problem(response, 403);
    if (request.headers.authorization !== `Bearer ${SERVICE_TOKEN}`) return problem(response, 401);
    json(response, 201, this.create({ tenant: tenant.id, accountId: account_id, returnUrl: return_url }));
  }

  /**
   * @param {string} call
   * @param {Session} session
   * @param {import("./serve.mjs").Request} request
   * @param {Response} response
   */
  async #act(call, session, request, response) {
    const over = FINAL.includes(session.state);
    switch (call) {
      case "POST open":
        if (session.state === "created") this.change(session, { state: "opened" });
        return json(response, 200, { client_token: session.clientToken });
      case "GET session":
        return json(response, 200, seen(session));
      case "GET events":
        response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
        session.streams.add(response);
        response.on("close", () => session.streams.delete(response));
        return this.#tell(session, response);
      case "POST token": {
        if (over) return problem(response, 409, session.state);
        const account = this.#stackone.accounts.get(session.accountId ?? "");
        session.before ??= account?.version ?? 0;
        this.change(session, { state: session.state === "failed" ? "failed" : "linking" });
        const minted = this.#stackone.createSession(session);
        const expires_at = new Date(Date.now() + this.tokenLife * 1000).toISOString();
        return json(response, 200, { ...minted, expires_at, hub: this.#hub() });
      }
      case "POST linked": {
        const { account_id } = await body(request);
        this.change(session, { state: session.state === "failed" ? "failed" : "linked" });
        this.#look(session, this.#stackone.accounts.get(account_id));
        return response.writeHead(204).end();
      }
      case "POST cancel":
        this.change(session, { state: "cancelled" });
        return response.writeHead(204).end();
      default:
        throw new Error(`the element asks for what the contract does not have: ${call}`);
    }
  }

  #hub() {
    if (!this.hasHub) return null;
    return { script_url: `${this.url}/hub/${hub.file}`, integrity: hub.integrity, base_url: `${this.#stackone.url}/` };
  }

  /** @param {Response} response @param {string} path */
  #file(response, path) {
    const page = path.startsWith("/link/");
    if (page) {
      response.setHeader("content-security-policy", pagePolicy(this.#stackone.url));
      response.setHeader("cross-origin-opener-policy", "same-origin-allow-popups");
    } else response.setHeader("access-control-allow-origin", "*");
    const file = path.startsWith("/hub/") ? new URL(path.slice(5), HUB) : new URL(page ? "link.html" : path.slice(1), WEB);
    const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(file.pathname))];
    response.writeHead(200, { "content-type": type, "x-content-type-options": "nosniff" }).end(readFileSync(file));
  }
}

/** What a client token sees. @param {Session} session */
function seen({ state, reasons, accountId, account, provider, returnUrl }) {
  return { state, reasons, provider, account_id: accountId ?? account, return_url: returnUrl };
}

/** @param {Response} response @param {number} status @param {string} [state] */
function problem(response, status, state) {
  if (status === 429 || status === 503) response.setHeader("retry-after", "1");
  json(response, status, { type: "about:blank", status, state });
}

/** What connect/web/README.md asks for. @param {string} api */
export const pagePolicy = (api) =>
  "default-src 'none'; script-src 'self'; " +
  `connect-src 'self' ${api}; img-src 'self' data: https://stackone-logos.com; font-src data:; ` +
  `style-src 'self' ${hub.style_hashes.map((/** @type {string} */ hash) => `'${hash}'`).join(" ")}; ` +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
