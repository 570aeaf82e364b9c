// What the element knows of one attempt to link.

/**
 * @typedef {import("./session.js").LinkSessionClient} LinkSessionClient
 * @typedef {import("./session.js").Known} Known
 * @typedef {import("./session.js").Minted} Minted
 */

const MINUTE = 60_000;

/** One attempt to link, from the press of the button until it is settled or left. */
export class Attempt {
  /** @type {LinkSessionClient | undefined} */ session;
  /** @type {Known} */ known = { state: "created" };
  /** @type {Element | undefined} */ hub;
  /** @type {import("./hub.js").Phase} */ phase = "loading";
  /** When the phase began. */ since = 0;
  /** When another token is due. */ renewAt = Infinity;
  /** StackOne's own page. */ link = "";
  /** A token was asked for. */ begun = false;
  /** A token is being asked for. */ minting = false;
  /** The token for the next save, where the Hub's own is old. @type {Promise<string | undefined> | undefined} */
  next;
  /** Connect was pressed in the Hub. */ pressed = false;
  /** The Hub had nothing to offer, and got another token. */ remounted = false;
  /** The Hub says that it has saved. */ saved = false;
  /** A failed session is tried again. */ again = false;
  over = false;
  abort = new AbortController();

  end() {
    this.over = true;
    this.abort.abort();
  }

  /** @param {Minted} minted */
  take({ auth_link_url, expires_at }) {
    this.link = /^https?:/.test(auth_link_url) ? auth_link_url : "";
    const left = Date.parse(expires_at) - Date.now() - 2 * MINUTE;
    // Of half an hour. A clock that is wrong must not make it one by the minute, or none.
    this.renewAt = Date.now() + Math.min(Math.max(left, 5 * MINUTE), 28 * MINUTE);
  }

  /** The account that this attempt may have led to, or another one that is open. */
  get either() {
    const { account_id: id, provider, reasons } = this.known;
    return id && !this.saved && reasons?.includes("ambiguous") ? { id, provider } : undefined;
  }

  /** The account to link again, or that a failed save has led to. */
  get accountId() {
    return this.either ? undefined : this.known.account_id;
  }

  /** Whether it was asked whose the account is, and is clear now, or the other way round. @param {string} said */
  isStale(said) {
    return !this.hub && (said === "ambiguous") !== !!this.either;
  }

  /** Whether leaving is only that, and stops nothing. */
  get idle() {
    return !this.begun || this.over || this.saved || (this.known.state === "failed" && !this.again);
  }
}
