import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "./api";
import { App } from "./app";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/catalogue.css";
import "./styles/product.css";
import "./styles/checkout.css";
import { setTheme, theme } from "./theme";

setTheme(theme());
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
