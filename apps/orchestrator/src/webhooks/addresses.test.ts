import { expect, test } from "vitest";
import { isLoopbackAddress, refusalOfAddress } from "./addresses.ts";

const refused = (address: string, loopback = false) => refusalOfAddress(address, { loopback }) !== undefined;

test.each([
  "169.254.169.254",
  "169.254.0.1",
  "::ffff:169.254.169.254",
  "::ffff:a9fe:a9fe",
  "fe80::1",
  "fe80::1%eth0",
  "fd00:ec2::254",
  "fd20:ce::254",
  "168.63.129.16",
  "::ffff:a83f:8110",
  "100.100.100.200",
  "192.0.0.192",
  "0.0.0.0",
  "0.1.2.3",
  "::",
  "::7f00:1",
  "64:ff9b::a9fe:a9fe",
  "2002:a9fe:a9fe::1",
  "224.0.0.1",
  "255.255.255.255",
  "ff02::1",
  "localhost",
  "",
])("W5: nothing is sent to %s, even where this machine may be reached", (address) => {
  expect(refused(address, true)).toBe(true);
});

test.each(["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:0:0:1"])(
  "W5: %s is this machine, which must be listed",
  (address) => {
    expect(isLoopbackAddress(address)).toBe(true);
    expect(refused(address)).toBe(true);
    expect(refused(address, true)).toBe(false);
  },
);

test.each([
  "10.0.0.1",
  "192.168.1.1",
  "203.0.113.9",
  "fd12:3456::1",
  "fd20:ce::1",
  "168.63.129.17",
  "2001:db8::1",
  "::ffff:10.0.0.1",
])("W5: what is listed may be at %s", (address) => {
  expect(isLoopbackAddress(address)).toBe(false);
  expect(refused(address)).toBe(false);
});
