// The panel of a product's pictures without reloads, and by dragging. Without this script its forms work all the same.
"use strict";
{
  const panel = () => document.getElementById("images");

  const send = async (data) => {
    const here = panel();
    const answer = await fetch(here.dataset.url, {
      method: "POST",
      body: data,
      headers: { "X-Requested-With": "fetch" },
    });
    const focused = document.activeElement?.getAttribute("aria-label");
    const text = await answer.text();
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("images");
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

  const token = () => panel().querySelector("[name=csrfmiddlewaretoken]").value;

  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#images")) return;
    event.preventDefault();
    send(new FormData(event.target, event.submitter));
  });

  document.addEventListener("change", (event) => {
    if (event.target.id !== "image-files") return;
    const shown = [...event.target.files].map((file) => {
      const picture = document.createElement("img");
      picture.src = URL.createObjectURL(file);
      picture.alt = file.name;
      picture.className = "h-20 rounded-default";
      return picture;
    });
    panel().querySelector("[data-previews]").replaceChildren(...shown);
  });

  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("#images [data-image]") ?? null;
  });
  document.addEventListener("dragover", (event) => {
    if (event.target.closest?.("#images")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!event.target.closest?.("#images") || !panel().querySelector("[data-upload]")) return;
    event.preventDefault();
    const data = new FormData();
    data.append("csrfmiddlewaretoken", token());
    const files = event.dataTransfer.files;
    if (files.length) {
      data.append("do", "upload");
      for (const file of files) data.append("files", file);
    } else {
      const onto = event.target.closest("[data-image]");
      if (!dragged || !onto || dragged === onto) return;
      const after = dragged.compareDocumentPosition(onto) & Node.DOCUMENT_POSITION_FOLLOWING;
      onto[after ? "after" : "before"](dragged);
      data.append("do", "order");
      for (const each of panel().querySelectorAll("[data-image]")) data.append("ids", each.dataset.image);
    }
    send(data);
  });
}
