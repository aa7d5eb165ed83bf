import { type ReactNode, useEffect, useRef } from "react";

/**
 * Text with figures in it breaks into more or fewer lines as they change. It keeps the height that it once took, so that what stands below
 * does not move up and down with it; another width begins anew.
 */
export function Steady({ className, children }: { className?: string; children: ReactNode }): ReactNode {
  const place = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let width = 0;
    const watched = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const isAsWide = entry.contentRect.width === width;
      ({ width } = entry.contentRect);
      element.style.minHeight = isAsWide ? `${entry.contentRect.height}px` : "";
    });
    watched.observe(element);
    return () => watched.disconnect();
  }, []);
  return (
    <p ref={place} className={className}>
      {children}
    </p>
  );
}
