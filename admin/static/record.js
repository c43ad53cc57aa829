"use strict";
// Records in the browser, and turns whatever it can read (m4a, too) into mono WAV before it is sent.
(() => {
  const form = document.querySelector("[data-recorder]");
  if (!form) return;
  const button = form.querySelector("[data-record]"), file = form.querySelector("[type=file]"), listen = form.querySelector("audio");
  const note = form.querySelector("[data-note]"), way = form.querySelector("[name=way]"), words = note.dataset, RATE = 24000, LONGEST = 240;
  let recorder = null, ticking = null, address = "";

  async function wav(blob) {
    const context = new (window.AudioContext || window.webkitAudioContext)();
    let heard;
    try { heard = await context.decodeAudioData(await blob.arrayBuffer()); } finally { context.close(); }
    const off = new OfflineAudioContext(1, Math.max(1, Math.ceil(heard.duration * RATE)), RATE);
    const source = off.createBufferSource(); source.buffer = heard; source.connect(off.destination); source.start();
    const samples = (await off.startRendering()).getChannelData(0), view = new DataView(new ArrayBuffer(44 + samples.length * 2));
    const put = (at, text) => [...text].forEach((ch, i) => view.setUint8(at + i, ch.charCodeAt(0)));
    put(0, "RIFF"); view.setUint32(4, 36 + samples.length * 2, true); put(8, "WAVEfmt "); view.setUint32(16, 16, true);
    view.setUint16(20, 1, true); view.setUint16(22, 1, true); view.setUint32(24, RATE, true); view.setUint32(28, RATE * 2, true);
    view.setUint16(32, 2, true); view.setUint16(34, 16, true); put(36, "data"); view.setUint32(40, samples.length * 2, true);
    for (let i = 0; i < samples.length; i++) view.setInt16(44 + i * 2, Math.max(-1, Math.min(1, samples[i])) * 32767, true);
    return new Blob([view], { type: "audio/wav" });
  }
  async function take(blob, how) {
    const made = await wav(blob), held = new DataTransfer();
    held.items.add(new File([made], "recording.wav", { type: "audio/wav" }));
    file.files = held.files; way.value = how;
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(made); listen.src = address; listen.hidden = false; note.textContent = words.listen;
  }
  file.addEventListener("change", () => {
    if (!file.files.length) return;
    way.value = "upload";
    take(file.files[0], "upload").catch(() => { listen.hidden = true; note.textContent = words.unread; });  // the server says what it thinks of it
  });

  if (!(navigator.mediaDevices && window.MediaRecorder)) { note.textContent = words.insecure; return; }
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (recorder) { recorder.stop(); return; }
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch (_) { note.textContent = words.refused; return; }
    const parts = []; let seconds = 0;
    listen.hidden = true; listen.pause(); note.textContent = "";
    recorder = new MediaRecorder(stream);
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => {
      clearInterval(ticking); stream.getTracks().forEach((track) => track.stop());
      const blob = new Blob(parts, { type: recorder.mimeType });
      recorder = null; button.textContent = words.start; button.classList.add("secondary");
      take(blob, "browser").catch(() => { note.textContent = words.refused; });
    };
    const show = () => { button.textContent = words.running.replace("N", seconds); if (seconds++ >= LONGEST && recorder) recorder.stop(); };
    recorder.start(); button.classList.remove("secondary"); show(); ticking = setInterval(show, 1000);
  });
})();
