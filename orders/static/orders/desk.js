// The order desk's keys. A scanner is a keyboard that types fast and ends with Enter.
(() => {
  const PAUSE_MS = 1500; // longer between two keys: somebody began anew
  const finder = () => document.getElementById("desk-find");
  let typed = "";
  let last = 0;

  const inField = (element) => element.closest("input, select, textarea, [contenteditable]");

  const open = (text) => {
    const form = finder();
    if (!form) return;
    form.elements.q.value = text;
    form.submit();
  };

  const row = (number) => document.querySelector(`[data-order="${CSS.escape(number.toUpperCase())}"]`);

  // In the queue of what is to be sent: an order's number leads to its field, a tracking number to the next one.
  const onTracking = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const field = event.target;
    const there = row(field.value.trim());
    if (there) {
      field.value = "";
      there.querySelector(".desk-tracking")?.focus();
      return;
    }
    const fields = [...document.querySelectorAll(".desk-tracking")];
    const next = fields[fields.indexOf(field) + 1];
    (next ?? document.querySelector("#desk-queue button[type=submit]"))?.focus();
  };

  // Anywhere else outside a field: what is typed and ended with Enter opens the order.
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
    const now = Date.now();
    if (now - last > PAUSE_MS) typed = "";
    last = now;
    if (event.key === "Enter" && typed.length > 3) {
      event.preventDefault();
      const there = row(typed)?.querySelector(".desk-tracking");
      if (there) there.focus();
      else open(typed);
      typed = "";
    } else if (event.key === "/" && !typed) {
      event.preventDefault();
      finder()?.elements.q.focus();
    } else if (/^[A-Za-z0-9-]$/.test(event.key)) {
      typed += event.key;
      if (typed.length > 1) event.stopPropagation(); // the menu's own shortcut is a single letter
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.addEventListener("keydown", onKey, true);
    for (const field of document.querySelectorAll(".desk-tracking")) field.addEventListener("keydown", onTracking);
    document.getElementById("desk-all")?.addEventListener("change", (event) => {
      for (const box of document.querySelectorAll('#desk-queue input[name="order"]')) box.checked = event.target.checked;
    });
  });
})();
