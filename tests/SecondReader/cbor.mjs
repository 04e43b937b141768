// Deterministic CBOR (RFC 8949, 4.2.1), narrowed to what the format uses. Maps become Map objects.
import { Refusal, refuse, demand } from './refusal.mjs';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const shortest = { 24: 24n, 25: 0x100n, 26: 0x10000n, 27: 0x100000000n };

// Structured parts nest 16 deep and have no simple values; records are content, and have both (docs/format/records.md).
const structured = { depth: 16, text: 65536, simple: [] };
export const recordRules = { depth: 2 * 49 + 2, text: 16 * 2 ** 20, simple: [[20, false], [21, true], [22, null]] };

class Cursor {
  constructor(bytes, rules = structured) { this.bytes = bytes; this.at = 0; this.rules = rules; }

  take(n) {
    demand(n <= this.bytes.length - this.at, 'malformed', 'CBOR ends early');
    return this.bytes.subarray(this.at, this.at += n);
  }

  head() {
    const first = this.take(1)[0], info = first & 31, major = first >> 5;
    if (info < 24) return { major, value: info };
    demand(info <= 27, 'malformed', 'CBOR of indefinite or reserved length');
    const value = BigInt('0x' + this.take(1 << (info - 24)).toString('hex'));
    demand(value >= shortest[info], 'malformed', 'CBOR integer is not the shortest');
    return { major, value: value <= Number.MAX_SAFE_INTEGER ? Number(value) : value };
  }

  item(depth) {
    demand(depth <= this.rules.depth, 'malformed', `CBOR nested deeper than ${this.rules.depth}`);
    const { major, value } = this.head();
    switch (major) {
      case 0: return value;
      case 1: return typeof value === 'number' ? -1 - value : -1n - value;
      case 2: return this.take(value);
      case 3: return this.text(value);
      case 4: return this.array(value, depth);
      case 5: return this.map(value, depth);
      case 7: {
        const simple = this.rules.simple.find(([number]) => number === value);
        return simple ? simple[1] : refuse('malformed', 'CBOR float or simple value');
      }
      default: return refuse('malformed', 'CBOR tag');
    }
  }

  text(length) {
    demand(length <= this.rules.text, 'malformed', 'text too long');
    try { return utf8.decode(this.take(length)); } catch (e) {
      if (e instanceof Refusal) throw e;
      return refuse('malformed', 'text is not UTF-8');
    }
  }

  array(count, depth) {
    demand(count <= this.bytes.length - this.at, 'malformed', 'CBOR ends early');
    const items = [];
    for (let i = 0; i < count; i++) items.push(this.item(depth + 1));
    return items;
  }

  map(count, depth) {
    demand(count <= this.bytes.length - this.at, 'malformed', 'CBOR ends early');
    const map = new Map();
    let before = -1;
    for (let i = 0; i < count; i++) {
      const key = this.head();
      demand(key.major === 0 && key.value > before, 'malformed', 'map keys are not ascending unsigned integers');
      map.set(before = key.value, this.item(depth + 1));
    }
    return map;
  }
}

export function decode(bytes, rules) {
  const [value, ...more] = decodeSequence(bytes, rules);
  demand(value !== undefined && more.length === 0, 'malformed', 'not one CBOR item');
  return value;
}

export function decodeSequence(bytes, rules) {
  const cursor = new Cursor(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), rules), items = [];
  while (cursor.at < bytes.length) items.push(cursor.item(1));
  return items;
}

// Shapes: each takes a decoded value and the name it goes by, and returns what the reader works with.
const wrong = name => refuse('malformed', `${name} has the wrong type or length`);
const isUint = v => (typeof v === 'number' || typeof v === 'bigint') && v >= 0;
export const uint = (v, name) => isUint(v) ? v : wrong(name);
export const text = (v, name) => typeof v === 'string' ? v : wrong(name);
export const bytes = (v, name) => Buffer.isBuffer(v) ? v : wrong(name);
export const sized = n => (v, name) => Buffer.isBuffer(v) && v.length === n ? v : wrong(name);
export const id = sized(32);
export const any = v => v;
export const list = (shape, most = Infinity) => (v, name) =>
  Array.isArray(v) && v.length <= most ? v.map(x => shape(x, name)) : wrong(name);
export const tuple = (...shapes) => (v, name) =>
  Array.isArray(v) && v.length === shapes.length ? v.map((x, i) => shapes[i](x, name)) : wrong(name);
export const time = (v, name) => {
  const [seconds, nanoseconds] = Array.isArray(v) && v.length === 2 ? v : wrong(name);
  return Number.isSafeInteger(seconds) && isUint(nanoseconds) && nanoseconds <= 999_999_999 ? { seconds, nanoseconds } : wrong(name);
};
export const optional = shape => Object.assign((v, name) => shape(v, name), { isOptional: true });

// fields: { key: [name, shape] }. Unknown keys below 128 are refused, others ignored.
export const record = fields => (map, what) => {
  if (!(map instanceof Map)) wrong(what);
  const out = {};
  for (const [key, value] of map) {
    const field = fields[key];
    if (field) out[field[0]] = field[1](value, `${what}.${field[0]}`);
    else demand(key >= 128, 'unsupported format', `${what} has the unknown key ${key}`);
  }
  for (const [name, shape] of Object.values(fields))
    demand(name in out || shape.isOptional, 'malformed', `${what} lacks ${name}`);
  return out;
};
