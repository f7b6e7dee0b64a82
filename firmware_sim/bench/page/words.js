// Every text of the page, in its two languages. The server's reasons are keys too: in English they are the sentence.
const WORDS = {
  "zh-CN": {
    bench: "试验台", hub: "打开中心 ↗", other: "English", gone: "与试验台失去联系，正在重连…",
    steptap: "刷卡：把读者卡拖到读卡区", steppull: "门锁松开时，拉开柜门", stepmove: "点书或拖书：取走、放回", stepshut: "关上柜门，看屏幕清点",
    lock: "门锁", released: "已松开，请拉门", locked: "锁着", hot: "线圈过热",
    reader: "读卡区", readerhint: "卡拖到这里", pull: "拉开柜门", shut: "关上柜门", force: "撬开柜门", shade: "遮挡标签",
    hands: "手里", nobody: "（还没有选卡）", empty: "门开着时，点书架上的书就拿到手里；点手里的书就放回书架（键盘 A、B 选层）。",
    foreign: "带一本外馆书", load: "到总馆领书",
    cards: "读者卡", cardshint: "拖到读卡区，或先点选再点读卡区", two: "两张卡一起", phone: "手机",
    wires: "线上的帧", pause: "暂停", resume: "继续", all: "全部", dark: "停电",
    power: "电源", network: "网络", card: "读卡器", door: "门控板", "reader-A": "A 层读取器", "reader-B": "B 层读取器",
    on: "通", off: "断",
    blocked: "已停借", lost: "已挂失", expired: "已过期", courier: "配送员", service: "保洁维护", unknown: "外馆卡",
    patron: "读者", adult: "成人", child: "儿童", "both": "同时放上",
    "the door is locked": "门锁着，拉不开：先刷卡", "the door is shut": "门关着，够不到书：先刷卡、拉开柜门",
    "that isn't in your hands": "这本书不在手里", "it isn't on the shelf any longer": "书架上已经没有这本书了",
    "the shelf is full": "这一层放满了", "there is nothing left to bring": "没有可带的书了",
    "pick a card first": "请先点选一张卡", "there is no such thing to do here": "这里没有这个操作",
    roomtap: "刷卡：把读者卡拖到门口读卡区", roomenter: "拉开门，走进去，关门", roomdesk: "取书放到垫板上，刷卡借书；单放书即还书", roomleave: "按出门按钮，带书走过门禁",
    street: "门外", "card-front": "门口读卡器", "card-desk": "自助台读卡器", openshelf: "开架书架", pad: "自助台垫板", padhint: "把手里的书放这里",
    gatename: "出口门禁", exitbutton: "按出门按钮", leave: "带着手里的书出去", enter: "走进去", pullroom: "拉开门", shutroom: "关门", fire: "火警放行", firefree: "火警：门已放行",
    inside: "室内人数", emptyroom: "进门后点书架上的书拿到手里；点手里的书放到垫板上，拖回书架即放回。",
    "reader-pad": "垫板读取器", "reader-gate": "门禁读取器", "door-front": "门控板", "cabinet-1": "书柜", "room-1": "门口", "desk-1": "自助台", "gate-1": "门禁", "locker-1": "取书柜",
    "nobody is inside": "里面没有人：先刷卡进门", "press the exit button first": "门关着：先按出门按钮",
    walltap: "刷卡、输入取书码，或出示手机二维码", wallopen: "格口弹开：点书取出", wallshut: "放好或取完后，点格口编号关门", walldrop: "还书：点手里的书，投入还书口", "card-wall": "取书柜读卡器", scanner: "扫码窗",
    scannerhint: "把书拖来扫条码；把卡拖来出示手机码", slot: "还书口", slothint: "不用刷卡，直接投书", bin: "还书箱", "card-bin": "还书箱读卡器", pullbin: "拉开还书箱", shutbin: "关上还书箱",
    forcebin: "撬开还书箱", shutbox: "开着，点此关门", boxshut: "关着", emptywall: "读者：拿出格口里的书，或把手里的书投入还书口。配送员：领书、刷卡，点书扫码，格口弹开后再点书放入。", locks: "锁控板",
    "reader-bin": "还书箱读取器", "door-bin": "还书箱门锁", "drop-1": "还书口", "that compartment is shut": "这个格口关着",
    "the library has no code for that card": "图书馆没有这张卡的手机码",
    failed: "做不到：", unreachable: "试验台没有回应",
  },
  en: {
    bench: "bench", hub: "Open the hub ↗", other: "中文", gone: "The bench is out of reach; trying again…",
    steptap: "Tap: drag a card to the reader", steppull: "Pull the door while the lock is released",
    stepmove: "Click or drag books: take, put back", stepshut: "Shut the door and watch the screen count",
    lock: "Lock", released: "released: pull the door", locked: "locked", hot: "coil too hot",
    reader: "Card reader", readerhint: "drag a card here", pull: "Pull the door", shut: "Shut the door",
    force: "Force the door", shade: "Shadow tags",
    hands: "In hand", nobody: "(no card picked)",
    empty: "With the door open, click a book to take it, click it here to put it back (keys A and B choose the shelf).",
    foreign: "Bring another library's book", load: "Collect from the library",
    cards: "Cards", cardshint: "Drag one to the reader, or pick it and click the reader", two: "Two cards at once", phone: "A phone",
    wires: "Frames on the wires", pause: "Pause", resume: "Go on", all: "all", dark: "No power",
    power: "Power", network: "Network", card: "Card reader", door: "Door board", "reader-A": "Tag reader A", "reader-B": "Tag reader B",
    on: "on", off: "off",
    blocked: "blocked", lost: "lost", expired: "expired", courier: "courier", service: "cleaner", unknown: "another library's",
    patron: "patron", adult: "adult", child: "child", "both": "held together",
    "the door is locked": "The door is locked: tap a card first", "the door is shut": "The door is shut: tap a card and pull it open first",
    "that isn't in your hands": "That book isn't in your hands", "it isn't on the shelf any longer": "That book isn't on the shelf any longer",
    "the shelf is full": "That shelf is full", "there is nothing left to bring": "There is nothing left to bring",
    "pick a card first": "Pick a card first", "there is no such thing to do here": "There is no such thing to do here",
    roomtap: "Tap: drag a card to the reader at the door", roomenter: "Pull the door, go in, shut it", roomdesk: "Lay books on the pad and tap to borrow; books alone are returned", roomleave: "Press the exit button and walk through the gate",
    street: "Outside", "card-front": "Card reader, door", "card-desk": "Card reader, desk", openshelf: "Open shelves", pad: "The desk's pad", padhint: "Put books from your hands here",
    gatename: "Gate", exitbutton: "Exit button", leave: "Go out with what you hold", enter: "Go in", pullroom: "Pull the door", shutroom: "Shut the door", fire: "Fire alarm", firefree: "fire alarm: doors are free",
    inside: "People inside", emptyroom: "Inside, click a book on the shelves to take it; click it here to lay it on the pad, or drag it back to the shelves.",
    "reader-pad": "Pad reader", "reader-gate": "Gate reader", "door-front": "Door board", "cabinet-1": "Cabinet", "room-1": "Door", "desk-1": "Desk", "gate-1": "Gate", "locker-1": "Locker",
    "nobody is inside": "Nobody is inside: tap a card and go in first", "press the exit button first": "The door is shut: press the exit button first",
    walltap: "Tap a card, type a code, or show a phone", wallopen: "A compartment springs open: click the book",
    wallshut: "Click a compartment's number to shut it", walldrop: "Return: click a book in your hand, it goes through the slot",
    "card-wall": "Card reader, wall", scanner: "Scanner", scannerhint: "drag a book here for its barcode, a card for its phone", slot: "Book drop",
    slothint: "no card needed", bin: "Bin", "card-bin": "Card reader, bin", pullbin: "Pull the bin", shutbin: "Shut the bin",
    forcebin: "Force the bin", shutbox: "is open: shut it", boxshut: "is shut",
    emptywall: "Patrons: take the book out of the compartment, or put books through the slot. Couriers: collect books, tap, click a book to scan it, and again once a compartment is open.",
    locks: "Lock boards", "reader-bin": "Bin reader", "door-bin": "Bin door board", "drop-1": "Book drop",
    "that compartment is shut": "That compartment is shut", "the library has no code for that card": "The library has no code for that card",
    failed: "Not possible: ", unreachable: "The bench doesn't answer",
  },
};

export let lang = localStorage.getItem("bench-lang") === "en" ? "en" : "zh-CN";

export const word = (key) => WORDS[lang][key] ?? key;

export const keys = () => Object.keys(WORDS[lang]);

export const reason = (why) => WORDS[lang][why] ?? WORDS[lang].failed + why;

export function switchLanguage() {
  lang = lang === "en" ? "zh-CN" : "en";
  localStorage.setItem("bench-lang", lang);
}
