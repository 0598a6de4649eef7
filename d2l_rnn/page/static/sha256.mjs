/**
 * SHA-256 (FIPS 180-4), for browsers whose own is withheld from pages that came over
 * plain http, as from a teacher's machine.
 */

const ROUND_CONSTANTS = roots((root) => Math.cbrt(root), 64);
const FIRST_HASH = roots((root) => Math.sqrt(root), 8);

/**
 * The first 32 bits behind the point of roots of the first primes.
 *
 * @param {(prime: number) => number} root
 * @param {number} count
 */
function roots(root, count) {
  const found = [];
  for (let number = 2; found.length < count; number++) {
    let divisor = 2;
    while (number % divisor) divisor++;
    if (divisor === number) found.push(((root(number) % 1) * 2 ** 32) | 0);
  }
  return Int32Array.from(found);
}

/**
 * @param {Uint8Array} bytes
 * @returns {string} 64 hexadecimal digits
 */
export function sha256(bytes) {
  const hash = FIRST_HASH.slice();
  const schedule = new Int32Array(64);
  const whole = bytes.length - (bytes.length % 64);
  absorb(hash, schedule, bytes.subarray(0, whole));
  const rest = bytes.length - whole;
  const end = new Uint8Array(rest < 56 ? 64 : 128);
  end.set(bytes.subarray(whole));
  end[rest] = 0x80;
  const view = new DataView(end.buffer);
  view.setUint32(end.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(end.length - 4, (bytes.length * 8) >>> 0);
  absorb(hash, schedule, end);
  return Array.from(hash, (word) => (word >>> 0).toString(16).padStart(8, "0")).join(
    "",
  );
}

/**
 * @param {Int32Array} hash is changed
 * @param {Int32Array} w scratch
 * @param {Uint8Array} bytes blocks of 64
 */
function absorb(hash, w, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += 64) {
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const early = w[t - 15];
      const late = w[t - 2];
      const s0 = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
      const s1 = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
      w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let t = 0; t < 64; t++) {
      const S1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
      const first = (h + S1 + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[t] + w[t]) | 0;
      const S0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
      const second = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (hash[i] += word));
  }
}

/**
 * @param {number} word
 * @param {number} places to the right
 */
function turned(word, places) {
  return (word >>> places) | (word << (32 - places));
}
