// The dialog as WAI-ARIA's pattern has it: what is said in it is announced, focus stays inside and
// goes back where it came from. It knows nothing of linking.

/**
 * @typedef {typeof import("./texts.en.js").default} Texts
 * @typedef {keyof Texts} Key
 * @typedef {[key: Key, act: string | (() => void)]} Action an address, or what to do
 */

const CSS = `
button, a { font: inherit; padding: .5em 1em; border: 1px solid #767676; border-radius: 6px;
  background: #fff; color: #1a1a1a; cursor: pointer }
#back { position: fixed; inset: 0; z-index: 2147483646; display: grid; place-items: center;
  overflow: auto; background: #0009 }
#dialog { box-sizing: border-box; width: min(42rem, 100%); padding: 1.5rem; border-radius: 12px;
  background: #fff; color: #1a1a1a }
h2 { margin: 0; font-size: 1.25em }
nav { display: flex; flex-wrap: wrap; gap: .5em; margin-top: 1em }
#live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
[hidden] { display: none !important }
:focus-visible { outline: 3px solid #1a56db; outline-offset: 2px }
:host([theme=dark]) :is(button, a, #dialog) { background: #1e1e1e; color: #f2f2f2 }`;

/**
 * @param {string} tag
 * @param {object} [properties]
 * @param {(Node | string)[]} children
 */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export class Dialog {
  #host;
  #onLeave;
  /** @type {Texts | undefined} */ #texts;
  /** @type {[Key, ...Action[]]} */ #said = ["starting"];
  /** @type {HTMLElement[]} */ #inert = [];
  #start;
  #live = make("div", { id: "live", role: "status" });
  #title = make("h2", { id: "title", tabIndex: -1 });
  #text = make("p");
  // The Hub speaks English only.
  #panel = make("div", { lang: "en" });
  #nav = make("nav");
  #leave = make("button", { onclick: () => this.leave() });
  // Neither a modal `<dialog>` nor `aria-modal`: the Hub appends its lists to `<body>`, where they
  // would be out of reach. All that is behind the dialog is inert instead.
  #dialog = make("div", { id: "dialog", role: "dialog" });
  #back = make("div", { id: "back", hidden: true }, this.#dialog);

  /**
   * @param {HTMLElement} host
   * @param {{onOpen: () => void, onLeave: () => void}} of
   */
  constructor(host, { onOpen, onLeave }) {
    this.#host = host;
    this.#onLeave = onLeave;
    this.#start = make("button", { part: "button", onclick: onOpen });
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    root.append(this.#start, this.#live, this.#back);
    const edge = (/** @type {HTMLElement} */ to) => make("i", { tabIndex: 0, onfocus: () => to.focus() });
    const parts = [this.#title, this.#text, this.#panel, this.#nav];
    this.#dialog.append(edge(this.#leave), ...parts, edge(this.#title));
    this.#dialog.setAttribute("aria-labelledby", "title");
    this.#dialog.onkeydown = ({ key, defaultPrevented }) => {
      if (key === "Escape" && !defaultPrevented) this.leave();
    };
  }

  /** What was said last. */
  get said() {
    return this.#said[0];
  }

  /**
   * @param {Texts} texts
   * @param {string} lang
   */
  translate(texts, lang) {
    this.#texts = texts;
    this.#dialog.lang = this.#start.lang = this.#live.lang = lang;
    this.#start.textContent = texts.connect;
    this.#title.textContent = texts.title;
    if (!this.#back.hidden) this.say(...this.#said);
  }

  open() {
    this.#back.hidden = false;
    this.#start.inert = true;
    /** @type {Element | undefined} */
    let here = this.#host;
    while (here) {
      const parent = /** @type {Element | null} */ (here.parentElement);
      for (const other of parent?.children ?? []) {
        if (other === here || !(other instanceof HTMLElement) || other.inert) continue;
        other.inert = true;
        this.#inert.push(other);
      }
      const root = here.getRootNode();
      here = parent ?? (root instanceof ShadowRoot ? root.host : undefined);
    }
    this.#title.focus();
  }

  close() {
    if (this.#back.hidden) return;
    this.show();
    this.#back.hidden = true;
    for (const other of [this.#start, ...this.#inert.splice(0)]) other.inert = false;
    this.#start.focus();
  }

  /**
   * Says it, to the eye and to a screen reader, with what can be done about it.
   * @param {Key} key
   * @param {Action[]} actions
   */
  say(key, ...actions) {
    this.#said = [key, ...actions];
    const texts = this.#texts;
    if (!texts) return;
    this.#text.textContent = this.#live.textContent = texts[key];
    this.#nav.replaceChildren(
      ...actions.map(([name, act]) => {
        const to = { href: act, target: name === "go" ? "_blank" : "", rel: "noopener noreferrer" };
        const does = typeof act === "string" ? make("a", to) : make("button", { onclick: act });
        does.textContent = texts[name];
        return does;
      }),
      this.#leave,
    );
    this.keepFocus();
  }

  /**
   * Asks before it does what cannot be undone.
   * @param {() => void} stop
   */
  ask(stop) {
    const said = this.#said;
    this.say("leave", ["stop", stop], ["stay", () => this.say(...said)]);
    this.#leave.remove();
    this.#title.focus();
  }

  /** What Escape and the last button do. */
  leave() {
    const [key, , stay] = this.#said;
    if (key === "leave" && typeof stay?.[1] === "function") stay[1]();
    else this.#onLeave();
  }

  /** @param {"cancel" | "close"} key what the last button is called */
  set leaving(key) {
    this.#leave.textContent = this.#texts?.[key] ?? "";
  }

  /** @param {Element} [content] */
  show(content) {
    this.#panel.hidden = !content;
    this.#panel.replaceChildren(...(content ? [content] : []));
  }

  hide() {
    this.#panel.hidden = true;
  }

  /** The Hub drops the focus to `<body>` at each of its steps. */
  keepFocus() {
    const { activeElement, body } = document;
    if (!this.#back.hidden && (!activeElement || activeElement === body)) this.#title.focus();
  }
}
