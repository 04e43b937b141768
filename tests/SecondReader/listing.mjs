// Listings, entries and contents (docs/format/listing.md).
import * as cbor from './cbor.mjs';
import { demand, refuse } from './refusal.mjs';

const { uint, id, text, bytes, list, tuple, optional, time } = cbor;
const mostDepth = 8, mostComponents = 4096, mostComponentBytes = 4096;
export const kinds = { file: 1, directory: 2, symlink: 3, hardLink: 4 };

export const contentShape = (v, name) => {
  const [depth, ids] = tuple(uint, list(id, 64))(v, name);
  demand(depth <= mostDepth, 'malformed', 'a content tree deeper than 8');
  return { depth, ids };
};
const pathShape = (v, name) => {
  const path = list(bytes, mostComponents)(v, name);
  demand(path.length > 0 && path.every(c => c.length <= mostComponentBytes), 'malformed', 'a path is empty or has a component too long');
  return path;
};
const attribute = (v, name) => Array.isArray(v) && v.length === 3 ? tuple(bytes, uint, contentShape)(v, name) : tuple(bytes, bytes)(v, name);
const entryShape = cbor.record({
  0: ['path', pathShape], 1: ['kind', uint], 2: ['nameOrigin', optional(uint)], 3: ['size', optional(uint)], 4: ['modified', time], 5: ['mode', optional(uint)],
  6: ['userId', optional(uint)], 7: ['groupId', optional(uint)], 8: ['user', optional(text)], 9: ['group', optional(text)], 10: ['target', optional(bytes)], 11: ['firstName', optional(pathShape)],
  12: ['device', optional(tuple(uint, uint))], 13: ['attributes', optional(list(attribute, 4096))], 14: ['holes', optional(list(tuple(uint, uint)))], 15: ['content', optional(contentShape)],
  16: ['created', optional(time)], 17: ['windowsAttributes', optional(uint)], 18: ['securityDescriptor', optional(bytes)], 19: ['reparse', optional(bytes)],
  20: ['streams', optional(list(tuple(bytes, uint, contentShape)))], 21: ['fault', optional(text)], 22: ['domain', optional(id)],
});
const pageShape = cbor.record({ 0: ['level', uint], 1: ['items', list(cbor.any)] });
const nodeShape = tuple(pathShape, pathShape, uint, id);

function comparePaths(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = Buffer.compare(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

// `read(chunk id)` gives a chunk's plaintext. Yields the entries in order; checks order, levels and the bounds that parents state.
export function* entriesOf(read, root) {
  if (!root) return;
  let before;
  for (const entry of walk(read, root[1], root[0])) {
    demand(!before || comparePaths(before, entry.path) < 0, 'malformed', 'entries do not ascend');
    demand(entry.kind >= 1 && entry.kind <= 9, 'unsupported format', `entry kind ${entry.kind}`);
    demand((entry.content !== undefined) === (entry.kind === kinds.file), 'malformed', 'a file without content, or a content without file');
    before = entry.path;
    yield entry;
  }
}

function* walk(read, chunkId, level) {
  demand(level <= mostDepth, 'malformed', 'a listing deeper than 8');
  const page = pageShape(cbor.decode(read(chunkId)), 'page');
  demand(page.level === level && page.items.length > 0, 'malformed', 'a page of another level, or empty');
  for (const item of page.items) {
    if (level === 0) { yield entryShape(item, 'entry'); continue; }
    const [first, last, count, child] = nodeShape(item, 'page item');
    let seen = 0, at;
    for (const entry of walk(read, child, level - 1)) {
      demand(seen++ > 0 || comparePaths(first, entry.path) === 0, 'malformed', 'a page begins elsewhere than its parent says');
      at = entry.path;
      yield entry;
    }
    demand(seen === count && comparePaths(at, last) === 0, 'malformed', 'a page ends elsewhere than its parent says');
  }
}

// The ids of a content's chunks in order.
export function* chunkIdsOf(read, { depth, ids }) {
  for (const chunkId of ids) {
    if (depth === 0) { yield chunkId; continue; }
    const joined = read(chunkId);
    demand(joined.length % 32 === 0 && joined.length > 0, 'malformed', 'an id list of odd length');
    const children = Array.from({ length: joined.length / 32 }, (_, i) => joined.subarray(32 * i, 32 * i + 32));
    yield* chunkIdsOf(read, { depth: depth - 1, ids: children });
  }
}

export function* chunksOf(read, content) { for (const chunkId of chunkIdsOf(read, content)) yield read(chunkId); }

export function contentBytes(read, content, mostBytes) {
  const parts = [];
  let total = 0;
  for (const part of chunksOf(read, content)) {
    if ((total += part.length) > mostBytes) refuse('malformed', 'a content is longer than it may be');
    parts.push(part);
  }
  return Buffer.concat(parts);
}
