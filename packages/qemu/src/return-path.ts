/**
 * What a destination says to the source of QEMU's stream, on the same connection: a type and a length of two bytes each, big-endian, then
 * so many bytes (`enum mig_rp_message_type` of QEMU's migration/migration.c).
 */
const types = { shut: 1, switchoverAck: 7 };

/** With the capability `switchover-ack` a source does not stop its guest before it has this. */
export const switchoverAck = messageOf(types.switchoverAck, Buffer.alloc(0));

/** Nothing more follows, and nothing was wrong (0): with this a source need not wait for more once it has sent everything. */
export const shutWell = messageOf(types.shut, Buffer.alloc(4));

function messageOf(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}
