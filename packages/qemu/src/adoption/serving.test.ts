import { expect, test } from "vitest";
import { readServing } from "./serving.ts";

test("Q10: a virtiofsd's options are kept, but for those by which it is reached", () => {
  const words = [
    "--shared-dir",
    "/srv/data",
    "--socket-path=/run/share.sock",
    "--sandbox",
    "none",
    "--cache=never",
    "--xattr",
  ];
  expect(readServing(["/usr/libexec/virtiofsd", ...words])).toEqual({
    directory: "/srv/data",
    sandbox: "none",
    options: ["--cache=never", "--xattr"],
  });
});

test("Q10: what its loader was told is none of its options, and what it was not told is its usual", () => {
  const loader = ["/lib/ld.so", "--argv0", "virtiofsd", "--library-path", "/lib", "/opt/virtiofsd"];
  expect(readServing([...loader, "--fd=3"])).toEqual({ directory: undefined, sandbox: "namespace", options: [] });
});
