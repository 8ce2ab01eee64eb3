/** A word at the edge of the screen about what just happened. */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";

type Tell = (message: string) => void;
const Context = createContext<Tell>(() => {});

export const useToast = () => useContext(Context);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [message, setMessage] = useState({ text: "", at: 0 });
  const tell = useCallback<Tell>((text) => setMessage({ text, at: Date.now() }), []);
  useEffect(() => {
    if (!message.text) return;
    const timer = setTimeout(() => setMessage({ text: "", at: 0 }), 5_000);
    return () => clearTimeout(timer);
  }, [message]);
  return (
    <Context.Provider value={tell}>
      {children}
      <div className="toast" role="status" aria-live="polite" data-shown={message.text !== ""}>
        {message.text}
      </div>
    </Context.Provider>
  );
}
