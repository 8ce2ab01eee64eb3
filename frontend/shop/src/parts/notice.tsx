import type { ReactNode } from "react";

/** Something to know, set apart from the page. Bad news is read out at once. */
export function Notice({ kind = "info", children }: { kind?: "info" | "good" | "bad"; children: ReactNode }) {
  return (
    <div className={`notice notice-${kind}`} role={kind === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}
