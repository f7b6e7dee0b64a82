// Draws the screen the agent sends. Knows no text of its own but the one for a lost connection.
"use strict";

const STATION = new URLSearchParams(location.search).get("station") || "";
const SILENCE_MS = 25000; // two and a half of the server's pings
const LOST_AFTER_MS = 4000;
const LAYOUTS = ["few", "some", "many"]; // of a receipt: large, smaller, two columns
const DRAWINGS = {
  card: '<circle class="wash" cx="120" cy="120" r="112"/><rect class="line" x="58" y="70" width="76" height="112" rx="12"/><path class="line" d="M80 150h32M88 100a22 22 0 0 1 16 16M84 84a40 40 0 0 1 36 36"/><g class="nudge"><rect class="fill" x="118" y="52" width="84" height="56" rx="8" transform="rotate(18 160 80)"/></g>',
  door: '<circle class="wash" cx="120" cy="120" r="112"/><rect class="line" x="60" y="44" width="120" height="156" rx="6"/><path class="line" d="M76 92h88M76 140h88M92 92V64M104 92V60M118 92V66M96 140v-30M110 140v-34M150 140v-28"/><g class="swing"><path class="fill" d="M60 44l-26 18v150l26-12z"/></g>',
  shut: '<circle class="wash" cx="120" cy="120" r="112"/><rect class="line" x="60" y="44" width="120" height="156" rx="6"/><rect class="fill" x="156" y="108" width="10" height="34" rx="4"/><path class="line" d="M40 120h-24M40 120l-10-9M40 120l-10 9" transform="translate(150 0) scale(-1 1) translate(-75 0)"/>',
  count: '<circle class="wash" cx="120" cy="120" r="112"/><path class="line" d="M52 188h136M66 188V80M84 188V68M104 188V86M124 188V72M146 188l14-108M176 188V90"/><g class="sweep"><path class="line" d="M40 70h160" stroke-dasharray="2 14"/></g>',
  tick: '<circle class="wash" cx="120" cy="120" r="112"/><circle class="line" cx="120" cy="120" r="78"/><path class="line bold" d="M84 122l26 26 48-54"/>',
  wait: '<circle class="wash" cx="120" cy="120" r="112"/><circle class="line" cx="120" cy="120" r="78"/><path class="line" d="M120 76v46l30 22"/>',
  warn: '<circle class="wash" cx="120" cy="120" r="112"/><path class="line" d="M120 50l84 144H36z"/><path class="line bold" d="M120 104v44"/><circle class="fill" cx="120" cy="170" r="6"/>',
  stop: '<circle class="wash" cx="120" cy="120" r="112"/><circle class="line" cx="120" cy="120" r="78"/><path class="line bold" d="M92 92l56 56M148 92l-56 56"/>',
  tool: '<circle class="wash" cx="120" cy="120" r="112"/><path class="line" d="M150 60a36 36 0 0 0-40 48l-54 54a16 16 0 0 0 24 24l54-54a36 36 0 0 0 48-40l-24 20-24-6-6-24z"/>',
};
const DRAWING_OF = {
  starting: "wait", idle: "card", welcome: "door", open: "door", held: "warn", closing: "shut", counting: "count",
  receipt: "tick", refused: "stop", busy: "wait", goodbye: "shut", unsettled: "warn", "out-of-order": "tool",
  intruded: "warn", message: "card", closed: "stop", full: "wait", free: "warn", inside: "tick", "closing-soon": "wait",
  "closed-inside": "wait",
};
// What only a desk or a gate shows.
Object.assign(DRAWING_OF, {
  returns: "card", lying: "card", "lying-lent": "warn", "lying-return": "wait", serving: "card", writing: "wait",
  "serving-taking": "card", "serving-bringing": "card", "unknown-code": "warn", alarm: "stop",
});
const MARKS = {
  borrowed: '<path d="M5 12h13M13 6l6 6-6 6" fill="none" stroke="#0f5a52" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/>',
  returned: '<path d="M5 13l5 5L19 7" fill="none" stroke="#1c5f2c" stroke-width="2.8" stroke-linecap="round" stroke-linejoin="round"/>',
  undecided: '<path d="M8 9a4 4 0 1 1 5.6 3.7c-1 .5-1.6 1-1.6 2.3M12 19v.2" fill="none" stroke="#7a4300" stroke-width="2.6" stroke-linecap="round"/>',
  foreign: '<circle cx="12" cy="12" r="8" fill="none" stroke="#7a4300" stroke-width="2.4"/><path d="M12 8v5M12 16v.2" stroke="#7a4300" stroke-width="2.6" stroke-linecap="round"/>',
  reserved: '<path d="M8 5h8v14l-4-4-4 4z" fill="none" stroke="#7a4300" stroke-width="2.4" stroke-linejoin="round"/>',
  renewed: '<path d="M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4" fill="none" stroke="#0f5a52" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>',
  refused: '<circle cx="12" cy="12" r="8" fill="none" stroke="#8a1f11" stroke-width="2.4"/><path d="M7 12h10" stroke="#8a1f11" stroke-width="2.4" stroke-linecap="round"/>',
  out: '<path d="M6 5h9a3 3 0 0 1 3 3v11H9a3 3 0 0 1-3-3zM6 16a3 3 0 0 1 3-3h9" fill="none" stroke="#0f5a52" stroke-width="2.2" stroke-linejoin="round"/>',
  loaded: '<path d="M12 4v10M8 10l4 4 4-4M5 19h14" fill="none" stroke="#1c5f2c" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>',
  unloaded: '<path d="M12 15V5M8 9l4-4 4 4M5 19h14" fill="none" stroke="#0f5a52" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>',
  lying: '<path d="M4 17h16M7 13h10v4H7z" fill="none" stroke="#4a5a58" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/>',
  reference: '<path d="M8 5h8v14l-4-4-4 4z" fill="none" stroke="#7a4300" stroke-width="2.4" stroke-linejoin="round"/>',
};

const at = (id) => document.getElementById(id);

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function texts(list) {
  return (list || []).map((t) => element("span", { lang: t.lang }, t.text));
}

function drawing(box, inner) {
  const held = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  held.setAttribute("viewBox", box);
  held.innerHTML = inner;
  return held;
}

function row(item) {
  const title = element("div", { class: "title" }, item.title);
  if (item.author) title.append(element("small", {}, item.author));
  const line = element("li", { "data-change": item.change }, drawing("0 0 24 24", MARKS[item.change] || ""), title,
    element("div", { class: "fate" }, ...texts(item.said)));
  if (item.press) {
    line.setAttribute("role", "button");
    line.setAttribute("tabindex", "0");
    line.addEventListener("click", () => press(item.press));
    line.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") press(item.press); });
  }
  return line;
}

function draw(screen) {
  const items = screen.items || [];
  document.body.dataset.kind = screen.kind;
  document.body.dataset.tone = screen.tone;
  document.body.classList.toggle("listing", items.length > 0);
  document.documentElement.lang = screen.said[0]?.lang || "zh-CN";
  at("site").replaceChildren(...texts(screen.site));
  at("picture").replaceChildren(drawing("0 0 240 240", DRAWINGS[DRAWING_OF[screen.kind]] || DRAWINGS.wait));
  at("words").replaceChildren(...screen.said.map((said) => element("div", { class: "said", lang: said.lang },
    element("h1", {}, said.title), ...said.lines.map((line) => element("p", {}, line)))));
  at("stale").replaceChildren(...texts(screen.stale));
  buttons(screen.buttons || []);
  keypad(Boolean(screen.keypad));
  list(items);
  countdown(screen.seconds);
}

// As large as all of them fit; in the densest layout, as many as fit, and how many more there are.
function list(items) {
  const place = at("items");
  const full = () => place.scrollHeight > place.clientHeight + 1;
  place.replaceChildren(...items.map(row));
  at("more").textContent = "";
  document.body.dataset.layout = LAYOUTS.find((layout) => {
    document.body.dataset.layout = layout;
    return !full();
  }) || LAYOUTS.at(-1);
  for (let shown = items.length; shown > 1 && full();) {
    shown -= 1;
    place.lastElementChild.remove();
    at("more").textContent = `+ ${items.length - shown}`;
  }
}

function press(what) {
  fetch("press", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ station: STATION, what }),
  }).catch(lost);
}

function buttons(offered) {
  at("buttons").replaceChildren(...offered.map((button) => {
    const made = element("button", { type: "button", "data-what": button.what }, ...texts(button.said));
    made.addEventListener("click", () => press(button.what));
    return made;
  }));
}

// Digits, one to take back, one to send; what was typed stays while the same keypad is asked for.
function keypad(wanted) {
  const place = at("keypad");
  if (wanted === !place.hidden) return;
  place.hidden = !wanted;
  if (!wanted) return place.replaceChildren();
  const typed = element("output", { "aria-live": "polite" });
  const key = (label, act, name) => {
    const made = element("button", { type: "button", "aria-label": name || label }, label);
    made.addEventListener("click", act);
    return made;
  };
  const digits = [..."123456789"].map((digit) => key(digit, () => { if (typed.value.length < 12) typed.value += digit; }));
  place.replaceChildren(typed, ...digits,
    key("⌫", () => { typed.value = typed.value.slice(0, -1); }, "退格 Backspace"),
    key("0", () => { if (typed.value.length < 12) typed.value += "0"; }),
    key("✓", () => { if (typed.value) press(typed.value); typed.value = ""; }, "确定 Enter"));
}

function countdown(seconds) {
  const bar = at("countdown").firstElementChild;
  bar.getAnimations().forEach((running) => running.cancel());
  if (seconds) bar.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], { duration: seconds * 1000, fill: "forwards" });
}

let stream = null;
let heard = 0;
let lostTimer = null;
let latest = null;

function alive() {
  heard = Date.now();
  clearTimeout(lostTimer);
  lostTimer = null;
  at("lost").hidden = true;
}

function lost() {
  if (lostTimer === null) lostTimer = setTimeout(() => { at("lost").hidden = false; }, LOST_AFTER_MS);
}

function connect() {
  if (stream) stream.close();
  heard = Date.now();
  stream = new EventSource(`events?station=${encodeURIComponent(STATION)}`);
  stream.onopen = alive;
  stream.addEventListener("ping", alive);
  stream.onmessage = (event) => {
    alive();
    latest = JSON.parse(event.data);
    draw(latest);
  };
  stream.onerror = () => {
    lost();
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 1000);
  };
}

function tick() {
  at("clock").textContent = new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
  if (Date.now() - heard > SILENCE_MS) {
    at("lost").hidden = false;
    connect();
  }
}

document.addEventListener("contextmenu", (event) => event.preventDefault());
window.addEventListener("resize", () => { if (latest) draw(latest); });
setInterval(tick, 1000);
tick();
connect();
