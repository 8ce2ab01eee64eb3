// The button of the papers' page; Enter presses it.
document.getElementById("print").addEventListener("click", () => window.print());
