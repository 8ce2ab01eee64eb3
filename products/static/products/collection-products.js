// A collection's products by dragging, without reloads. Without this script its forms work all the same.
"use strict";
{
  const panel = () => document.getElementById("collection-products");

  const send = async (data) => {
    const here = panel();
    const answer = await fetch(here.dataset.url, {
      method: "POST",
      body: data,
      headers: { "X-Requested-With": "fetch" },
    });
    const focused = document.activeElement?.getAttribute("aria-label");
    const text = await answer.text();
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("collection-products");
    if (!answer.ok || !fresh) {
      here.querySelector("[role=status]").textContent = "That did not work. Reload the page and try again.";
      return;
    }
    const said = fresh.querySelector("[role=status]").textContent;
    fresh.querySelector("[role=status]").textContent = "";
    here.replaceWith(fresh);
    // Set a moment later, so that a screen reader hears it.
    setTimeout(() => { fresh.querySelector("[role=status]").textContent = said; }, 50);
    if (focused) fresh.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#collection-products")) return;
    event.preventDefault();
    send(new FormData(event.target, event.submitter));
  });

  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("#collection-products [data-product]") ?? null;
  });
  document.addEventListener("dragover", (event) => {
    if (dragged && event.target.closest?.("#collection-products")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const onto = event.target.closest?.("#collection-products [data-product]");
    if (!dragged || !onto || dragged === onto) return;
    event.preventDefault();
    const placed = dragged;
    dragged = null;
    const after = placed.compareDocumentPosition(onto) & Node.DOCUMENT_POSITION_FOLLOWING;
    onto[after ? "after" : "before"](placed);
    // All up to the last that has a place, or that was dragged to: what comes behind has none.
    const rows = [...panel().querySelectorAll("[data-product]")];
    const last = rows.findLastIndex((row) => row === placed || row.querySelector("[name=remove]"));
    const data = new FormData();
    data.append("csrfmiddlewaretoken", panel().querySelector("[name=csrfmiddlewaretoken]").value);
    data.append("do", "order");
    for (const row of rows.slice(0, last + 1)) data.append("ids", row.dataset.product);
    send(data);
  });
}
