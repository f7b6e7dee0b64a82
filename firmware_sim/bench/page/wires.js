// The log of frames: the newest first, what they are in a word, and what became of them.
import { element } from "./drawing.js";
import { lang, word } from "./words.js";

const KEPT = 400;
const SHOWN = 150;
// First bytes of a card frame (ISO 14443-3) and command bytes of a tag reader's frame, in words.
const CARD = [["26", "REQA"], ["52", "WUPA"], ["50 00", "HLTA"], ["93 20", "ANTICOLL 1"], ["95 20", "ANTICOLL 2"], ["97 20", "ANTICOLL 3"],
  ["93 70", "SELECT 1"], ["95 70", "SELECT 2"], ["97 70", "SELECT 3"]];
const READER = { 52: "baud rate", 63: "reset", 64: "system reset", 65: "software version", 66: "reader info", 69: "RF reset", "6A": "RF on/off", 71: "output", 72: "output", 74: "input", 80: "read config", 81: "write config", 82: "save config", 83: "default config" };
const TAG = { "01": "inventory", "02": "stay quiet", 22: "lock block", 23: "read blocks", 24: "write blocks", 25: "select", 26: "reset to ready", 27: "write AFI", 28: "lock AFI", 29: "write DSFID", "2A": "lock DSFID", "2B": "system info", "2C": "security" };
const STATUS = { "00": "ok", "01": "no tag", "02": "data error", "03": "write error", 82: "scan mode", 83: "RF communication", 84: "RF warning", 94: "more data", 95: "tag error", F1: "hardware" };

let frames = [];
let wanted = "";
let paused = false;

function meaning(frame) {
  const bytes = frame.hex.split(" ");
  if (!frame.device.startsWith("card") && !frame.device.startsWith("reader")) return "";
  if (frame.device.startsWith("card")) {
    if (!frame.out) return (CARD.find(([start]) => frame.hex.startsWith(start)) || ["", "data"])[1];
    return { 2: "ATQA", 3: "SAK", 5: "UID" }[bytes.length] || (bytes.length === 1 ? "SAK" : "data");
  }
  const at = bytes[0] === "02" && bytes.length > 7 ? 4 : 2;
  const command = bytes[at];
  if (!command) return "";
  if (frame.out) return [command === "B0" ? "tags" : READER[command] || "", STATUS[bytes[at + 1]] || bytes[at + 1]].filter(Boolean).join(": ");
  return command === "B0" ? TAG[bytes[at + 1]] || "tag command" : READER[command] || "";
}

// Short frames of 7 bits are as they should be; anything else that isn't "ok" is trouble.
const sound = (verdict) => verdict === "ok" || verdict.startsWith("7 bits");

function row(frame) {
  const clock = (frame.at % 1000).toFixed(2).padStart(6, "0");
  return element("div", { class: `frame ${frame.out ? "out" : "in"}`, title: frame.hex, "data-device": frame.device },
    element("span", { class: "at" }, clock), element("span", { class: "device" }, word(frame.device)), element("span", { class: "way" }, frame.out ? "←" : "→"),
    element("span", { class: "means" }, meaning(frame)), element("span", { class: "hex" }, frame.hex),
    element("span", { class: sound(frame.verdict) ? "verdict" : "verdict bad" }, frame.verdict));
}

export function drawWires(devices) {
  const place = document.getElementById("which");
  place.replaceChildren(...["", ...devices].map((name) =>
    element("button", { type: "button", class: "quiet", "data-device": name, "aria-pressed": String(name === wanted) }, word(name || "all"))));
  const pause = document.getElementById("pause");
  pause.textContent = word(paused ? "resume" : "pause");
  pause.setAttribute("aria-pressed", String(paused));
  document.getElementById("frames").lang = lang;
  drawFrames();
}

export function drawFrames() {
  if (paused) return;
  const rows = frames.filter((frame) => !wanted || frame.device === wanted).slice(-SHOWN).reverse();
  document.getElementById("frames").replaceChildren(...rows.map(row));
}

export function addFrames(more) {
  frames = frames.concat(more).slice(-KEPT);
  drawFrames();
}

export function forgetFrames() { frames = []; drawFrames(); }

export function filterFrames(device) { wanted = device; }

export function pauseFrames() { paused = !paused; }
