// Suggests what is known already below a text field: <input list="…" data-suggestions="address">.
"use strict";
{
  let waiting = 0;
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.dataset?.suggestions) return;
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const answer = await fetch(`${field.dataset.suggestions}?q=${encodeURIComponent(field.value)}`);
      if (!answer.ok) return;
      const { items } = await answer.json();
      const name = field.getAttribute("list");
      let list = document.getElementById(name);
      if (!list) {
        list = document.createElement("datalist");
        list.id = name;
        field.after(list);
      }
      list.replaceChildren(...items.map((item) => new Option(item, item)));
    }, 200);
  });
}
