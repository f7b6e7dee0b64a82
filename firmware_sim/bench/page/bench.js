// The bench: draws the world the server tells of, and turns clicks and drags into actions. Decides nothing.
"use strict";

const WORDS = {
  "zh-CN": { bench: "试验台", hub: "打开中心", lock: "门锁", reader: "读卡区", readerhint: "把卡拖到这里", force: "撬开柜门", shade: "遮挡标签",
    hands: "手里", cards: "读者卡：点选，再点读卡区，或直接拖过去", two: "两张卡一起", phone: "手机", foreign: "带一本外馆书", load: "在总馆领书",
    wires: "线上的帧", pause: "暂停", resume: "继续", all: "全部设备", open: "拉开", shut: "关门", locked: "门是锁着的", nobody: "（没有选卡）",
    network: "网络", power: "电源", card: "读卡器", door: "门控板", "reader-A": "A 层读取器", "reader-B": "B 层读取器", other: "English",
    blocked: "已停借", lost: "已挂失", expired: "已过期", courier: "配送员", service: "保洁维护", unknown: "外馆卡", patron: "读者", adult: "成人", child: "儿童",
    "there is nothing left to bring": "没有可带的书了", "pick a card first": "请先点选一张卡", "the door is locked": "门是锁着的", failed: "做不到：" },
  en: { bench: "bench", hub: "open the hub", lock: "lock", reader: "card reader", readerhint: "drag a card here", force: "force the door", shade: "shadow tags",
    hands: "In hand", cards: "Cards: pick one, then the reader, or drag it there", two: "two cards at once", phone: "a phone", foreign: "bring another library's book", load: "collect from the library",
    wires: "Frames on the wires", pause: "pause", resume: "go on", all: "all devices", open: "open", shut: "Shut the door", locked: "The door is locked", nobody: "(no card picked)",
    network: "network", power: "power", card: "card reader", door: "door board", "reader-A": "reader A", "reader-B": "reader B", other: "中文",
    blocked: "blocked", lost: "lost", expired: "expired", courier: "courier", service: "cleaner", unknown: "another library's", patron: "patron", adult: "adult", child: "child", failed: "Not possible: " },
};
const COLOURS = ["#7b3f3f", "#2f5d50", "#36517a", "#7a5a1e", "#5c3f77", "#3f6b2e", "#8a4b20", "#2d6170", "#6d3355", "#4b4f2a", "#364a5e", "#85412f"];
const PLUGS = ["card", "door", "reader-A", "reader-B"];
const FRAMES_KEPT = 300;

const at = (id) => document.getElementById(id);
let lang = localStorage.getItem("bench-lang") === "en" ? "en" : "zh-CN";
let fixed = null;
let state = null;
let site = null;
let picked = null;
let shading = false;
let paused = false;
let stream = null;
let frames = [];

const word = (key) => WORDS[lang][key] || key;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function say(text) {
  at("say").textContent = text;
  at("say").classList.add("on");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => at("say").classList.remove("on"), 2600);
}

async function act(name, more = {}) {
  const answer = await fetch("do", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ act: name, site, card: picked, ...more }) });
  if (!answer.ok) {
    const { why } = await answer.json();
    say(WORDS[lang][why] || word("failed") + why);
  }
  return answer.ok;
}

// ---- drawing ----

function expired(card) { return card.until && card.until < new Date().toISOString().slice(0, 10); }

function kindOf(card) { return card.kind === "patron" && expired(card) ? "expired" : card.kind; }

function colour(tag) {
  let sum = 0;
  for (const c of tag) sum = (sum * 31 + c.charCodeAt(0)) >>> 0;
  return COLOURS[sum % COLOURS.length];
}

function spine(tag, hidden) {
  const about = fixed.titles[tag] || { title: tag, author: "", item: "" };
  const made = element("button", { type: "button", class: "spine" + (about.ours === false ? " theirs" : "") + (hidden ? " hidden" : ""),
    "data-tag": tag, title: `${about.title}\n${about.author}\n${about.item}`, "aria-label": about.title }, about.title);
  made.style.background = colour(tag);
  made.style.height = `${74 + (colour(tag).charCodeAt(3) % 9) * 2.6}%`;
  return made;
}

function drawStill() {
  document.documentElement.lang = lang;
  for (const place of document.querySelectorAll("[data-t]")) place.textContent = word(place.dataset.t);
  at("lang").textContent = word("other");
  at("hub").href = fixed.hub;
  at("tabs").replaceChildren(...fixed.sites.map((s) => element("button", { type: "button", role: "tab", "data-site": s.site, "aria-selected": String(s.site === site) }, s.name[lang])));
  const order = { blocked: 1, expired: 1, lost: 1, unknown: 2, courier: 3, service: 4 };
  const cards = [...fixed.cards].sort((a, b) => (order[kindOf(a)] || 0) - (order[kindOf(b)] || 0) || (b.site === site) - (a.site === site));
  at("cards").replaceChildren(...cards.map((card) => element("button", { type: "button", class: `card ${kindOf(card)}`, "data-card": card.uid, "aria-pressed": String(card.uid === picked) },
    card.name, element("small", {}, [word(kindOf(card)), card.group ? word(card.group) : ""].filter(Boolean).join(" · ")))));
  at("which").replaceChildren(element("option", { value: "" }, word("all")), ...PLUGS.map((p) => element("option", { value: p }, word(p))));
  at("pause").textContent = word(paused ? "resume" : "pause");
  at("shade").setAttribute("aria-pressed", String(shading));
}

function draw() {
  if (!state || !site) return;
  const here = state.sites[site];
  document.body.classList.toggle("dark", !here.power);
  at("case").classList.toggle("open", here.door.open);
  at("doorword").textContent = word("open");
  at("strikeled").className = "led" + (here.door.energised ? " on" : "");
  at("cardled").className = "led" + (here.unplugged.includes("card") || !here.power ? " red" : here.cards.length ? " on" : "");
  for (const shelf of here.shelves) drawShelf(shelf);
  const holder = here.visitor || picked;
  const card = fixed.cards.find((c) => c.uid === holder);
  at("whose").textContent = card ? card.name : word("nobody");
  fill(at("held"), (state.bags[holder] || []).map((tag) => ({ tag, hidden: false })));
  drawSwitches(here);
}

function drawShelf(shelf) {
  let place = document.querySelector(`.shelf[data-drop="${CSS.escape(shelf.name)}"]`);
  if (!place) {
    place = element("div", { class: "shelf", "data-drop": shelf.name, "data-name": shelf.name });
    at("shelves").append(place);
  }
  fill(place, shelf.items);
}

function fill(place, items) {
  const key = JSON.stringify(items);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...items.map((item) => spine(item.tag, item.hidden)));
}

function drawSwitches(here) {
  const rows = [["power", here.power], ["network", here.network], ...PLUGS.map((p) => [p, !here.unplugged.includes(p)])];
  if (here.door.open) rows.unshift(["shut", true]);
  const key = JSON.stringify([rows, lang]);
  if (at("switches").dataset.key === key) return;
  at("switches").dataset.key = key;
  at("switches").replaceChildren(...rows.map(([name, on]) => name === "shut"
    ? element("button", { type: "button", class: "quiet", id: "shutdoor", "data-act": "shut" }, word("shut"))
    : element("button", { type: "button", class: "quiet", "data-switch": name, "aria-pressed": "false" }, word(name), element("span", { class: `led ${on ? "on" : "red"}` }))));
}

function drawFrames() {
  if (paused) return;
  const wanted = at("which").value;
  const rows = frames.filter((f) => !wanted || f.device === wanted).slice(-120).reverse();
  at("frames").replaceChildren(...rows.map((f) => element("li", { title: f.hex }, element("span", { class: "dev" }, `${f.device.padEnd(9)}`),
    element("span", { class: f.out ? "out" : "" }, f.out ? " ← " : " → "), f.hex.length > 60 ? f.hex.slice(0, 58) + "…" : f.hex,
    element("span", { class: f.verdict === "ok" ? "dev" : "bad" }, `  ${f.verdict}`))));
}

// ---- choosing ----

function chooseSite(name) {
  site = name;
  frames = [];
  at("shelves").replaceChildren();
  drawStill();
  const frame = document.querySelector("#screen iframe");
  const kiosk = fixed.sites.find((s) => s.site === name).kiosk;
  if (frame.src !== kiosk) frame.src = kiosk;
  if (stream) stream.close();
  stream = new EventSource(`events?site=${encodeURIComponent(name)}`);
  stream.addEventListener("state", (event) => { state = JSON.parse(event.data); draw(); });
  stream.addEventListener("frames", (event) => { frames = frames.concat(JSON.parse(event.data)).slice(-FRAMES_KEPT); drawFrames(); });
  draw();
}

function pick(uid) {
  picked = picked === uid ? null : uid;
  for (const card of document.querySelectorAll(".card")) card.setAttribute("aria-pressed", String(card.dataset.card === picked));
  draw();
}

async function tapCard(uid) {
  picked = uid;
  for (const card of document.querySelectorAll(".card")) card.setAttribute("aria-pressed", String(card.dataset.card === picked));
  await act("tap");
  draw();
}

async function pullDoor() {
  if (await act("open")) return;
  at("door").classList.remove("rattle");
  void at("door").offsetWidth;
  at("door").classList.add("rattle");
}

function clickSpine(tag, held) {
  const here = state.sites[site];
  if (shading && !held) {
    const item = here.shelves.flatMap((s) => s.items).find((i) => i.tag === tag);
    return act("shadow", { tag, on: !item.hidden });
  }
  if (!held) return act("take", { tag });
  const roomiest = [...here.shelves].sort((a, b) => a.items.length - b.items.length)[0];
  return act("put", { tag, shelf: roomiest.name, card: here.visitor || picked });
}

function drop(thing, target) {
  const here = state.sites[site];
  if (thing.dataset.card && target === "reader") return tapCard(thing.dataset.card);
  if (!thing.dataset.tag) return null;
  const held = thing.closest("#held") !== null;
  if (held && target !== "hands" && target !== "reader") return act("put", { tag: thing.dataset.tag, shelf: target, card: here.visitor || picked });
  if (!held && target === "hands") return act("take", { tag: thing.dataset.tag });
  return null;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button, #reader");
  if (!button || button.dataset.dragged) { if (button) delete button.dataset.dragged; return; }
  if (button.id === "reader") { if (picked) tapCard(picked); else say(word("pick a card first")); }
  else if (button.id === "door") pullDoor();
  else if (button.id === "lang") { lang = lang === "en" ? "zh-CN" : "en"; localStorage.setItem("bench-lang", lang); drawStill(); draw(); }
  else if (button.id === "shade") { shading = !shading; drawStill(); }
  else if (button.id === "pause") { paused = !paused; drawStill(); drawFrames(); }
  else if (button.dataset.site) chooseSite(button.dataset.site);
  else if (button.dataset.card) pick(button.dataset.card);
  else if (button.dataset.tag) clickSpine(button.dataset.tag, button.closest("#held") !== null);
  else if (button.dataset.act) act(button.dataset.act);
  else if (button.dataset.switch) throwSwitch(button.dataset.switch);
});

function throwSwitch(name) {
  const here = state.sites[site];
  if (name === "power" || name === "network") return act(name, { on: !here[name] });
  return act("unplug", { device: name, on: !here.unplugged.includes(name) });
}

// Dragging by pointer works alike for mouse, pen and finger; a press that hardly moves is a click.
document.addEventListener("pointerdown", (down) => {
  const thing = down.target.closest(".spine, .card");
  if (!thing || down.button !== 0) return;
  let ghost = null;
  const over = (event) => document.elementsFromPoint(event.clientX, event.clientY).map((e) => e.closest("[data-drop]")).find(Boolean);
  const move = (event) => {
    if (!ghost && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < 8) return;
    if (!ghost) {
      ghost = thing.cloneNode(true);
      ghost.classList.add("ghost");
      const box = thing.getBoundingClientRect();
      ghost.style.width = `${box.width}px`;
      ghost.style.height = `${box.height}px`;
      document.body.append(ghost);
    }
    ghost.style.left = `${event.clientX - 12}px`;
    ghost.style.top = `${event.clientY - 30}px`;
    document.querySelectorAll(".over").forEach((e) => e.classList.remove("over"));
    const place = over(event);
    if (place) place.classList.add("over");
  };
  const up = (event) => {
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", up);
    document.removeEventListener("pointercancel", up);
    document.querySelectorAll(".over").forEach((e) => e.classList.remove("over"));
    if (!ghost) return;
    ghost.remove();
    thing.dataset.dragged = "1";
    setTimeout(() => delete thing.dataset.dragged, 0);
    const place = event.type === "pointerup" ? over(event) : null;
    if (place) drop(thing, place.dataset.drop);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", up);
  document.addEventListener("pointercancel", up);
});

new ResizeObserver(([entry]) => {
  document.querySelector("#screen iframe").style.transform = `scale(${entry.contentRect.width / 1024})`;
}).observe(at("screen"));
at("which").addEventListener("change", drawFrames);

(async () => {
  fixed = await (await fetch("fixed")).json();
  state = await (await fetch("state")).json();
  chooseSite(fixed.sites[0].site);
})();
