// Test support: as much of StackOne as its Hub calls, and the pages of its Auth Link and OAuth
// popup. Every answer is one that `@stackone/hub` 1.11.4 was seen to work with.
import { randomUUID } from "node:crypto";
import { body, json, serve } from "./serve.mjs";

/**
 * @typedef {{token: string, tenant: string, accountId?: string, label?: string, dead: boolean}} ConnectSession
 * @typedef {{id: string, provider: string, tenant: string, status: string, version: number}} Account
 * @typedef {{id: string, status: string, account?: Account, integration?: string, session: ConnectSession}} Attempt
 */

const INTEGRATIONS = [
  { integration_id: "int-acme", provider: "acme", name: "Acme HR", type: "hris", active: true },
  { integration_id: "int-bravo", provider: "bravo", name: "Bravo Talent", type: "ats", active: true },
  { integration_id: "int-carol", provider: "carol", name: "Carol Files", type: "documents", active: true },
];
const ICON = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>";
/** @type {Record<string, object>} */
const CONFIGS = {
  "int-acme": {
    name: "Acme HR",
    assets: { icon: ICON },
    configFields: [{ key: "api_key", label: "API key", type: "password", required: true }],
  },
  "int-carol": {
    name: "Carol Files",
    assets: { icon: ICON },
    configFields: [
      { key: "api_key", label: "API key", type: "password", required: true },
      {
        ...{ key: "region", label: "Region", type: "select", required: true, placeholder: "Choose" },
        options: [
          { label: "Europe", value: "eu" },
          { label: "America", value: "us" },
        ],
      },
    ],
  },
  "int-bravo": { name: "Bravo Talent", type: "oauth2", assets: { icon: ICON }, configFields: [] },
};

export class StackOne {
  /** @type {Map<string, ConnectSession>} */
  sessions = new Map();
  /** @type {Map<string, Account>} */
  accounts = new Map();
  /** @type {Map<string, Attempt>} */
  attempts = new Map();
  /** What the Hub asked, `GET /hub/connectors` and the like. @type {{call: string, token: string}[]} */
  calls = [];
  /** Answers to saves instead of a good one. @type {{status: number, body: object} | null} */
  refuse = null;
  /** Whether the connection is cut after a save, before its answer. */
  cuts = false;
  /** The credentials that were saved. @type {object[]} */
  saved = [];
  /** How many of the next tokens are refused from the start. */
  stillborn = 0;
  /** Where webhooks go. @type {(account: Account) => unknown} */
  onAccount = () => {};
  /** Milliseconds before an answer, by call. @type {Record<string, number>} */
  slow = {};
  /** What an answer waits for, by call. @type {Record<string, Promise<unknown>>} */
  held = {};

  static async start() {
    const stackone = new StackOne();
    const served = await serve((request, response, url) => stackone.#answer(request, response, url));
    return Object.assign(stackone, { url: served.url, close: served.close, errors: served.errors });
  }

  url = "";
  close = async () => {};
  /** @type {unknown[]} */
  errors = [];

  /** `POST /connect_sessions`. @param {{tenant: string, accountId?: string}} of */
  createSession({ tenant, accountId }) {
    const token = randomUUID();
    this.sessions.set(token, { token, tenant, accountId, dead: this.stillborn-- > 0 });
    return { token, auth_link_url: `${this.url}/embedded/integrations?token=${token}` };
  }

  /** An account that was linked some time ago. @param {Partial<Account>} of */
  addAccount(of) {
    const account = { id: randomUUID(), provider: "acme", tenant: "", status: "active", version: 1, ...of };
    this.accounts.set(account.id, account);
    return account;
  }

  /** All tokens made so far are refused from now on. */
  expireTokens() {
    for (const session of this.sessions.values()) session.dead = true;
  }

  /** The only attempt at an OAuth that still waits for the person. */
  pendingAttempt() {
    return [...this.attempts.values()].find(({ status }) => status === "pending");
  }

  /**
   * What is to be created is an edit where the tenant has an account of the provider.
   * @param {ConnectSession} session
   * @param {string} provider
   * @param {string} [id] of the account that is edited
   */
  save(session, provider, id = session.accountId) {
    const { tenant } = session;
    const same = [...this.accounts.values()].find((one) => one.tenant === tenant && one.provider === provider);
    const account = this.accounts.get(id ?? "") ?? same ?? this.addAccount({ provider, tenant, version: 0 });
    account.version += 1;
    account.status = "active";
    setTimeout(() => this.onAccount(account), 100);
    return account;
  }

  /**
   * @param {import("./serve.mjs").Request} request
   * @param {import("./serve.mjs").Response} response
   * @param {URL} url
   */
  async #answer(request, response, url) {
    if (url.pathname.startsWith("/connect/oauth2/")) return this.#popup(response, url);
    if (url.pathname === "/embedded/integrations") return this.#authLink(request, response, url);
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-methods", "GET, POST, PATCH, DELETE, OPTIONS");
    response.setHeader("access-control-allow-headers", "content-type, x-hub-session-token, x-hub-version");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    const token = String(request.headers["x-hub-session-token"]);
    const call = `${request.method} ${url.pathname}`;
    this.calls.push({ call, token });
    await new Promise((done) => setTimeout(done, this.slow[call] ?? 0));
    await this.held[call];
    const session = this.sessions.get(token);
    if (!session || session.dead) return json(response, 401, { statusCode: 401, message: "Unauthorized" });
    return this.#hub(session, request, response, url);
  }

  /**
   * @param {ConnectSession} session
   * @param {import("./serve.mjs").Request} request
   * @param {import("./serve.mjs").Response} response
   * @param {URL} url
   */
  async #hub(session, request, response, url) {
    const [, , kind, id] = url.pathname.split("/");
    const sent = await body(request);
    switch (`${request.method} ${kind}${id ? "/id" : ""}`) {
      case "GET settings":
        return json(response, 200, session.accountId ? { existing_account_id: session.accountId } : {});
      case "GET connectors": {
        const provider = url.searchParams.get("provider");
        const integrations = INTEGRATIONS.filter((one) => !provider || one.provider === provider);
        return json(response, 200, { integrations: integrations.map((one) => ({ ...one, logo_url: ICON })) });
      }
      case "GET connectors/id":
        return json(response, 200, { config: CONFIGS[id] });
      case "GET accounts/id": {
        const { provider } = /** @type {Account} */ (this.accounts.get(id));
        return json(response, 200, { provider, integrationId: `int-${provider}`, secureId: id });
      }
      case "POST accounts":
      case "PATCH accounts/id": {
        if (this.refuse) return json(response, this.refuse.status, this.refuse.body);
        this.saved.push(sent.credentials);
        const account = this.save(session, String(sent.integration_id).slice(4), id);
        if (this.cuts) return request.socket.destroy();
        return json(response, id ? 200 : 201, { id: account.id, provider: account.provider });
      }
      case "POST connection_attempts": {
        const attempt = { id: randomUUID(), status: "pending", session };
        this.attempts.set(attempt.id, attempt);
        return json(response, 201, { id: attempt.id });
      }
      case "GET connection_attempts/id": {
        const { status, account } = /** @type {Attempt} */ (this.attempts.get(id));
        const error = status === "error" ? { code: "access_denied", description: "The user denied access" } : null;
        return json(response, 200, { status, account: account ? { id: account.id } : null, error });
      }
      case "DELETE connection_attempts/id":
        this.attempts.delete(id);
        return response.writeHead(204).end();
      default:
        throw new Error(`the Hub asks for what the stand-in does not know: ${request.method} ${url.pathname}`);
    }
  }

  /**
   * The provider's own sign-in. `?answer=` is where its buttons lead.
   * @param {import("./serve.mjs").Response} response
   * @param {URL} url
   */
  #popup(response, url) {
    const attempt = this.attempts.get(url.searchParams.get("connection_attempt_id") ?? "");
    const answer = url.searchParams.get("answer");
    if (attempt && answer === "allow") {
      attempt.account = this.save(attempt.session, "bravo");
      attempt.status = "authenticated";
    } else if (attempt && answer === "deny") {
      attempt.status = "error";
    }
    const here = url.pathname + url.search;
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!doctype html><title>Bravo</title><h1>Bravo asks</h1>
      <a href="${here}&amp;answer=allow">Allow</a> <a href="${here}&amp;answer=deny">Deny</a>`);
  }

  /**
   * @param {import("./serve.mjs").Request} request
   * @param {import("./serve.mjs").Response} response
   * @param {URL} url
   */
  #authLink(request, response, url) {
    const session = this.sessions.get(url.searchParams.get("token") ?? "");
    response.writeHead(session && !session.dead ? 200 : 401, { "content-type": "text/html" });
    if (session && request.method === "POST") this.save(session, "acme");
    response.end(`<!doctype html><title>StackOne</title><form method="post"><button>Link Acme HR</button></form>
      ${request.method === "POST" ? "<p>Linked</p>" : ""}`);
  }
}
