/** CRC-32C (Castagnoli) of `bytes`, continued from the checksum of what came before; 0 to begin. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let i = 0;
  // Four bytes a step: table k says what a byte does after k further ones.
  for (const end = bytes.length - 3; i < end; i += 4) {
    crc ^=
      (bytes[i] ?? 0) |
      ((bytes[i + 1] ?? 0) << 8) |
      ((bytes[i + 2] ?? 0) << 16) |
      ((bytes[i + 3] ?? 0) << 24);
    crc =
      (table3[crc & 0xff] ?? 0) ^
      (table2[(crc >>> 8) & 0xff] ?? 0) ^
      (table1[(crc >>> 16) & 0xff] ?? 0) ^
      (table0[crc >>> 24] ?? 0);
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ (table0[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}

const polynomial = 0x82f63b78; // Reflected.
const table0 = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  return crc;
});
const table1 = oneFurther(table0);
const table2 = oneFurther(table1);
const table3 = oneFurther(table2);

function oneFurther(table: Int32Array): Int32Array {
  return table.map((crc) => (crc >>> 8) ^ (table0[crc & 0xff] ?? 0));
}
