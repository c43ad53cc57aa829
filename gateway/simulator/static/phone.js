"use strict";
// The browser phone: shows one handset's messages and call, and does what a thumb would do.
const $ = (id) => document.getElementById(id);
const body = document.body;
let number = null, kind = null, shown = { sms: -1, call: null, caption: 0 }, muted = false;
let countdown = null, busy = false, voices = [], recorder = null;

const api = (path, data, form) => fetch(`/phone/api/handset/${encodeURIComponent(number)}/${path}`, data === undefined && !form
  ? {} : { method: "POST", ...(form ? { body: form } : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(data || {}) }) })
  .then((r) => (r.ok ? r.json() : Promise.reject(r)));

async function act(path, data, form) {
  busy = true; stopCountdown(); $("unheard").hidden = true;
  try { const state = await api(path, data === undefined ? {} : data, form); if (state.messages) show(state); return state; }
  catch (_) { return null; } finally { busy = false; }
}

// ---- choosing a handset -----------------------------------------------------
function choose(n, k, label) {
  hush(); number = n; kind = k; shown = { sms: -1, call: null, caption: 0 };
  $("thread").replaceChildren(); $("captions").replaceChildren();
  $("who").textContent = label; $("device").hidden = false; body.classList.add("chosen");
  document.querySelectorAll(".handset").forEach((b) => b.setAttribute("aria-current", b.dataset.number === n));
  $("tabs").hidden = k === "landline"; $("unsent").hidden = true; tab(k === "landline" ? "call" : "sms");
  history.replaceState(null, "", "#" + n); poll();
}
document.querySelectorAll(".handset").forEach((b) => b.addEventListener("click", () => choose(b.dataset.number, b.dataset.kind, b.dataset.label)));
$("other").addEventListener("submit", (e) => { e.preventDefault(); const n = $("other-number").value.trim(); if (/^\+?\d{5,15}$/.test(n)) choose(n, "mobile", n + "（没登记）"); });
$("back").addEventListener("click", () => { hush(); number = null; body.classList.remove("chosen"); $("device").hidden = true; });
function tab(which) {
  for (const one of ["sms", "call"]) { $("pane-" + one).hidden = one !== which; $("tab-" + one).setAttribute("aria-selected", one === which); }
}
$("tab-sms").addEventListener("click", () => tab("sms"));
$("tab-call").addEventListener("click", () => tab("call"));

// ---- showing ------------------------------------------------------------------
function add(list, cls, words) { const li = document.createElement("li"); li.className = cls; li.textContent = words; list.append(li); list.scrollTop = list.scrollHeight; }
function show(state) {
  for (const m of state.messages) if (m.n > shown.sms) { add($("thread"), m.mine ? "mine" : "theirs", m.body); shown.sms = m.n; }
  const call = state.call, live = call && call.live;
  if (call && call.sid !== shown.call && (live || shown.call === null)) { shown.call = call.sid; shown.caption = 0; $("captions").replaceChildren(); }
  if (call && call.sid === shown.call) for (const c of call.captions) if (c.n > shown.caption) {
    shown.caption = c.n; add($("captions"), c.kind, c.kind === "play" ? "♪" : c.words);
    if (live && c.kind !== "key" && c.kind !== "note" && c.kind !== "said") hear(c.parts.length ? c.parts : [{ words: c.words, sound: c.kind === "play" ? c.words : "" }]);
  }
  const ringing = !!(call && call.ringing);
  if (ringing && shown.rang !== call.sid) { shown.rang = call.sid; tab("call"); }  // once: messages can be read meanwhile
  $("ring").hidden = !ringing; $("hangup").hidden = !live || ringing; $("dial").hidden = !!live; if ($("missed")) $("missed").hidden = !!live;
  const speaks = !!(live && call.wants === "record");
  $("speak").hidden = !speaks; $("keypad").classList.toggle("ends", speaks);
  $("line").textContent = ringing ? "电话响了。" : live ? "通话中" : "电话挂着。";
  if (live && call.wants) startCountdown(call); else { stopCountdown(); $("wait").hidden = true; }
  if (!live) hush();
}
async function poll() {
  if (!number || busy) return;
  const asked = number;
  try { const state = await api("state"); if (asked === number && !busy) show(state); } catch (_) { /* the next round tries again */ }
}
setInterval(poll, 900);

// ---- what happens on the other handsets ------------------------------------------
async function news() {
  if (document.hidden) return;
  try {
    const found = await (await fetch("/phone/api/news")).json(); let others = 0;
    document.querySelectorAll(".handset").forEach((b) => {
      const new_ = b.dataset.number === number ? null : found[b.dataset.number], badge = b.querySelector(".unread");
      badge.hidden = !new_; badge.textContent = !new_ ? "" : new_.ringing ? "响铃" : `${new_.unread}条`; others += new_ ? 1 : 0;
    });
    $("back").textContent = "‹ 换一部电话" + (others ? `（${others}部有新消息）` : "");
  } catch (_) { /* the next round tries again */ }
}
setInterval(news, 2500); news();

// ---- hearing ------------------------------------------------------------------
const canSpeak = "speechSynthesis" in window;
const findVoices = () => { voices = canSpeak ? speechSynthesis.getVoices().filter((v) => /^(zh|cmn)/i.test(v.lang)) : []; };
findVoices(); if (canSpeak) speechSynthesis.addEventListener("voiceschanged", findVoices);
// One thing after the other, clips and words, as a line carries them; a key press cuts them all off.
let waiting = [], playing = 0, current = null, turn = 0, heard = [];
function hear(parts) {
  if (muted) return;
  waiting.push(...parts);
  for (const part of waiting.slice(0, 6)) if (part.sound && !part.audio) { part.audio = new Audio(part.sound); part.audio.preload = "auto"; }
  if (!playing) next();
}
function next() {
  const part = waiting.shift(), mine = ++turn, done = () => { if (mine === turn) next(); };
  playing = part ? 1 : 0; current = null;
  if (!part) return;
  const ahead = waiting[4]; if (ahead && ahead.sound && !ahead.audio) { ahead.audio = new Audio(ahead.sound); ahead.audio.preload = "auto"; }
  if (part.sound) {
    current = part.audio || new Audio(part.sound); heard.push(part.sound); body.dataset.heard = heard.length;
    current.onended = current.onerror = done; current.play().catch(done);
  } else if (voices.length && part.words) {
    const u = new SpeechSynthesisUtterance(part.words); u.voice = voices[0]; u.lang = voices[0].lang; u.rate = 0.95;
    u.onend = u.onerror = done; speechSynthesis.speak(u);
  } else done();
}
function hush() { turn++; waiting = []; playing = 0; if (current) { current.pause(); current = null; } if (canSpeak) speechSynthesis.cancel(); }
$("mute").addEventListener("click", () => { muted = !muted; $("mute").textContent = muted ? "声音：关" : "声音：开"; $("mute").setAttribute("aria-pressed", muted); if (muted) hush(); });

// ---- waiting: the countdown starts when the speech is over ----------------------
function startCountdown(call) {
  const mark = call.sid + ":" + shown.caption + ":" + call.wants;
  if (countdown && countdown.mark === mark) return;
  stopCountdown();
  const words = call.captions.filter((c) => c.kind === "say").slice(-3).reduce((n, c) => n + c.words.length, 0);
  // without a voice, reading takes time instead
  const clips = call.captions.slice(-3).some((c) => c.parts.length);
  let left = (call.wants === "record" ? 60 : call.seconds || 10) + ((voices.length || clips) && !muted ? 0 : Math.ceil(words / 5));
  countdown = { mark, timer: setInterval(() => {
    $("wait").hidden = false;
    if (playing || recorder) { $("wait").textContent = recorder ? "正在录……" : call.wants === "record" ? "正在说……" : "正在说，不等说完也可以按"; return; }
    left -= 1; $("wait").textContent = call.wants === "record" ? "等您说话……" : `等您按键……${left}秒`;
    if (left <= 0) { stopCountdown(); act("silence"); }
  }, 1000) };
}
function stopCountdown() { if (countdown) clearInterval(countdown.timer); countdown = null; }

// ---- doing --------------------------------------------------------------------
$("send").addEventListener("submit", async (e) => {
  e.preventDefault(); const words = $("words").value; if (!words.trim() || !number) return;
  $("words").value = ""; $("send-button").disabled = true; const sent = await act("sms", { body: words }); $("send-button").disabled = false;
  $("unsent").hidden = !!sent; if (!sent && !$("words").value) $("words").value = words;
  await poll(); $("words").focus();
});
$("dial").addEventListener("click", () => { hush(); shown.call = ""; act("dial", {}); });
if ($("missed")) $("missed").addEventListener("click", () => { hush(); shown.call = ""; act("dial", { to: body.dataset.ringBack }); });
$("answer").addEventListener("click", () => act("answer"));
$("decline").addEventListener("click", () => act("hangup"));
$("hangup").addEventListener("click", () => { hush(); act("hangup"); });
const press = (key) => { hush(); act("keys", { digits: key }); };
document.querySelectorAll("[data-key]").forEach((b) => b.addEventListener("click", () => press(b.dataset.key)));
document.addEventListener("keydown", (e) => {
  if (!number || $("pane-call").hidden || /INPUT|TEXTAREA/.test(e.target.tagName) || e.ctrlKey || e.metaKey) return;
  if (/^[0-9*#]$/.test(e.key)) press(e.key);
});
$("say").addEventListener("submit", (e) => { e.preventDefault(); const words = $("said").value.trim(); if (!words) return; $("said").value = ""; hush(); act("record", { text: words }); });

const unheard = (why) => { $("unheard").textContent = why; $("unheard").hidden = false; };

// ---- recording: whatever the browser gives becomes 8 kHz mono WAV -----------------
async function sendSound(blob) {
  const ctx = new (window.AudioContext || window.webkitAudioContext)();
  const heard = await ctx.decodeAudioData(await blob.arrayBuffer()); ctx.close();
  const off = new OfflineAudioContext(1, Math.max(1, Math.ceil(heard.duration * 8000)), 8000);
  const source = off.createBufferSource(); source.buffer = heard; source.connect(off.destination); source.start();
  const data = (await off.startRendering()).getChannelData(0);
  const view = new DataView(new ArrayBuffer(44 + data.length * 2));
  const text = (at, s) => [...s].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + data.length * 2, true); text(8, "WAVEfmt "); view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, 8000, true); view.setUint32(28, 16000, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true); text(36, "data"); view.setUint32(40, data.length * 2, true);
  data.forEach((v, i) => view.setInt16(44 + i * 2, Math.max(-1, Math.min(1, v)) * 32767, true));
  const form = new FormData(); form.append("sound", new Blob([view], { type: "audio/wav" }), "said.wav"); await act("record", undefined, form);
}
$("mic").addEventListener("click", async () => {
  if (recorder) { recorder.stop(); return; }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }), parts = [];
    hush(); recorder = new MediaRecorder(stream); recorder.ondataavailable = (e) => parts.push(e.data);
    recorder.onstop = () => { stream.getTracks().forEach((t) => t.stop()); const blob = new Blob(parts, { type: recorder.mimeType }); recorder = null; $("mic").textContent = "对着话筒说"; sendSound(blob).catch(() => unheard("没录上，再说一遍，或者写下要说的话。")); };
    recorder.start(); $("mic").textContent = "说完了";
  } catch (_) { unheard("用不了话筒，请写下要说的话。"); }
});
$("sound").addEventListener("change", () => { const f = $("sound").files[0]; if (f) sendSound(f).catch(() => unheard("这段声音打不开，换一段试试。")); $("sound").value = ""; });

// ---- a handset named in the address ------------------------------------------------
const wanted = decodeURIComponent(location.hash.slice(1));
if (wanted) { const b = [...document.querySelectorAll(".handset")].find((x) => x.dataset.number === wanted); if (b) b.click(); else if (/^\+?\d{5,15}$/.test(wanted)) choose(wanted, "mobile", wanted + "（没登记）"); }
