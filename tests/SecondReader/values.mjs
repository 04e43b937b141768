// Records (docs/format/records.md): the items of a content, and their values as JSON.
import * as cbor from './cbor.mjs';
import { contentBytes } from './listing.mjs';
import { demand, refuse } from './refusal.mjs';

const { uint, text, optional } = cbor;
const mostItemBytes = 16 * 2 ** 20;
const headShape = cbor.record({ 0: ['version', uint], 1: ['subject', optional(text)] });

export function* itemsOf(content) {
  for (let at = 0; at < content.length;) {
    demand(content.length - at >= 4, 'malformed', 'a content ends within a length');
    const length = content.readUInt32LE(at);
    demand(length > 0 && length <= mostItemBytes && length <= content.length - at - 4, 'malformed', 'an item is longer than its content');
    yield content.subarray(at + 4, at += 4 + length);
  }
}

export function* recordsOf(read, entry) {
  const [head, ...records] = itemsOf(contentBytes(read, entry.content, Number(entry.size ?? 0)));
  demand(head !== undefined, 'malformed', 'a content without head');
  const { version, subject } = headShape(cbor.decode(head), 'head');
  demand(version === 1, 'unsupported format', `records of version ${version}`);
  demand((subject === undefined) === !entry.domain, 'malformed', 'a content that names a subject in the domain of the vault');
  for (const record of records) yield valueOf(cbor.decode(record, cbor.recordRules));
}

const plain = v => typeof v === 'bigint' ? v.toString() : Buffer.isBuffer(v) ? v.toString('hex') : v;
const pairs = list => Array.from({ length: list.length / 2 }, (_, i) => [valueOf(list[2 * i]), valueOf(list[2 * i + 1])]);
const tagged = name => (...parts) => ({ [name]: parts.length === 1 ? plain(parts[0]) : parts.map(plain) });
const floating = read => bits => ({ [`float${8 * bits.length}`]: bits.length === 2 ? bits.toString('hex') : String(read(bits)) });

function decimalOf(scale, sign, digits) {
  const all = BigInt('0x' + digits.toString('hex')).toString().padStart(scale + 1, '0');
  return { decimal: (sign ? '-' : '') + (scale === 0 ? all : `${all.slice(0, -scale)}.${all.slice(-scale)}`) };
}

const scalars = {
  1: tagged('int8'), 2: tagged('uint8'), 3: tagged('int16'), 4: tagged('uint16'), 5: tagged('uint32'), 6: tagged('int64'), 7: tagged('uint64'), 8: tagged('int128'), 9: tagged('uint128'),
  10: tagged('integer'), 11: floating(), 12: floating(b => b.readFloatBE()), 13: floating(b => b.readDoubleBE()), 14: decimalOf, 15: unit => String.fromCharCode(unit), 16: tagged('utf16'),
  20: tagged('dateTime'), 21: tagged('dateTimeOffset'), 22: tagged('date'), 23: tagged('time'), 24: tagged('duration'), 30: tagged('uuid'), 31: (address, isAbsolute) => ({ uri: address, isAbsolute: isAbsolute === 1 }),
  32: tagged('version'), 33: tagged('address'), 34: () => ({ databaseNull: true }), 35: tagged('enum'),
};

function valueOf(value) {
  if (Buffer.isBuffer(value)) return { bytes: value.toString('hex') };
  if (!Array.isArray(value)) return value;
  const [code, ...rest] = value;
  switch (code) {
    case 40: case 42: return rest[0].map(valueOf);
    case 41: return rest[1].map(valueOf);
    case 50: return Object.fromEntries(pairs(rest[1]));
    case 51: case 52: return Object.fromEntries(pairs(rest[0]).map(([key, v]) => [typeof key === 'object' ? JSON.stringify(key) : String(key), v]));
    default: return scalars[code] ? scalars[code](...rest) : refuse('unsupported format', `a value of code ${code}`);
  }
}
