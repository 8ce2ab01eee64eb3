import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries, takePageData } from "./api";
import { App } from "./app";
import { setLanguage } from "./i18n";
import { sendOrderKeys } from "./order-keys";
import { ErrorBoundary } from "./parts/error-boundary";
import { addressInChosenLanguage, basePath, loadSettings, settings } from "./settings";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/catalogue.css";
import "./styles/product.css";
import "./styles/checkout.css";
import { setTheme, theme } from "./theme";

setTheme(theme());
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

async function start(root: HTMLElement): Promise<void> {
  await loadSettings();
  const elsewhere = addressInChosenLanguage();
  if (elsewhere) return location.replace(elsewhere);
  await setLanguage(basePath().slice(1) || (settings.languages[0] ?? "en"));
  takePageData(JSON.parse(document.getElementById("page-data")?.textContent || "{}"));
  sendOrderKeys();
  await loadFirstPage();
  createRoot(root).render(
    <StrictMode>
      <ErrorBoundary>
        <QueryClientProvider client={queries}>
          <App />
        </QueryClientProvider>
      </ErrorBoundary>
    </StrictMode>,
  );
}

/** Wait for the files that the head names for this page: drawn at once, it needs no skeleton, which would jump. */
async function loadFirstPage(): Promise<void> {
  const named = document.querySelectorAll<HTMLLinkElement>("link[rel=modulepreload]");
  // What cannot be loaded is said where the page is drawn (lazy-page.ts).
  await Promise.allSettled([...named].map(({ href }) => import(/* @vite-ignore */ href)));
}

// A page that the browser has kept whole (for "back") may show an order as it was before it was paid.
addEventListener("pageshow", (event) => event.persisted && queries.invalidateQueries());

start(root).catch((error) => {
  console.error(error);
  // Neither settings nor a dictionary, so in plain English.
  root.textContent = "The shop cannot be reached at the moment. Please load the page again in a minute.";
});
