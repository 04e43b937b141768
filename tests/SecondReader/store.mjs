// A vault in a folder: names, headers, and reading of parts.
import { closeSync, existsSync, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { demand, hex, same } from './refusal.mjs';

export const kinds = { register: 1, bundles: 2, keys: 3, packs: 4, index: 5, refs: 6, snapshots: 7, sessions: 8, removals: 9, verifications: 10, condemned: 11, relocations: 12, approvals: 17 };
export const headerBytes = 80;
const isId = /^[0-9a-f]{64}$/;

export const nameOf = (room, id) => room === 'packs' || room === 'refs' ? `${room}/${hex(id).slice(0, 2)}/${hex(id)}` : `${room}/${hex(id)}`;

export function parseHeader(bytes, { kind, objectId, vaultId }) {
  demand(bytes.length >= headerBytes && bytes.toString('latin1', 0, 8) === 'SECBKUP1', 'no object', 'cut header or wrong magic');
  const header = {
    bytes: bytes.subarray(0, headerBytes), kind: bytes[8], epoch: bytes.readUInt32LE(12),
    vaultId: bytes.subarray(16, 48), objectId: bytes.subarray(48, 80),
  };
  demand(header.kind >= 1 && header.kind <= 18 && bytes[9] === 1 && bytes.readUInt16LE(10) === 0, 'unsupported format', 'unknown kind, version or flag');
  demand(header.kind === kind, 'misplaced', `kind ${header.kind} instead of ${kind}`);
  if (objectId) demand(same(header.objectId, objectId), 'misplaced', 'the object has another id than its name');
  if (vaultId) demand(same(header.vaultId, vaultId), 'misplaced', 'the object belongs to another vault');
  return header;
}

export class Store {
  constructor(root) { this.root = root; this.vaultId = undefined; }

  has(name) { return existsSync(join(this.root, name)); }

  // Ids of a room's objects; what does not fit the table of names is no part of the vault.
  ids(room) {
    const folder = join(this.root, room);
    if (!existsSync(folder)) return [];
    const leaves = names => names.filter(n => isId.test(n));
    const found = room === 'packs' || room === 'refs'
      ? readdirSync(folder).filter(n => /^[0-9a-f]{2}$/.test(n)).flatMap(d => leaves(readdirSync(join(folder, d))).filter(n => n.startsWith(d)))
      : leaves(readdirSync(folder));
    return found.sort().map(n => Buffer.from(n, 'hex'));
  }

  // Numbers of a room's objects that are named by one.
  numbers(room) {
    const folder = join(this.root, room);
    return existsSync(folder) ? readdirSync(folder).filter(n => /^\d{10}$/.test(n)).map(Number).sort((a, b) => a - b) : [];
  }

  // Sessions: [file name, session id, number or 'end'].
  sessions() {
    const folder = join(this.root, 'sessions');
    return existsSync(folder) ? readdirSync(folder).map(n => /^([0-9a-f]{64})-(\d{6}|end)$/.exec(n)).filter(m => m).map(m => [m[0], m[1], m[2]]) : [];
  }

  open(name, mostBytes) {
    const fd = openSync(join(this.root, name), 'r'), length = fstatSync(fd).size;
    if (length > mostBytes) { closeSync(fd); demand(false, 'malformed', `${name} is longer than ${mostBytes} bytes`); }
    return new StoredObject(name, fd, length);
  }

  whole(name, mostBytes) {
    const object = this.open(name, mostBytes);
    try { return object.part(0, object.length); } finally { object.close(); }
  }

  // Reads one object whole and checks that its header fits its name.
  object(room, id, mostBytes) {
    const name = nameOf(room, id), stored = this.whole(name, mostBytes);
    return { name, stored, header: parseHeader(stored, { kind: kinds[room], objectId: id, vaultId: this.vaultId }), rest: stored.subarray(headerBytes) };
  }
}

class StoredObject {
  constructor(name, fd, length) { this.name = name; this.fd = fd; this.length = length; }

  part(offset, length) {
    demand(offset >= 0 && length >= 0 && offset + length <= this.length, 'malformed', `${this.name} ends early`);
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const n = readSync(this.fd, bytes, done, length - done, offset + done);
      demand(n > 0, 'malformed', `${this.name} ends early`);
      done += n;
    }
    return bytes;
  }

  close() { closeSync(this.fd); }
}
