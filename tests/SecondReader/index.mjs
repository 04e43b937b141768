// Index segments: which chunk lies where (docs/format/index.md). Pages are read, opened and checked when they are needed.
import * as cbor from './cbor.mjs';
import { Refusal, demand, hex, same } from './refusal.mjs';
import { roles } from './register.mjs';
import { Opener, sha256, tagBytes } from './seal.mjs';
import { headShape, verifiedSigner } from './signed.mjs';
import { headerBytes, kinds, nameOf, parseHeader } from './store.mjs';

const pageBytes = 16384 + tagBytes, pagesAt = headerBytes + 32, mostSegmentBytes = 2 ** 29, mostChunks = 4_194_304;
const chunkKind = { bytes: 52, onPage: 315 }, packKind = { bytes: 104, onPage: 157 };
const footerShape = cbor.record({
  0: ['head', headShape], 1: ['chunks', cbor.uint], 2: ['packs', cbor.uint], 3: ['fences', cbor.bytes],
  4: ['hashes', cbor.bytes], 5: ['replaces', cbor.list(cbor.id)], 6: ['time', cbor.time], 128: ['attests', cbor.optional(cbor.uint)],
});

class Segment {
  constructor(store, objectId, register, keys) {
    this.object = store.open(nameOf('index', objectId), mostSegmentBytes);
    const { object } = this, L = object.length, start = object.part(0, Math.min(L, pagesAt));
    this.id = hex(objectId);
    this.header = parseHeader(start, { kind: kinds.index, objectId, vaultId: store.vaultId });
    const end = object.part(L - 8, 8), footerBytes = end.readUInt32LE(0), signatureBytes = end.readUInt32LE(4);
    const footerAt = L - 8 - signatureBytes - footerBytes;
    this.pages = (footerAt - pagesAt) / pageBytes;
    demand(this.pages >= 0 && Number.isInteger(this.pages), 'malformed', 'a segment does not consist of whole pages');
    const stored = object.part(footerAt, footerBytes);
    this.opener = new Opener(keys.of(this.header.epoch, 'index'), 'sb1/index', this.header, start.subarray(headerBytes));
    this.signer = verifiedSigner(object.part(footerAt + footerBytes, signatureBytes), sha256(start, stored), m => register.keyOf(m));
    const footer = this.footer = footerShape(cbor.decode(this.opener.frames(stored, this.pages)), 'segment footer');
    register.demandHead(footer.head, 'an index segment');
    this.chunkPages = Math.ceil(footer.chunks / chunkKind.onPage);
    demand(footer.chunks <= mostChunks && this.pages === this.chunkPages + Math.ceil(footer.packs / packKind.onPage)
      && footer.fences.length === 32 * this.chunkPages && footer.hashes.length === 32 * this.pages, 'malformed', 'a footer does not fit its pages');
    this.cache = new Map();
  }

  page(n) {
    if (!this.cache.has(n)) {
      const stored = this.object.part(pagesAt + n * pageBytes, pageBytes);
      demand(same(sha256(stored), this.footer.hashes.subarray(32 * n, 32 * n + 32)), 'tampered', 'a page is not the one that was signed for');
      this.cache.set(n, this.opener.frame(n, stored, false));
    }
    return this.cache.get(n);
  }

  record(kind, firstPage, n) {
    const at = (n % kind.onPage) * kind.bytes;
    return this.page(firstPage + Math.floor(n / kind.onPage)).subarray(at, at + kind.bytes);
  }

  chunk(n) {
    const r = this.record(chunkKind, 0, n), ordinal = r.readUInt32LE(32);
    demand(ordinal < this.footer.packs, 'malformed', 'a chunk record names a pack beyond the list');
    return {
      chunkId: r.subarray(0, 32), ordinal, packId: this.pack(ordinal).id, offset: r.readUInt32LE(36), frameBytes: r.readUInt32LE(40),
      plainBytes: r.readUInt32LE(44), compression: r[48], sealing: r[49], number: r.readUInt16LE(50),
    };
  }

  pack(n) {
    const r = this.record(packKind, this.chunkPages, n);
    return { id: r.subarray(0, 32), hash: r.subarray(32, 64), writer: hex(r.subarray(64, 96)), length: r.readUInt32LE(96), chunks: r.readUInt32LE(100) };
  }

  * packRecords() { for (let n = 0; n < this.footer.packs; n++) yield this.pack(n); }
  * chunkRecords() { for (let n = 0; n < this.footer.chunks; n++) yield this.chunk(n); }

  // The fence list gives the last page that begins before the id; equal ids may go on over several pages.
  * locations(chunkId) {
    let low = 0, high = this.chunkPages;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Buffer.compare(this.footer.fences.subarray(32 * middle, 32 * middle + 32), chunkId) < 0) low = middle + 1; else high = middle;
    }
    const idAt = n => this.record(chunkKind, 0, n).subarray(0, 32);
    let from = Math.max(0, low - 1) * chunkKind.onPage, to = Math.min(this.footer.chunks, low * chunkKind.onPage);
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (Buffer.compare(idAt(middle), chunkId) < 0) from = middle + 1; else to = middle;
    }
    for (; from < this.footer.chunks && same(idAt(from), chunkId); from++) yield this.chunk(from);
  }

  // Whether everything stands in the order and fullness that the format asks for.
  check() {
    let before;
    for (const r of this.packRecords()) {
      demand(!before || Buffer.compare(before.id, r.id) < 0, 'malformed', 'pack records do not ascend');
      before = r;
    }
    before = undefined;
    for (const r of this.chunkRecords()) {
      const order = before ? Buffer.compare(before.chunkId, r.chunkId) || before.ordinal - r.ordinal : -1;
      demand(order < 0, 'malformed', 'chunk records do not ascend');
      before = r;
    }
    for (let p = 0; p < this.chunkPages; p++)
      demand(same(this.chunk(p * chunkKind.onPage).chunkId, this.footer.fences.subarray(32 * p, 32 * p + 32)), 'malformed', 'a fence differs from its page');
    for (let p = 0; p < this.pages; p++) {
      const isChunks = p < this.chunkPages, kind = isChunks ? chunkKind : packKind;
      const count = Math.min(kind.onPage, isChunks ? this.footer.chunks - p * kind.onPage : this.footer.packs - (p - this.chunkPages) * kind.onPage);
      demand(this.page(p).subarray(count * kind.bytes).every(b => b === 0), 'malformed', 'unused bytes of a page are not 0');
    }
  }
}

export class Index {
  segments = []; problems = [];

  static open(store, register, keys) {
    const index = new Index(), all = store.ids('index').flatMap(objectId => {
      try { return [new Segment(store, objectId, register, keys)]; } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        index.problems.push(new Refusal(e.as, `index/${hex(objectId)}: ${e.what}`));
        return [];
      }
    });
    const accepted = all.filter(s => index.accepts(s, register)), byId = new Map(accepted.map(s => [s.id, s]));
    const replaced = new Set(accepted.flatMap(s => s.footer.replaces.map(hex).filter(r => index.mayReplace(s, byId.get(r), register))));
    index.segments = accepted.filter(s => !replaced.has(s.id));
    return index;
  }

  // A revoked member's segment serves for reading: the chunk id proves what is read.
  accepts(segment, register) {
    if (segment.footer.attests !== undefined) {
      const isVerifiers = register.hasRole(segment.signer, roles.verifier);
      if (!isVerifiers) this.problems.push(new Refusal('not entitled', `index/${segment.id}: attested by no verifier`));
      return isVerifiers;
    }
    if (register.hasRole(segment.signer, roles.maintainer)) return true;
    const isWriters = register.hasRole(segment.signer, roles.writer) && [...segment.packRecords()].every(p => p.writer === segment.signer);
    if (!isWriters) this.problems.push(new Refusal('not entitled', `index/${segment.id}: poisoned`));
    return isWriters;
  }

  mayReplace(segment, other, register) {
    return !register.isRevoked(segment.signer) && (register.hasRole(segment.signer, roles.maintainer) || other?.signer === segment.signer);
  }

  locations(chunkId) { return this.segments.flatMap(s => [...s.locations(chunkId)]); }

  // Reads a chunk; where one location fails the next is tried, and the first failure is told if none is good.
  read(packs, chunkId) {
    const locations = this.locations(chunkId);
    let failure;
    for (const location of locations) {
      try { return packs.readChunk(chunkId, location); } catch (e) {
        if (!(e instanceof Refusal) && e.code !== 'ENOENT') throw e;
        failure ??= e;
      }
    }
    throw failure ?? new Refusal('malformed', `no index segment knows chunk ${hex(chunkId)}`);
  }
}
