// django-unfold opens its menus by clicks on <span>s and on <a>s without an address. Here they become buttons:
// reachable by Tab, pressed by Enter or Space, and named; icons, which are words to a screen reader, are hidden.
// Select2 gives the field that it searches by no name, and a choice of one only what was chosen: both get the label's.
// What empties its choice of many is a <span> among the <li> of a list: it becomes one of the list's items.
// A row that is added to rows that fold begins folded: it is opened, as one adds it to fill it in.
(() => {
  const NAMES = { dock_to_right: "Menu", close: "Close the menu", unfold_more: "Account", arrow_back: "Back", storefront: "Dashboard" };

  const words = (element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll(".material-symbols-outlined").forEach((icon) => icon.remove());
    return element.classList.contains("material-symbols-outlined") ? "" : copy.textContent.trim();
  };

  const iconOf = (element) =>
    (element.classList.contains("material-symbols-outlined") ? element : element.querySelector(".material-symbols-outlined"))?.textContent.trim();

  const makeButton = (element) => {
    if (element.closest("button, a[href], label") || element.matches("input, select, textarea, form")) return;
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "0");
    element.addEventListener("keydown", (event) => {
      if (event.target !== element || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      element.click();
    });
  };

  const mendSelects = () => {
    for (const field of document.querySelectorAll(".select2-search__field:not([aria-label])")) {
      // That of a choice of one hangs at the end of the page while it is open.
      const select = (field.closest("select + .select2-container") ?? document.querySelector("select + .select2-container--open"))?.previousElementSibling;
      const label = select?.labels?.[0];
      field.setAttribute("aria-label", `Search: ${label ? words(label) : select?.name ?? ""}`);
    }
    for (const clear of document.querySelectorAll("ul > .select2-selection__clear:not([role])")) clear.setAttribute("role", "listitem");
    for (const choice of document.querySelectorAll(".select2-selection--single:not([data-is-named])")) {
      const select = choice.closest("select + .select2-container")?.previousElementSibling;
      const label = select?.labels?.[0];
      if (!label) continue;
      label.id ||= `${select.id}-label`;
      choice.setAttribute("aria-labelledby", `${label.id} ${choice.getAttribute("aria-labelledby") ?? ""}`.trim());
      choice.querySelector("[role=textbox]")?.setAttribute("aria-labelledby", label.id);
      choice.dataset.isNamed = "";
    }
  };

  document.addEventListener("formset:added", ({ target }) => {
    const row = target.closest("[x-data*=openRow]");
    if (row) requestAnimationFrame(() => (window.Alpine.$data(row).openRow = true)); // Alpine has seen it by then
  });

  document.addEventListener("DOMContentLoaded", () => {
    mendSelects();
    new MutationObserver(mendSelects).observe(document.body, { childList: true, subtree: true });
    for (const element of document.querySelectorAll("[x-on\\:click]")) {
      // What closes a menu by a click beside it is no button, and contains others.
      if (element.id !== "changelist-filter-close" && !element.querySelector("a[href], button, input")) makeButton(element);
    }
    for (const element of document.querySelectorAll("a, button, [role=button]")) {
      if (!words(element) && !element.hasAttribute("aria-label")) {
        const icon = iconOf(element) ?? "more";
        element.setAttribute("aria-label", element.title || NAMES[icon] || icon.replaceAll("_", " "));
      }
    }
    for (const icon of document.querySelectorAll(".material-symbols-outlined:not([role])")) icon.setAttribute("aria-hidden", "true");
  });
})();
