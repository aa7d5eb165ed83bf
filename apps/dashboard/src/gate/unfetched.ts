/** Where the page itself could not be fetched nothing is there to draw with: what has happened and what to do, without it. */
export function showUnfetched(): void {
  const main = made("main", "mx-auto mt-[12vh] grid w-full max-w-[520px] gap-3 px-4");
  const heading = made("h1", "text-[22px] leading-7 font-[650] tracking-[-0.015em]", "The page could not be fetched");
  const what = made(
    "p",
    "text-[15px] leading-[22px] text-ink-soft",
    "The orchestrator may not answer, or may be of another version by now. Nothing that runs depends on the page.",
  );
  const place = made("p", "");
  const reload = made("button", "button", "Reload");
  reload.addEventListener("click", () => location.reload());
  place.append(reload);
  main.append(heading, what, place);
  document.body.replaceChildren(main);
  heading.tabIndex = -1;
  heading.focus();
}

function made(name: string, className: string, text = ""): HTMLElement {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}
