// Packs and chunks (docs/format/packs.md).
import { Decompress } from 'fzstd';
import { Refusal, demand, hex, refuse, same } from './refusal.mjs';
import { Opener, decapsulate, hmac, kemBytes, sha256, tagBytes, u32, u64, verifiesSignature } from './seal.mjs';
import { headerBytes, kinds, nameOf, parseHeader } from './store.mjs';

const mostPackBytes = 64 * 2 ** 20, mostChunkBytes = 8 * 2 ** 20, mostFrames = 65536;
const firstFrame = headerBytes + kemBytes + 32, recordBytes = 48, tableTail = 32 + 32 + 64;
const vaultDomain = Buffer.alloc(32);

export class Packs {
  constructor(store, owner) { this.store = store; this.owner = owner; this.opened = new Map(); }

  // Pack keys are few bytes and dear to make: they are kept; files are not.
  with(packId, use) {
    const object = this.store.open(nameOf('packs', packId), mostPackBytes);
    try {
      const start = object.part(0, Math.min(firstFrame, object.length));
      const header = parseHeader(start, { kind: kinds.packs, objectId: packId, vaultId: this.store.vaultId });
      demand(object.length >= firstFrame + 64, 'no object', 'a pack is cut');
      return use(object, header, () => this.frameOpener(packId, header, start));
    } finally { object.close(); }
  }

  frameOpener(packId, header, start) {
    const key = hex(packId);
    if (!this.opened.has(key)) {
      const root = decapsulate(this.owner.identity(header.epoch), start.subarray(headerBytes, headerBytes + kemBytes));
      this.opened.set(key, new Opener(root, 'sb1/pack', header, start.subarray(headerBytes + kemBytes)));
    }
    return this.opened.get(key);
  }

  // One chunk at one location { packId, offset, frameBytes, plainBytes, compression, sealing, number }.
  readChunk(chunkId, location) {
    return this.with(location.packId, (object, header, opener) => this.openChunk(chunkId, location, header, opener(), object.part(location.offset, location.frameBytes)));
  }

  // A frame's plaintext: compressed, and of a subject's chunk still under the subject's seal.
  openFrame(chunkId, { number, plainBytes, compression, sealing }, opener, stored) {
    demand(plainBytes <= mostChunkBytes, 'malformed', 'a chunk beyond 8 MiB');
    demand(compression <= 1, 'unsupported format', `compression ${compression}`);
    demand(sealing <= 1, 'unsupported format', `sealing ${sealing}`);
    const claim = Buffer.concat([chunkId, u32(plainBytes), Buffer.of(compression, sealing)]);
    return opener.frame(number, stored, false, claim);
  }

  openChunk(chunkId, location, header, opener, stored) {
    const { plainBytes, compression, sealing } = location;
    demand(sealing === 0, 'no key', 'a chunk of a subject');
    const frame = this.openFrame(chunkId, location, opener, stored);
    const plain = compression === 1 ? decompress(frame, plainBytes) : frame;
    demand(plain.length === plainBytes, 'tampered', 'a chunk has another length than its claim');
    const computed = hmac(this.owner.keys.of(header.epoch, 'chunkId'), vaultDomain, u64(plain.length), sha256(plain));
    demand(same(computed, chunkId), 'tampered', 'a chunk has another id than its claim');
    return plain;
  }

  // The table, opened with the index key alone and its signature checked: { chunks, writer, end }.
  readTable(object, header, keyOf) {
    const L = object.length, root = this.owner.keys.of(header.epoch, 'index'), foot = object.part(L - 64, 64);
    const opener = new Opener(root, 'sb1/table', header, foot.subarray(0, 32)), locator = opener.frame(0, foot.subarray(32), false);
    const [F, tableBytes, count, zero] = [0, 4, 8, 12].map(at => locator.readUInt32LE(at));
    demand(zero === 0 && count <= mostFrames && F >= firstFrame && F + tableBytes <= L - 64, 'malformed', 'a locator points outside its pack');
    const table = opener.frames(object.part(F, tableBytes), 1);
    demand(table.length === 4 + count * recordBytes + tableTail && table.readUInt32LE(0) === count, 'malformed', 'a table has another length than its count');
    const chunks = [];
    let offset = firstFrame;
    for (let number = 0; number < count; number++) {
      const record = table.subarray(4 + number * recordBytes, 4 + (number + 1) * recordBytes), frameBytes = record.readUInt32LE(32);
      demand(record.readUIntBE(42, 6) === 0 && frameBytes >= tagBytes, 'malformed', 'a table record is not well formed');
      chunks.push({ chunkId: record.subarray(0, 32), packId: header.objectId, number, offset, frameBytes, plainBytes: record.readUInt32LE(36), compression: record[40], sealing: record[41] });
      offset += frameBytes;
    }
    demand(offset === F, 'malformed', 'the frames of a table do not end where the table begins');
    const tail = table.length - tableTail, writer = table.subarray(tail + 32, tail + 64), key = keyOf(hex(writer)) ?? refuse('not entitled', 'a pack of an unknown member');
    demand(verifiesSignature(key, sha256(header.bytes, table.subarray(0, table.length - 64)), table.subarray(table.length - 64)), 'tampered', 'a table signature does not verify');
    demand(same(sha256(object.part(0, F)), table.subarray(tail, tail + 32)), 'tampered', 'a pack has other frames than its table was signed for');
    return { chunks, writer: hex(writer) };
  }
}

// The length of the zstd frame that begins here (RFC 8878, 3.1.1): its header, its blocks, its checksum.
function zstdFrameBytes(stored) {
  const byte = at => stored[at] ?? refuse('malformed', 'a zstd frame is cut');
  const descriptor = byte(4), isSingleSegment = descriptor >> 5 & 1, sizeFlag = descriptor >> 6;
  demand(stored.readUInt32LE(0) === 0xfd2fb528 && (descriptor & 0b1011) === 0, 'malformed', 'not a zstd frame without dictionary');
  let at = 5 + (isSingleSegment ? 0 : 1) + [isSingleSegment, 2, 4, 8][sizeFlag];
  for (let isLast = 0; !isLast;) {
    const block = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16;
    isLast = block & 1;
    at += 3 + ((block >> 1 & 3) === 1 ? 1 : block >> 3);
  }
  return at + 4 * (descriptor >> 2 & 1);
}

// Exactly one frame, to exactly the plain length; stops as soon as more comes out.
export function decompress(stored, plainBytes) {
  demand(stored.length >= 5 && zstdFrameBytes(stored) === stored.length, 'malformed', 'not one zstd frame');
  const plain = Buffer.alloc(plainBytes);
  let at = 0;
  const stream = new Decompress(part => {
    demand(part.length <= plainBytes - at, 'malformed', 'a chunk decompresses beyond its plain length');
    plain.set(part, at);
    at += part.length;
  });
  try { stream.push(stored, true); } catch (e) { if (e instanceof Refusal) throw e; refuse('malformed', 'a chunk does not decompress'); }
  demand(at === plainBytes, 'malformed', 'a chunk decompresses to less than its plain length');
  return plain;
}
