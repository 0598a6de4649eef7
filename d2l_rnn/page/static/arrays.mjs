/**
 * Products of matrices with vectors, and numbers out of text.
 *
 * A matrix is a Float32Array, row after row; sums run in double precision.
 */

/**
 * `out = W x`, or `out += W x`.
 *
 * @param {Float32Array} W (rows, columns)
 * @param {Float32Array} x (columns)
 * @param {Float32Array} out (rows)
 * @param {boolean} added
 */
export function multiply(W, x, out, added = false) {
  const columns = x.length;
  const whole = columns - (columns % 4);
  for (let row = 0, at = 0; row < out.length; row++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let column = 0;
    for (; column < whole; column += 4, at += 4) {
      a += W[at] * x[column];
      b += W[at + 1] * x[column + 1];
      c += W[at + 2] * x[column + 2];
      d += W[at + 3] * x[column + 3];
    }
    for (; column < columns; column++, at++) a += W[at] * x[column];
    const sum = a + b + (c + d);
    out[row] = added ? out[row] + sum : sum;
  }
}

/**
 * `out += W^T y`: what reaches x through `W x`.
 *
 * @param {Float32Array} W (rows, columns)
 * @param {Float32Array} y (rows)
 * @param {Float32Array} out (columns)
 */
export function multiplyBack(W, y, out) {
  const columns = out.length;
  for (let row = 0, at = 0; row < y.length; row++, at += columns) {
    const factor = y[row];
    if (factor === 0) continue;
    for (let column = 0; column < columns; column++) {
      out[column] += W[at + column] * factor;
    }
  }
}

/**
 * Logarithms of the softmax.
 *
 * @param {Float32Array} scores
 * @returns {Float32Array}
 */
export function logSoftmax(scores) {
  let largest = -Infinity;
  for (const score of scores) if (score > largest) largest = score;
  let total = 0;
  for (const score of scores) total += Math.exp(score - largest);
  const shift = largest + Math.log(total);
  return scores.map((score) => score - shift);
}

/**
 * The largest of some numbers: where it is first.
 *
 * @param {ArrayLike<number>} numbers
 */
export function indexOfLargest(numbers) {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] > numbers[best]) best = i;
  return best;
}

/**
 * The Euclidean norm.
 *
 * @param {ArrayLike<number>} numbers
 */
export function norm(numbers) {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i] * numbers[i];
  return Math.sqrt(sum);
}

/**
 * @param {string} text base 64
 * @returns {Uint8Array}
 */
export function bytesOfBase64(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/**
 * Little-endian numbers of 16 or 32 bits as floats.
 *
 * @param {Uint8Array} bytes
 * @param {string} dtype "float16" or "float32"
 * @returns {Float32Array}
 */
export function floatsOf(bytes, dtype) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = dtype === "float16" ? 2 : 4;
  const floats = new Float32Array(bytes.length / size);
  for (let i = 0; i < floats.length; i++) {
    floats[i] =
      size === 4
        ? view.getFloat32(4 * i, true)
        : floatOfHalf(view.getUint16(2 * i, true));
  }
  return floats;
}

/**
 * A number of IEEE 754's binary16.
 *
 * @param {number} bits
 */
export function floatOfHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
