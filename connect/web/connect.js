// <stackone-link>: a button that links an account in a dialog, and learns from the service, not
// from the Hub, that it works. See docs/embed.md.
import { Attempt } from "./connect/attempt.js";
import { Dialog } from "./connect/dialog.js";
import { hasStorage, loadHub, makeHub, phaseOf, rootOf } from "./connect/hub.js";
import { textsIn } from "./connect/language.js";
import { FINAL, LinkSessionClient, Refused } from "./connect/session.js";
import english from "./connect/texts.en.js";

/**
 * @typedef {import("./connect/session.js").LinkSession} LinkSession
 * @typedef {import("./connect/session.js").Known} Known
 * @typedef {import("./connect/dialog.js").Key} Key
 * @typedef {Partial<import("./connect/dialog.js").Texts>} OwnTexts
 */

export class StackoneLink extends HTMLElement {
  static observedAttributes = ["lang"];
  /** @type {Attempt | undefined} */ #attempt;
  /** @type {OwnTexts} */ #texts = {};
  #timer = 0;
  #dialog = new Dialog(this, { onOpen: () => this.open(), onLeave: () => this.#onLeave() });
  #steps = new MutationObserver(() => this.#look());

  constructor() {
    super();
    // The page may have set both before this module came.
    const { session, texts } = /** @type {any} */ (this);
    for (const name of ["session", "texts"]) delete (/** @type {any} */ (this)[name]);
    /** Makes a session, when the person wants one. @type {(() => Promise<LinkSession>) | undefined} */
    this.session = session;
    if (texts) this.#texts = texts;
  }

  /** Texts of the page's own, instead of those with the same key. */
  get texts() {
    return this.#texts;
  }
  set texts(texts) {
    this.#texts = texts;
    this.#translate();
  }

  connectedCallback() {
    this.#translate();
  }
  attributeChangedCallback() {
    this.#translate();
  }
  disconnectedCallback() {
    this.#end();
  }

  /** Does what a press of the button does. */
  async open() {
    if (this.#attempt || !this.session) return;
    const attempt = (this.#attempt = new Attempt());
    this.#dialog.open();
    this.#say("starting");
    this.#timer = window.setInterval(() => this.#tick(), 250);
    try {
      const session = new LinkSessionClient(await this.session());
      if (attempt.over) return void (this.hasAttribute("once") || (await session.cancel()));
      attempt.session = session;
      this.#emit("opened");
      for await (const known of session.follow(attempt.abort.signal)) this.#learn(attempt, known);
    } catch (error) {
      this.#refuse(attempt, error);
    }
  }

  /** Stops for good: the session, too. What was settled before stays so. */
  async cancel() {
    const attempt = this.#attempt;
    if (!attempt?.session || attempt.over) return;
    try {
      await attempt.session.cancel();
      const known = await attempt.session.read();
      if (known.state === "verified") return this.#learn(attempt, known);
      this.#settle(attempt, "cancelled");
      if (attempt === this.#attempt) this.#end();
    } catch (error) {
      this.#refuse(attempt, error);
    }
  }

  async #translate() {
    const asked = this.closest("[lang]")?.getAttribute("lang") || navigator.language;
    const { lang, texts } = await textsIn(asked);
    this.#dialog.translate({ ...texts, ...this.#texts }, lang);
  }

  /**
   * @param {Key} key
   * @param {import("./connect/dialog.js").Action[]} actions
   */
  #say(key, ...actions) {
    this.#dialog.say(key, ...actions);
    this.#dialog.leaving = this.#attempt?.idle ? "close" : "cancel";
  }

  /**
   * @param {string} name
   * @param {object} [detail]
   */
  #emit(name, detail) {
    const { session, known } = this.#attempt ?? {};
    const { account_id, provider, reasons } = known ?? {};
    const all = { session_id: session?.id, account_id, provider, reasons, ...detail };
    this.dispatchEvent(new CustomEvent(name, { detail: all, bubbles: true, composed: true }));
  }

  /**
   * @param {Attempt} attempt
   * @param {Known} known
   */
  #learn(attempt, known) {
    if (attempt.over) return;
    attempt.known = known;
    const { state, reasons = [], account_id: id, provider } = known;
    if (FINAL.includes(state)) this.#settle(attempt, state);
    else if (state === "failed") this.#fail(attempt, reasons);
    else if (state === "linked") this.#save(attempt, { id, provider });
    else if (attempt.begun) attempt.isStale(this.#dialog.said) && this.#sendAway(attempt, "hosted");
    else if (reasons.includes("recovered")) this.#say("recovered", ["connect", () => this.#mount(attempt)]);
    else this.#mount(attempt);
  }

  /**
   * @param {Attempt} attempt
   * @param {string[]} reasons
   */
  #fail(attempt, reasons) {
    if (attempt.again) return;
    this.#dialog.show();
    const reason = reasons.find((word) => word in english) ?? "failed";
    this.#say(/** @type {Key} */ (reason), ["again", () => this.#retry(attempt)]);
    this.#emit("failed");
  }

  /**
   * There is an account, says the Hub or the service. Whether it works is another matter.
   * @param {Attempt} attempt
   * @param {{id?: string, provider?: string}} account
   */
  #save(attempt, { id, provider }) {
    if (attempt.saved) return;
    Object.assign(attempt, { begun: true, saved: true, again: false });
    this.#say("checking");
    this.#emit("linked", { account_id: id, provider });
  }

  /**
   * @param {Attempt} attempt
   * @param {string} state
   */
  #settle(attempt, state) {
    if (attempt.over) return;
    attempt.end();
    // The Hub still closes its window; the service is at times faster.
    this.#dialog.hide();
    setTimeout(() => attempt.hub?.remove(), attempt.phase === "saving" ? 5000 : 0);
    const once = this.hasAttribute("once");
    const { return_url = "" } = attempt.known;
    if (state === "expired" && !once) this.#say(state, ["again", () => this.#restart()]);
    else if (state === "verified" && once && /^https?:/.test(return_url)) this.#say(state, ["back", return_url]);
    else this.#say(/** @type {Key} */ (state));
    if (state === "verified" && !attempt.saved) this.#emit("linked");
    this.#emit(state);
  }

  /**
   * @param {Attempt} attempt
   * @param {unknown} error
   */
  #refuse(attempt, error) {
    if (attempt.over) return;
    if (!(error instanceof Refused)) console.error(error);
    else if (!error.passes) {
      const { state = "" } = error;
      return this.#settle(attempt, FINAL.includes(state) ? state : "expired");
    }
    this.#dialog.show();
    this.#say("busy", ["again", () => this.#retry(attempt)]);
  }

  /** @param {Attempt} attempt */
  #retry(attempt) {
    if (!attempt.session) return this.#restart();
    Object.assign(attempt, { again: true, saved: false });
    this.#say("starting");
    this.#mount(attempt);
  }

  #restart() {
    this.#end();
    this.open();
  }

  #end() {
    clearInterval(this.#timer);
    this.#attempt?.end();
    this.#attempt = undefined;
    this.#dialog.close();
  }

  /**
   * A fresh Hub with a fresh token, or else the way to StackOne's own page.
   * @param {Attempt} attempt
   */
  async #mount(attempt) {
    attempt.begun = true;
    const minted = await this.#mint(attempt);
    if (!minted || !attempt.session) return;
    attempt.hub = undefined;
    if (!minted.hub || !hasStorage()) return this.#sendAway(attempt, "hosted");
    try {
      await loadHub(minted.hub, attempt.session.url);
    } catch {
      return this.#sendAway(attempt, "trouble");
    }
    if (attempt.over) return;
    const attributes = {
      token: minted.token,
      "base-url": minted.hub.base_url.replace(/\/+$/, ""),
      "app-url": this.getAttribute("app-url") ?? minted.hub.app_url,
      // Without it a re-link is a create until the Hub has heard otherwise.
      "account-id": attempt.accountId,
      theme: this.getAttribute("theme"),
      height: this.getAttribute("height"),
      "on-close-label": this.getAttribute("on-close-label"),
    };
    const hub = makeHub(attributes, {
      onSuccess: (account) => this.#onSuccess(attempt, account, hub),
      onConnect: () => {
        attempt.pressed = true;
        const { next } = attempt;
        attempt.next = undefined;
        return next;
      },
    });
    Object.assign(attempt, { hub, phase: "loading", since: Date.now(), pressed: false, next: undefined });
    this.#dialog.show(hub);
  }

  /**
   * @param {Attempt} attempt
   * @param {{id: string, provider?: string}} account
   * @param {Element} [hub]
   */
  #onSuccess(attempt, account, hub) {
    // Once it has closed its window.
    setTimeout(() => hub?.remove());
    // Also where the person has left meanwhile.
    if (!FINAL.includes(attempt.known.state)) attempt.session?.linked(account);
    if (!attempt.over) this.#save(attempt, account);
  }

  /** @param {Attempt} attempt */
  async #mint(attempt) {
    if (attempt.minting || !attempt.session) return;
    attempt.minting = true;
    try {
      const minted = await attempt.session.mint();
      attempt.take(minted);
      if (!attempt.over) return minted;
    } catch (error) {
      const later = attempt.hub && error instanceof Refused && error.passes;
      if (later) attempt.renewAt = Date.now() + Math.max(error.wait, 10_000);
      else this.#refuse(attempt, error);
    } finally {
      attempt.minting = false;
    }
  }

  /**
   * @param {Attempt} attempt
   * @param {Key} why
   */
  #sendAway(attempt, why) {
    attempt.hub = undefined;
    this.#dialog.show();
    const { either, link } = attempt;
    if (attempt.over || !link) return;
    // Without a Hub only the person knows whose it is.
    if (either) this.#say("ambiguous", ["mine", () => this.#onSuccess(attempt, either)], ["go", link]);
    else this.#say(why, ["go", link]);
  }

  #tick() {
    this.#dialog.keepFocus();
    const attempt = this.#attempt;
    if (!attempt?.begun || attempt.idle) return;
    this.#look();
    const { hub, phase, since, remounted } = attempt;
    if (hub && phase === "empty" && Date.now() - since > 5000) return this.#sendAway(attempt, "trouble");
    if (hub && phase === "stuck" && Date.now() - since > 1000) {
      // A refused token looks to the Hub as if there were nothing to choose from.
      if (remounted) return this.#sendAway(attempt, "trouble");
      attempt.remounted = true;
      attempt.renewAt = 0;
    }
    if (Date.now() > attempt.renewAt && !document.hidden) this.#renew(attempt);
  }

  /** @param {Attempt} attempt */
  async #renew(attempt) {
    const { hub, phase } = attempt;
    if (hub && phase === "saving") {
      attempt.renewAt = Infinity;
      return this.#say("saving", ["again", () => this.#retry(attempt)]);
    }
    if (hub && phase !== "form") return this.#mount(attempt);
    const minted = this.#mint(attempt);
    if (hub) attempt.next = minted.then((it) => it?.token);
    else if (await minted) this.#sendAway(attempt, this.#dialog.said);
  }

  /** Follows the Hub from step to step. */
  #look() {
    const attempt = this.#attempt;
    if (!attempt?.hub || attempt.idle) return;
    const root = rootOf(attempt.hub);
    if (root) this.#steps.observe(root, { childList: true, subtree: true });
    const phase = phaseOf(attempt.hub, attempt.pressed);
    const before = attempt.phase;
    if (phase === before) return;
    Object.assign(attempt, { phase, since: Date.now() });
    if (phase === "saving") this.#say(phase);
    if (phase !== "pick" && phase !== "form") return;
    attempt.pressed = false;
    this.#say(before === "saving" ? "refused" : phase);
    // It may have been refused for its token: the next save has another.
    if (before === "saving") this.#renew(attempt);
  }

  #onLeave() {
    const attempt = this.#attempt;
    if (!attempt || attempt.idle) return this.#end();
    const costs = attempt.phase === "form" || attempt.phase === "saving" || this.hasAttribute("once");
    if (costs) this.#dialog.ask(() => this.cancel());
    else this.cancel();
  }
}

if (!customElements.get("stackone-link")) customElements.define("stackone-link", StackoneLink);
