// Entries and faults of a snapshot, one JSON line each; contents and attributes by their hash.
import { createHash } from 'node:crypto';
import { decodeSequence } from './cbor.mjs';
import { chunksOf, contentBytes, entriesOf } from './listing.mjs';
import { hex } from './refusal.mjs';
import { sha256 } from './seal.mjs';

const mostFaultBytes = 2 ** 28;
const escaped = bytes => bytes.toString('latin1').replace(/[^ -~]|\\/g, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
const pathText = path => path.map(escaped).join('/');

function hashOf(read, content) {
  const hash = createHash('sha256');
  for (const chunk of chunksOf(read, content)) hash.update(chunk);
  return hash.digest('hex');
}

function described(read, entry) {
  const attributes = (entry.attributes ?? []).map(([name, value, content]) => [escaped(name), content ? hashOf(read, content) : hex(sha256(value))]);
  const { kind, size, mode, holes, fault, modified: { seconds, nanoseconds }, content } = entry;
  return {
    path: pathText(entry.path), kind, size, mode, modified: [seconds, nanoseconds], holes, fault,
    target: entry.target && escaped(entry.target), firstName: entry.firstName && pathText(entry.firstName),
    depth: content?.depth, hash: content && hashOf(read, content),
    attributes: attributes.length > 0 ? Object.fromEntries(attributes) : undefined,
  };
}

export const faultsOf = (read, faults) => faults ? decodeSequence(contentBytes(read, faults, mostFaultBytes)) : [];

export function* describe(read, { listing, faults }) {
  yield { levels: (listing?.[0] ?? -1) + 1 };
  for (const entry of entriesOf(read, listing)) yield described(read, entry);
  for (const [path, code, message] of faultsOf(read, faults)) yield { fault: { path, code, message } };
}
