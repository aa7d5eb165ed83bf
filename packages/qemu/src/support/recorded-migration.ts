/**
 * What QEMU 10.0.13 said of a migration of the test guest with 256 MiB, of which it rewrote 64 MiB at 20 MiB/s, over a stream limited to
 * 40 MB/s: an answer at each event MIGRATION_PASS until the limit was lifted at the sixth.
 */
const recorded: Row[] = [
  { at: 12_582, passes: 1, transferred: 203, remaining: 268_500_992, duplicate: 103, normal: 10, rate: 0 },
  {
    at: 16_605,
    passes: 2,
    transferred: 132_116_020,
    remaining: 67_616_768,
    duplicate: 33_612,
    normal: 32_149,
    rate: 4127,
  },
  {
    at: 18_270,
    passes: 3,
    transferred: 200_123_737,
    remaining: 35_504_128,
    duplicate: 33_613,
    normal: 48_720,
    rate: 5238,
  },
  {
    at: 19_165,
    passes: 4,
    transferred: 237_006_574,
    remaining: 18_321_408,
    duplicate: 33_614,
    normal: 57_679,
    rate: 5238,
  },
  {
    at: 19_666,
    passes: 5,
    transferred: 256_820_812,
    remaining: 9_584_640,
    duplicate: 33_616,
    normal: 62_535,
    rate: 5365,
  },
  {
    at: 19_963,
    passes: 6,
    transferred: 266_670_466,
    remaining: 6_606_848,
    duplicate: 33_617,
    normal: 64_935,
    rate: 5365,
  },
  {
    at: 19_976,
    passes: 8,
    transferred: 274_078_221,
    remaining: 512_000,
    duplicate: 33_617,
    normal: 66_709,
    rate: 5365,
  },
];

interface Row {
  at: number;
  passes: number;
  transferred: number;
  remaining: number;
  duplicate: number;
  normal: number;
  rate: number;
}

export interface RecordedAnswer {
  atMs: number;
  answer: object;
}

/** As they were. */
export const recordedAnswers: RecordedAnswer[] = recorded.map((row) => ({
  atMs: row.at,
  answer: { status: "active", "setup-time": 3, "total-time": row.at - 12_573, "expected-downtime": 1, ram: ramOf(row) },
}));

/**
 * The same as QEMU 11.1 would tell it. It was not recorded, since no such QEMU was at hand; it is what the published schema says
 * (`qapi/migration.json`, `MigrationInfo`): beside `ram`, whose fields are what they were (only the type's name is now
 * `MigrationRAMStats`), there is `remaining`, of type `size`, "Since 11.1", for memory and all devices together. Bytes of precopy, postcopy
 * and the stop are told apart within QEMU alone. `fill_source_migration_info` of `migration/migration.c` adds it while a migration is under
 * way, and to none that is being set up or has ended, and takes it from QEMU's last look at what is pending, while `ram.remaining` is
 * of the moment.
 *
 * @param sinceLookBytes of memory, sent since QEMU looked last
 */
export function toldByQemu11(deviceBytes: number, sinceLookBytes = 0): RecordedAnswer[] {
  return recorded.map((row, index) => ({
    atMs: row.at,
    answer: { ...recordedAnswers[index]?.answer, remaining: row.remaining + sinceLookBytes + deviceBytes },
  }));
}

export const recordedEnd = {
  status: "completed",
  "setup-time": 3,
  downtime: 28,
  "total-time": 7434,
  ram: {
    ...ramOf({ at: 0, passes: 11, transferred: 275_064_449, remaining: 0, duplicate: 33_620, normal: 66_919, rate: 0 }),
    "downtime-bytes": 12_339,
    "precopy-bytes": 274_926_652,
    mbps: 296.126_442,
  },
};

function ramOf(row: Row): object {
  return {
    total: 268_967_936,
    "postcopy-requests": 0,
    "dirty-sync-count": row.passes,
    "multifd-bytes": 0,
    "pages-per-second": row.passes === 1 ? 0 : 9920,
    "downtime-bytes": 0,
    "page-size": 4096,
    remaining: row.remaining,
    "postcopy-bytes": 0,
    mbps: row.passes === 1 ? 0 : 325.694_88,
    transferred: row.transferred,
    "dirty-sync-missed-zero-copy": 0,
    "precopy-bytes": row.transferred,
    duplicate: row.duplicate,
    "dirty-pages-rate": row.rate,
    "normal-bytes": row.normal * 4096,
    normal: row.normal,
  };
}
