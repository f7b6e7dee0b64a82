// The bench: draws the world the server tells of, and turns clicks and drags into actions. Decides nothing.
import { dragging } from "./drag.js";
import { element, kindOf, plastic, spine, trick } from "./drawing.js";
import * as locker from "./locker.js";
import * as room from "./room.js";
import { lang, reason, switchLanguage, word } from "./words.js";
import { addFrames, drawWires, filterFrames, forgetFrames, pauseFrames } from "./wires.js";

const STEPS = ["steptap", "steppull", "stepmove", "stepshut"];
const ORDER = ["patron", "courier", "service", "blocked", "expired", "lost", "unknown"];
const PULLS_S = 1.2; // how long a click on the door pulls at it

const at = (id) => document.getElementById(id);
let fixed = null;
let state = null;
let site = null;
let picked = null;
let shading = false;
let stream = null;
let station = 0; // whose screen is looked at, where a site has several

const here = () => state.sites[site];
const place = () => fixed.sites.find((s) => s.site === site);
const isRoom = () => place().kind === "room";
const isWall = () => place().kind === "locker";
const holder = () => here().visitor || picked;
const about = (tag) => fixed.titles[tag] || { title: tag, author: "", item: "" };

function say(text) {
  at("say").textContent = text;
  at("say").classList.add("on");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => at("say").classList.remove("on"), 4000);
}

async function act(name, more = {}) {
  const asked = { act: name, site, card: picked, ...more };
  try {
    const answer = await fetch("do", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked) });
    if (!answer.ok) say(reason((await answer.json()).why));
    return answer.ok;
  } catch {
    say(word("unreachable"));
    return false;
  }
}

// ---- drawing ----

function drawStill() {
  document.documentElement.lang = lang;
  for (const place of document.querySelectorAll("[data-t]")) place.textContent = word(place.dataset.t);
  at("lang").textContent = word("other");
  at("hub").href = fixed.hub;
  at("tabs").replaceChildren(...fixed.sites.map((s) =>
    element("button", { type: "button", role: "tab", "data-site": s.site, "aria-selected": String(s.site === site) }, element("span", { class: "led" }), s.name[lang])));
  const rank = (card) => ORDER.indexOf(kindOf(card));
  const cards = [...fixed.cards].sort((a, b) => rank(a) - rank(b) || (b.site === site) - (a.site === site));
  const patrons = cards.filter((card) => kindOf(card) === "patron");
  const others = cards.filter((card) => kindOf(card) !== "patron");
  at("cards").replaceChildren(...patrons.slice(0, 4).map((c) => plastic(c, picked)), ...others.map((c) => plastic(c, picked)),
    trick("two-cards", word("both")), trick("phone", "08 A1 B2 C3"), ...patrons.slice(4).map((c) => plastic(c, picked)));
  for (const button of document.querySelectorAll("[data-shade]")) button.setAttribute("aria-pressed", String(shading));
  at("case").hidden = isRoom() || isWall();
  at("room").hidden = !isRoom();
  at("wall").hidden = !isWall();
  at("steps").replaceChildren(...(isRoom() ? room.STEPS : isWall() ? locker.STEPS : STEPS).map((name) => element("li", { "data-step": name }, word(name))));
  at("empty").textContent = word(isRoom() ? "emptyroom" : isWall() ? "emptywall" : "empty");
  const screens = place().screens;
  at("screens").replaceChildren(...(screens.length < 2 ? [] : screens.map((name, number) =>
    element("button", { type: "button", role: "tab", class: "quiet", "data-screen": number, "aria-selected": String(number === station), "aria-pressed": String(number === station) }, word(name)))));
  drawWires(place().plugs);
}

function draw() {
  if (!state || !site) return;
  const now = here();
  document.body.classList.toggle("dark", !now.power);
  if (isRoom()) room.draw(now, fill);
  else if (isWall()) locker.draw(now, fill);
  else drawCase(now);
  const tags = state.bags[holder()] || [];
  fill(at("held"), tags.map((tag) => ({ tag, hidden: false })));
  at("empty").hidden = tags.length > 0;
  at("whose").textContent = fixed.cards.find((c) => c.uid === holder())?.name ?? word("nobody");
  drawSteps(now, tags.length);
  drawSwitches(now);
  drawTabs();
  drawScreen(now);
}

function drawCase(now) {
  at("case").classList.toggle("open", now.door.open);
  at("case").classList.toggle("released", now.door.released && !now.door.open);
  at("case").classList.toggle("shading", shading);
  at("door").setAttribute("aria-label", word(now.door.open ? "shut" : "pull"));
  at("leaf").textContent = word(now.door.open ? "shut" : "pull");
  at("lockword").textContent = word(now.door.energised && !now.door.released ? "hot" : now.door.released ? "released" : "locked");
  at("strikeled").className = "led" + (now.door.energised ? " on" : "");
  at("cardled").className = "led" + (now.unplugged.includes("card") || !now.power ? " red" : now.cards.length ? " on" : " ready");
  for (const shelf of now.shelves) fill(shelfBox(shelf.name), shelf.items);
}

function shelfBox(name) {
  let place = document.querySelector(`.shelf[data-drop="${CSS.escape(name)}"]`);
  if (!place) {
    place = element("div", { class: "shelf", "data-drop": name });
    at("shelves").append(element("div", { class: "board", "data-name": name }, place));
  }
  return place;
}

// Only what changed is drawn again, and whoever moves by keyboard keeps their place.
function fill(place, items) {
  const key = JSON.stringify(items);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const focused = place.contains(document.activeElement) ? [...place.children].indexOf(document.activeElement) : -1;
  place.replaceChildren(...items.map((item) => spine(about(item.tag), item.tag, item.hidden)));
  if (focused >= 0) place.children[Math.min(focused, place.children.length - 1)]?.focus();
}

function drawSteps(now, held) {
  const step = isRoom() ? room.step(now, held) : isWall() ? locker.step(now, held) : now.door.open ? (held ? "stepshut" : "stepmove") : now.door.released ? "steppull" : "steptap";
  for (const one of at("steps").children) one.classList.toggle("now", one.dataset.step === step || (now.door.open && !isWall() && one.dataset.step === "stepmove"));
}

function drawSwitches(now) {
  const rows = [["power", now.power], ["network", now.network], ...place().plugs.map((plug) => [plug, !now.unplugged.includes(plug)])];
  const key = JSON.stringify([rows, lang]);
  if (at("switches").dataset.key === key) return;
  at("switches").dataset.key = key;
  const focused = document.activeElement?.dataset.switch;
  at("switches").replaceChildren(...rows.map(([name, on]) => element("button", { type: "button", class: "switch", role: "switch", "data-switch": name, "aria-checked": String(on) },
    element("span", {}, word(name)), element("span", { class: "small" }, word(on ? "on" : "off")), element("i"))));
  if (focused) at("switches").querySelector(`[data-switch="${focused}"]`)?.focus();
}

function drawTabs() {
  for (const tab of at("tabs").children) {
    const there = state.sites[tab.dataset.site];
    tab.firstElementChild.className = `led ${!there.power ? "red" : !there.network ? "amber" : there.door.open || there.standing?.length ? "open" : "on"}`;
  }
}

// The kiosk's page is fetched once its agent serves one; from then on it finds its way back by itself.
function drawScreen(now) {
  const frame = at("screen").querySelector("iframe");
  const kiosk = place().kiosk + (place().screens.length > 1 ? `?station=${place().screens[station]}` : "");
  if (frame.dataset.shows !== kiosk && now.screen !== null) {
    frame.dataset.shows = kiosk;
    frame.src = kiosk;
  }
  frame.hidden = frame.dataset.shows !== kiosk;
}

// ---- doing ----

function chooseSite(name) {
  site = name;
  station = 0;
  at("shelves").replaceChildren();
  forgetFrames();
  drawStill();
  stream?.close();
  stream = new EventSource(`events?site=${encodeURIComponent(name)}`);
  stream.onopen = () => { at("lost").hidden = true; };
  stream.onerror = () => { at("lost").hidden = false; };
  stream.addEventListener("state", (event) => { state = JSON.parse(event.data); draw(); });
  stream.addEventListener("frames", (event) => addFrames(JSON.parse(event.data)));
  draw();
}

function pick(uid) {
  picked = uid;
  for (const card of document.querySelectorAll(".card[data-card]")) card.setAttribute("aria-pressed", String(card.dataset.card === picked));
  draw();
}

// Where cards are dropped, and which reader that is.
const CARDS = { reader: "front", deskreader: "desk", wallreader: "wall", binreader: "bin" };

function showPhone(uid) {
  pick(uid);
  return act("phone-code");
}

function tapCard(uid, spot = "front") {
  pick(uid);
  return act("tap", { at: spot });
}

async function pullDoor() {
  const door = at(place().kind === "cabinet" ? "case" : isRoom() ? "room" : "wall");
  door.classList.add("pulled");
  await act("open", { patience_s: PULLS_S });
  door.classList.remove("pulled");
}

function moveDoor() {
  return here().door.open ? act("shut") : pullDoor();
}

const scan = (tag) => act("scan", { tag });

const putAtWall = (tag, where) => where === "scanner" ? scan(tag) : put(tag, where);

const put = (tag, shelf) => act("put", { tag, shelf, card: holder() });

function clickSpine(tag, box) {
  const held = box.closest("#held") !== null;
  if (box.closest("#gate")) return null;
  if (box.closest("#pad")) return act("lift", { tag });
  if (held && isRoom()) return act("lay", { tag });
  if (held && isWall()) return putAtWall(tag, locker.target(here()));
  const item = here().shelves.flatMap((shelf) => shelf.items).find((one) => one.tag === tag);
  if (!held) return shading ? act("shadow", { tag, on: !item?.hidden }) : act("take", { tag });
  const roomiest = [...here().shelves].sort((a, b) => a.items.length - b.items.length)[0];
  return put(tag, roomiest.name);
}

function dropped(thing, target) {
  const { card, tag } = thing.dataset;
  if (card) return target in CARDS ? tapCard(card, CARDS[target]) : target === "scanner" ? showPhone(card) : null;
  if (thing.dataset.act) return target === "reader" ? act(thing.dataset.act) : null;
  const held = thing.closest("#held") !== null;
  if (thing.closest("#pad")) return target === "hands" ? act("lift", { tag }) : null;
  if (held && target === "pad") return act("lay", { tag });
  if (held && target === "scanner") return scan(tag);
  if (held) return target === "hands" || target in CARDS ? null : put(tag, target);
  return target === "hands" ? act("take", { tag }) : null;
}

function throwSwitch(name) {
  const now = here();
  if (name === "power" || name === "network") return act(name, { on: !now[name] });
  return act("unplug", { device: name, on: !now.unplugged.includes(name) });
}

const BUTTONS = {
  door: moveDoor,
  leaf: moveDoor,
  reader: () => picked ? tapCard(picked) : say(reason("pick a card first")),
  lang: () => { switchLanguage(); drawStill(); draw(); },
  roomdoor: moveDoor,
  bindoor: moveDoor,
  scanwindow: () => picked ? showPhone(picked) : say(reason("pick a card first")),
  firebell: () => act("fire", { on: !here().fire }),
  pause: () => { pauseFrames(); drawWires(place().plugs); },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !state) return;
  const { act: name, box, card, device, screen, shade, site: where, spot, switch: plug, tag } = button.dataset;
  if (BUTTONS[button.id]) BUTTONS[button.id]();
  else if (where) chooseSite(where);
  else if (box) act("shut-box", { box });
  else if (shade !== undefined) { shading = !shading; drawStill(); draw(); }
  else if (spot) picked ? tapCard(picked, spot) : say(reason("pick a card first"));
  else if (screen !== undefined) { station = Number(screen); drawStill(); draw(); }
  else if (card) pick(card);
  else if (tag) clickSpine(tag, button);
  else if (name) act(name);
  else if (plug) throwSwitch(plug);
  else if (device !== undefined) { filterFrames(device); drawWires(place().plugs); }
});

document.addEventListener("keydown", (event) => {
  const tag = event.target.closest?.("#held .spine")?.dataset.tag;
  const shelf = tag && here().shelves.find((one) => one.name === event.key.toUpperCase());
  if (shelf) put(tag, shelf.name);
});

dragging(".spine, .card", dropped);

new ResizeObserver(([entry]) => {
  at("screen").querySelector("iframe").style.transform = `scale(${entry.contentRect.width / 1024})`;
}).observe(at("screen"));

(async () => {
  fixed = await (await fetch("fixed")).json();
  state = await (await fetch("state")).json();
  chooseSite(fixed.sites[0].site);
})();
