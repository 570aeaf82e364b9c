// A link session as a page sees it: asks for tokens, tells what the Hub said, and follows the
// session to its end. Without a user interface; `connect.js` has one, docs/embed.md shows another.

/**
 * @typedef {{id: string, client_token: string, events_url: string}} LinkSession
 * What `POST /v1/link-sessions` answered, passed on by the page's own backend.
 * @typedef {{state: string, provider?: string, reasons?: string[], account_id?: string, return_url?: string}} Known
 * What the service says of it.
 * @typedef {{script_url: string, integrity: string, base_url: string, app_url?: string}} Hub
 * @typedef {{token: string, auth_link_url: string, expires_at: string, hub?: Hub | null}} Minted
 * A session of StackOne's, made now.
 */

/** Nothing follows these states. `failed` may still become `verified`. */
export const FINAL = ["verified", "expired", "cancelled"];
/** The first event comes at once, unless something on the way holds streams back. In ms. */
const FIRST = 5_000;
/** A stream without even a ping for so long has died without a word. In ms. */
const SILENCE = 40_000;

/** An answer that is not 2xx, or none at all: status 0. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} [state] the session's, where the answer names it
   * @param {number} [wait] what `Retry-After` asks for, in ms
   */
  constructor(status, state, wait = 0) {
    super(`the service refuses with ${status}`);
    this.status = status;
    this.state = state;
    this.wait = wait;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return [0, 408, 429].includes(this.status) || this.status >= 500;
  }
}

/**
 * @param {string} url
 * @param {string} token
 * @param {RequestInit} [init]
 */
export async function call(url, token, init) {
  const headers = { ...init?.headers, Authorization: `Bearer ${token}` };
  const response = await fetch(url, { credentials: "omit", ...init, headers }).catch(() => {
    throw new Refused(0);
  });
  if (response.ok) return response;
  const { state } = await response.json().catch(() => ({}));
  throw new Refused(response.status, state, 1000 * Number(response.headers.get("Retry-After")));
}

/**
 * @param {string} url
 * @param {string} token
 * @param {object} [body]
 */
export const post = (url, token, body = {}) =>
  call(url, token, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    // A page that is closed right after it still sends it.
    keepalive: true,
  });

/** The calls of one session. */
export class LinkSessionClient {
  /** @param {LinkSession} session */
  constructor({ id, client_token, events_url }) {
    if (!id || !client_token || !events_url) throw new TypeError("this is no link session");
    this.id = id;
    this.token = client_token;
    this.url = new URL(events_url, import.meta.url).href.replace(/\/events$/, "");
  }

  /** @returns {Promise<Minted>} */
  mint = async () => (await post(`${this.url}/token`, this.token)).json();
  cancel = () => post(`${this.url}/cancel`, this.token);
  /** @param {AbortSignal} [signal] @returns {Promise<Known>} */
  read = async (signal) => (await call(this.url, this.token, { signal })).json();

  /**
   * Passes on what the Hub said. It is a hint, so that a refusal is no harm, but a lost one costs
   * the person a wait.
   * @param {{id?: string, provider?: string}} hint
   */
  async linked({ id, provider }) {
    for (let wait = 1000; wait <= 8000; wait *= 2) {
      try {
        return await post(`${this.url}/linked`, this.token, { account_id: id, provider });
      } catch (error) {
        if (!(error instanceof Refused && error.passes)) return;
        await pause(Math.max(wait, error.wait));
      }
    }
  }

  /**
   * All that the service says of the session, over as many streams as it takes. Throws where the
   * session may not be read (any more).
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<Known>}
   */
  async *follow(signal) {
    let wait = 1000;
    while (!signal.aborted) {
      let least = 0;
      try {
        for await (const known of this.#stream(signal)) {
          wait = 1000;
          yield known;
        }
        // What a proxy held back of the stream, too.
        yield await this.read(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && !error.passes) throw error;
        least = error instanceof Refused ? error.wait : 0;
      }
      await pause(Math.max(least, wait * (0.5 + Math.random() / 2)));
      wait = Math.min(2 * wait, 30_000);
    }
  }

  /**
   * The events of one stream, until it ends or falls silent.
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<Known>}
   */
  async *#stream(signal) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), FIRST);
    try {
      const either = AbortSignal.any([signal, silence.signal]);
      const init = { headers: { Accept: "text/event-stream" }, signal: either };
      const response = await call(`${this.url}/events`, this.token, init);
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; reader; ) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE);
        const events = (text + value).split(/\r?\n\r?\n/);
        text = events.pop() ?? "";
        for (const event of events) {
          const json = /^data: ?(.*)$/m.exec(event)?.[1];
          if (json) yield JSON.parse(json);
        }
      }
    } catch (error) {
      if (!silence.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
