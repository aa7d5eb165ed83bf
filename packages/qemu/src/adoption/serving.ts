/** What a running virtiofsd was started with, and how its like is started on another host. */

export interface ServingCommand {
  directory: string | undefined;
  sandbox: "namespace" | "chroot" | "none";
  /** Further options as they are. */
  options: string[];
}

/** Of the process and its host: by what it is reached. */
const ofHost = ["--socket-path", "--socket-group", "--fd"];
const sandboxes = ["namespace", "chroot", "none"] as const;

export function readServing(commandLine: string[]): ServingCommand {
  const options = optionsIn(commandLine);
  const last = (name: string) => options.findLast((option) => option.name === name)?.value;
  const sandbox = sandboxes.find((known) => known === last("--sandbox")) ?? "namespace";
  const taken = new Set([...ofHost, "--shared-dir", "--sandbox"]);
  const kept = options.filter(({ name }) => !taken.has(name));
  return {
    directory: last("--shared-dir"),
    sandbox,
    options: kept.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)),
  };
}

/** From the first option of virtiofsd's own on; what its loader was told is before its program. */
function optionsIn(commandLine: string[]): { name: string; value: string | undefined }[] {
  const program = commandLine.findLastIndex((word) => /(^|\/)virtiofsd$/.test(word));
  const words = commandLine.slice(program + 1);
  return words.flatMap((word, index) => {
    if (!word.startsWith("-")) return [];
    const [, name = word, given] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    const next = words[index + 1];
    return [{ name, value: given ?? (next === undefined || next.startsWith("-") ? undefined : next) }];
  });
}
