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
