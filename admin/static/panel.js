"use strict";
// Counts an SMS as the network does: 70 UTF-16 units with Chinese in it, else 160; longer ones in parts of 67 or 153.
const gsm = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€\f]*$/;
function segments(text) {
  if (gsm.test(text)) {
    const n = text.length + (text.match(/[\^{}\\[~\]|€\f]/g) || []).length;
    return { n, parts: n <= 160 ? 1 : Math.ceil(n / 153), room: 160 };
  }
  return { n: text.length, parts: text.length <= 70 ? 1 : Math.ceil(text.length / 67), room: 70 };
}
document.querySelectorAll("[data-segments]").forEach((box) => {
  const out = document.getElementById(box.dataset.segments);
  const show = () => {
    const s = segments(box.value);
    out.textContent = box.value ? `${s.n} 个字，${s.parts} 段` + (s.parts > 1 ? "（超过一段，要多收钱）" : `，还能写 ${s.room - s.n} 个`) : "";
  };
  box.addEventListener("input", show); show();
});
document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));
// A form pressed twice is sent once. The button is disabled only after its own value was taken along.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-download")) return; // the page stays; the file may be fetched again
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => form.querySelectorAll("button:enabled").forEach((b) => { b.disabled = true; b.dataset.held = "1"; }));
});
// coming back to a page that the browser kept: its forms may be sent again
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("[data-sent]").forEach((form) => { delete form.dataset.sent; });
  document.querySelectorAll("[data-held]").forEach((b) => { b.disabled = false; });
});
