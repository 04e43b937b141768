// Reads everything in the vault and reports what is wrong with it, one line each.
import { faultsOf } from './describe.mjs';
import { hex, same } from './refusal.mjs';
import { chunkIdsOf, chunksOf, entriesOf, kinds } from './listing.mjs';
import { sha256 } from './seal.mjs';
import { nameOf } from './store.mjs';

const identityBytes = 32;

export class Verifier {
  constructor(vault) { this.vault = vault; this.problems = []; this.packs = 0; this.chunks = 0; this.records = 0; }

  attempt(what, act) {
    try { act(); } catch (e) { this.problems.push(`${what}: ${e.message}`); }
  }

  isStored(packId) { return this.vault.store.has(nameOf('packs', Buffer.from(packId, 'hex'))); }

  check(isRight, what) { if (!isRight) this.problems.push(what); }

  run() {
    const { index, snapshots } = this.vault, packs = new Map();
    for (const problem of this.vault.problems) this.problems.push(problem.message);
    for (const segment of index.segments) {
      this.attempt(`index/${segment.id}`, () => {
        segment.check();
        for (const pack of segment.packRecords()) packs.set(hex(pack.id), { pack, segment });
      });
    }
    // A segment may name packs that collection took away; those that a snapshot needs are asked for below.
    for (const { pack, segment } of packs.values()) if (this.isStored(hex(pack.id))) this.attempt(`pack ${hex(pack.id)}`, () => this.pack(pack, segment));
    for (const [name, read] of this.vault.records.all()) this.attempt(name, () => { read(); this.records++; });
    for (const snapshot of snapshots) this.attempt(`snapshot ${snapshot.id}`, () => this.snapshot(snapshot));
    return this.problems;
  }

  // Every byte against the index's hash, the table against the index, every frame opened.
  pack(pack, segment) {
    const { packs, register } = this.vault;
    packs.with(pack.id, (object, header, opener) => {
      const bytes = object.part(0, object.length), name = `pack ${hex(pack.id)}`;
      const isHashKnown = pack.hash.some(b => b !== 0);
      this.check(object.length === pack.length && (!isHashKnown || same(sha256(bytes), pack.hash)), `${name}: another length or hash than the index says`);
      const { chunks, writer } = packs.readTable(object, header, m => register.keyOf(m));
      this.check(writer === pack.writer && chunks.length === pack.chunks, `${name}: another writer or count than the index says`);
      for (const chunk of chunks) {
        const isListed = [...segment.locations(chunk.chunkId)].some(l => same(l.packId, pack.id) && ['offset', 'frameBytes', 'plainBytes', 'compression', 'sealing', 'number'].every(k => l[k] === chunk[k]));
        this.check(isListed, `${name}: the index does not list chunk ${chunk.number} as the table does`);
        const frame = bytes.subarray(chunk.offset, chunk.offset + chunk.frameBytes);
        // Without subject keys a subject's chunk is checked as far as its outer seal.
        if (chunk.sealing === 1) packs.openFrame(chunk.chunkId, chunk, opener(), frame);
        else packs.openChunk(chunk.chunkId, chunk, header, opener(), frame);
        this.chunks++;
      }
      this.packs++;
    });
  }

  snapshot(snapshot) {
    const { vault } = this, named = vault.manifests.referenceSet(snapshot), references = vault.records.placesOf(named), part = vault.manifests.ownerPart(snapshot), used = new Set();
    for (const packId of references) this.check(this.isStored(packId), `snapshot ${snapshot.id}: the pack ${packId} is missing`);
    const locate = chunkId => {
      const locations = vault.index.locations(chunkId), referred = locations.filter(l => references.has(hex(l.packId)));
      this.check(referred.length > 0, `snapshot ${snapshot.id}: chunk ${hex(chunkId)} lies in no pack of the reference set`);
      for (const l of referred) used.add(hex(l.packId));
      return locations[0]?.plainBytes ?? 0;
    };
    const read = chunkId => { locate(chunkId); return vault.read(chunkId); };
    const length = content => [...chunkIdsOf(read, content)].reduce((sum, chunkId) => sum + locate(chunkId), 0);
    let entries = 0, files = 0, bytes = 0;
    for (const entry of entriesOf(read, part.listing)) {
      entries++;
      const size = Number(entry.size ?? 0), name = entry.path.join('/');
      if (entry.kind === kinds.file) {
        files++;
        bytes += size;
        // The lists of a subject's long content are sealed under its key as well.
        if (!entry.domain || entry.content.depth === 0) this.check(length(entry.content) === size, `${name}: its chunks do not add up to its size`);
      }
      for (const [, valueSize, content] of [...entry.attributes ?? [], ...entry.streams ?? []])
        if (content) this.check(length(content) === Number(valueSize), `${name}: an attribute's chunks do not add up to its size`);
    }
    const identities = [...chunksOf(read, part.identities)].reduce((sum, c) => sum + c.length, 0);
    const faults = faultsOf(read, part.faults).length;
    this.check(identities === entries * identityBytes, `snapshot ${snapshot.id}: the identity stream holds ${identities / identityBytes} records for ${entries} entries`);
    for (const [name, counted] of Object.entries({ entries, files, contentBytes: bytes, faults }))
      this.check(snapshot[name] === counted, `snapshot ${snapshot.id}: the manifest says ${snapshot[name]} ${name}, the listing ${counted}`);
    // What took over from a pack may hold nothing of this snapshot's.
    const idle = [...references].filter(packId => named.has(packId) && !used.has(packId)).length;
    this.check(idle === 0, `snapshot ${snapshot.id}: ${idle} packs of the reference set hold nothing that it needs`);
  }
}
