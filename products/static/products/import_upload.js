// Sends an import's file in parts, each of them again if it is lost on the way; then the form, which names the file.
// What has come before is not sent twice.
(() => {
  const TRIES = 6;
  const form = document.getElementById("upload-form");
  const input = document.getElementById("file");
  const problem = document.getElementById("upload-problem");
  const progress = document.getElementById("upload-progress");
  const button = form.querySelector("button[type=submit]");
  const size = Number(form.dataset.partBytes);
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  const show = (sent, all) => {
    progress.hidden = false;
    const percent = Math.floor((sent / all) * 100);
    progress.querySelector("label").textContent = `${percent} % sent`;
    Object.assign(progress.querySelector("progress"), { value: sent, max: all });
  };

  const send = async (number, part) => {
    const url = form.dataset.parts.replace(/0\/$/, `${number}/`);
    for (let tried = 1; ; tried += 1) {
      let reason = "The shop does not answer.";
      try {
        const response = await fetch(url, { method: "POST", body: part, headers: { "X-CSRFToken": token, "Content-Type": "application/octet-stream" } });
        if (response.ok) return;
        reason = (await response.json().catch(() => ({}))).detail ?? `The shop answers ${response.status}.`;
        if (response.status < 500 && response.status !== 429) throw new Error(reason, { cause: "refused" });
      } catch (error) {
        if (error.cause === "refused") throw error;
      }
      if (tried === TRIES) throw new Error(`${reason} Choose the file again later: it goes on from here.`);
      await pause(500 * 2 ** tried);
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    const file = input.files[0];
    if (!file) { problem.textContent = "Choose a file."; return; }
    if (!file.size) { problem.textContent = "The file is empty."; return; }
    button.disabled = true;
    try {
      for (let sent = Math.min(Number(form.dataset.come), file.size); sent < file.size; sent += size) {
        show(sent, file.size);
        await send(Math.floor(sent / size), file.slice(sent, sent + size));
      }
      show(file.size, file.size);
      form.elements.name.value = file.name;
      form.elements.size.value = file.size;
      form.submit();
    } catch (error) {
      problem.textContent = error.message;
      button.disabled = false;
    }
  });
})();
