import { useEffect, useState } from "react";

/** After so long without another key what is typed counts as meant. */
const afterMs = 400;

/** What is typed, once nothing has been typed for a while: what asks agents is not asked for at each key. */
export function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), afterMs);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
